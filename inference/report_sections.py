"""The sections of the page: tables and words around the charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .report_tables import volume_rows
from .report_words import COUNTING_NAMES, INTERVALS, STATUS_WORDS

_MAX_SUPPRESSED = 120
"""Suppressed cells that the page lists."""
_MAX_CELLS = 400
"""Cells of a cut that the page lists; the tables have all."""
_MAX_NAME = 120
"""Characters of a name that the page shows."""


def volume_section(report: Mapping[str, Any], drawn: Mapping[str, str]) -> str:
    """Every record by status: what was scored, and what was not."""
    words = "".join(f"<dt>{escape(name)} {n:,}</dt><dd>{escape(STATUS_WORDS.get(name, ''))}</dd>"
                    for name, n in report["volume"]["by_status"].items())  # fmt: skip
    rows = volume_rows(report)
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in rows[0])
    body = "".join(
        f'<tr data-name="{escape(row["language"])}">'
        + "".join(_cell(value) for value in row.values()) + "</tr>" for row in rows
    )  # fmt: skip
    table = _table("Articles by language and status", head, body)
    return (f"<dl>{words}</dl>{drawn.get('volume', '')}<details><summary>Table</summary>{table}</details>"
            + _outlets(report))  # fmt: skip


def _outlets(report: Mapping[str, Any]) -> str:
    rows = report["volume"]["by_outlet"]
    if not rows:
        return ""
    table = _rows_table(f"The {len(rows):,} largest of {report['volume']['n_outlets']:,} outlets", rows)
    return f"<details><summary>Largest outlets</summary>{table}</details>"


def _rows_table(caption: str, rows: Sequence[Mapping[str, Any]]) -> str:
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in rows[0])
    body = "".join(f"<tr>{''.join(_cell(value) for value in row.values())}</tr>" for row in rows)
    return _table(caption, head, body)


def cut_section(report: Mapping[str, Any], cut: Mapping[str, Any], number: int, drawn: Mapping[str, str]) -> str:
    """Charts and table of one cut, for each way of counting."""
    parts = []
    for counting, words in COUNTING_NAMES.items():
        cells = [cell for cell in cut["cells"] if cell["counting"] == counting]
        charts = drawn.get(f"shares-{number}-{counting}", "") + drawn.get(f"balance-{number}-{counting}", "")
        if all(cell["suppressed"] for cell in cells):
            charts = "<p>Every cell is suppressed: too few articles or too few audited ones.</p>"
        parts.append(f'<div data-counting="{counting}"><h3>{escape(words)}</h3>{charts}'
                     f"{_cells_table(report, cut, cells, words)}</div>")  # fmt: skip
    contrasts = [item for item in report["contrasts"] if item["cut"] == cut["name"]]
    return f'<div class="pair">{"".join(parts)}</div>' + (_contrast_table(report, contrasts) if contrasts else "")


def _cells_table(
    report: Mapping[str, Any], cut: Mapping[str, Any], cells: Sequence[Mapping[str, Any]], words: str
) -> str:
    labels, state = report["labels"], "corrected by audit" if cut["is_corrected"] else "uncorrected"
    more_columns = ("balance",) if cut["is_corrected"] else ()
    head = "".join(f"<th scope='col'>{escape(name)}</th>"
                   for name in (cut["name"], "articles", "stories", "audited", *labels, *more_columns))  # fmt: skip
    is_dated = bool({"month", "year"} & set(cut["by"]))
    ordered = cells if is_dated else sorted(cells, key=lambda cell: (cell["suppressed"] is not None, -cell["articles"]))
    n_suppressed = sum(cell["suppressed"] is not None for cell in ordered)
    shown = ordered[: min(_MAX_CELLS, len(ordered) - (0 if is_dated else max(n_suppressed - _MAX_SUPPRESSED, 0)))]
    body = []
    for cell in shown:
        mark = (
            ""
            if cell["is_validated"]
            else '\u00a0<abbr title="the model was not validated in a language of this cell">†</abbr>'
        )
        row = (f'<td dir="auto">{escape(_short(cell["name"]))}{mark}</td>' + _cell(cell["articles"])
               + _cell(round(cell["stories"])) + _cell(cell["audited"]))  # fmt: skip
        if cell["suppressed"]:
            span = len(labels) + len(more_columns)
            row += f'<td class="why" colspan="{span}">suppressed: {escape(cell["suppressed"])}</td>'
        else:
            row += "".join(_share(cell["shares"][label], few=label in cell["few"]) for label in labels)
            balance = cell["balance"]
            if balance is not None:
                row += _interval(balance["value"], balance["low"], balance["high"], form="+.1f")
        body.append(f'<tr data-name="{escape(_short(cell["name"]))}">{row}</tr>')
    more = f"<p>{len(cells) - len(shown):,} more cells are in the tables only.</p>" if len(shown) < len(cells) else ""
    caption = f"Shares in per cent, {words}, {state}"
    note = (
        "<p class='note'>Below each corrected share stands, in small print, what the classifier alone would say. "
        f"‡ rests on fewer than {report['settings']['few_of_label']} audited articles of the label.</p>"
        if cut["is_corrected"] else ""
    )  # fmt: skip
    return _table(caption, head, "".join(body)) + note + more


def _share(values: Mapping[str, Any], *, few: bool) -> str:
    if values["share"] is None:
        raw = values["uncorrected"]
        return "<td></td>" if raw is None else f'<td data-value="{raw}">{100 * raw:.1f}</td>'
    mark = " ‡" if few else ""
    return (f'<td data-value="{values["share"]}">{100 * values["share"]:.1f}{mark} <span class="range">'
            f'[{100 * values["low"]:.1f}, {100 * values["high"]:.1f}]</span><br>'
            f'<span class="raw">uncorrected {100 * values["uncorrected"]:.1f}</span></td>')  # fmt: skip


def _interval(value: float, low: float, high: float, *, form: str = ".1f") -> str:
    return (f'<td data-value="{value}">{100 * value:{form}} <span class="range">[{100 * low:{form}}, '
            f"{100 * high:{form}}]</span></td>")  # fmt: skip


def _contrast_table(report: Mapping[str, Any], contrasts: Sequence[Mapping[str, Any]]) -> str:
    labels = report["labels"]
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in ("contrast", *labels))
    body = "".join(
        f'<tr><td dir="auto">{escape(item["name"])}<br><span class="raw">{escape(item["unit"])}</span></td>'
        + "".join(_interval(item["labels"][label]["estimate"], item["labels"][label]["low"],
                            item["labels"][label]["high"], form="+.2f") for label in labels) + "</tr>"
        for item in contrasts
    )  # fmt: skip
    return _table("Differences and trends, in percentage points", head, body)


def audit_section(report: Mapping[str, Any]) -> str:
    """What was read, and what follows if nothing was."""
    audit = report["audit"]
    if audit is None:
        known = report["known_errors"]
        told = (f"<p>Error rates measured on the model's own test data:</p>{_pairs(_flat(known))}" if known else
                "<p>The error rates of the model that scored this archive are in its model card; they were not at hand "
                "here.</p>")  # fmt: skip
        return f"<p><strong>Uncorrected.</strong> No audited sample was given.</p>{told}"
    store = {"state of the store": audit["provenance"]} if audit["provenance"] else {}
    values = {"source": audit["source"], **store, "audited articles": audit["audited"],
              "drawn, without a gold label": audit["unread"],
              "labelled but not drawn at random (left out)": audit["not_random"], "strata": audit["strata"],
              "stories": audit["stories"], "outlets": audit["outlets"], **{f"gold {label}": n for label, n in
                                                                          audit["by_label"].items()}}  # fmt: skip
    strata = _rows_table("Strata of the sample", audit["design"])
    return f"{_pairs(values)}<details><summary>Strata</summary>{strata}</details>"


def error_section(report: Mapping[str, Any], drawn: Mapping[str, str]) -> str:
    """The confusion and both error directions."""
    errors, labels = report["errors"], report["labels"]
    if errors is None:
        return ""
    head = "<th scope='col'>gold \\ classifier</th>" + "".join(
        f"<th scope='col'>{escape(label)}</th>" for label in labels
    )
    head += "<th scope='col'>found (recall)</th>"
    body = ""
    for row, label in enumerate(labels):
        cells = "".join(
            f'<td data-value="{share}" style="background:rgba(59,130,246,{min(share * 1.5, 0.6):.2f})">'
            f'{100 * share:.1f}<br><span class="raw">{errors["counts"][row][column]} audited</span></td>'
            for column, share in enumerate(errors["confusion"][row])
        )  # fmt: skip
        body += f"<tr><th scope='row'>{escape(label)}</th>{cells}{_rate(errors['recall'][label])}</tr>"
    body += "<tr><th scope='row'>right (precision)</th>" + "".join(
        _rate(errors["precision"][label]) for label in labels
    )
    body += f"{_rate(errors['accuracy'])}</tr>"
    confusion = _table(
        "Confusion in the archive, per cent of all articles, estimated by the audit", head, body, kind=""
    )
    pair = [f"{report['positive']}_as_{report['negative']}", f"{report['negative']}_as_{report['positive']}"]
    head = "".join(
        f"<th scope='col'>{escape(name.replace('_', ' '))}</th>" for name in ("group", "audited", *pair, "accuracy")
    )
    body = "".join(f'<tr data-name="{escape(item["group"])}"><td dir="auto">{escape(item["group"])}</td>'
                   + _cell(item["audited"]) + "".join(_rate(item[name]) for name in (*pair, "accuracy")) + "</tr>"
                   for item in errors["directions"])  # fmt: skip
    directions = _table("Both directions of the error, per cent of the articles that truly carry the label", head, body)
    return confusion + drawn.get("error-directions", "") + directions


def change_section(report: Mapping[str, Any]) -> str:
    """What changed against another run."""
    found = report["against"]
    facts = {key: value for key, value in found.items() if not isinstance(value, list)}
    rows = "".join("<tr>" + "".join(_cell(row[name]) for name in ("earlier", "later", "articles")) + "</tr>"
                   for row in found["transitions"])  # fmt: skip
    heads = "".join(f"<th scope='col'>{name}</th>" for name in ("other run", "this run", "articles"))
    examples = "".join(f'<li dir="auto">{escape("{id}: {earlier} to {later}".format_map(item))}</li>'
                       for item in found["examples"])  # fmt: skip
    return (_pairs(facts) + _table("Labels in both runs (uncorrected)", heads, rows)
            + f"<details><summary>Surest changes</summary><ul>{examples}</ul></details>")  # fmt: skip


def method_section(report: Mapping[str, Any]) -> str:
    """Hashes, versions, the estimator, the codebook in words, limits."""
    run = report["run"]
    facts = {"generated": report["generated"], "predictions": run["predictions"], "model": run["model"],
             "codebook": run["codebook"], "frame sha256": run["frame"], "scored": run["started"] or "unknown",
             "stories joined by": run["stories_by"], **_estimation(report),
             "versions": ", ".join(f"{name} {value}" for name, value in report["versions"].items()),
             **_scoring(run)}  # fmt: skip
    limits = "".join(f"<li>{escape(text)}</li>" for text in report["limits"])
    book = report["codebook"]
    words = ""
    if book:
        labels = "".join(
            f"<dt>{escape(item['name'])}</dt><dd dir='auto'>{escape(item['definition'])}</dd>"
            for item in book["labels"]
        )
        rules = "".join(f"<li dir='auto'>{escape(rule['text'])}</li>" for rule in book["rules"])
        words = (f"<h3>Codebook</h3><p dir='auto'>Stance toward {escape(book['target'])}.</p><dl>{labels}</dl>"
                 f"<details><summary>Border rules</summary><ul>{rules}</ul></details>")  # fmt: skip
    return (f"{_pairs(facts)}<h3>Method</h3><p>{escape(report['method'])}</p>"
            f"<p>{escape(INTERVALS) if report['is_corrected'] else ''}</p><p>Counting: as published, every article "
            "counts; once per story, a story counts once in each cell, shared equally by its copies there.</p>"
            f"<h3>Limits</h3><ul>{limits}</ul><p>{escape(report['out_of_scope'])}</p>{words}")  # fmt: skip


def _estimation(report: Mapping[str, Any]) -> dict[str, str]:
    settings = report["settings"]
    least = f"{settings['min_articles']} articles"
    if not report["is_corrected"]:
        return {"estimator": "none (uncorrected)", "suppressed below": least}
    return {"estimator": settings["method"], "independent units": ", ".join(settings["units"]),
            "suppressed below": f"{least} or {settings['min_audited']} audited ones"}  # fmt: skip


def _scoring(run: Mapping[str, Any]) -> dict[str, Any]:
    """How the archive was scored, as far as run.json is there and says."""
    found = {}
    if settings := {
        name: value for name, value in (run["settings"] or {}).items() if value not in (None, False, [], 0)
    }:
        found["scored with"] = ", ".join(f"{name} {value}" for name, value in settings.items())
    if run["versions"]:
        found["scored by"] = ", ".join(f"{name} {value}" for name, value in run["versions"].items())
    if run["inputs"]:
        found["archive"] = ", ".join(
            f"{item['file']}" + (f" ({item['size_bytes']:,} bytes)" if item.get("size_bytes") else "")
            for item in run["inputs"]
        )
    if (column := run["language_column"]) and column["compared"]:
        found["language column"] = (
            f"differs from the identified language in {column['differ']:,} of {column['compared']:,}"
        )
    return found


def _rate(rate: Mapping[str, Any]) -> str:
    if rate["share"] is None:
        return f'<td class="why">too few ({rate["audited"]})</td>'
    return _interval(rate["share"], rate["low"], rate["high"])


def _cell(value: Any) -> str:
    if isinstance(value, int | float):
        return f'<td data-value="{value}">{value:,}</td>'
    return f'<td dir="auto">{escape(_short(str(value)))}</td>'


def _short(text: str) -> str:
    """A name as the page shows it; the tables have it whole."""
    return text if len(text) <= _MAX_NAME else text[: _MAX_NAME - 1] + "…"


def _table(caption: str, head: str, body: str, *, kind: str = "sortable") -> str:
    return (f'<div class="scroll" tabindex="0"><table class="{kind}"><caption>{escape(caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>")  # fmt: skip


def _pairs(values: Mapping[str, Any]) -> str:
    told = ((name, f"{value:,}" if isinstance(value, int) else str(value)) for name, value in values.items())
    items = "".join(f"<dt>{escape(name)}</dt><dd dir='auto'>{escape(text)}</dd>" for name, text in told)
    return f"<dl>{items}</dl>"


def _flat(values: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Nested figures as one level, at most three deep."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and depth < 2:
            found |= _flat(value, f"{prefix}{name} ", depth + 1)
        elif isinstance(value, int | float | str):
            found[f"{prefix}{name}"] = value
    return found
