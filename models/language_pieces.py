"""Pieces: stretches of a text in one script each, cleaned, ready to be scored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..labels.scripts import code_points, script_codes, script_ids
from .language_cleaning import without_markup, words_only
from .language_scripts import LETTER_SCRIPTS, letter_counts
from .language_windows import windows

_MIN_SECOND_SHARE = 0.2
"""From this share of a window's letters on, a second script is a piece of its own."""
_MIN_SECOND_LETTERS = 8
_IDS = {code: i for i, code in enumerate(script_codes())}
_MEMBERS = {
    "Jpan": tuple(_IDS[code] for code in ("Hira", "Kana", "Hani")),
    "Kore": (_IDS["Hang"], _IDS["Hani"]),
    "Hani": (_IDS["Hani"], _IDS["Bopo"]),
}
_MIXED_WORD = re.compile("[a-z]*[\u0430-\u04ff][a-z\u0430-\u04ff]*")
_LOOKALIKES = str.maketrans("aceijopsxyhkmtb", "асеіјорѕхуһкмтв")
_WEIGHTS = np.array([3 if code in ("Hani", "Hira", "Kana", "Jpan", "Kore") else 1 for code in LETTER_SCRIPTS])
"""A character of these scripts says about as much as three letters: a name in Latin does not outweigh the sentence."""
_MANCHU_AND_TODO = range(0x1843, 0x1878 + 1)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text in one script."""

    owner: int
    """Which text it is of."""
    cleaned: str
    """Its words, lower case, between single spaces."""
    script: str
    """As `LETTER_SCRIPTS` names it; `Zyyy` if the stretch has no letters."""
    n_letters: int
    """Letters and marks of that script."""
    n_visible: int
    """Characters of the stretch that are no spaces, before cleaning; 0 for all but the first piece of a window."""


def pieces_of(texts: Sequence[str]) -> list[Piece]:
    """The pieces of all texts, in order; a text of spaces alone has none."""
    owners: list[int] = []
    stretches: list[str] = []
    for owner, text in enumerate(texts):
        for window in windows(text):
            if window and not window.isspace():
                owners.append(owner)
                stretches.append(window)
    cleaned = [words_only(without_markup(stretch)) for stretch in stretches]
    counts = letter_counts(cleaned)
    counts[:, 0] = 0
    weighed = counts * _WEIGHTS
    main = weighed.argmax(axis=1)
    n_main = weighed[np.arange(len(cleaned)), main]
    totals = weighed.sum(axis=1)
    is_mixed = (totals - n_main >= _MIN_SECOND_LETTERS) & (n_main < (1 - _MIN_SECOND_SHARE) * totals)
    found: list[Piece] = []
    for i, (owner, stretch, words) in enumerate(zip(owners, stretches, cleaned, strict=True)):
        n_visible = len(stretch) - stretch.count(" ") - stretch.count("\n")
        if is_mixed[i]:
            found += _by_script(owner, *_recounted(words, counts[i]), n_visible)
        else:
            found.append(Piece(owner, words, LETTER_SCRIPTS[main[i]], int(counts[i, main[i]]), n_visible))
    return found


def is_other_mongolian(cleaned: str) -> bool:
    """Whether text in the Mongolian script is in Manchu, Sibe or Todo rather than Mongolian, by their own letters."""
    n_other = sum(ord(char) in _MANCHU_AND_TODO for char in cleaned)
    return n_other > 0.1 * len(cleaned)


def _recounted(words: str, counts: NDArray[np.int64]) -> tuple[str, NDArray[np.int64]]:
    repaired = unmixed(words)
    if repaired == words:
        return words, counts
    counts = letter_counts([repaired])[0]
    counts[0] = 0
    return repaired, counts


def unmixed(words: str) -> str:
    """Cyrillic words typed with Latin letters of the same look, in Cyrillic throughout; pure words stay as they are."""
    return _MIXED_WORD.sub(lambda match: match.group().translate(_LOOKALIKES), words)


def _by_script(owner: int, words: str, counts: NDArray[np.int64], n_visible: int) -> list[Piece]:
    points = code_points(words)
    ids = script_ids(points)
    found: list[Piece] = []
    weighed = counts * _WEIGHTS
    for column in np.argsort(-weighed, kind="stable"):
        if found and (weighed[column] < _MIN_SECOND_LETTERS or weighed[column] < _MIN_SECOND_SHARE * weighed.sum()):
            break
        n_letters = int(counts[column])
        script = LETTER_SCRIPTS[column]
        members = _MEMBERS.get(script, (int(column),))
        kept = np.where(np.isin(ids, (0, *members)), points, ord(" ")).astype(np.uint32)
        own = " ".join(kept.tobytes().decode("utf-32-le", errors="replace").split())
        found.append(Piece(owner, own, script, n_letters, 0 if found else n_visible))
    return found
