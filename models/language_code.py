"""Program code, markup and encoded data: text with letters but without language."""

from __future__ import annotations

import re

_SYMBOLS = re.compile(r"[{}\[\]()<>=;_/\\|#$%^&*+~@`]")
_MIN_SYMBOL_SHARE = 0.1
"""Prose has one such character in a hundred, code one in seven."""
_LONG_WORD = re.compile(r"[A-Za-z0-9+/=_-]{40,}")
_MIN_LONG_SHARE = 0.5
_MIN_LENGTH = 20


def is_code(text: str) -> bool:
    """Whether a stretch of text is program code, a formula or encoded data by its symbols and unbroken runs."""
    if len(text) < _MIN_LENGTH:
        return False
    n_visible = len(text) - text.count(" ") - text.count("\n")
    if len(_SYMBOLS.findall(text)) >= _MIN_SYMBOL_SHARE * n_visible:
        return True
    return sum(len(run) for run in _LONG_WORD.findall(text)) >= _MIN_LONG_SHARE * n_visible
