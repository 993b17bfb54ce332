"""Bootstrap by story: the same drawn stories for every figure, so that differences of two models are paired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryDraws:
    """How often each article is in each bootstrap draw of whole stories [ET93].

    The first row is the data as they are. A figure computed over all rows at once is (draws + 1,): its value first,
    then its draws.
    """

    weights: Ints
    """(draws + 1, articles)."""

    @classmethod
    def of(cls, stories: Sequence[str], *, rng: np.random.Generator, n_draws: int = 1_000) -> StoryDraws:
        """Draw as many stories as there are, with replacement, n_draws times."""
        names, member = np.unique(np.asarray(stories), return_inverse=True)
        drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=n_draws)
        return cls(weights=np.concatenate([np.ones((1, len(member)), dtype=np.int64), drawn[:, member]]))

    def of_rows(self, rows: Sequence[int] | Ints) -> StoryDraws:
        """The same draws, seen by some articles only."""
        return StoryDraws(weights=self.weights[:, rows])

    def mean(self, values: Floats | NDArray[np.bool_]) -> Floats:
        """Mean of a value of each article, (draws + 1,); NaN in a draw without articles."""
        total = self.weights.sum(1)
        return np.where(total > 0, (self.weights @ values.astype(np.float64)) / np.maximum(total, 1), np.nan)

    def ratio(self, hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> Floats:
        """Share of hits among some articles, (draws + 1,); NaN in a draw without such articles."""
        below = self.weights @ among.astype(np.int64)
        above = self.weights @ (hits & among).astype(np.int64)
        return np.where(below > 0, above / np.maximum(below, 1), np.nan)

    def confusions(self, gold: Ints, predicted: Ints, n_labels: int) -> Ints:
        """Counts, int64 (draws + 1, labels, labels): gold, then predicted."""
        cells = np.zeros((len(gold), n_labels * n_labels), dtype=np.int64)
        cells[np.arange(len(gold)), gold * n_labels + predicted] = 1
        return np.asarray(self.weights @ cells).reshape(-1, n_labels, n_labels)

    def calibration_errors(self, top: Floats, right: NDArray[np.bool_], *, n_bins: int = 10) -> Floats:
        """Expected calibration error over equally filled bins [NCH15], (draws + 1,)."""
        order = np.argsort(top, kind="stable")
        gaps = (top - right)[order]
        found = np.full(len(self.weights), np.nan)
        for at, weight in enumerate(self.weights[:, order]):
            rows = np.repeat(gaps, weight)
            if n := len(rows):
                ends = np.cumsum([len(part) for part in np.array_split(np.arange(n), min(n_bins, n))])
                sums = np.diff(np.concatenate(([0.0], np.cumsum(rows)[ends - 1])))
                found[at] = np.abs(sums).sum() / n
        return found


def macro_f1s(counts: Ints) -> Floats:
    """Macro-F1 of each table of counts (tables, labels, labels), over the labels that occur in it."""
    hits = np.diagonal(counts, axis1=1, axis2=2).astype(float)
    sums = counts.sum(1) + counts.sum(2)
    each = np.where(sums > 0, 2 * hits / np.maximum(sums, 1), 0.0)
    return np.asarray(each.sum(1) / np.maximum((sums > 0).sum(1), 1))


def interval(values: Floats, *, level: float = 0.95, is_biased: bool = False) -> list[float]:
    """[value, low, high] of a figure's value and draws, rounded to four places; NaN where there is none.

    Args: is_biased: draws of a mean of absolute gaps lie above its value, since each adds noise; the percentiles are
        moved down by the mean distance, and not below 0.
    """
    value, draws = float(values[0]), values[1:][np.isfinite(values[1:])]
    if not len(draws) or not np.isfinite(value):
        return [round(value, 4), float("nan"), float("nan")]
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    if is_biased:
        shift = float(draws.mean()) - value
        low, high = max(low - shift, 0.0), max(high - shift, 0.0)
    return [round(value, 4), round(float(low), 4), round(float(high), 4)]


def p_value(differences: Floats) -> float:
    """Two-sided bootstrap p of a paired difference: how often a draw is as far from the value as the value from 0."""
    value, draws = float(differences[0]), differences[1:][np.isfinite(differences[1:])]
    if not np.isfinite(value) or not len(draws):
        return float("nan")
    return float((1 + np.sum(np.abs(draws - value) >= abs(value))) / (1 + len(draws)))
