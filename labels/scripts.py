"""Unicode scripts: which script each character of a text belongs to, and how much of the text each has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

COMMON = "Zyyy"
"""ISO 15924 code for characters of no one script: digits, punctuation, marks, symbols."""

_TABLE_SIZE = 0x32400  # the last code point with a script of its own is U+323AF; what lies above is common
_DATA = Path(__file__).with_name("scripts.json")


@lru_cache(maxsize=1)
def script_codes() -> tuple[str, ...]:
    """ISO 15924 codes of all scripts in Unicode, `Zyyy` first; the position is the script's id."""
    return (COMMON, *sorted(_ranges()))


@lru_cache(maxsize=1)
def script_table() -> NDArray[np.uint8]:
    """Script id (position in `script_codes()`) of each code point below U+32400, uint8 (0x32400,), read-only."""
    table = np.zeros(_TABLE_SIZE, dtype=np.uint8)
    ranges = _ranges()
    for script_id, code in enumerate(script_codes()[1:], start=1):
        for first, last in ranges[code]:
            table[first : last + 1] = script_id
    table.flags.writeable = False
    return table


def script_ids(code_points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Script id of each code point, uint8, of the same shape."""
    return script_table().take(code_points, mode="clip")


def script_of(char: str) -> str:
    """ISO 15924 code of one character's script, `Zyyy` for digits, punctuation and marks."""
    code = ord(char)
    return script_codes()[script_table()[code]] if code < _TABLE_SIZE else COMMON


def code_points(text: str) -> NDArray[np.uint32]:
    """The code points of a text, uint32 (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype=np.uint32)


def script_counts(text: str) -> dict[str, int]:
    """Number of characters in each script, largest first; common characters are not counted."""
    if not text:
        return {}
    counts = np.bincount(script_ids(code_points(text)), minlength=1)
    codes = script_codes()
    found = [(codes[i], int(counts[i])) for i in np.flatnonzero(counts[1:]) + 1]
    return dict(sorted(found, key=lambda item: (-item[1], item[0])))


def main_script(text: str) -> str:
    """The script with most characters, `Zyyy` if no character has one."""
    return next(iter(script_counts(text)), COMMON)


def _ranges() -> Mapping[str, list[tuple[int, int]]]:
    raw: dict[str, str] = json.loads(_DATA.read_text(encoding="utf-8"))
    return {code: list(_parse(spans)) for code, spans in raw.items()}


def _parse(spans: str) -> Iterator[tuple[int, int]]:
    for span in spans.split():
        first, _, last = span.partition("-")
        yield int(first, 16), int(last or first, 16)
