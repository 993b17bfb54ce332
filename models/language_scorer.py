"""LanguageScorer: the candidate languages of texts in one group of scripts, with the evidence for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .fasttext_model import FastTextModel
from .language_neighbours import NeighbourTables
from .language_ngrams import JoinedTexts, NgramTables
from .language_words import WordTables

N_CANDIDATES = 4
_SHORT_WEIGHT = _LONG_WEIGHT = 2.0
"""Weights of the n-gram means beside the classifier's score; chosen on development text at 20 to 200 characters."""
_MAX_LOGIT_GAP = 6.0
"""Candidates this far behind the first are not compared by n-grams: they never overtook it."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best supported languages of each text; column 0 is the answer if there is one."""

    labels: NDArray[np.int64]
    """Positions in the scorer's `tags`, best first, int64 (texts, N_CANDIDATES); -1 where there is no further one."""
    witnesses: NDArray[np.int64]
    """Whose evidence `logits` and the means are: the best before neighbours were ranked anew, int64 (texts,)."""
    scores: NDArray[np.float32]
    """Classifier score plus weighted n-gram means, float32 (texts, N_CANDIDATES); -inf where there is no candidate."""
    is_neighbour: NDArray[np.bool_]
    """Where differences of `scores` from the best are calibrated log-odds already, bool (texts, N_CANDIDATES)."""
    logits: NDArray[np.float32]
    """Classifier score of the witness, float32 (texts,)."""
    rivals: NDArray[np.float32]
    """Best classifier score among languages that are not supported, float32 (texts,)."""
    short_means: NDArray[np.float32]
    """Mean n-gram level of the witness, short n-grams, float32 (texts,)."""
    long_means: NDArray[np.float32]
    """The same for long n-grams."""
    coverages: NDArray[np.float32]
    """Share of the words that are frequent in the witness's language, float32 (texts,)."""
    n_chars: NDArray[np.int64]
    """Length of each cleaned text, int64 (texts,)."""

    def take(self, rows: NDArray[np.int64]) -> Candidates:
        """The candidates of some of the texts."""
        return Candidates(**{name: getattr(self, name)[rows] for name in self.__slots__})


class LanguageScorer:
    """Scores the languages of one group of scripts: fastText proposes, character n-grams compare."""

    def __init__(
        self,
        tags: Sequence[str],
        scripts: Sequence[str],
        short: NgramTables,
        long: NgramTables,
        words: WordTables,
        *,
        model: FastTextModel | None = None,
        output: NDArray[np.float32] | None = None,
        neighbours: Sequence[NeighbourTables] = (),
    ) -> None:
        """Args: tags: supported labels; scripts: the script of each as `LETTER_SCRIPTS` names it; model: proposes
        candidates, None where each script has one language; output: float32 (labels, dim) of the model, the supported
        labels first and in the order of `tags`, then the unsupported ones."""
        self.tags = tuple(tags)
        self.scripts = tuple(scripts)
        self.short, self.long, self.words = short, long, words
        self._model, self._output = model, output
        positions = {tag: i for i, tag in enumerate(self.tags)}
        self.neighbours = tuple(group for group in neighbours if all(tag in positions for tag in group.tags))
        self._members = [np.array([positions[tag] for tag in group.tags]) for group in self.neighbours]
        self._rows = np.array([short.row[tag] for tag in self.tags], dtype=np.int64)
        self._allowed = {script: np.array([own == script for own in scripts]) for script in set(scripts)}

    def candidates(self, texts: Sequence[str], scripts: Sequence[str]) -> Candidates:
        """The candidates of cleaned, non-empty texts, each in a script that this scorer knows."""
        n, n_tags = len(texts), len(self.tags)
        allowed = np.stack([self._allowed[script] for script in scripts])
        if self._model is None or self._output is None:
            every = np.zeros((n, n_tags), dtype=np.float32)
            rivals = np.full(n, -np.inf, dtype=np.float32)
        else:
            every = self._model.vectors(texts) @ self._output.T
            rivals = every[:, n_tags:].max(axis=1, initial=-np.inf)
        logits = np.where(allowed, every[:, :n_tags], -np.inf).astype(np.float32)
        k = min(N_CANDIDATES, n_tags)
        labels = np.argpartition(-logits, k - 1, axis=1)[:, :k] if k < n_tags else np.tile(np.arange(k), (n, 1))
        first = np.take_along_axis(logits, labels, axis=1)
        joined = JoinedTexts.of(texts)
        is_close = first >= first.max(axis=1, keepdims=True) - _MAX_LOGIT_GAP
        short, long = np.zeros((n, k), dtype=np.float32), np.zeros((n, k), dtype=np.float32)
        short_hashes, long_hashes = self.short.hashes(joined), self.long.hashes(joined)
        for column in range(k):
            rows = np.where(is_close[:, column], self._rows[labels[:, column]], -1)
            short[:, column] = self.short.means(joined, rows, short_hashes)
            long[:, column] = self.long.means(joined, rows, long_hashes)
        scores = np.where(is_close, first + _SHORT_WEIGHT * short + _LONG_WEIGHT * long, -np.inf).astype(np.float32)
        order = np.argsort(-scores, axis=1, kind="stable")
        scores = np.take_along_axis(scores, order, axis=1)
        labels = np.take_along_axis(labels, order, axis=1)
        best = order[:, 0]
        at = np.arange(n)
        witnesses = labels[:, 0].copy()
        missing = ((0, 0), (0, N_CANDIDATES - k))
        scores = np.pad(scores, missing, constant_values=-np.inf)
        labels = np.where(np.isfinite(scores), np.pad(labels, missing), -1)
        is_neighbour = np.zeros(labels.shape, dtype=np.bool_)
        self._rank_neighbours(texts, labels, scores, is_neighbour)
        return Candidates(
            labels=labels,
            witnesses=witnesses,
            scores=scores,
            is_neighbour=is_neighbour,
            logits=first[at, best],
            rivals=rivals.astype(np.float32),
            short_means=short[at, best],
            long_means=long[at, best],
            coverages=self.words.coverages(joined, self._rows[witnesses]),
            n_chars=np.fromiter((len(text) for text in texts), dtype=np.int64, count=n),
        )

    def _rank_neighbours(
        self,
        texts: Sequence[str],
        labels: NDArray[np.int64],
        scores: NDArray[np.float32],
        is_neighbour: NDArray[np.bool_],
    ) -> None:
        """Where the best is one of a group of neighbours, puts all of the group first, as their own tables say."""
        for group, members in zip(self.neighbours, self._members, strict=True):
            rows = np.flatnonzero(np.isin(labels[:, 0], members))
            if not len(rows):
                continue
            odds = group.log_odds([texts[i] for i in rows.tolist()])
            order = np.argsort(-odds, axis=1, kind="stable")
            others = np.where(np.isin(labels[rows], members), -np.inf, scores[rows])
            keep = np.argsort(-others, axis=1, kind="stable")[:, : labels.shape[1] - len(members)]
            top = scores[rows, :1]
            rest = np.take_along_axis(others, keep, axis=1)
            labels[rows] = np.hstack([
                members[order], np.where(np.isfinite(rest), np.take_along_axis(labels[rows], keep, axis=1), -1)
            ])  # fmt: skip
            is_neighbour[rows, : len(members)] = True
            scores[rows] = np.hstack([top + np.take_along_axis(odds, order, axis=1), rest])
