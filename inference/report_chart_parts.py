"""What the charts are made of: the record of a chart, its channels, tooltips, selections and rows.

The data of a chart are rows with fixed field names; names out of the archive are only ever values of them, never field
names or expressions, so that no outlet can write into a specification [SMWH17].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .report_chart_style import COLOURS, SHAPES, STYLE, clean_text, unique_names
from .report_words import COUNTING_NAMES

Spec = dict[str, Any]

MAX_ROWS = 30
"""Cells that a chart shows, the largest first; the tables have all."""
PERCENT = {"format": "%", "values": [0, 0.25, 0.5, 0.75, 1]}
"""An axis of shares."""
LEGEND_HINT = "Click a name in the legend to show it alone, with Shift to add another."
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


def base_spec(rows: Sequence[Mapping[str, Any]], **more: Any) -> Spec:
    """A specification with its data and the looks of the page."""
    return {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "config": STYLE,
            "background": "transparent", "data": {"values": list(rows)}, **more}  # fmt: skip


def chart_title(what: str, cut: Mapping[str, Any], counting: str, *, largest: str = "") -> str:
    """What a chart shows, how it was counted, and whether it is corrected."""
    state = "corrected by audit" if cut["is_corrected"] else "uncorrected"
    return f"{what} by {clean_text(cut['name'])}{largest}, {COUNTING_NAMES[counting]}, {state}"


def largest_of(n: int) -> str:
    """Part of a title where not all cells are shown."""
    return f", {MAX_ROWS} largest of {n:,}" if n > MAX_ROWS else ""


def channel(name: str, kind: str = "nominal", **more: Any) -> Spec:
    """What a field of the rows is drawn as."""
    return {"field": name, "type": kind, **more}


def tooltips(*pairs: tuple[str, str, str | None]) -> list[Spec]:
    """Tooltips of (field, title, number format); without a format the field is text."""
    return [{"field": name, "title": title, "type": "nominal" if form is None else "quantitative",
             **({} if form is None else {"format": form})} for name, title, form in pairs]  # fmt: skip


def picked_by_legend(field: str) -> tuple[list[Spec], Spec, Spec]:
    """A selection of series by the legend, and the opacities of lines and of areas that follow it."""
    params = [{"name": "picked", "select": {"type": "point", "fields": [field]}, "bind": "legend"}]
    line, area = (
        {"condition": {"param": "picked", "value": value}, "value": value * _DIMMED} for value in (1.0, 0.15)
    )
    return params, line, area


def cell_rows(cells: Sequence[Mapping[str, Any]], labels: Sequence[str], *, is_corrected: bool) -> list[Spec]:
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


def share_tips(*, is_corrected: bool) -> list[Spec]:
    """The numbers of one share."""
    if not is_corrected:
        return tooltips(("cell", "cell", None), ("label", "label", None), ("share", "uncorrected share", ".1%"),
                        ("articles", "articles", ","))  # fmt: skip
    return tooltips(("cell", "cell", None), ("label", "label", None), ("share", "share", ".1%"), ("low", "from", ".1%"),
                    ("high", "to", ".1%"), ("uncorrected", "uncorrected", ".1%"), ("audited", "audited", ","),
                    ("articles", "articles", ","))  # fmt: skip


def label_scales(labels: Sequence[str]) -> tuple[Spec, Spec]:
    """Colour and shape of each label, by its place in the codebook."""
    colours = [COLOURS[at % len(COLOURS)] for at in range(len(labels))]
    shapes = [SHAPES[at % len(SHAPES)] for at in range(len(labels))]
    domain = [clean_text(label) for label in labels]
    return (channel("label", scale={"domain": domain, "range": colours}, title=None),
            channel("label", scale={"domain": domain, "range": shapes}, title=None))  # fmt: skip


def describe_cells(cells: Sequence[Mapping[str, Any]], labels: Sequence[str], *, is_corrected: bool) -> str:
    """The first cells in words."""
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
