"""The tables of a report: flat rows, one table a kind, the same for CSV, Parquet, LaTeX and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .report_chart_style import clean_text
from .write_tables import csv_cell

Row = dict[str, Any]


def share_rows(report: Mapping[str, Any]) -> list[Row]:
    """One row for each cut, cell, way of counting and label; `share` is corrected or empty, never the classifier's."""
    return [
        {"cut": cut["name"], "cell": cell["name"], "counting": cell["counting"], "label": label, **values,
         "is_corrected": values["share"] is not None, "few_of_label": label in cell["few"],
         "articles": cell["articles"], "stories": cell["stories"], "audited_in_cell": cell["audited"],
         "effective_audited": cell["effective"], "tuning": cell["tuning"], "is_validated": cell["is_validated"],
         "confident": cell["confident"], "suppressed": cell["suppressed"]}
        for cut in report["cuts"] for cell in cut["cells"] for label, values in cell["shares"].items()
    ]  # fmt: skip


def balance_rows(report: Mapping[str, Any]) -> list[Row]:
    """Positive minus negative share of each corrected cell."""
    return [{"cut": cut["name"], "cell": cell["name"], "counting": cell["counting"], **cell["balance"],
             "articles": cell["articles"], "audited_in_cell": cell["audited"]}
            for cut in report["cuts"] for cell in cut["cells"] if cell["balance"] is not None]  # fmt: skip


def volume_rows(report: Mapping[str, Any]) -> list[Row]:
    """Articles by language and status, and the share of each language; no denominator hides."""
    statuses = list(report["volume"]["by_status"])
    rows = [{"language": "all", **report["volume"]["by_status"]}, *report["volume"]["by_language"]]
    whole = sum(rows[0][status] for status in statuses)
    found = []
    for row in rows:
        counts = {status: row.get(status, 0) for status in statuses}
        total = sum(counts.values())
        found.append({"language": row["language"], "articles": total,
                      "per_cent": round(100 * total / whole, 2) if whole else 0.0, **counts})  # fmt: skip
    return found


def outlet_rows(report: Mapping[str, Any]) -> list[Row]:
    """The largest outlets by articles."""
    return list(report["volume"]["by_outlet"])


def contrast_rows(report: Mapping[str, Any]) -> list[Row]:
    """Differences and trends."""
    return [{"cut": item["cut"], "contrast": item["name"], "counting": item["counting"], "unit": item["unit"],
             "label": label, **values}
            for item in report["contrasts"] for label, values in item["labels"].items()]  # fmt: skip


def confusion_rows(report: Mapping[str, Any]) -> list[Row]:
    """The confusion that the audit estimates: share of all articles by gold label and classifier's label."""
    if report["errors"] is None:
        return []
    labels = report["labels"]
    return [{"gold": gold, "classifier": called, "share": report["errors"]["confusion"][row][column],
             "audited": report["errors"]["counts"][row][column]}
            for row, gold in enumerate(labels) for column, called in enumerate(labels)]  # fmt: skip


def direction_rows(report: Mapping[str, Any]) -> list[Row]:
    """Both error directions by group."""
    if report["errors"] is None:
        return []
    rows = []
    for item in report["errors"]["directions"]:
        row = {"dimension": item["dimension"], "group": item["group"], "audited": item["audited"]}
        for name, rate in item.items():
            if isinstance(rate, dict):
                row |= {name: rate["share"], f"{name}_low": rate["low"], f"{name}_high": rate["high"],
                        f"{name}_audited": rate["audited"]}  # fmt: skip
        rows.append(row)
    return rows


def change_rows(report: Mapping[str, Any]) -> list[Row]:
    """What changed against another run, by earlier and later label."""
    return list((report.get("against") or {}).get("transitions", []))


TABLES = {
    "shares": share_rows, "balance": balance_rows, "volume": volume_rows, "outlets": outlet_rows,
    "contrasts": contrast_rows, "confusion": confusion_rows, "error_directions": direction_rows, "changes": change_rows,
}  # fmt: skip
"""Name of a table -> its rows from the report."""


def to_csv(rows: Sequence[Row]) -> str:
    """CSV with a header; text that a spreadsheet could run is escaped."""
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([csv_cell(value) for value in row.values()] for row in rows)
    return buffer.getvalue()


def to_latex(report: Mapping[str, Any], cut: Mapping[str, Any]) -> str:
    """One cut as a LaTeX table (booktabs): share with interval in per cent, as published."""
    labels = report["labels"]
    state = "corrected by audit" if cut["is_corrected"] else "UNCORRECTED"
    level = f"{100 * report['settings']['level']:g}\\,\\%"
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{tabular}{lrr" + "r" * len(labels) + "}", "\\toprule",
        " & ".join([_tex(cut["name"]), "articles", "audited", *(_tex(label) for label in labels)]) + " \\\\",
        "\\midrule",
    ]  # fmt: skip
    for cell in cut["cells"]:
        if cell["counting"] != "as_published":
            continue
        mark = "" if cell["is_validated"] else "$^\\dagger$"
        parts = [_tex(cell["name"]) + mark, f"{cell['articles']:,}", f"{cell['audited']:,}"]
        if cell["suppressed"]:
            parts.append(f"\\multicolumn{{{len(labels)}}}{{l}}{{suppressed: {_tex(cell['suppressed'])}}}")
        else:
            parts += [_tex_share(cell["shares"][label], few=label in cell["few"]) for label in labels]
        lines.append(" & ".join(parts) + " \\\\")
    intervals = f"{level} intervals, " if cut["is_corrected"] else ""
    notes = [f"Shares in per cent, {state}, {intervals}as published.",
             "$^\\dagger$ The model was not validated in a language of this row."]  # fmt: skip
    notes.append(f"$^\\ddagger$ Fewer than {report['settings']['few_of_label']} audited articles of the label."
                 if cut["is_corrected"] else "* What the classifier said.")  # fmt: skip
    n_columns = 3 + len(labels)
    lines += ["\\bottomrule", *(f"\\multicolumn{{{n_columns}}}{{l}}{{\\footnotesize {note}}} \\\\" for note in notes),
              "\\end{tabular}"]  # fmt: skip
    return "\n".join(lines) + "\n"


def _tex_share(values: Mapping[str, Any], *, few: bool) -> str:
    if values["share"] is None:
        return f"{100 * values['uncorrected']:.1f}*"
    mark = "$^\\ddagger$" if few else ""
    return f"{100 * values['share']:.1f}{mark} [{100 * values['low']:.1f}, {100 * values['high']:.1f}]"


def _tex(text: str) -> str:
    """Text as LaTeX shows it, in one line; what starts as an argument of the row before (`[`, `*`) is held apart."""
    special = {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}"}
    found = "".join(special.get(char, f"\\{char}" if char in "&%$#_{}" else char) for char in clean_text(text))
    return f"{{}}{found}" if found.startswith(("[", "*")) else found
