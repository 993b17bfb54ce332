"""Archives with known stances and a biased classifier, for tests and benchmarks of the estimators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ERRORS = np.array([[0.0, 0.2, 0.6, 0.2], [0.7, 0.0, 0.2, 0.1], [0.2, 0.1, 0.0, 0.7], [0.1, 0.05, 0.85, 0.0]])
"""Where the errors of each gold label go (praising, critical, neutral, unrelated): critical is called praising."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedArchive:
    """Articles as columns."""

    gold: Ints
    probs: Floats
    story: Ints
    outlet: Ints

    @property
    def n(self) -> int:
        """Articles."""
        return len(self.gold)

    @property
    def stance(self) -> Ints:
        """The classifier's label."""
        return np.asarray(self.probs.argmax(axis=1), dtype=np.int64)

    @property
    def one_hot(self) -> Floats:
        """Gold labels, float64 (articles, 4)."""
        return np.eye(4)[self.gold]


def simulate(rng: np.random.Generator, *, n: int = 10_000, shares: tuple[float, ...] = (0.3, 0.25, 0.3, 0.15),
             accuracy: float = 0.8, n_outlets: int = 300, outlet_spread: float = 8.0, outlet_error: float = 0.08,
             hard: bool = False) -> SimulatedArchive:  # fmt: skip
    """An archive whose stories are copied by several outlets, and whose classifier errs more in some outlets.

    Args:
        outlet_spread: concentration of the outlets' own shares around the archive's; small is strongly clustered.
        outlet_error: standard deviation of the accuracy between outlets.
        hard: probabilities are 0 and 1.
    """
    copies = np.where(rng.random(n) < 0.75, 1, 1 + (np.log(rng.random(n)) / np.log(0.75)).astype(np.int64))
    n_stories = int(np.searchsorted(np.cumsum(copies), n)) + 1
    story = np.repeat(np.arange(n_stories), copies[:n_stories])[:n]
    size = rng.lognormal(0, 0.7, n_outlets)
    own = rng.dirichlet(outlet_spread * np.array(shares), n_outlets)
    first_outlet = rng.choice(n_outlets, n_stories, p=size / size.sum())
    gold = (rng.random(n_stories)[:, None] > np.cumsum(own[first_outlet], axis=1)[:, :-1]).sum(axis=1)
    right = np.clip(accuracy + outlet_error * rng.standard_normal(n_outlets), 0.3, 0.99)[first_outlet]
    wrong = (rng.random(n_stories)[:, None] > np.cumsum(ERRORS[gold], axis=1)[:, :-1]).sum(axis=1)
    called = np.where(rng.random(n_stories) < right, gold, wrong)
    sure = 0.35 + 0.65 * rng.random(n_stories) ** 0.4  # 0.81 on average
    rest = rng.random((n_stories, 4)) ** 2
    probs = rest * ((1 - sure) / rest.sum(axis=1))[:, None]
    probs[np.arange(n_stories), called] += sure
    if hard:
        probs = np.eye(4)[called]
    is_first = np.diff(story, prepend=-1) > 0
    outlet = np.where(is_first, first_outlet[story], rng.choice(n_outlets, n, p=size / size.sum()))
    return SimulatedArchive(gold=gold[story], probs=probs[story], story=story, outlet=outlet)
