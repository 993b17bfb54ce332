"""Vega-Lite charts as SVG, PNG, and the script that makes them interactive in a page: all by vl-convert, offline."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .report_chart_parts import Chart

EXTRA = "Charts were left out: they need the extra `report`, pip install 'xjstance[report]'."
"""What a page or a folder without charts says."""


def _converter() -> Any:
    """vl-convert, or None where the extra `report` is not installed."""
    try:
        import vl_convert
    except ImportError:
        return None
    return vl_convert


def can_draw() -> bool:
    """Whether charts can be drawn here."""
    return _converter() is not None


def inline_svg(chart: Chart) -> str:
    """For the page, which brings the title, a description, the colour of the text and the background."""
    return _svg(chart.spec).replace("<svg ", '<svg aria-hidden="true" ', 1)


def standalone_svg(chart: Chart) -> str:
    """A file of its own, on white, with its title above: a chart that is passed on says what it is."""
    return _svg(chart.spec | {"background": "white", "padding": 12, "title": chart.title})


def _svg(spec: dict[str, Any]) -> str:
    svg: str = _converter().vegalite_to_svg(spec, allowed_base_urls=[])
    return svg


def to_png(svg: str) -> bytes:
    """An SVG as PNG, two pixels for one."""
    png: bytes = _converter().svg_to_png(svg, scale=2)
    return png


@cache
def script() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script for a page, which sets `vegaEmbed`; about 0.9 MB."""
    bundle: str = _converter().javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def embedded(value: Any) -> str:
    """JSON for a script element, from which no text can break out."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def versions() -> dict[str, str]:
    """Versions of what draws."""
    found = _converter()
    return {"vega": found.get_vega_version(), "vega-lite": found.get_vegalite_versions()[-1],
            "vega-embed": found.get_vega_embed_version()}  # fmt: skip
