"""Variance of estimated shares from the audit's design: strata, unequal probabilities, clusters, finite population.

Each audited article has an influence on the share (its linearised value); the variance is that of a weighted total of
the influences under the design [SSW92, ch. 5]. The third and fourth moments tell how lopsided it is, and how much a few
heavy articles decide; `estimators_margins` makes intervals of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_FLOOR = 2.25
"""Smallest variance in units of 1/n^2: the half-width stays above about 3/n, the rule of three, where the audit saw no
error at all [HL83]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDesign:
    """How the audited articles came into the sample."""

    inclusion_prob: Floats
    """Probability with which each was drawn, in (0, 1], float64 (audited,)."""
    stratum: Codes
    """Stratum of each, as numbers from 0, int64 (audited,)."""
    clusters: Mapping[str, Codes] = field(default_factory=dict)
    """Name of a clustering (`story`, `outlet`) -> cluster of each article, as numbers from 0, int64 (audited,)."""
    expected: Floats | None = None
    """Where several samples are used together: sum of the article's inclusion probabilities in all of them, float64
    (audited,); None for one sample."""
    _strata: Codes = field(init=False, repr=False)
    _n_in_stratum: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        strata = collapse_small_strata(self.stratum)
        object.__setattr__(self, "_strata", strata)
        object.__setattr__(self, "_n_in_stratum", np.bincount(strata).astype(np.float64))

    @property
    def weight(self) -> Floats:
        """Articles of the archive that each audited one stands for, float64 (audited,)."""
        return 1 / (self.inclusion_prob if self.expected is None else self.expected)

    def centre(self, influence: Floats) -> Floats:
        """Influences minus their mean in the stratum, scaled so that squares add up to the variance.

        The scale holds n/(n-1) of the stratum and the finite-population factor 1 - inclusion probability: an archive
        read whole has no sampling error.
        """
        n = self._n_in_stratum
        means = np.stack([np.bincount(self._strata, weights=column, minlength=len(n)) / n for column in influence.T], 1)
        scale = np.sqrt(n / np.maximum(n - 1, 1))[self._strata] * np.sqrt(1 - self.inclusion_prob)
        centred: Floats = (influence - means[self._strata]) * scale[:, None]
        return centred


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Moments of what independent units add to each share, under one way of counting them."""

    unit: str
    """`article`, `story` or `outlet`: what was taken as independent."""
    variance: Floats
    """Sum of squares: the variance of the share, float64 (labels,)."""
    third: Floats
    """Sum of cubes: positive where few units with large positive errors decide, float64 (labels,)."""
    fourth: Floats
    """Sum of fourth powers less what units of equal size would have, 0 or more, float64 (labels,)."""
    n_units: int
    """Units with any influence."""


def collapse_small_strata(stratum: Codes) -> Codes:
    """Strata with a single audited article joined with one another, or else with the next smallest; numbered anew.

    One article shows no spread; collapsed strata overstate the variance rather than hide it [C77, 5A.12].
    """
    _, codes = np.unique(stratum, return_inverse=True)
    codes = codes.astype(np.int64)
    counts = np.bincount(codes)
    single = np.flatnonzero(counts == 1)
    if len(single) == 0 or len(counts) == 1:
        return codes
    target = single[0]
    codes[np.isin(codes, single)] = target
    if len(single) == 1:
        others = np.flatnonzero(counts > 1)
        codes[codes == others[np.argmin(counts[others])]] = target
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def influence_moments(influence: Floats, design: AuditDesign, *,
                      units: tuple[str, ...] = ("article",)) -> list[Moments]:  # fmt: skip
    """The moments of the influences, once for each unit.

    Args:
        influence: what each audited article adds to each share, zero outside the cell, float64 (audited, labels).
        units: `article`, and names of clusterings of the design, whose sums of influences are then taken as the
            independent units (cluster-robust, with G/(G-1)) [LZ86].
    """
    centred = design.centre(influence)
    in_cell = np.any(influence != 0, axis=1)
    found = []
    for unit in units:
        if unit == "article":
            sums, n_units = centred, int(in_cell.sum())
        else:
            codes = design.clusters[unit]
            n = int(codes.max()) + 1 if len(codes) else 0
            sums = np.stack([np.bincount(codes, weights=column, minlength=n) for column in centred.T], axis=1)
            n_units = len(np.unique(codes[in_cell]))
            sums = sums * np.sqrt(n_units / max(n_units - 1, 1))
        variance = (sums**2).sum(axis=0)
        fourth = np.maximum((sums**4).sum(axis=0) - variance**2 / max(n_units, 1), 0)
        found.append(Moments(unit=unit, variance=variance, third=(sums**3).sum(axis=0), fourth=fourth, n_units=n_units))
    return found


def variance_floor(cell_weight: Floats, design: AuditDesign) -> float:
    """Smallest variance that is believed of a share, whatever the audit saw.

    Args: cell_weight: weight of each audited article in the cell's mean, zero outside, float64 (audited,), sum 1.
    """
    fpc = float(np.sum(cell_weight * (1 - design.inclusion_prob)))
    return _FLOOR * float(np.sum(cell_weight**2)) ** 2 * fpc
