"""One self-contained page of an evaluation: figures, plots, breakdowns, comparison; no script, no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .evaluation import MIN_GROUP
from .evaluation_svg import confusion_svg, groups_svg, reliability_svg, risk_svg

_STYLE = """
:root{--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--page:#fff;--blue:#0b61a4;--red:#b3261e;
color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--soft:#a0a8b0;--line:#3d444d;--page:#14181d;--blue:#6cb2f0;
--red:#f08a7e}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page);max-width:74rem;
margin:0 auto;padding:1.5rem}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2rem 0 .6rem}h3{font-size:1rem;margin:0 0 .4rem}
p{max-width:46rem}.soft{color:var(--soft)}.plots{display:flex;flex-wrap:wrap;gap:1.5rem 1rem}
figure{margin:0;max-width:100%}
figcaption{font-weight:600;margin-bottom:.4rem}.scroll{overflow-x:auto}table{border-collapse:collapse;margin:.4rem 0}
th,td{padding:.2rem .7rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left}thead th{border-bottom:2px solid var(--line);vertical-align:bottom}
td{font-variant-numeric:tabular-nums}tr.small td,tr.small th{color:var(--soft)}tbody th{font-weight:400}
svg{max-width:100%;height:auto;display:block}svg text{fill:var(--ink);font-size:12px}svg text.small{fill:var(--soft)}
svg .hit{fill:var(--blue)}svg .miss{fill:var(--red)}svg .axis,svg .tick{stroke:var(--soft)}
svg .grid{stroke:var(--line);stroke-width:.6}svg .guide{stroke:var(--soft);stroke-dasharray:4 4}
svg .bar{stroke:var(--blue);stroke-width:2}svg .dot{fill:var(--blue)}
svg .dot.small{fill:var(--page);stroke:var(--soft)}svg .line{fill:none;stroke:var(--blue);stroke-width:2}
svg .band{fill:var(--blue);fill-opacity:.18}
@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--page:#fff;--blue:#0b61a4;--red:#b3261e}
body{max-width:none;padding:0;font-size:11px}figure,tr{break-inside:avoid}h2{break-after:avoid}.scroll{overflow:visible}
th,td{padding:.1rem .4rem}
svg .hit,svg .miss,svg .band,svg .dot{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def evaluation_page(report: Mapping[str, Any], *, labels: Sequence[str]) -> str:
    """The page. `report` is what `xjstance evaluate --json` prints."""
    title = f"Evaluation of {report['bundle']}"
    said = (f"{report['n']:,} labelled articles, {report['n_stories']:,} stories, split {report['split']}, "
            f"origin {report['origin']}. Brackets are 95 % bootstrap intervals by story "
            f"({report['draws']:,} draws).")  # fmt: skip
    parts = [
        f"<h1>{escape(title)}</h1>", f'<p class="soft">{escape(said)}</p>',
        "<h2>Figures</h2>", _figures(report), "<h2>Labels</h2>", _classes(report, labels),
        '<h2>Plots</h2><div class="plots">',
        _figure("Confusion (rows gold; share of the row)", confusion_svg(report["confusion"], labels)),
        _figure("Reliability", reliability_svg(report["reliability"])),
        _figure("Risk against coverage: leaving out the least sure", risk_svg(report["abstention"])),
        "</div>",
    ]  # fmt: skip
    if "against" in report:
        parts.append(_comparison(report["against"], report["bundle"]))
    for key, groups in report.items():
        if key.startswith("by_"):
            parts.append(_breakdown(key.removeprefix("by_"), groups, report))
    parts += ["<h2>Abstention</h2>", _abstention(report["abstention"]), _limits(report)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _figures(report: Mapping[str, Any]) -> str:
    classes = report["classes"]
    rows = []
    for name, value in report.items():
        if isinstance(value, list) and len(value) == 3 and not isinstance(value[0], (list, dict)):
            n = classes[name.split("_as_")[0]]["n"] if "_as_" in name else report["n"]
            n = classes[name.removeprefix("recall_")]["n"] if name.startswith("recall_") else n
            rows.append([_words(name), _number(value[0]), _range(value[1:]), f"{n:,}"])
    rows.append([_words("ece"), _number(report["ece"]), _range(report["ece_interval"]), f"{report['n']:,}"])
    rows.append([_words("brier"), _number(report["brier"]), _range(report["brier_interval"]), f"{report['n']:,}"])
    if "conformal" in report:
        sets, sure = report["conformal"], report["confident"]
        rows.append(
            ["90 % sets: coverage", _number(sets["coverage"]), _range(sets["coverage_interval"]), f"{report['n']:,}"]
        )
        rows.append(["90 % sets: mean size", _number(sets["mean_size"]), _range(sets["mean_size_interval"]),
                     f"{report['n']:,}"])  # fmt: skip
        rows.append(["confident: share", _number(sure["share"]), _range(sure["share_interval"]), f"{report['n']:,}"])
        rows.append(
            ["confident: accuracy", _number(sure["accuracy"]), _range(sure["accuracy_interval"]), f"{sure['n']:,}"]
        )
        rows.append(["others: accuracy", _number(sure["accuracy_of_the_others"]),
                     _range(sure["accuracy_of_the_others_interval"]), f"{report['n'] - sure['n']:,}"])  # fmt: skip
    return _table(["figure", "value", "95 % interval", "n"], rows)


def _classes(report: Mapping[str, Any], labels: Sequence[str]) -> str:
    rows = []
    for label in labels:
        row = report["classes"][label]
        cells = [label]
        for name in ("precision", "recall", "f1"):
            cells += [f"{_number(row[name])} {_range(row[f'{name}_interval'])}"]
        rows.append([*cells, f"{row['n']:,}", f"{row['n_predicted']:,}"])
    return _table(["label", "precision", "recall", "F1", "n gold", "n predicted"], rows)


def _breakdown(key: str, groups: Mapping[str, Mapping[str, Any]], report: Mapping[str, Any]) -> str:
    errors = [name for name in next(iter(groups.values())) if "_as_" in name and not name.endswith("_n")]
    has_sets = any("coverage" in row for row in groups.values())
    head = [key, "n", "stories", "macro-F1", "95 % interval", "accuracy", *map(_words, errors)]
    rows, small = [], set()
    for at, (name, row) in enumerate(sorted(groups.items(), key=lambda pair: (-pair[1]["n"], pair[0]))):
        if row["is_too_small"]:
            small.add(at)
        cells = [name + " (too few)" * row["is_too_small"], f"{row['n']:,}", f"{row['n_stories']:,}",
                 _number(row["macro_f1"]), _range(row["macro_f1_interval"]), _number(row["accuracy"]),
                 *(f"{_number(row[one])} of {row[f'{one}_n']}" for one in errors)]  # fmt: skip
        rows.append([*cells, *([_number(row.get("coverage"))] if has_sets else [])])
    plot = _figure(f"Macro-F1 by {key}", groups_svg(groups, overall=report["macro_f1"][0]))
    note = (
        f'<p class="soft">{len(small)} groups below n = {MIN_GROUP} are marked and grey in the table and left out of '
        "the plot: nothing can be read from one of them.</p>"
    )
    table = _table([*head, *(["coverage"] if has_sets else [])], rows, small=small)
    return f"<h2>By {escape(key)}</h2>{note if small else ''}{plot}{table}"


def _comparison(found: Mapping[str, Any], bundle: str) -> str:
    rows = [
        [_words(name), _number(row["value"]), _number(row["other"]), _signed(row["difference"][0]),
         _range(row["difference"][1:]), _number(row["p"]),
         f"{'less' if row['less_is_better'] else 'more'} is better"]
        for name, row in found["figures"].items()
    ]  # fmt: skip
    said = (f"Same label on {found['n_same_label']:,} of {found['n']:,} articles; only {bundle} right on "
            f"{found['n_only_ours_right']:,}, only {found['bundle']} right on {found['n_only_other_right']:,}. "
            "Differences are paired: each draw takes the same stories for both; p is two-sided.")  # fmt: skip
    head = ["figure", bundle, found["bundle"], "difference", "95 % interval", "p", ""]
    return f"<h2>Against {escape(found['bundle'])}</h2><p>{escape(said)}</p>{_table(head, rows)}"


def _abstention(curve: Sequence[Mapping[str, Any]]) -> str:
    rows = [[f"{100 * row['share']:.0f} %", f"{row['n']:,}", _number(row["top_prob_from"]), _number(row["risk"][0]),
             _range(row["risk"][1:])] for row in curve]  # fmt: skip
    return _table(["answered", "n", "top probability from", "error", "95 % interval"], rows)


def _limits(report: Mapping[str, Any]) -> str:
    return ('<h2>Limits</h2><p>Figures hold for articles like these. They measure agreement with this corpus\'s '
            "labels, not truth. Single articles need a human reading; shares of an archive are corrected with an "
            f"audited random sample of it (xjstance report). Codebook {escape(str(report['codebook']))}; data sha256 "
            f"{escape(str(report['data_sha256'])[:12])}; seed {report['seed']}.</p>")  # fmt: skip


def _figure(title: str, svg: str) -> str:
    return f"<figure><figcaption>{escape(title)}</figcaption>{svg}</figure>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, small: set[int] | None = None) -> str:
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = ""
    for at, row in enumerate(rows):
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        marked = ' class="small"' if at in (small or set()) else ""
        body += f'<tr{marked}><th scope="row">{escape(row[0])}</th>{cells}</tr>'
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _words(name: str) -> str:
    known = {"macro_f1": "macro-F1", "ece": "expected calibration error", "brier": "Brier score (0 to 2)"}
    return known.get(name, name.replace("_", " "))


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def _range(values: Sequence[float | None]) -> str:
    low, high = values
    return "" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"
