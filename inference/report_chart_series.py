"""Charts over time: each label's share, and the balance of the two sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .report_chart_parts import (
    LEGEND_HINT,
    PERCENT,
    Chart,
    Spec,
    base_spec,
    cell_rows,
    channel,
    chart_title,
    describe_cells,
    label_scales,
    picked_by_legend,
    share_tips,
    tooltips,
)  # fmt: skip
from .report_chart_style import COLOURS, clean_text

_SIGNED = "datum.value > 0 ? '+' + datum.value : '' + datum.value"
"""An axis with signs, in characters that every font has."""
_FOUR_WEEKS_MS = 28 * 86_400_000
"""Ticks of a time axis are no closer, so that no month is named twice."""


def _time_axis(cut: Mapping[str, Any]) -> Spec:
    unit = "%Y" if cut["by"] == ["year"] else "%b %Y"
    axis = {"format": unit, "labelOverlap": "greedy", "grid": False, "tickMinStep": _FOUR_WEEKS_MS}
    return channel("date", "temporal", title=None, scale={"type": "utc"}, axis=axis)


def _steps(shown: Sequence[Mapping[str, Any]], cut: Mapping[str, Any]) -> list[str]:
    """Names of the steps from the first cell to the last; a step without a cell is there, so that lines break at it."""
    names = [str(cell["name"]) for cell in shown]
    numbers = [_number_of(name) for name in names]
    if cut["by"] == ["year"] or numbers[-1] - numbers[0] > 1_200:
        return names
    return [f"{at // 12:04}-{at % 12 + 1:02}" for at in range(numbers[0], numbers[-1] + 1)]


def _number_of(month: str) -> int:
    return 12 * int(month[:4]) + int(month[5:7] or 1) - 1


def _date(step: str) -> str:
    return f"{step}-01-01" if len(step) == 4 else f"{step}-01"


def share_series(report: Mapping[str, Any], cut: Mapping[str, Any], cells: Sequence[Mapping[str, Any]], counting: str,
                 number: int) -> Chart:  # fmt: skip
    """Each label's share over time with its band; the legend picks labels."""
    labels, is_corrected = report["labels"], cut["is_corrected"]
    rows = cell_rows(cells, labels, is_corrected=is_corrected)
    known = {cell["name"] for cell in cells}
    rows = [row | {"date": _date(row["at"])} for row in rows]
    rows += [{"date": _date(step), "cell": step, "label": clean_text(label), "share": None, "low": None, "high": None}
             for step in _steps(cells, cut) if step not in known for label in labels]  # fmt: skip
    colour, shape = label_scales(labels)
    params, line, area = picked_by_legend("label")
    x = _time_axis(cut)
    y = channel("share", "quantitative", title=None, scale={"domain": [0, 1]}, axis=PERCENT)
    layers: list[Spec] = []
    if is_corrected:
        layers.append({"mark": {"type": "area"}, "encoding": {
            "x": x, "y": channel("low", "quantitative", title=None), "y2": {"field": "high"}, "color": colour,
            "opacity": area}})  # fmt: skip
    layers.append({"mark": {"type": "line", "strokeWidth": 2},
                   "encoding": {"x": x, "y": y, "color": colour, "opacity": line}})  # fmt: skip
    layers.append({"mark": {"type": "point", "size": 45, "filled": is_corrected}, "params": params,
                   "encoding": {"x": x, "y": y, "color": colour, "shape": shape, "opacity": line,
                                "tooltip": share_tips(is_corrected=is_corrected)}})  # fmt: skip
    return Chart(name=f"shares-{number}-{counting}", title=chart_title("Shares", cut, counting),
                 description=describe_cells(cells, labels, is_corrected=is_corrected), hint=LEGEND_HINT,
                 spec=base_spec(rows, width=760, height=260, layer=layers))  # fmt: skip


def balance_series(report: Mapping[str, Any], cut: Mapping[str, Any], cells: Sequence[Mapping[str, Any]],
                   counting: str, number: int) -> Chart:  # fmt: skip
    """Positive minus negative share over time, in percentage points."""
    is_corrected, what = cut["is_corrected"], f"{report['positive']} minus {report['negative']}"
    rows: list[Spec] = []
    for cell in cells:
        balance = cell["balance"]
        if not is_corrected:
            shares = cell["shares"]
            balance = {"value": shares[report["positive"]]["uncorrected"] - shares[report["negative"]]["uncorrected"]}
        rows.append({"date": _date(cell["name"]), "cell": cell["name"], "articles": cell["articles"],
                     "audited": cell["audited"], **{name: 100 * value for name, value in balance.items()}})  # fmt: skip
    known = {cell["name"] for cell in cells}
    rows += [{"date": _date(step), "cell": step, "value": None, "low": None, "high": None}
             for step in _steps(cells, cut) if step not in known]  # fmt: skip
    x = _time_axis(cut)
    y = channel("value", "quantitative", title=f"points, {clean_text(what)}", scale={"domain": [-100, 100]},
                axis={"values": [-100, -50, 0, 50, 100], "labelExpr": _SIGNED})  # fmt: skip
    tips = tooltips(("cell", "cell", None), ("value", "points", "+.1f"),
                    *((("low", "from", "+.1f"), ("high", "to", "+.1f"), ("audited", "audited", ","))
                      if is_corrected else ()), ("articles", "articles", ","))  # fmt: skip
    layers: list[Spec] = [{"data": {"values": [{}]}, "mark": {"type": "rule", "strokeDash": [3, 3]},
                           "encoding": {"y": {"datum": 0, "type": "quantitative"}}}]  # fmt: skip
    if is_corrected:
        layers.append({"mark": {"type": "area", "opacity": 0.15, "color": COLOURS[1]}, "encoding": {
            "x": x, "y": channel("low", "quantitative", title=None), "y2": {"field": "high"}}})  # fmt: skip
    layers.append({"mark": {"type": "line", "strokeWidth": 2, "color": COLOURS[1]}, "encoding": {"x": x, "y": y}})
    layers.append({"mark": {"type": "point", "size": 40, "filled": is_corrected, "opacity": 1, "color": COLOURS[1]},
                   "encoding": {"x": x, "y": y, "tooltip": tips}})  # fmt: skip
    description = "; ".join(f"{row['cell']}: {row['value']:+.0f}" for row in rows if row["value"] is not None)
    return Chart(name=f"balance-{number}-{counting}", title=chart_title(f"Stance balance ({what})", cut, counting),
                 description=description, spec=base_spec(rows, width=760, height=220, layer=layers))  # fmt: skip
