"""Scores of predicted labels against gold, with bootstrap intervals by story."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def confusion(gold: Ints, predicted: Ints, n_labels: int) -> Ints:
    """Counts, int64 (labels, labels): rows gold, columns predicted."""
    counts = np.zeros((n_labels, n_labels), dtype=np.int64)
    np.add.at(counts, (gold, predicted), 1)
    return counts


def macro_f1(counts: Ints) -> float:
    """Mean F1 over the labels that occur in gold or predictions; 0 to 1."""
    hits = np.diag(counts).astype(float)
    sums = counts.sum(0) + counts.sum(1)
    present = sums > 0
    return float((2 * hits[present] / sums[present]).mean()) if present.any() else 0.0


def expected_calibration_error(probs: Floats, gold: Ints, *, n_bins: int = 10) -> float:
    """Mean gap between top probability and accuracy over equally filled bins, weighted by size [NCH15]; 0 to 1."""
    top, right = probs.max(1), probs.argmax(1) == gold
    order = np.argsort(top, kind="stable")
    bins = [part for part in np.array_split(order, n_bins) if len(part)]
    gaps = [abs(top[part].mean() - right[part].mean()) * len(part) for part in bins]
    return float(sum(gaps) / max(len(gold), 1))


def brier_score(probs: Floats, gold: Ints) -> float:
    """Mean squared distance between probabilities and the one-hot gold label, summed over labels; 0 to 2 [B50]."""
    onehot = np.eye(probs.shape[1])[gold]
    return float(((probs - onehot) ** 2).sum(1).mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with its bootstrap interval."""

    value: float
    low: float
    high: float

    def to_list(self) -> list[float]:
        """[value, low, high], rounded to four places."""
        return [round(self.value, 4), round(self.low, 4), round(self.high, 4)]


def bootstrap(statistic: Callable[[Ints], float], stories: Sequence[str], *, rng: np.random.Generator,
              n_draws: int = 1_000, level: float = 0.95) -> Interval:  # fmt: skip
    """Percentile interval of a statistic of row positions, drawing whole stories with replacement [ET93].

    Args:
        statistic: takes positions of rows (with repeats), returns a number; NaN draws are left out.
        stories: story of each row.
    """
    names, member = np.unique(np.asarray(stories), return_inverse=True)
    rows = np.arange(len(member))
    groups = [rows[member == number] for number in range(len(names))]
    value = statistic(rows)
    draws = []
    for _ in range(n_draws):
        chosen = rng.integers(0, len(groups), len(groups))
        draws.append(statistic(np.concatenate([groups[number] for number in chosen])))
    finite = np.asarray(draws)[np.isfinite(draws)]
    if not len(finite):
        return Interval(value=value, low=float("nan"), high=float("nan"))
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value=value, low=float(low), high=float(high))


def class_report(gold: Ints, predicted: Ints, labels: Sequence[str]) -> dict[str, dict[str, float | int]]:
    """Label -> precision, recall, f1 (NaN where undefined), n (gold)."""
    counts = confusion(gold, predicted, len(labels))
    report: dict[str, dict[str, float | int]] = {}
    for at, label in enumerate(labels):
        hits, said, there = counts[at, at], counts[:, at].sum(), counts[at].sum()
        report[label] = {
            "precision": float(hits / said) if said else float("nan"),
            "recall": float(hits / there) if there else float("nan"),
            "f1": float(2 * hits / (said + there)) if said + there else float("nan"),
            "n": int(there),
        }
    return report


def error_rate(gold: Ints, predicted: Ints, *, of: int, called: int) -> float:
    """Share of the articles with gold label `of` that were called `called`; NaN if there are none."""
    rows = gold == of
    return float((predicted[rows] == called).mean()) if rows.any() else float("nan")
