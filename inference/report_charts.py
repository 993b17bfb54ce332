"""The charts of a report: shares by cell with intervals, balance over time, volume by status, error directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .report_svg import COLOURS, Svg
from .report_words import COUNTING_NAMES

_MAX_ROWS = 30
"""Cells that a chart shows, the largest first; the tables have all."""
_STATUS_COLOURS = {
    "scored": "#15803d", "unrouted": "#b45309", "empty": "#6b7280", "rejected": "#be123c", "lost": "#7c3aed",
}  # fmt: skip


def charts(report: Mapping[str, Any]) -> list[Svg]:
    """Every chart that the report's numbers allow."""
    found: list[Svg] = []
    for number, cut in enumerate(report["cuts"]):
        if len(cut["by"]) > 1:
            continue
        for counting in COUNTING_NAMES:
            cells = [cell for cell in cut["cells"] if cell["counting"] == counting]
            if cut["by"] in (["month"], ["year"]):
                found += _over_time(report, cut, cells, counting, number)
            elif cells:
                found.append(_shares(report, cut, cells, counting, number))
    found.append(_volume(report))
    if report["errors"] and len(report["errors"]["directions"]) > 0:
        found.append(_directions(report))
    return found


def _state(cut: Mapping[str, Any]) -> str:
    return "corrected by audit" if cut["is_corrected"] else "uncorrected"


def _value(values: Mapping[str, Any], *, is_corrected: bool) -> float | None:
    found = values["share"] if is_corrected else values["uncorrected"]
    return None if found is None else float(found)


def _shares(report: Mapping[str, Any], cut: Mapping[str, Any], cells: Sequence[Mapping[str, Any]], counting: str,
            number: int) -> Svg:  # fmt: skip
    labels, is_corrected = report["labels"], cut["is_corrected"]
    shown = [cell for cell in sorted(cells, key=lambda cell: -cell["articles"]) if not cell["suppressed"]][:_MAX_ROWS]
    left, panel, gap, top, row = 150.0, 190.0, 40.0, 52.0, 20.0
    width, height = left + len(labels) * (panel + gap), top + row * max(len(shown), 1) + 34
    title = f"Shares by {cut['name']}, {COUNTING_NAMES[counting]}, {_state(cut)}"
    svg = Svg(width=width, height=height, title=title, name=f"shares-{number}-{counting}",
              description=_describe(shown, labels, is_corrected=is_corrected))  # fmt: skip
    if not shown:
        svg.text(left, top + 14, "Every cell is suppressed: too few articles or too few audited ones.")
    for place, label in enumerate(labels):
        x0, colour = left + place * (panel + gap), COLOURS[place % len(COLOURS)]
        svg.text(x0, top - 24, label, kind="bold")
        for tick in (0, 50, 100):
            x = x0 + panel * tick / 100
            svg.line(x, top - 6, x, height - 28)
            svg.text(x, height - 12, f"{tick}%", anchor="middle", kind="small")
        for at, cell in enumerate(shown):
            y, values = top + row * (at + 0.5), cell["shares"][label]
            share = _value(values, is_corrected=is_corrected)
            if share is None:
                continue
            tip = f"{cell['name']}, {label}: {100 * share:.1f}%"
            if is_corrected:
                tip += f" ({100 * values['low']:.1f} to {100 * values['high']:.1f})"
                svg.line(x0 + panel * values["low"], y, x0 + panel * values["high"], y, colour=colour, tip=tip)
                svg.dot(x0 + panel * values["uncorrected"], y, colour=colour, hollow=True, radius=3,
                        tip=f"{cell['name']}, {label}: uncorrected {100 * values['uncorrected']:.1f}%")  # fmt: skip
            svg.dot(x0 + panel * share, y, colour=colour, tip=tip, hollow=not is_corrected)
    for at, cell in enumerate(shown):
        svg.text(left - 10, top + row * (at + 0.5) + 4, _short(cell), anchor="end", kind="small")
    return svg


def _short(cell: Mapping[str, Any]) -> str:
    name = cell["name"] if len(cell["name"]) <= 20 else cell["name"][:19] + "…"
    return name if cell["is_validated"] else f"{name} †"


def _describe(cells: Sequence[Mapping[str, Any]], labels: Sequence[str], *, is_corrected: bool) -> str:
    parts = []
    for cell in cells[:8]:
        told = []
        for label in labels:
            values = cell["shares"][label]
            share = _value(values, is_corrected=is_corrected)
            if share is not None:
                ends = f" ({100 * values['low']:.0f} to {100 * values['high']:.0f})" if is_corrected else ""
                told.append(f"{label} {100 * share:.0f}%{ends}")
        parts.append(f"{cell['name']}: {', '.join(told)}")
    more = f"; {len(cells) - 8} more in the table" if len(cells) > 8 else ""
    return ("; ".join(parts) or "no cell is shown") + more


def _over_time(report: Mapping[str, Any], cut: Mapping[str, Any], cells: Sequence[Mapping[str, Any]], counting: str,
               number: int) -> list[Svg]:  # fmt: skip
    dated = sorted((cell for cell in cells if cell["key"][0] is not None), key=lambda cell: cell["name"])
    points = []
    for cell in dated:
        if cell["suppressed"]:
            continue
        if cut["is_corrected"]:
            balance = cell["balance"]
        else:
            shares = cell["shares"]
            value = shares[report["positive"]]["uncorrected"] - shares[report["negative"]]["uncorrected"]
            balance = {"value": value, "low": value, "high": value}
        points.append((cell["name"], balance, cell))
    if not points:
        return []
    left, top, inner, tall = 60.0, 40.0, max(520.0, 14.0 * len(dated)), 220.0
    what = f"{report['positive']} minus {report['negative']}"
    svg = Svg(width=left + inner + 20, height=top + tall + 60, name=f"balance-{number}-{counting}",
              title=f"Stance balance ({what}) by {cut['name']}, {COUNTING_NAMES[counting]}, {_state(cut)}",
              description="; ".join(f"{name}: {100 * item['value']:.0f}" for name, item, _ in points))  # fmt: skip
    names = [cell["name"] for cell in dated]
    step = inner / max(len(names), 1)

    def y(value: float) -> float:
        return top + tall * (1 - value) / 2

    for tick in (-100, -50, 0, 50, 100):
        svg.line(left, y(tick / 100), left + inner, y(tick / 100), kind="zero" if tick == 0 else "axis")
        svg.text(left - 8, y(tick / 100) + 4, f"{tick:+d}" if tick else "0", anchor="end", kind="small")
    svg.text(left, top - 18, f"points, {what}", kind="small")
    every = max(1, round(60 / step))
    for at in range(0, len(names), every):
        svg.text(left + step * (at + 0.5), top + tall + 20, names[at], anchor="middle", kind="small")
    where = {name: left + step * (at + 0.5) for at, name in enumerate(names)}
    colour = COLOURS[1]
    if cut["is_corrected"]:
        band = [(where[name], y(item["high"])) for name, item, _ in points]
        band += [(where[name], y(item["low"])) for name, item, _ in reversed(points)]
        svg.path(band, colour=colour, filled=True)
    svg.path([(where[name], y(item["value"])) for name, item, _ in points], colour=colour)
    for name, item, cell in points:
        tip = f"{name}: {100 * item['value']:+.1f} points"
        if cut["is_corrected"]:
            tip += f" ({100 * item['low']:+.1f} to {100 * item['high']:+.1f}), {cell['audited']} audited"
        svg.dot(where[name], y(item["value"]), colour=colour, tip=f"{tip}, {cell['articles']:,} articles",
                hollow=not cut["is_corrected"], radius=3)  # fmt: skip
    return [svg]


def _volume(report: Mapping[str, Any]) -> Svg:
    rows = report["volume"]["by_language"][:_MAX_ROWS]
    left, inner, top, row = 110.0, 560.0, 44.0, 18.0
    totals = [sum(value for name, value in item.items() if name != "language") for item in rows]
    most = max(totals, default=1)
    status = report["volume"]["by_status"]
    svg = Svg(width=left + inner + 90, height=top + row * len(rows) + 20, name="volume",
              title="Volume by language and status",
              description="; ".join(f"{name}: {n:,}" for name, n in status.items()))  # fmt: skip
    x = left
    for name, colour in _STATUS_COLOURS.items():
        svg.box(x, 14, 11, 11, colour=colour)
        svg.text(x + 15, 24, f"{name} {status.get(name, 0):,}", kind="small")
        x += 130
    for at, (item, total) in enumerate(zip(rows, totals, strict=True)):
        x, y = left, top + row * at
        svg.text(left - 8, y + 11, item["language"], anchor="end", kind="small")
        for name, colour in _STATUS_COLOURS.items():
            n = item.get(name, 0)
            svg.box(x, y, inner * n / most, row - 5, colour=colour, tip=f"{item['language']}, {name}: {n:,}")
            x += inner * n / most
        svg.text(x + 6, y + 11, f"{total:,}", kind="small")
    return svg


def _directions(report: Mapping[str, Any]) -> Svg:
    rows = report["errors"]["directions"][:_MAX_ROWS]
    pair = (f"{report['positive']}_as_{report['negative']}", f"{report['negative']}_as_{report['positive']}")
    left, inner, top, row = 150.0, 460.0, 50.0, 26.0
    svg = Svg(width=left + inner + 40, height=top + row * len(rows) + 34, name="error-directions",
              title="Both directions of the error, by group, estimated by the audit",
              description="; ".join(f"{item['group']}: " + ", ".join(
                  f"{name.replace('_', ' ')} " + _percent(item[name]["share"])
                  for name in pair) for item in rows[:8]))  # fmt: skip
    for place, name in enumerate(pair):
        svg.dot(left + 230 * place + 5, 20, colour=COLOURS[place])
        svg.text(left + 230 * place + 14, 24, name.replace("_", " "), kind="small")
    for tick in (0, 25, 50, 75, 100):
        svg.line(left + inner * tick / 100, top - 6, left + inner * tick / 100, top + row * len(rows))
        svg.text(left + inner * tick / 100, top + row * len(rows) + 18, f"{tick}%", anchor="middle", kind="small")
    for at, item in enumerate(rows):
        svg.text(
            left - 10, top + row * at + 16, f"{item['group']} (n {item['audited']})"[:24], anchor="end", kind="small"
        )
        for place, name in enumerate(pair):
            rate, y = item[name], top + row * at + 8 + 9 * place
            if rate["share"] is None:
                continue
            tip = (f"{item['group']}, {name.replace('_', ' ')}: {100 * rate['share']:.1f}% "
                   f"({100 * rate['low']:.1f} to {100 * rate['high']:.1f}), {rate['audited']} audited")  # fmt: skip
            svg.line(left + inner * rate["low"], y, left + inner * rate["high"], y, colour=COLOURS[place], tip=tip)
            svg.dot(left + inner * rate["share"], y, colour=COLOURS[place], tip=tip)
    return svg


def _percent(share: float | None) -> str:
    return "too few" if share is None else f"{100 * share:.0f}%"
