"""The report as one page: no network, no outside file; readable on paper, in the dark and without script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from . import report_vega
from .report_chart_parts import Chart
from .report_charts import charts
from .report_fonts import embedded_fonts
from .report_sections import audit_section, change_section, cut_section, error_section, method_section, volume_section
from .report_words import CHARTS_LICENCE, COUNTING_NAMES, OUT_OF_SCOPE

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page and what it lacks."""

    html: str
    lacks: tuple[str, ...]
    """What this machine could not give it (charts, fonts), in words; the page says the same."""


def render(report: Mapping[str, Any]) -> Page:
    """The page; every text of the archive is escaped."""
    drawn = charts(report) if report_vega.can_draw() else []
    figures = {chart.name: _figure(chart) for chart in drawn}
    sections = _sections(report, figures)
    shown = "".join(f'<section id="{name}"><h2 dir="auto">{escape(title)}</h2>{content}</section>'
                    for name, title, content in sections)  # fmt: skip
    told = [*report["warnings"], *([] if report_vega.can_draw() else [report_vega.EXTRA])]
    warnings = "".join(f'<li dir="auto">{escape(text)}</li>' for text in told)
    fonts = embedded_fonts(report["title"] + shown + warnings)
    lacks = [*([] if report_vega.can_draw() else [report_vega.EXTRA]), *fonts.lacks]
    means = "".join(f"<p>{escape(text)}</p>" for text in [*fonts.used, *lacks])
    body = shown.replace(_MEANS, means)
    return Page(html=_page(report, sections, body, warnings, fonts.css, drawn), lacks=tuple(lacks))


_MEANS = "<!--means-->"
"""Where the method section says what the page was made with, which is known last."""


def _sections(report: Mapping[str, Any], figures: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Name, title and content of each section."""
    sections = [("volume", "Volume", volume_section(report, figures))]
    for number, cut in enumerate(report["cuts"]):
        suffix = "" if cut["is_corrected"] else " (uncorrected)"
        name = "the whole archive" if not cut["by"] and not cut["without"] else cut["name"]
        sections.append((f"cut-{number}", f"Shares: {name}{suffix}", cut_section(report, cut, number, figures)))
    sections += [("audit", "Audit and errors", audit_section(report) + error_section(report, figures))]
    if report.get("against"):
        sections.append(("changes", "Against another run", change_section(report)))
    return [*sections, ("method", "Data, method, limits", method_section(report) + _MEANS)]


def _figure(chart: Chart) -> str:
    """A chart as it stands on paper and without script; report.js puts the interactive one in its place."""
    hint = f' <span class="hint" hidden>{escape(chart.hint)}</span>' if chart.hint else ""
    told, caption = escape(f"{chart.title}. {chart.description}"), escape(f"{chart.title}. {chart.note}")
    return (
        f'<figure><div class="scroll chart" role="img" data-chart="{chart.name}" aria-label="{told}">'
        f"{report_vega.inline_svg(chart)}</div><figcaption>{caption}{hint}</figcaption></figure>"
    )


def _page(report: Mapping[str, Any], sections: Sequence[tuple[str, str, str]], body: str, warnings: str, fonts: str,
          drawn: Sequence[Chart]) -> str:  # fmt: skip
    links = "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title, _ in sections)
    scripts = [_template("report.js"), *([report_vega.script(), _template("report_charts.js")] if drawn else [])]
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = (f"default-src 'none'; style-src 'unsafe-inline'; script-src {hashes}; img-src data:; font-src data:; "
              "base-uri 'none'; form-action 'none'")  # fmt: skip
    controls = "".join(
        f'<label><input type="radio" name="counting" value="{name}"{" checked" if name == "as_published" else ""}> '
        f"{escape(words)}</label>" for name, words in (*COUNTING_NAMES.items(), ("both", "side by side"))
    )  # fmt: skip
    specs = _data("charts", {chart.name: chart.spec for chart in drawn}) if drawn else ""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}"><meta name="color-scheme" content="light dark">
<title>{escape(report["title"])}{"" if report["is_corrected"] else " (uncorrected)"}</title>
<style>{_template("report.css")}{fonts}</style></head>
<body><header><h1 dir="auto">{escape(report["title"])}</h1><p>{_state(report)}</p><p>{escape(OUT_OF_SCOPE)}</p></header>
{f'<section class="warnings" aria-label="Warnings"><ul>{warnings}</ul></section>' if warnings else ""}
<nav aria-label="Sections"><ul>{links}</ul></nav>
<section class="controls" aria-label="Counting and filter"><fieldset><legend>Counting</legend>{controls}</fieldset>
<label>Show cells with <input id="filter" type="search" dir="auto"></label></section>
<main>{body}</main>
{_data("numbers", _numbers(report))}{specs}
{f"<!-- {CHARTS_LICENCE} -->" if drawn else ""}
{"".join(f"<script>{script}</script>" for script in scripts)}</body></html>
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


@cache
def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _data(name: str, value: Any) -> str:
    return f'<script type="application/json" id="{name}">{report_vega.embedded(value)}</script>'


def _numbers(report: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers that the page shows; report.json has all."""
    shown = {key: value for key, value in report.items() if key not in ("codebook", "versions")}
    shown["cuts"] = [cut | {"cells": [cell for cell in cut["cells"] if not cell["suppressed"]]}
                     for cut in report["cuts"]]  # fmt: skip
    return shown
