"""Agreement between people who labelled the same articles, with intervals by resampling articles.

Coefficients follow their papers: alpha [K11], kappa for two [C60] and for many [F71], AC1 [G08]. All take the same
thing: for each article who gave which label; articles with one label count for none of them (only for AC1's and
Fleiss's label shares they are left out too).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from .errors import DataError

Counts = npt.NDArray[np.float64]
"""Articles x labels: how many people gave the label."""

Ratings = Sequence[Mapping[str, str]]
"""For each article: person -> label."""


def label_counts(ratings: Ratings, labels: Sequence[str]) -> Counts:
    """How often each label was given to each article; articles with fewer than two labels are left out.

    Raises: DataError: a label that is not in `labels`.
    """
    place = {label: number for number, label in enumerate(labels)}
    rows = []
    for of_article in ratings:
        row = [0.0] * len(labels)
        for person, label in of_article.items():
            if label not in place:
                raise DataError(f"label {label!r} of {person!r} is none of {', '.join(labels)}")
            row[place[label]] += 1
        if sum(row) >= 2:
            rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(-1, len(labels))


def observed_agreement(counts: Counts) -> float:
    """Share of pairs of labels on one article that are equal, each article counting once; nan without articles."""
    if not len(counts):
        return float("nan")
    n = counts.sum(axis=1)
    return float(np.mean((counts * (counts - 1)).sum(axis=1) / (n * (n - 1))))


def krippendorff_alpha(counts: Counts, *, is_ordinal: bool = False) -> float:
    """Krippendorff's alpha [K11]; with `is_ordinal` the columns are in their order. nan where nothing varies."""
    if not len(counts):
        return float("nan")
    n = counts.sum(axis=1)
    pairs = np.einsum("ij,ik->ijk", counts, counts)
    same = np.arange(counts.shape[1])
    pairs[:, same, same] -= counts
    coincidences = (pairs / (n - 1)[:, None, None]).sum(axis=0)
    totals = coincidences.sum(axis=1)
    total = totals.sum()
    distance = _ordinal_distance(totals) if is_ordinal else 1.0 - np.eye(len(totals))
    expected = (np.outer(totals, totals) * distance).sum() / (total - 1)
    return float(1 - (coincidences * distance).sum() / expected) if expected > 0 else float("nan")


def _ordinal_distance(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    upto = np.cumsum(totals)
    middle = upto - totals / 2
    distance: npt.NDArray[np.float64] = (middle[:, None] - middle[None, :]) ** 2
    return distance


def fleiss_kappa(counts: Counts) -> float:
    """Fleiss's kappa [F71], generalised to articles with different numbers of labels. nan where nothing varies."""
    if not len(counts):
        return float("nan")
    shares = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    by_chance = float((shares**2).sum())
    return (observed_agreement(counts) - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")


def gwet_ac1(counts: Counts) -> float:
    """Gwet's AC1 [G08]: chance agreement that does not rise when one label prevails. nan without articles."""
    if not len(counts):
        return float("nan")
    shares = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    by_chance = float((shares * (1 - shares)).sum() / (counts.shape[1] - 1))
    return (observed_agreement(counts) - by_chance) / (1 - by_chance)


def cohen_kappa(first: Sequence[str], second: Sequence[str], labels: Sequence[str]) -> float:
    """Cohen's kappa [C60] of two people on the same articles, in the same order. nan where nothing varies."""
    if len(first) != len(second):
        raise DataError(f"the two people have {len(first)} and {len(second)} labels; they need the same articles")
    if not first:
        return float("nan")
    place = {label: number for number, label in enumerate(labels)}
    table = np.zeros((len(labels), len(labels)))
    for one, other in zip(first, second, strict=True):
        table[place[one], place[other]] += 1
    table /= table.sum()
    by_chance = float(table.sum(axis=1) @ table.sum(axis=0))
    return (float(np.trace(table)) - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """A coefficient with its interval."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement in one group of articles."""

    group: str
    """`all`, `label critical`, `language ug-Arab`, `pair ant bee`."""
    n_articles: int
    """Articles with two labels or more."""
    n_labels: int
    coefficients: tuple[Coefficient, ...]


_ALL: Mapping[str, Callable[[Counts], float]] = {
    "agreement": observed_agreement, "alpha": krippendorff_alpha, "fleiss": fleiss_kappa, "ac1": gwet_ac1,
}  # fmt: skip
_FEW = 2
"""Articles below which no interval is drawn."""


def agreement_of(ratings: Ratings, tags: Sequence[str], *, labels: Sequence[str], ordinal: Sequence[str] = (),
                 n_resamples: int = 1_000, level: float = 0.95,
                 rng: np.random.Generator) -> list[Agreement]:  # fmt: skip
    """Agreement over all articles, by label (that label against the rest), by language and by pair of people.

    Args:
        tags: language of each article.
        ordinal: labels in their order (critical, neutral, praising); gives `alpha_ordinal` over articles that nobody
            called anything else.
        n_resamples: bootstrap samples of articles; the interval is their percentiles.
    """
    found = [_group("all", ratings, labels, ordinal, n_resamples, level, rng)]
    for label in labels:
        binary = [{name: label if given == label else "other" for name, given in one.items()} for one in ratings]
        found.append(_group(f"label {label}", binary, (label, "other"), (), n_resamples, level, rng))
    for tag in sorted(set(tags)):
        of_tag = [one for one, own in zip(ratings, tags, strict=True) if own == tag]
        found.append(_group(f"language {tag}", of_tag, labels, (), n_resamples, level, rng))
    people = sorted({name for one in ratings for name in one})
    for first, second in combinations(people, 2):
        both = [{first: one[first], second: one[second]} for one in ratings if first in one and second in one]
        if both:
            found.append(_pair(first, second, both, labels, n_resamples, level, rng))
    return [one for one in found if one.n_articles]


def _group(group: str, ratings: Ratings, labels: Sequence[str], ordinal: Sequence[str], n_resamples: int, level: float,
           rng: np.random.Generator) -> Agreement:  # fmt: skip
    counts = label_counts(ratings, labels)
    coefficients = [_bootstrapped(name, counts, how, n_resamples, level, rng) for name, how in _ALL.items()]
    if ordinal:
        on_scale = [one for one in ratings if set(one.values()) <= set(ordinal)]
        scaled = label_counts(on_scale, ordinal)
        coefficients.append(
            _bootstrapped("alpha_ordinal", scaled, lambda c: krippendorff_alpha(c, is_ordinal=True), n_resamples,
                          level, rng)
        )  # fmt: skip
    return Agreement(group=group, n_articles=len(counts), n_labels=int(counts.sum()), coefficients=tuple(coefficients))


def _pair(first: str, second: str, both: Ratings, labels: Sequence[str], n_resamples: int, level: float,
          rng: np.random.Generator) -> Agreement:  # fmt: skip
    base = _group(f"pair {first} {second}", both, labels, (), n_resamples, level, rng)

    def kappa(rows: npt.NDArray[np.int64]) -> float:
        return cohen_kappa([both[at][first] for at in rows], [both[at][second] for at in rows], labels)

    value = kappa(np.arange(len(both)))
    draws = [kappa(rng.integers(0, len(both), len(both))) for _ in range(min(n_resamples, 200))]
    low, high = _percentiles(draws, level) if len(both) >= _FEW else (float("nan"),) * 2
    cohen = Coefficient(name="cohen", value=value, low=low, high=high)
    return Agreement(group=base.group, n_articles=base.n_articles, n_labels=base.n_labels,
                     coefficients=(*base.coefficients, cohen))  # fmt: skip


def _bootstrapped(name: str, counts: Counts, how: Callable[[Counts], float], n_resamples: int, level: float,
                  rng: np.random.Generator) -> Coefficient:  # fmt: skip
    value = how(counts)
    if len(counts) < _FEW or not n_resamples:
        return Coefficient(name=name, value=value, low=float("nan"), high=float("nan"))
    draws = [how(counts[rng.integers(0, len(counts), len(counts))]) for _ in range(n_resamples)]
    low, high = _percentiles(draws, level)
    return Coefficient(name=name, value=value, low=low, high=high)


def _percentiles(draws: Sequence[float], level: float) -> tuple[float, float]:
    kept = [draw for draw in draws if not np.isnan(draw)]
    if not kept:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    return float(np.quantile(kept, tail)), float(np.quantile(kept, 1 - tail))
