"""Small SVG plots of an evaluation: colours come from the page's style, each plot has a text that says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT = 344, 300
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 14, 14, 44


def confusion_svg(counts: Sequence[Sequence[int]], labels: Sequence[str]) -> str:
    """Shares of each gold label by predicted label, with the counts."""
    n, cell, left, top = len(labels), 66, 86, 44
    parts = [_text(left + n * cell / 2, 14, "predicted", "middle")]
    for at, label in enumerate(labels):
        parts.append(_text(left + (at + 0.5) * cell, top - 8, label, "middle"))
        parts.append(_text(left - 8, top + (at + 0.5) * cell + 4, label, "end"))
    told = []
    for gold, row in enumerate(counts):
        total = max(sum(row), 1)
        for called, count in enumerate(row):
            share = count / total
            x, y = left + called * cell, top + gold * cell
            kind = "hit" if gold == called else "miss"
            parts.append(f'<rect class="{kind}" x="{x + 1}" y="{y + 1}" width="{cell - 2}" height="{cell - 2}" '
                         f'fill-opacity="{0.05 + 0.45 * share:.3f}"/>')  # fmt: skip
            parts.append(f'<text x="{x + cell / 2}" y="{y + cell / 2}" text-anchor="middle">{count}</text>')
            parts.append(f'<text x="{x + cell / 2}" y="{y + cell / 2 + 15}" text-anchor="middle" '
                         f'font-size="10">{100 * share:.0f} %</text>')  # fmt: skip
        hits = ", ".join(f"{count} {labels[at]}" for at, count in enumerate(row))
        told.append(f"gold {labels[gold]}: {hits}")
    return _svg(parts, left + n * cell + 8, top + n * cell + 8, "Confusion of gold and predicted labels. "
                + "; ".join(told))  # fmt: skip


def reliability_svg(bins: Sequence[Mapping[str, Any]]) -> str:
    """Accuracy against promised probability, with intervals; the diagonal is a perfect promise."""
    parts = _axes("top probability", "accuracy")
    parts.append(f'<line class="guide" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>')
    for row in bins:
        value, low, high = row["accuracy"]
        x = _x(row["promised"])
        if low is not None:
            parts.append(f'<line class="bar" x1="{x:.1f}" y1="{_y(low):.1f}" x2="{x:.1f}" y2="{_y(high):.1f}"/>')
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{_y(value):.1f}" r="4"/>')
    told = "; ".join(f"promised {row['promised']:.2f}, right {row['accuracy'][0]:.2f}" for row in bins)
    return _svg(parts, _WIDTH, _HEIGHT, f"Reliability in {len(bins)} bins of equal size. {told}")


def risk_svg(curve: Sequence[Mapping[str, Any]]) -> str:
    """Error among the surest articles against the share of articles kept, with intervals."""
    rows = sorted((row for row in curve if row["risk"][0] is not None), key=lambda row: row["share"])
    top = max([0.1, *(row["risk"][2] or row["risk"][0] for row in rows)])
    top = min(1.0, (int(top * 10) + 1) / 10)
    parts = _axes("share of articles answered", "error among them", y_top=top)
    known = [row for row in rows if row["risk"][1] is not None]
    band = [f"{_x(row['share']):.1f},{_y(row['risk'][2] / top):.1f}" for row in known]
    band += [f"{_x(row['share']):.1f},{_y(row['risk'][1] / top):.1f}" for row in reversed(known)]
    if band:
        parts.append(f'<polygon class="band" points="{" ".join(band)}"/>')
    line = " ".join(f"{_x(row['share']):.1f},{_y(row['risk'][0] / top):.1f}" for row in rows)
    parts.append(f'<polyline class="line" points="{line}"/>')
    told = "; ".join(f"{100 * row['share']:.0f} % answered, error {row['risk'][0]:.2f}" for row in rows)
    return _svg(parts, _WIDTH, _HEIGHT, f"Error against the share of articles that are answered. {told}")


def groups_svg(groups: Mapping[str, Mapping[str, Any]], *, overall: float) -> str:
    """Macro-F1 of each group with its interval, largest group first.

    Groups too small to read are left to the table; where there are no others, they are grey, open and without interval.
    """
    rows = sorted(groups.items(), key=lambda pair: (-pair[1]["n"], pair[0]))
    rows = [(name, row) for name, row in rows if not row["is_too_small"]] or rows
    left = 34 + 7.2 * max(len(name) for name, _ in rows)
    step, width, right = 19, 620, 60
    height = 30 + step * len(rows) + 26
    scale = width - left - right
    parts = [f'<line class="guide" x1="{left + scale * overall:.1f}" y1="20" x2="{left + scale * overall:.1f}" '
             f'y2="{height - 26}"/>']  # fmt: skip
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = left + scale * tick
        parts.append(f'<line class="tick" x1="{x:.1f}" y1="{height - 26}" x2="{x:.1f}" y2="{height - 22}"/>')
        parts.append(_text(x, height - 8, f"{tick:g}", "middle"))
    parts.append(f'<line class="axis" x1="{left}" y1="{height - 26}" x2="{left + scale}" y2="{height - 26}"/>')
    parts.append(_text(left - 8, 14, "n", "end"))
    for at, (name, row) in enumerate(rows):
        y = 30 + step * at
        small = " small" if row["is_too_small"] else ""
        low, high = row["macro_f1_interval"]
        parts.append(_text(0, y + 4, name, "start", small.strip()))
        parts.append(_text(left - 8, y + 4, str(row["n"]), "end", small.strip()))
        if low is not None and not row["is_too_small"]:
            parts.append(f'<line class="bar" x1="{left + scale * low:.1f}" y1="{y}" x2="{left + scale * high:.1f}" '
                         f'y2="{y}"/>')  # fmt: skip
        parts.append(f'<circle class="dot{small}" cx="{left + scale * row["macro_f1"]:.1f}" cy="{y}" r="4"/>')
    told = "; ".join(f"{name} {row['macro_f1']:.2f} (n {row['n']}{', too few' * row['is_too_small']})"
                     for name, row in rows)  # fmt: skip
    return _svg(parts, width, height, f"Macro-F1 by group; dashed line: all articles, {overall:.2f}. {told}")


def _axes(x_name: str, y_name: str, *, y_top: float = 1.0) -> list[str]:
    parts = [
        f'<line class="axis" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(0)}"/>',
        f'<line class="axis" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(0)}" y2="{_y(1)}"/>',
        _text((_x(0) + _x(1)) / 2, _HEIGHT - 6, x_name, "middle"),
        f'<text x="12" y="{(_y(0) + _y(1)) / 2}" text-anchor="middle" '
        f'transform="rotate(-90 12 {(_y(0) + _y(1)) / 2})">{escape(y_name)}</text>',
    ]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(_text(_x(tick), _y(0) + 16, f"{tick:g}", "middle"))
        parts.append(_text(_x(0) - 6, _y(tick) + 4, f"{tick * y_top:.2g}", "end"))
        parts.append(f'<line class="grid" x1="{_x(0)}" y1="{_y(tick)}" x2="{_x(1)}" y2="{_y(tick)}"/>')
    return parts


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(parts: Sequence[str], width: float, height: float, told: str) -> str:
    return (f'<svg role="img" aria-label="{escape(told)}" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}"><title>{escape(told)}</title>'
            f"{''.join(parts)}</svg>")  # fmt: skip
