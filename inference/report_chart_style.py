"""How the charts look, and how names out of the archive are made fit for them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

COLOURS = ("#d9541e", "#3b82f6", "#808a9a", "#1f9d57", "#7e22ce", "#0f766e", "#b45309", "#be123c")
"""By position of the label: first positive, second negative in the default codebook; readable on white and black."""
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "triangle-right", "triangle-left")
"""By position of the label, for print without colour."""
STATUS_COLOURS = {
    "scored": "#15803d", "unrouted": "#b45309", "empty": "#6b7280", "rejected": "#be123c", "lost": "#7c3aed",
}  # fmt: skip

FONTS = '"Report scripts", system-ui, "Noto Sans", sans-serif'
"""Fonts of page and charts; the first is what the page embeds for the scripts that it shows."""

_AXIS = {"labelColor": "currentColor", "titleColor": "currentColor", "domainColor": "currentColor",
         "tickColor": "currentColor", "gridColor": "currentColor", "gridOpacity": 0.15, "domainOpacity": 0.4,
         "tickOpacity": 0.4, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal",
         "labelLimit": 170}  # fmt: skip
STYLE: dict[str, Any] = {
    "font": FONTS, "aria": False, "view": {"stroke": None}, "axis": _AXIS, "rule": {"color": "currentColor"},
    "legend": {"orient": "top", "labelColor": "currentColor", "labelFontSize": 11, "labelLimit": 240,
               "symbolOpacity": 1},
    "header": {"labelColor": "currentColor", "labelFontSize": 12, "labelFontWeight": "bold"},
    "title": {"color": "currentColor", "anchor": "start", "fontSize": 13, "offset": 12},
}  # fmt: skip
"""Vega-Lite configuration: what is not data takes the colour of the text around it, in light, dark and print."""

_MAX_NAME = 60
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the order of what follows; a name in a chart keeps to its own letters."""


def clean_text(text: str) -> str:
    """A text for a chart: one line, nothing that is no character of XML, nothing that turns its neighbours around."""
    kept = ("\ufffd" if unicodedata.category(char) in ("Cc", "Cs", "Cn", "Co") else char
            for char in " ".join(text.split()) if char not in _BIDI_CONTROLS)  # fmt: skip
    return "".join(kept)


def unique_names(names: Sequence[str], marks: Sequence[str] | None = None) -> list[str]:
    """The names as rows of a chart: clean, short, each with its mark, and no two alike."""
    found: list[str] = []
    for name, mark in zip(names, marks or [""] * len(names), strict=True):
        text = clean_text(name)
        short = (text if len(text) <= _MAX_NAME else text[: _MAX_NAME - 1] + "…") or "(blank)"
        told, number = short + mark, 1
        while told in found:
            number += 1
            told = f"{short} ({number}){mark}"
        found.append(told)
    return found
