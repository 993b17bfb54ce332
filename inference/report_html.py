"""The report as one page: no network, no outside file; readable on paper, in the dark and without script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from .report_charts import charts
from .report_sections import audit_section, change_section, cut_section, error_section, method_section, volume_section
from .report_words import COUNTING_NAMES, OUT_OF_SCOPE

_TEMPLATES = Path(__file__).parent / "templates"


def render(report: Mapping[str, Any]) -> str:
    """The page, UTF-8 text; every text of the archive is escaped."""
    drawn: dict[str, str] = {}
    for chart in charts(report):
        caption = escape(chart.title)
        key = " Hollow dots are uncorrected; † marks cells not validated." if chart.name.startswith("shares") else ""
        caption += "." + key
        drawn[chart.name] = f'<figure class="scroll">{chart.inline()}<figcaption>{caption}</figcaption></figure>'
    state = _state(report)
    sections = [("volume", "Volume", volume_section(report, drawn))]
    for number, cut in enumerate(report["cuts"]):
        suffix = "" if cut["is_corrected"] else " (uncorrected)"
        name = "the whole archive" if not cut["by"] and not cut["without"] else cut["name"]
        sections.append((f"cut-{number}", f"Shares: {name}{suffix}", cut_section(report, cut, number, drawn)))
    sections += [("audit", "Audit and errors", audit_section(report) + error_section(report, drawn))]
    if report.get("against"):
        sections.append(("changes", "Against another run", change_section(report)))
    sections.append(("method", "Data, method, limits", method_section(report)))
    links = "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title, _ in sections)
    body = "".join(f'<section id="{name}"><h2 dir="auto">{escape(title)}</h2>{content}</section>'
                   for name, title, content in sections)  # fmt: skip
    warnings = "".join(f'<li dir="auto">{escape(text)}</li>' for text in report["warnings"])
    script, style = _template("report.js"), _template("report.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; base-uri 'none'"
    )
    controls = "".join(
        f'<label><input type="radio" name="counting" value="{name}"{" checked" if name == "as_published" else ""}> '
        f"{escape(words)}</label>" for name, words in COUNTING_NAMES.items()
    )  # fmt: skip
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}"><meta name="color-scheme" content="light dark">
<title>{escape(report["title"])}{"" if report["is_corrected"] else " (uncorrected)"}</title>
<style>{style}</style></head>
<body><header><h1 dir="auto">{escape(report["title"])}</h1><p>{state}</p><p>{escape(OUT_OF_SCOPE)}</p></header>
{f'<ul class="warnings" role="note" aria-label="Warnings">{warnings}</ul>' if warnings else ""}
<nav aria-label="Sections"><ul>{links}</ul></nav>
<div class="controls"><fieldset><legend>Counting</legend>{controls}</fieldset>
<label>Show cells with <input id="filter" type="search" dir="auto"></label></div>
<main>{body}</main>
<script type="application/json" id="numbers">{_embedded(report)}</script>
<script>{script}</script></body></html>
"""


def _state(report: Mapping[str, Any]) -> str:
    level = f"{100 * report['settings']['level']:g} % intervals"
    if report["is_corrected"]:
        n = report["audit"]["audited"]
        return f'<span class="state">corrected by {n:,} audited articles, {level}</span>'
    return '<span class="state uncorrected">uncorrected: no audited sample</span>'


@cache
def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8").rstrip("\n")


def _embedded(report: Mapping[str, Any]) -> str:
    """The numbers shown, as JSON inside a script element, from which no text can break out; report.json has all."""
    slim = {key: value for key, value in report.items() if key not in ("codebook", "versions")}
    slim["cuts"] = [cut | {"cells": [cell for cell in cut["cells"] if not cell["suppressed"]]}
                    for cut in report["cuts"]]  # fmt: skip
    text = json.dumps(slim, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
