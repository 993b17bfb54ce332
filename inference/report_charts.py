"""The charts of a report as Vega-Lite specifications: shares with intervals, series over time, volume, errors.

The data of a chart are rows with fixed field names; names out of the archive are only ever values of them, never field
names or expressions, so that no outlet can write into a specification [SMWH17].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .report_chart_style import COLOURS, SHAPES, STATUS_COLOURS, STYLE, clean_text, unique_names
from .report_words import COUNTING_NAMES

Spec = dict[str, Any]

_MAX_ROWS = 30
"""Cells that a chart shows, the largest first; the tables have all."""
_PERCENT = {"format": "%", "values": [0, 0.25, 0.5, 0.75, 1]}
_SIGNED = "datum.value > 0 ? '+' + datum.value : '' + datum.value"
"""An axis with signs, in characters that every font has."""
_FOUR_WEEKS_MS = 28 * 86_400_000
"""Ticks of a time axis are no closer, so that no month is named twice."""
_DIMMED = 0.15
"""Opacity of series that were not picked in the legend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart."""

    name: str
    """Part of ids and file names."""
    title: str
    description: str
    """Text for those who do not see the picture."""
    spec: Spec
    """Vega-Lite, without title, on a transparent ground."""
    note: str = ""
    """What its signs mean."""
    hint: str = ""
    """How to use it where it is interactive."""


def charts(report: Mapping[str, Any]) -> list[Chart]:
    """Every chart that the report's numbers allow."""
    found: list[Chart] = []
    for number, cut in enumerate(report["cuts"]):
        if len(cut["by"]) > 1:
            continue
        for counting in COUNTING_NAMES:
            cells = [cell for cell in cut["cells"] if cell["counting"] == counting and not cell["suppressed"]]
            if cut["by"] in (["month"], ["year"]):
                cells = sorted((cell for cell in cells if cell["key"][0] is not None), key=lambda cell: cell["name"])
                if cells:
                    found += [_share_series(report, cut, cells, counting, number),
                              _balance_series(report, cut, cells, counting, number)]  # fmt: skip
            elif cells:
                found.append(_shares(report, cut, cells, counting, number))
    found.append(_volume(report))
    if report["errors"] and report["errors"]["directions"]:
        found.append(_directions(report))
    return found


def _base(rows: Sequence[Mapping[str, Any]], **more: Any) -> Spec:
    return {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "config": STYLE,
            "background": "transparent", "data": {"values": list(rows)}, **more}  # fmt: skip


def _title(what: str, cut: Mapping[str, Any], counting: str, *, largest: str = "") -> str:
    state = "corrected by audit" if cut["is_corrected"] else "uncorrected"
    return f"{what} by {cut['name']}{largest}, {COUNTING_NAMES[counting]}, {state}"


def _largest(n: int) -> str:
    return f", {_MAX_ROWS} largest of {n:,}" if n > _MAX_ROWS else ""


def _field(name: str, kind: str = "nominal", **more: Any) -> Spec:
    return {"field": name, "type": kind, **more}


def _tips(*pairs: tuple[str, str, str | None]) -> list[Spec]:
    """Tooltips of (field, title, number format); without a format the field is text."""
    return [{"field": name, "title": title, "type": "nominal" if form is None else "quantitative",
             **({} if form is None else {"format": form})} for name, title, form in pairs]  # fmt: skip


def _picked(field: str) -> tuple[list[Spec], Spec, Spec]:
    """A selection of series by the legend, and the opacities of lines and of areas that follow it."""
    params = [{"name": "picked", "select": {"type": "point", "fields": [field]}, "bind": "legend"}]
    line, area = (
        {"condition": {"param": "picked", "value": value}, "value": value * _DIMMED} for value in (1.0, 0.15)
    )
    return params, line, area


_LEGEND_HINT = "Click a name in the legend to show it alone, with Shift to add another."


def _cell_rows(cells: Sequence[Mapping[str, Any]], labels: Sequence[str], *, is_corrected: bool) -> list[Spec]:
    """One row a cell and label."""
    marks = ["" if cell["is_validated"] else " †" for cell in cells]
    names = unique_names([cell["name"] for cell in cells], marks)
    return [
        {"cell": name, "label": clean_text(label), "at": cell["name"], "articles": cell["articles"],
         "audited": cell["audited"], "uncorrected": values["uncorrected"],
         **({name: values[name] for name in ("share", "low", "high")} if is_corrected else
            {"share": values["uncorrected"]})}
        for name, cell in zip(names, cells, strict=True) for label, values in cell["shares"].items() if label in labels
    ]  # fmt: skip


def _share_tips(*, is_corrected: bool, place: str = "cell") -> list[Spec]:
    if not is_corrected:
        return _tips((place, "cell", None), ("label", "label", None), ("share", "uncorrected share", ".1%"),
                     ("articles", "articles", ","))  # fmt: skip
    return _tips((place, "cell", None), ("label", "label", None), ("share", "share", ".1%"), ("low", "from", ".1%"),
                 ("high", "to", ".1%"), ("uncorrected", "uncorrected", ".1%"), ("audited", "audited", ","),
                 ("articles", "articles", ","))  # fmt: skip


def _by_label(labels: Sequence[str]) -> tuple[Spec, Spec]:
    """Colour and shape of each label, by its place in the codebook."""
    colours = [COLOURS[at % len(COLOURS)] for at in range(len(labels))]
    shapes = [SHAPES[at % len(SHAPES)] for at in range(len(labels))]
    domain = [clean_text(label) for label in labels]
    return (_field("label", scale={"domain": domain, "range": colours}, title=None),
            _field("label", scale={"domain": domain, "range": shapes}, title=None))  # fmt: skip


def _shares(report: Mapping[str, Any], cut: Mapping[str, Any], cells: Sequence[Mapping[str, Any]], counting: str,
            number: int) -> Chart:  # fmt: skip
    """One panel a label, one row a cell; hollow dots are what the classifier alone says."""
    labels, is_corrected = report["labels"], cut["is_corrected"]
    shown = sorted(cells, key=lambda cell: -cell["articles"])[:_MAX_ROWS]
    rows = _cell_rows(shown, labels, is_corrected=is_corrected)
    colour, _ = _by_label(labels)
    colour["legend"] = None
    y = _field("cell", sort=None, title=None)
    x = _field("share", "quantitative", title=None, scale={"domain": [0, 1]}, axis=_PERCENT)
    pointed = {"name": "pointed", "select": {"type": "point", "fields": ["cell"], "on": "pointerover",
                                             "clear": "pointerout"}}  # fmt: skip
    layers: list[Spec] = [{
        "mark": {"type": "bar", "color": "currentColor", "height": {"band": 1}},
        "params": [pointed],
        "encoding": {"y": y, "x": {"datum": 0, "type": "quantitative", "scale": {"domain": [0, 1]}},
                     "x2": {"datum": 1},
                     "fillOpacity": {"condition": {"param": "pointed", "empty": False, "value": 0.12}, "value": 0},
                     "tooltip": _share_tips(is_corrected=is_corrected)},
    }]  # fmt: skip
    if is_corrected:
        layers.append({"mark": {"type": "rule", "strokeWidth": 2}, "encoding": {
            "y": y, "x": _field("low", "quantitative"), "x2": {"field": "high"}, "color": colour}})  # fmt: skip
        layers.append({"mark": {"type": "point", "size": 28, "filled": False}, "encoding": {
            "y": y, "x": _field("uncorrected", "quantitative"), "color": colour}})  # fmt: skip
    layers.append({"mark": {"type": "point", "size": 60, "filled": is_corrected, "opacity": 1},
                   "encoding": {"y": y, "x": x, "color": colour}})  # fmt: skip
    for layer in layers[1:]:
        layer["encoding"]["tooltip"] = _share_tips(is_corrected=is_corrected)
    spec = _base(rows, facet={"column": _field("label", sort=[clean_text(label) for label in labels], title=None)},
                 spec={"width": 180, "height": {"step": 20}, "layer": layers}, spacing=24)  # fmt: skip
    return Chart(name=f"shares-{number}-{counting}", spec=spec,
                 note="Hollow dots are uncorrected; † marks cells not validated.",
                 title=_title("Shares", cut, counting, largest=_largest(len(cells))),
                 description=_describe(shown, labels, is_corrected=is_corrected))  # fmt: skip


def _describe(cells: Sequence[Mapping[str, Any]], labels: Sequence[str], *, is_corrected: bool) -> str:
    parts = []
    for cell in cells[:8]:
        told = []
        for label in labels:
            values = cell["shares"][label]
            share = values["share" if is_corrected else "uncorrected"]
            ends = f" ({100 * values['low']:.0f} to {100 * values['high']:.0f})" if is_corrected else ""
            told.append(f"{label} {100 * share:.0f}%{ends}")
        parts.append(f"{clean_text(cell['name'])}: {', '.join(told)}")
    more = f"; {len(cells) - 8} more in the table" if len(cells) > 8 else ""
    return "; ".join(parts) + more


def _time_axis(cut: Mapping[str, Any]) -> Spec:
    unit = "%Y" if cut["by"] == ["year"] else "%b %Y"
    axis = {"format": unit, "labelOverlap": "greedy", "grid": False, "tickMinStep": _FOUR_WEEKS_MS}
    return _field("date", "temporal", title=None, scale={"type": "utc"}, axis=axis)


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


def _share_series(report: Mapping[str, Any], cut: Mapping[str, Any], cells: Sequence[Mapping[str, Any]], counting: str,
                  number: int) -> Chart:  # fmt: skip
    """Each label's share over time with its band; the legend picks labels."""
    labels, is_corrected = report["labels"], cut["is_corrected"]
    rows = _cell_rows(cells, labels, is_corrected=is_corrected)
    known = {cell["name"] for cell in cells}
    rows = [row | {"date": _date(row["at"])} for row in rows]
    rows += [{"date": _date(step), "cell": step, "label": clean_text(label), "share": None, "low": None, "high": None}
             for step in _steps(cells, cut) if step not in known for label in labels]  # fmt: skip
    colour, shape = _by_label(labels)
    params, line, area = _picked("label")
    x = _time_axis(cut)
    y = _field("share", "quantitative", title=None, scale={"domain": [0, 1]}, axis=_PERCENT)
    layers: list[Spec] = []
    if is_corrected:
        layers.append({"mark": {"type": "area"}, "encoding": {
            "x": x, "y": _field("low", "quantitative", title=None), "y2": {"field": "high"}, "color": colour,
            "opacity": area}})  # fmt: skip
    layers.append({"mark": {"type": "line", "strokeWidth": 2},
                   "encoding": {"x": x, "y": y, "color": colour, "opacity": line}})  # fmt: skip
    layers.append({"mark": {"type": "point", "size": 45, "filled": is_corrected}, "params": params,
                   "encoding": {"x": x, "y": y, "color": colour, "shape": shape, "opacity": line,
                                "tooltip": _share_tips(is_corrected=is_corrected)}})  # fmt: skip
    return Chart(name=f"shares-{number}-{counting}", title=_title("Shares", cut, counting),
                 description=_describe(cells, labels, is_corrected=is_corrected), hint=_LEGEND_HINT,
                 spec=_base(rows, width=760, height=260, layer=layers))  # fmt: skip


def _balance_series(report: Mapping[str, Any], cut: Mapping[str, Any], cells: Sequence[Mapping[str, Any]],
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
    y = _field("value", "quantitative", title=f"points, {clean_text(what)}", scale={"domain": [-100, 100]},
               axis={"values": [-100, -50, 0, 50, 100], "labelExpr": _SIGNED})  # fmt: skip
    tips = _tips(("cell", "cell", None), ("value", "points", "+.1f"),
                 *((("low", "from", "+.1f"), ("high", "to", "+.1f"), ("audited", "audited", ","))
                   if is_corrected else ()), ("articles", "articles", ","))  # fmt: skip
    layers: list[Spec] = [{"data": {"values": [{}]}, "mark": {"type": "rule", "strokeDash": [3, 3]},
                           "encoding": {"y": {"datum": 0, "type": "quantitative"}}}]  # fmt: skip
    if is_corrected:
        layers.append({"mark": {"type": "area", "opacity": 0.15, "color": COLOURS[1]}, "encoding": {
            "x": x, "y": _field("low", "quantitative", title=None), "y2": {"field": "high"}}})  # fmt: skip
    layers.append({"mark": {"type": "line", "strokeWidth": 2, "color": COLOURS[1]}, "encoding": {"x": x, "y": y}})
    layers.append({"mark": {"type": "point", "size": 40, "filled": is_corrected, "opacity": 1, "color": COLOURS[1]},
                   "encoding": {"x": x, "y": y, "tooltip": tips}})  # fmt: skip
    description = "; ".join(f"{row['cell']}: {row['value']:+.0f}" for row in rows if row["value"] is not None)
    return Chart(name=f"balance-{number}-{counting}", title=_title(f"Stance balance ({what})", cut, counting),
                 description=description, spec=_base(rows, width=760, height=220, layer=layers))  # fmt: skip


def _volume(report: Mapping[str, Any]) -> Chart:
    """Every record by language and status."""
    shown, status = report["volume"]["by_language"][:_MAX_ROWS], report["volume"]["by_status"]
    names = unique_names([item["language"] for item in shown])
    rows = [{"language": name, "status": kind, "articles": item.get(kind, 0), "place": at,
             "total": sum(item.get(kind, 0) for kind in STATUS_COLOURS)}
            for name, item in zip(names, shown, strict=True)
            for at, kind in enumerate(STATUS_COLOURS) if item.get(kind, 0)]  # fmt: skip
    params, line, _ = _picked("status")
    y = _field("language", sort=None, title=None)
    x = _field("articles", "quantitative", title="articles", axis={"format": "~s", "grid": False})
    present = [kind for kind in STATUS_COLOURS if any(row["status"] == kind for row in rows)]
    colour = _field("status", title=None,
                    scale={"domain": present, "range": [STATUS_COLOURS[kind] for kind in present]})  # fmt: skip
    layers = [
        {"mark": {"type": "bar"}, "params": params,
         "encoding": {"y": y, "x": x, "color": colour, "opacity": line, "order": _field("place", "quantitative"),
                      "tooltip": _tips(("language", "language", None), ("status", "status", None),
                                       ("articles", "articles", ","), ("total", "of all", ","))}},
        {"mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 11, "color": "currentColor"},
         "encoding": {"y": y, "x": {"field": "total", "type": "quantitative", "aggregate": "max"},
                      "text": {"field": "total", "type": "quantitative", "aggregate": "max", "format": ","}}},
    ]  # fmt: skip
    title = f"Volume by language and status{_largest(len(report['volume']['by_language']))}"
    return Chart(name="volume", title=title, hint=_LEGEND_HINT,
                 description="; ".join(f"{name}: {n:,}" for name, n in status.items()),
                 spec=_base(rows, width=640, height={"step": 18}, layer=layers))  # fmt: skip


def _directions(report: Mapping[str, Any]) -> Chart:
    """Both directions of the error, by group."""
    pair = (f"{report['positive']}_as_{report['negative']}", f"{report['negative']}_as_{report['positive']}")
    shown = report["errors"]["directions"][:_MAX_ROWS]
    names = unique_names([item["group"] for item in shown], [f" (n {item['audited']:,})" for item in shown])
    words = [clean_text(name.replace("_", " ")) for name in pair]
    rows = [{"group": name, "direction": word, **{key: item[kind][key] for key in ("share", "low", "high", "audited")}}
            for name, item in zip(names, shown, strict=True) for kind, word in zip(pair, words, strict=True)
            if item[kind]["share"] is not None]  # fmt: skip
    params, line, _ = _picked("direction")
    y, offset = _field("group", sort=None, title=None), _field("direction", sort=words)
    colour = _field("direction", title=None, scale={"domain": words, "range": list(COLOURS[:2])})
    shape = _field("direction", title=None, scale={"domain": words, "range": list(SHAPES[:2])})
    tips = _tips(("group", "group", None), ("direction", "direction", None), ("share", "share", ".1%"),
                 ("low", "from", ".1%"), ("high", "to", ".1%"), ("audited", "audited", ","))  # fmt: skip
    x = _field("share", "quantitative", title=None, scale={"domain": [0, 1]}, axis=_PERCENT)
    layers = [
        {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": {
            "y": y, "yOffset": offset, "x": _field("low", "quantitative", title=None), "x2": {"field": "high"},
            "color": colour, "opacity": line, "tooltip": tips}},
        {"mark": {"type": "point", "size": 50, "filled": True}, "params": params,
         "encoding": {"y": y, "yOffset": offset, "x": x, "color": colour, "shape": shape, "opacity": line,
                      "tooltip": tips}},
    ]  # fmt: skip
    text = "; ".join(f"{item['group']}: " + ", ".join(
        f"{word} {_percent(item[kind]['share'])}" for kind, word in zip(pair, words, strict=True))
        for item in shown[:8])  # fmt: skip
    return Chart(name="error-directions", title="Both directions of the error, by group, estimated by the audit",
                 description=text, hint=_LEGEND_HINT,
                 spec=_base(rows, width=520, height={"step": 30, "for": "position"}, layer=layers))  # fmt: skip


def _percent(share: float | None) -> str:
    return "too few" if share is None else f"{100 * share:.0f}%"
