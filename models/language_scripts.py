"""Script first: what a text is written in, before any question of language."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..labels.scripts import code_points, script_codes, script_ids

_CODES = script_codes()
N_SCRIPTS = len(_CODES)
_ID = {code: i for i, code in enumerate(_CODES)}
_HANI, _HIRA, _KANA, _HANG, _BOPO = (_ID[code] for code in ("Hani", "Hira", "Kana", "Hang", "Bopo"))
_MIN_KANA_SHARE = 0.05
"""From this share of kana on, Han characters are Japanese: Chinese text holds none but in quoted names."""
_MIN_HANGUL_SHARE = 0.2
"""From this share of hangul on, Han characters are Korean (mixed-script names in brackets)."""

LETTER_SCRIPTS: tuple[str, ...] = (*_CODES, "Jpan", "Kore")
"""ISO 15924 codes by column of `letter_counts`: all Unicode scripts, then Japanese and Korean as wholes."""
JAPANESE, KOREAN = len(_CODES), len(_CODES) + 1


def letter_counts(texts: Sequence[str]) -> NDArray[np.int64]:
    """Characters of each text in each script, int64 (texts, len(LETTER_SCRIPTS)); column 0 counts the common ones.

    Han, kana and hangul are counted under Japanese or Korean where the text mixes them as those languages do."""
    counts = np.zeros((len(texts), len(LETTER_SCRIPTS)), dtype=np.int64)
    if not texts:
        return counts
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    ids = script_ids(code_points("".join(texts)))
    rows = np.repeat(np.arange(len(texts)) * N_SCRIPTS, lengths)
    counts[:, :N_SCRIPTS] = np.bincount(rows + ids, minlength=len(texts) * N_SCRIPTS).reshape(-1, N_SCRIPTS)
    _fold(counts)
    return counts


def _fold(counts: NDArray[np.int64]) -> None:
    kana = counts[:, _HIRA] + counts[:, _KANA]
    han = counts[:, _HANI].copy()
    hangul = counts[:, _HANG].copy()
    counts[:, KOREAN] = hangul
    counts[:, _HANG] = 0
    is_korean = hangul >= _MIN_HANGUL_SHARE * np.maximum(hangul + han + kana, 1)
    is_korean &= hangul > 0
    is_japanese = (kana >= _MIN_KANA_SHARE * np.maximum(kana + han, 1)) & (kana > 0)
    counts[:, JAPANESE] = np.where(is_japanese, kana + np.where(is_korean & (hangul > han + kana), 0, han), kana)
    counts[:, KOREAN] += np.where(is_korean & ~is_japanese, han, 0)
    counts[:, _HANI] = np.where(is_japanese | is_korean, 0, han)
    counts[:, _HIRA] = 0
    counts[:, _KANA] = 0
    counts[:, _HANI] += counts[:, _BOPO]
    counts[:, _BOPO] = 0
