"""A small SVG writer: shapes with escaped text, coloured by the page's style sheet or by one of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

COLOURS = ("#d9541e", "#3b82f6", "#808a9a", "#1f9d57", "#7e22ce", "#0f766e", "#b45309", "#be123c")
"""By position of the label: first positive, second negative in the default codebook; readable on white and black."""

STYLE = """
text{font:12px "Noto Sans",system-ui,sans-serif;fill:#1f2937}
.small{font-size:11px;fill:#4b5563}.bold{font-weight:600}
.axis{stroke:#d1d5db;stroke-width:1}.zero{stroke:#4b5563;stroke-dasharray:3 3}
"""
"""For a file of its own; the page has its own style, light and dark."""
_TITLE_HEIGHT = 30
"""Pixels above a chart in a file of its own."""


@dataclass(slots=True, kw_only=True)
class Svg:
    """A drawing that grows by shapes; coordinates are in pixels from the upper left corner."""

    width: float
    height: float
    title: str
    description: str
    """Text for those who do not see the picture."""
    name: str
    """Part of ids and file names."""
    _shapes: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, content: str, *, anchor: str = "start", kind: str = "") -> None:
        """A line of text; its direction follows its own letters."""
        self._shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}" style="unicode-bidi:plaintext">'
            f"{escape(content)}</text>"
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, *, kind: str = "axis", colour: str | None = None,
             tip: str = "", width: float = 2) -> None:  # fmt: skip
        """A line, of a class or of a colour."""
        look = f'stroke="{colour}" stroke-width="{width}"' if colour else f'class="{kind}"'
        self._shapes.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {look}>{_tip(tip)}</line>')

    def dot(self, x: float, y: float, *, colour: str, tip: str = "", hollow: bool = False, radius: float = 4) -> None:
        """A dot; a hollow one is uncorrected."""
        look = f'fill="none" stroke="{colour}" stroke-width="1.5"' if hollow else f'fill="{colour}"'
        self._shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" {look}>{_tip(tip)}</circle>')

    def box(self, x: float, y: float, width: float, height: float, *, colour: str, tip: str = "",
            opacity: float = 1.0) -> None:  # fmt: skip
        """A filled rectangle."""
        self._shapes.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" '
                            f'fill="{colour}" fill-opacity="{opacity:.2f}">{_tip(tip)}</rect>')  # fmt: skip

    def path(self, points: list[tuple[float, float]], *, colour: str, filled: bool = False) -> None:
        """A line through points, or the area that they enclose."""
        way = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
        look = f'fill="{colour}" fill-opacity="0.15"' if filled else f'fill="none" stroke="{colour}" stroke-width="2"'
        self._shapes.append(f'<path d="{way}{"Z" if filled else ""}" {look}/>')

    def inline(self) -> str:
        """For the page, which brings the style and the title."""
        return self._element("".join(self._shapes), self.height)

    def standalone(self) -> str:
        """A file of its own, on white, with its title above: a chart that is passed on says what it is."""
        title = f'<text x="8" y="20" class="bold">{escape(self.title)}</text>'
        shapes = f'<g transform="translate(0,{_TITLE_HEIGHT})">{"".join(self._shapes)}</g>'
        back = f"<style>{STYLE}</style><rect width='100%' height='100%' fill='#ffffff'/>"
        return self._element(back + title + shapes, self.height + _TITLE_HEIGHT)

    def _element(self, content: str, height: float) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:.0f} {height:.0f}" role="img" '
            f'width="{self.width:.0f}" height="{height:.0f}" aria-labelledby="{self.name}-t {self.name}-d">'
            f'<title id="{self.name}-t">{escape(self.title)}</title>'
            f'<desc id="{self.name}-d">{escape(self.description)}</desc>'
            f"{content}</svg>"
        )


def _tip(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""
