"""The random share of a selection: a stratified sample of all scored articles, with inclusion probabilities.

It is drawn before anything else is looked at and from all scored articles, copies too, so that each one's probability
is the drawn part of its stratum and nothing more. What is picked for training never changes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..labels.audit_sample import QueueItem, draw_audit_sample
from .selection_frame import ScoredFrame

_AT_LEAST = 2
"""Articles from each stratum: the fewest that show a spread."""


def draw_random_share(frame: ScoredFrame, n: int, *, rng: np.random.Generator) -> list[QueueItem]:
    """Exactly n articles at random (or all that there are), in the order of the frame.

    Strata are language and the classifier's label; where n is too small for two articles of each, the label alone;
    where it is too small for that, there is one stratum, `all`. No article is without a chance.
    """
    n = min(n, len(frame))
    if n == 0:
        return []
    strata = _strata(frame, n)
    return draw_audit_sample(frame.ids, frame.text_sha256s, strata, frame=frame.sha256, rng=rng,
                             sizes=exact_sizes(strata, n))  # fmt: skip


def _strata(frame: ScoredFrame, n: int) -> Sequence[str]:
    """Strata named as `xjstance report` names them, so that several samples of one run add up."""
    names = [frame.labels[stance] for stance in frame.stances.tolist()]
    for strata in (
        [f"{tag}/{name}" for tag, name in zip(frame.tags, names, strict=True)],
        [f"all/{name}" for name in names],
    ):
        if sum(min(_AT_LEAST, size) for size in Counter(strata).values()) <= n:
            return strata
    return ["all"] * len(frame)


def exact_sizes(strata: Sequence[str], n: int) -> dict[str, int]:
    """Sample sizes that sum to n: in proportion to the strata, at least two of each (or all that it has).

    The minima must fit into n; where they do not, as with one article and one stratum of many, n goes to the largest.
    """
    counts = Counter(strata)
    sizes = {name: min(_AT_LEAST, size) for name, size in counts.items()}
    while sum(sizes.values()) > n:
        sizes[max(sizes, key=lambda name: (sizes[name], name))] -= 1
    wanted = {name: n * size / len(strata) for name, size in counts.items()}
    while (left := n - sum(sizes.values())) > 0:
        short = {name: wanted[name] - sizes[name] for name in counts if sizes[name] < counts[name]}
        total = sum(max(gap, 0.0) for gap in short.values())
        added = 0
        for name, gap in short.items():
            more = min(int(left * max(gap, 0.0) / total), counts[name] - sizes[name]) if total else 0
            sizes[name] += more
            added += more
        if not added:
            sizes[max(short, key=lambda name: (short[name], name))] += 1
    return {name: size for name, size in sorted(sizes.items()) if size}
