"""WordTables: how many of a text's words are among the frequent ones of a language.

Names and topics change from source to source; the few hundred commonest words do not: this evidence holds in text
unlike any that was trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .language_ngrams import JoinedTexts

N_WORDS = 400
"""Frequent words of each language."""
BITS = 15
_FACTOR = 2654435761
_POWERS = np.array([pow(_FACTOR, i + 1, 1 << 32) for i in range(64)], dtype=np.uint32)
_SPACE = 32


class WordTables:
    """The frequent words of several languages, as hashes."""

    def __init__(self, tags: Sequence[str], known: NDArray[np.bool_]) -> None:
        """Args: known: bool (tags, 2**BITS), True at the hash of each frequent word."""
        self.tags = tuple(tags)
        self.row = {tag: i for i, tag in enumerate(self.tags)}
        self.known = known

    @classmethod
    def train(cls, texts: Mapping[str, Iterable[str]]) -> WordTables:
        """Tables of the commonest words in each tag's texts."""
        known = np.zeros((len(texts), 1 << BITS), dtype=np.bool_)
        for row, lines in zip(known, texts.values(), strict=True):
            counts = Counter(word for line in lines for word in line.split())
            words = [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:N_WORDS]]
            hashes, _ = _word_hashes(JoinedTexts.of([" ".join(words)]))
            row[hashes] = True
        return cls(tuple(texts), known)

    def coverages(self, texts: JoinedTexts, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Share of each text's words that are frequent in the language `rows[i]`, float32 (texts,); 0 without words."""
        hashes, begins = _word_hashes(texts)
        owner = np.searchsorted(texts.starts, begins, side="right") - 1
        n_texts = len(rows)
        is_known = self.known[rows[owner], hashes]
        n_words = np.bincount(owner, minlength=n_texts)
        n_known = np.bincount(owner, weights=is_known, minlength=n_texts)
        return (n_known / np.maximum(n_words, 1)).astype(np.float32)


def _word_hashes(texts: JoinedTexts) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Hash of each word of all texts, and where it begins: uint32 and int64 (words,)."""
    is_letter = texts.points != _SPACE
    edges = np.flatnonzero(np.diff(is_letter.astype(np.int8), prepend=0, append=0))
    begins, ends = edges[::2], edges[1::2]
    if not len(begins):
        return np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.int64)
    letters = texts.points[is_letter]
    lengths = ends - begins
    firsts = np.cumsum(lengths) - lengths
    places = np.arange(len(letters)) - np.repeat(firsts, lengths)
    mixed = np.add.reduceat(letters * _POWERS.take(places, mode="wrap"), firsts, dtype=np.uint32)
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(2246822519)
    return mixed >> np.uint32(32 - BITS), begins
