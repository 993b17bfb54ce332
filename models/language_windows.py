"""Where the identifier looks in a long text: a few windows spread over all of it, not the first line alone."""

from __future__ import annotations

WINDOW = 260
"""Characters of a window: enough to tell neighbours apart, few enough for a page to have several."""
MAX_WINDOWS = 8
"""Windows of one text at most, however long it is."""


def windows(text: str) -> list[str]:
    """The whole text if it is short, else up to `MAX_WINDOWS` stretches of it, evenly spread, cut at spaces."""
    if len(text) <= WINDOW + WINDOW // 2:
        return [text]
    n_windows = min(MAX_WINDOWS, -(-len(text) // WINDOW))
    step = (len(text) - WINDOW) / (n_windows - 1)
    return [_at_spaces(text, round(i * step)) for i in range(n_windows)]


def _at_spaces(text: str, start: int) -> str:
    end = min(start + WINDOW, len(text))
    if start:
        space = text.find(" ", start, start + 30)
        start = space + 1 if space >= 0 else start
    if end < len(text):
        space = text.rfind(" ", end - 30, end)
        end = space if space > start else end
    return text[start:end]
