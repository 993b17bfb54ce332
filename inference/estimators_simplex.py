"""Shares that cannot be: projected onto the simplex."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def project_to_simplex(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest vector that is non-negative and sums to one, float64 (labels,) [HWC74].

    Corrected shares sum to one before, but a rare label's can fall below zero.
    """
    ordered = np.sort(values)[::-1]
    excess = (np.cumsum(ordered) - 1) / np.arange(1, len(values) + 1)
    last = np.flatnonzero(ordered > excess)[-1]
    projected: NDArray[np.float64] = np.maximum(values - excess[last], 0)
    return projected
