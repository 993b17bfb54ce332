"""Shares of all labels in one cell, corrected for the classifier's errors by an audited random sample.

All three methods are a mean of the classifier's probabilities over the whole cell plus a weighted mean of what the
audit found wrong with them; they differ in how far they trust the classifier:

- `ppi`: prediction-powered with power tuning [ABF+23]: the trust (0 to 1, one number for all labels of the cell) makes
  the variance smallest, so a useless classifier costs nothing;
- `dsl`: design-based supervised learning [EHRS23]: full trust, each audited residual divided by its known probability;
- `classical`: no trust: the audit alone, as a stratified survey [HT52].

The target is the share in this archive's cell (a finite population), whatever made the classifier err.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..labels.errors import ConfigError, DataError
from .estimators_margins import margins
from .estimators_simplex import project_to_simplex
from .estimators_variance import AuditDesign, Floats, variance_floor

Method = Literal["ppi", "dsl", "classical"]

_PRIOR_ARTICLES = 50.0
"""A cell's own power tuning counts against the whole sample's like its audited articles against so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSample:
    """The audited articles as columns."""

    gold: Floats
    """One-hot gold labels in codebook order, float64 (audited, labels)."""
    probs: Floats
    """The classifier's probabilities for the same articles, float64 (audited, labels)."""
    design: AuditDesign

    def __post_init__(self) -> None:
        n = len(self.design.inclusion_prob)
        if self.gold.shape != self.probs.shape or len(self.gold) != n:
            raise DataError(f"{n} audited articles, but labels {self.gold.shape} and probabilities {self.probs.shape}")
        if np.any(self.design.inclusion_prob <= 0) or np.any(self.design.inclusion_prob > 1):
            raise DataError("an inclusion probability lies outside (0, 1]; that article was not drawn at random")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareEstimate:
    """The corrected shares of one cell."""

    shares: Floats
    """Non-negative, sum 1, float64 (labels,)."""
    low: Floats
    high: Floats
    """Ends of the interval of each share, within 0 to 1."""
    std_error: Floats
    tuning: float
    """Trust in the classifier, 0 to 1."""
    unit: tuple[str, ...]
    """For each label, the unit that decided the width: `article`, `story` or `outlet`."""
    n_audited: int
    """Audited articles in the cell."""
    n_effective: float
    """As many equally weighted audited articles would say as much [K65]."""
    n_units: dict[str, int]
    """Independent units in the cell by kind."""
    n_by_label: tuple[int, ...]
    """Audited articles of the cell by gold label."""
    influence: Floats
    """What each audited article adds to each share, zero outside the cell; for differences and trends."""
    cell_weight: Floats
    """Weight of each audited article in the cell's mean, float64 (audited,)."""


def estimate_shares(sample: AuditSample, *, frame_probs: Floats, measure: Floats, method: Method = "ppi",
                    prior_tuning: float | None = None, units: Sequence[str] = ("article",), level: float = 0.95,
                    frame_total: float | None = None) -> ShareEstimate:  # fmt: skip
    """Corrected shares of one cell.

    Args:
        frame_probs: mean of the classifier's probabilities over all of the cell (weighted by the measure), sum 1,
            float64 (labels,).
        measure: how much each audited article counts in the cell: 1 as published, one over the copies of its story
            once per story, 0 outside the cell, float64 (audited,).
        prior_tuning: power tuning of a larger sample that a small cell leans on; None to use the cell's alone.
        units: what may be taken as independent; the widest interval counts.
        frame_total: sum of the measure over all of the cell, which `dsl` needs.

    Raises: DataError: no audited article is in the cell. ConfigError: unknown method, or `dsl` without total.
    """
    if method not in get_args(Method):
        raise ConfigError(f"estimator {method!r} is none of {', '.join(get_args(Method))}")
    weight = sample.design.weight * measure
    total = float(weight.sum())
    if total <= 0:
        raise DataError("no audited article lies in this cell; audit some, or report it uncorrected")
    cell_weight = weight / total
    if method == "dsl":
        if frame_total is None:
            raise ConfigError("the estimator dsl needs the number of articles in the cell")
        tuning, residual = 1.0, sample.gold - sample.probs
        influence = weight[:, None] / frame_total * residual
        raw = frame_probs + influence.sum(axis=0)
    else:
        tuning = 0.0 if method == "classical" else power_tuning(sample, measure=measure, prior=prior_tuning)
        residual = sample.gold - tuning * sample.probs
        mean = cell_weight @ residual
        influence = cell_weight[:, None] * (residual - mean)
        raw = tuning * frame_probs + mean
    in_cell = measure > 0
    found = margins(influence, sample.design, units=units, level=level,
                    floor=variance_floor(cell_weight, sample.design))  # fmt: skip
    shares = project_to_simplex(raw)
    return ShareEstimate(
        shares=shares,
        low=np.minimum(np.clip(raw - found.below, 0, 1), shares),
        high=np.maximum(np.clip(raw + found.above, 0, 1), shares),
        std_error=found.std_error, tuning=tuning, unit=found.unit, n_audited=int(in_cell.sum()),
        n_effective=float(1 / np.sum(cell_weight**2)), n_units=found.n_units,
        n_by_label=tuple(int(n) for n in sample.gold[in_cell].sum(axis=0)), influence=influence,
        cell_weight=cell_weight,
    )  # fmt: skip


def power_tuning(sample: AuditSample, *, measure: Floats, prior: float | None = None) -> float:
    """Trust in the classifier that makes the summed variance of all shares of the cell smallest, 0 to 1.

    Args: prior: value that a small cell is drawn toward; see `_PRIOR_ARTICLES`.
    """
    weight = sample.design.weight * measure
    cell_weight = weight / weight.sum()
    gold = sample.design.centre(cell_weight[:, None] * (sample.gold - cell_weight @ sample.gold))
    probs = sample.design.centre(cell_weight[:, None] * (sample.probs - cell_weight @ sample.probs))
    below = float(np.sum(probs**2))
    own = min(max(float(np.sum(gold * probs)) / below, 0.0), 1.0) if below > 0 else 0.0
    if prior is None:
        return own
    n = float(1 / np.sum(cell_weight**2))
    return (n * own + _PRIOR_ARTICLES * prior) / (n + _PRIOR_ARTICLES)
