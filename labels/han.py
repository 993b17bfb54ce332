"""Han characters that tell the writing system: Simplified, Traditional, Japanese forms, and Cantonese words."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .scripts import code_points

HAN_CLASSES: tuple[str, ...] = ("", "Hans", "Hant", "Jpan", "yue")
"""What `han_classes` counts: characters that tell nothing, then the four that do."""
HANS, HANT, JAPANESE, CANTONESE = 1, 2, 3, 4

_DATA = Path(__file__).with_name("han.json")
_TABLE_SIZE = 0x32400
_TRADITIONAL_QUOTES = "「」『』"


@lru_cache(maxsize=1)
def han_table() -> NDArray[np.uint8]:
    """Class (position in `HAN_CLASSES`) of each code point below U+32400, uint8, read-only.

    The lists come from OpenCC's character tables, without those that both systems use (`training/language_id_han.py`);
    the Cantonese ones are words of that language alone, such as 嘅 喺 唔 佢 哋."""
    raw: dict[str, str] = json.loads(_DATA.read_text(encoding="utf-8"))
    table = np.zeros(_TABLE_SIZE, dtype=np.uint8)
    for number, name in enumerate(HAN_CLASSES):
        if number:
            table[[ord(char) for char in raw[name]]] = number
    table.flags.writeable = False
    return table


def han_classes(points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Class of each code point, uint8, of the same shape."""
    return han_table().take(points, mode="clip")


def han_counts(text: str) -> tuple[int, int, int, int]:
    """Characters of a text that are only Simplified, only Traditional, only Japanese, and only Cantonese."""
    counts = np.bincount(han_classes(code_points(text)), minlength=len(HAN_CLASSES))
    return int(counts[HANS]), int(counts[HANT]), int(counts[JAPANESE]), int(counts[CANTONESE])


def han_script(text: str) -> Literal["Hans", "Hant"] | None:
    """Whether Chinese text is Simplified or Traditional by its characters; None where they do not tell.

    Corner brackets as quotation marks count where no character tells: they are rare in Simplified text."""
    n_hans, n_hant, _, _ = han_counts(text)
    if n_hans == n_hant:
        return "Hant" if n_hans == 0 and any(mark in text for mark in _TRADITIONAL_QUOTES) else None
    return "Hans" if n_hans > n_hant else "Hant"
