"""The charts of a report as Vega-Lite specifications: shares with intervals, series over time, volume, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .report_chart_parts import (
    LEGEND_HINT,
    MAX_ROWS,
    PERCENT,
    Chart,
    Spec,
    base_spec,
    cell_rows,
    channel,
    chart_title,
    describe_cells,
    label_scales,
    largest_of,
    picked_by_legend,
    share_tips,
    tooltips,
)  # fmt: skip
from .report_chart_series import balance_series, share_series
from .report_chart_style import COLOURS, SHAPES, STATUS_COLOURS, clean_text, unique_names
from .report_words import COUNTING_NAMES


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
                    found += [share_series(report, cut, cells, counting, number),
                              balance_series(report, cut, cells, counting, number)]  # fmt: skip
            elif cells:
                found.append(_shares(report, cut, cells, counting, number))
    found.append(_volume(report))
    if report["errors"] and report["errors"]["directions"]:
        found.append(_directions(report))
    return found


def _shares(report: Mapping[str, Any], cut: Mapping[str, Any], cells: Sequence[Mapping[str, Any]], counting: str,
            number: int) -> Chart:  # fmt: skip
    """One panel a label, one row a cell; hollow dots are what the classifier alone says."""
    labels, is_corrected = report["labels"], cut["is_corrected"]
    shown = sorted(cells, key=lambda cell: -cell["articles"])[:MAX_ROWS]
    rows = cell_rows(shown, labels, is_corrected=is_corrected)
    colour, _ = label_scales(labels)
    colour["legend"] = None
    y = channel("cell", sort=None, title=None)
    axis = PERCENT | {"values": [0, 0.5, 1]}  # panels are narrow
    x = channel("share", "quantitative", title=None, scale={"domain": [0, 1]}, axis=axis)
    pointed = {"name": "pointed", "select": {"type": "point", "fields": ["cell"], "on": "pointerover",
                                             "clear": "pointerout"}}  # fmt: skip
    layers: list[Spec] = [{
        "mark": {"type": "bar", "color": "currentColor", "height": {"band": 1}},
        "params": [pointed],
        "encoding": {"y": y, "x": {"datum": 0, "type": "quantitative", "scale": {"domain": [0, 1]}},
                     "x2": {"datum": 1},
                     "fillOpacity": {"condition": {"param": "pointed", "empty": False, "value": 0.12}, "value": 0},
                     "tooltip": share_tips(is_corrected=is_corrected)},
    }]  # fmt: skip
    if is_corrected:
        layers.append({"mark": {"type": "rule", "strokeWidth": 2}, "encoding": {
            "y": y, "x": channel("low", "quantitative"), "x2": {"field": "high"}, "color": colour}})  # fmt: skip
        layers.append({"mark": {"type": "point", "size": 28, "filled": False}, "encoding": {
            "y": y, "x": channel("uncorrected", "quantitative"), "color": colour}})  # fmt: skip
    layers.append({"mark": {"type": "point", "size": 60, "filled": is_corrected, "opacity": 1},
                   "encoding": {"y": y, "x": x, "color": colour}})  # fmt: skip
    for layer in layers[1:]:
        layer["encoding"]["tooltip"] = share_tips(is_corrected=is_corrected)
    spec = base_spec(rows, facet={"column": channel("label", sort=[clean_text(label) for label in labels], title=None)},
                     spec={"width": 180, "height": {"step": 20}, "layer": layers}, spacing=24)  # fmt: skip
    return Chart(name=f"shares-{number}-{counting}", spec=spec,
                 note="Hollow dots are uncorrected; † marks cells not validated.",
                 title=chart_title("Shares", cut, counting, largest=largest_of(len(cells))),
                 description=describe_cells(shown, labels, is_corrected=is_corrected))  # fmt: skip


def _volume(report: Mapping[str, Any]) -> Chart:
    """Every record by language and status."""
    shown, status = report["volume"]["by_language"][:MAX_ROWS], report["volume"]["by_status"]
    names = unique_names([item["language"] for item in shown])
    rows = [{"language": name, "status": kind, "articles": item.get(kind, 0), "place": at,
             "total": sum(item.get(kind, 0) for kind in STATUS_COLOURS)}
            for name, item in zip(names, shown, strict=True)
            for at, kind in enumerate(STATUS_COLOURS) if item.get(kind, 0)]  # fmt: skip
    params, line, _ = picked_by_legend("status")
    y = channel("language", sort=None, title=None)
    x = channel("articles", "quantitative", title="articles", axis={"format": "~s", "grid": False})
    present = [kind for kind in STATUS_COLOURS if any(row["status"] == kind for row in rows)]
    colour = channel("status", title=None,
                     scale={"domain": present, "range": [STATUS_COLOURS[kind] for kind in present]})  # fmt: skip
    layers = [
        {"mark": {"type": "bar"}, "params": params,
         "encoding": {"y": y, "x": x, "color": colour, "opacity": line, "order": channel("place", "quantitative"),
                      "tooltip": tooltips(("language", "language", None), ("status", "status", None),
                                          ("articles", "articles", ","), ("total", "of all", ","))}},
        {"mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 11, "color": "currentColor"},
         "encoding": {"y": y, "x": {"field": "total", "type": "quantitative", "aggregate": "max"},
                      "text": {"field": "total", "type": "quantitative", "aggregate": "max", "format": ","}}},
    ]  # fmt: skip
    title = f"Volume by language and status{largest_of(len(report['volume']['by_language']))}"
    return Chart(name="volume", title=title, hint=LEGEND_HINT,
                 description="; ".join(f"{name}: {n:,}" for name, n in status.items()),
                 spec=base_spec(rows, width=640, height={"step": 18}, layer=layers))  # fmt: skip


def _directions(report: Mapping[str, Any]) -> Chart:
    """Both directions of the error, by group."""
    pair = (f"{report['positive']}_as_{report['negative']}", f"{report['negative']}_as_{report['positive']}")
    shown = report["errors"]["directions"][:MAX_ROWS]
    names = unique_names([item["group"] for item in shown], [f" (n {item['audited']:,})" for item in shown])
    words = [clean_text(name.replace("_", " ")) for name in pair]
    rows = [{"group": name, "direction": word, **{key: item[kind][key] for key in ("share", "low", "high", "audited")}}
            for name, item in zip(names, shown, strict=True) for kind, word in zip(pair, words, strict=True)
            if item[kind]["share"] is not None]  # fmt: skip
    params, line, _ = picked_by_legend("direction")
    y, offset = channel("group", sort=None, title=None), channel("direction", sort=words)
    colour = channel("direction", title=None, scale={"domain": words, "range": list(COLOURS[:2])})
    shape = channel("direction", title=None, scale={"domain": words, "range": list(SHAPES[:2])})
    tips = tooltips(("group", "group", None), ("direction", "direction", None), ("share", "share", ".1%"),
                    ("low", "from", ".1%"), ("high", "to", ".1%"), ("audited", "audited", ","))  # fmt: skip
    x = channel("share", "quantitative", title=None, scale={"domain": [0, 1]}, axis=PERCENT)
    layers = [
        {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": {
            "y": y, "yOffset": offset, "x": channel("low", "quantitative", title=None), "x2": {"field": "high"},
            "color": colour, "opacity": line, "tooltip": tips}},
        {"mark": {"type": "point", "size": 50, "filled": True}, "params": params,
         "encoding": {"y": y, "yOffset": offset, "x": x, "color": colour, "shape": shape, "opacity": line,
                      "tooltip": tips}},
    ]  # fmt: skip
    text = "; ".join(f"{item['group']}: " + ", ".join(
        f"{word} {_percent(item[kind]['share'])}" for kind, word in zip(pair, words, strict=True))
        for item in shown[:8])  # fmt: skip
    return Chart(name="error-directions", title="Both directions of the error, by group, estimated by the audit",
                 description=text, hint=LEGEND_HINT,
                 spec=base_spec(rows, width=520, height={"step": 30, "for": "position"}, layer=layers))  # fmt: skip


def _percent(share: float | None) -> str:
    return "too few" if share is None else f"{100 * share:.0f}%"
