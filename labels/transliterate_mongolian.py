"""Mongolian from Cyrillic to the traditional script, letter by letter.

The traditional script spells the language of centuries ago, so this is a rendering for search and tests, never an
edited text: unwritten old syllables (ᠭᠠ, ᠶᠢ) stay unwritten, long vowels get the usual g or γ between two vowels."""

from __future__ import annotations

import re

_LETTERS = {
    "а": "ᠠ", "э": "ᠡ", "и": "ᠢ", "о": "ᠣ", "у": "ᠤ", "ө": "ᠥ", "ү": "ᠦ", "й": "ᠢ", "ы": "ᠢ", "н": "ᠨ", "б": "ᠪ",
    "п": "ᠫ", "х": "ᠬ", "г": "ᠭ", "к": "ᠺ", "л": "ᠯ", "м": "ᠮ", "с": "ᠰ", "ш": "ᠱ", "т": "ᠲ", "д": "ᠳ",
    "ц": "ᠴ", "ч": "ᠴ", "з": "ᠵ", "ж": "ᠵ", "р": "ᠷ", "в": "ᠪ", "ф": "ᠹ", "щ": "ᠱ", "ъ": "", "ь": "ᠢ",
}  # fmt: skip
_BACK_GLIDES = {"я": "ᠶᠠ", "ё": "ᠶᠣ", "ю": "ᠶᠤ", "е": "ᠶᠡ"}
_FRONT_GLIDES = {"я": "ᠶᠠ", "ё": "ᠶᠣ", "ю": "ᠶᠦ", "е": "ᠶᠡ"}
_LONG = {"аа": "ᠠᠭᠠ", "ээ": "ᠡᠭᠡ", "оо": "ᠣᠭᠠ", "уу": "ᠠᠭᠤ", "өө": "ᠡᠭᠡ", "үү": "ᠡᠭᠦ", "ий": "ᠢ", "ии": "ᠢ"}
_MARKS = {",": "᠂", ".": "᠃", ":": "᠄", "…": "᠁"}
_WORD = re.compile("[а-яёөү]+", re.IGNORECASE)
_UNIT = re.compile("аа|ээ|оо|уу|өө|үү|ий|ии|.", re.DOTALL)


def mongolian_cyrl_to_mong(text: str) -> str:
    """Mongolian in traditional script, letter by letter, of text in Cyrillic script."""
    text = _WORD.sub(lambda match: _word(match.group().lower()), text)
    return "".join(_MARKS.get(char, char) for char in text)


def _word(word: str) -> str:
    glides = _FRONT_GLIDES if re.search("[эөү]", word) else _BACK_GLIDES
    letters = _LETTERS | glides | _LONG
    return "".join(letters.get(unit, unit) for unit in _UNIT.findall(word))
