"""Shingles of a text as numbers: runs of words, or of characters where a script is written without spaces."""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..labels.scripts import code_points, script_codes, script_table

WORDS_IN_SHINGLE = 3
"""A changed word spoils three shingles, so that 5 % of changed words leave a Jaccard similarity near 0.75."""
IDEOGRAPHS_IN_SHINGLE = 5
"""About three words of Chinese or Japanese."""
LETTERS_IN_SHINGLE = 8
"""About two words of Thai, Lao, Khmer, Burmese or Tibetan."""

_IDEOGRAPHIC = ("Hani", "Hira", "Kana", "Bopo", "Yiii")
_UNSPACED = ("Thai", "Laoo", "Khmr", "Mymr", "Tibt", "Lana", "Tale", "Talu")
_SEPARATOR, _WORD, _IDEOGRAPH, _LETTER = range(4)
_INVISIBLE = dict.fromkeys((0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF))
_MAX_WORD = 64
"""Characters of a word that tell it from others."""
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 by the golden ratio, odd: spreads neighbouring values
_LATER = np.uint64(0xD6E8FEB86659FD93)  # a second odd multiplier with well mixed bits, for the place in a row


def shingles(text: str) -> NDArray[np.uint32]:
    """Hashes of a text's shingles, uint32 (shingles,), sorted, each once; empty for a text without letters.

    Case, width, punctuation, spaces and invisible marks make no difference. A text shorter than a shingle is one.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_INVISIBLE)
    points = code_points(folded)
    kinds = _kind_table().take(points, mode="clip")
    kept = kinds != _SEPARATOR
    if not kept.any():
        return np.zeros(0, dtype=np.uint32)
    is_start = kept & ((kinds != _WORD) | (np.concatenate(([_SEPARATOR], kinds[:-1])) != _WORD))
    starts_in_kept = np.flatnonzero(is_start[kept])
    place = np.arange(int(kept.sum()), dtype=np.int64)
    place -= np.repeat(starts_in_kept, np.diff(np.append(starts_in_kept, len(place))))
    values = (points[kept].astype(np.uint64) + np.uint64(1)) * _SPREAD
    values *= _powers()[np.minimum(place, _MAX_WORD - 1)]
    tokens = _mixed(np.add.reduceat(values, starts_in_kept))

    token_kinds = kinds[kept][starts_in_kept]
    n_words, n_ideographs, n_letters = (int((token_kinds == kind).sum()) for kind in (_WORD, _IDEOGRAPH, _LETTER))
    size = WORDS_IN_SHINGLE
    if n_ideographs + n_letters > n_words:
        size = IDEOGRAPHS_IN_SHINGLE if n_ideographs >= n_letters else LETTERS_IN_SHINGLE
    size = min(size, len(tokens))
    n_shingles = len(tokens) - size + 1
    sums = np.zeros(n_shingles, dtype=np.uint64)
    for at in range(size):
        sums += tokens[at : at + n_shingles] * _powers()[at]
    return np.unique((_mixed(sums) >> np.uint64(32)).astype(np.uint32))


def jaccard(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> float:
    """Jaccard similarity of two sorted sets without repetition, 0 to 1."""
    if not len(a) or not len(b):
        return 0.0
    n_common = len(np.intersect1d(a, b, assume_unique=True))
    return n_common / (len(a) + len(b) - n_common)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Values with all bits spread over all others, as a hash needs them."""
    values = (values ^ (values >> np.uint64(30))) * _LATER
    return values ^ (values >> np.uint64(29))


@lru_cache(maxsize=1)
def _powers() -> NDArray[np.uint64]:
    factors = np.full(_MAX_WORD, _LATER, dtype=np.uint64)
    factors[0] = 1
    return np.cumprod(factors)


@lru_cache(maxsize=1)
def _kind_table() -> NDArray[np.uint8]:
    """What each code point is: separator, part of a word, ideograph, letter of a script without spaces."""
    scripts = script_table()
    categories = [unicodedata.category(chr(code))[0] for code in range(min(len(scripts), sys.maxunicode))]
    kinds = np.where(np.isin(categories, ["L", "M", "N"]), _WORD, _SEPARATOR).astype(np.uint8)
    codes = script_codes()
    for names, kind in ((_IDEOGRAPHIC, _IDEOGRAPH), (_UNSPACED, _LETTER)):
        ids = [codes.index(name) for name in names if name in codes]
        kinds[np.isin(scripts, ids) & (kinds == _WORD)] = kind
    kinds[-1] = _WORD  # stands for all code points above the table
    return kinds
