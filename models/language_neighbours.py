"""Neighbours: languages so near to one another that only parallel text shows what sets them apart.

Trained on whatever each corpus has, a classifier takes topics for language: news is Croatian, web pages are Bosnian.
These tables are trained on sources that all members of a group translate alike, and they alone rank its members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .language_ngrams import JoinedTexts, ngram_hashes

ORDERS: tuple[int, ...] = (4, 5)
"""Lengths of the n-grams."""
BITS = 17
SCALE = 16
"""Log-ratios are held as int8 multiples of 1 / SCALE."""
_PSEUDO_COUNT = 0.2


class NeighbourTables:
    """Ranks the members of one group of neighbours: naive Bayes over character n-grams."""

    def __init__(self, tags: Sequence[str], values: NDArray[np.int8], sharpness: float) -> None:
        """Args: values: int8 (tags, orders, 2**BITS), log-ratio to the group's mean times SCALE; sharpness: factor on
        the sums before a softmax, as n-grams of one text are far from independent."""
        self.tags = tuple(tags)
        self.values = values
        self.sharpness = sharpness

    @classmethod
    def train(cls, texts: Mapping[str, Sequence[str]], *, sharpness: float) -> NeighbourTables:
        """Tables of the tags in `texts`, which should be parallel."""
        counts = np.zeros((len(texts), len(ORDERS), 1 << BITS))
        for row, lines in zip(counts, texts.values(), strict=True):
            points = np.frombuffer(" ".join(lines).encode("utf-32-le", errors="surrogatepass"), dtype=np.uint32)
            for place, n in enumerate(ORDERS):
                row[place] = np.bincount(ngram_hashes(points, n, BITS), minlength=1 << BITS)
        logs = np.log(counts + _PSEUDO_COUNT) - np.log(counts.sum(axis=2, keepdims=True) + _PSEUDO_COUNT * (1 << BITS))
        logs -= logs.mean(axis=0)
        values = np.clip(np.round(logs * SCALE), -127, 127).astype(np.int8)
        values[:, counts.sum(axis=0) == 0] = 0
        return cls(tuple(texts), values, sharpness)

    def sums(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sum of log-ratios of each cleaned text for each tag, mean of the orders, float32 (texts, tags)."""
        joined = JoinedTexts.of(texts)
        n_texts = len(texts)
        owner = np.repeat(np.arange(n_texts), np.diff(joined.starts))
        total = np.zeros((n_texts, len(self.tags)))
        for place, n in enumerate(ORDERS):
            hashes = ngram_hashes(joined.points, n, BITS)
            for column in range(len(self.tags)):
                found = self.values[column, place].take(hashes)
                total[:, column] += np.bincount(owner[: len(found)], weights=found, minlength=n_texts)
        return (total / (SCALE * len(ORDERS))).astype(np.float32)

    def log_odds(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Log-odds of each tag over the best one, float32 (texts, tags); the best has 0."""
        sums = self.sums(texts) * np.float32(self.sharpness)
        return np.asarray(sums - sums.max(axis=1, keepdims=True), dtype=np.float32)
