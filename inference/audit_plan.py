"""How many articles to audit, and where, for a wanted interval width; and the drawn queue.

Strata are the cell's group and the classifier's label. The expected variance of a corrected share within a stratum is
that of the label given the calibrated probabilities; articles go where it is large (Neyman allocation) [N34].
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, overload

import numpy as np

from ..labels.audit_sample import QueueItem, draw_audit_sample
from ..labels.errors import ConfigError
from .prevalence_audit import PreparedAudit
from .prevalence_cuts import Cut, Key, printed_key
from .prevalence_source import quoted
from .prevalence_table import PredictionTable

_MIN_PER_STRATUM = 2
"""Two articles are the fewest that show a spread."""
_MIN_PER_CELL = 30
"""A cell with fewer audited articles is suppressed, so a plan for it takes at least so many."""
_OPTIMISM = 1.2
"""Without an earlier audit, standard deviations are taken so much larger than the probabilities promise: calibration on
one archive is never perfect on another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStratum:
    """One stratum of a plan."""

    name: str
    group: Key
    n_articles: int
    deviation: float
    """Expected standard deviation of the worst label's residual."""
    n: int
    """Articles to audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPlan:
    """Where to audit how many."""

    by: tuple[str, ...]
    half_width: float
    level: float
    strata: tuple[PlannedStratum, ...]
    left_out: tuple[str, ...]
    """Cells with too few articles to be reported at all."""

    @property
    def n(self) -> int:
        """Articles to audit."""
        return sum(stratum.n for stratum in self.strata)


def neyman_sizes(counts: np.ndarray, deviations: np.ndarray, *, variance: float) -> np.ndarray:
    """Smallest sample sizes by stratum with which the mean's variance is at most `variance` [C77, 5.9].

    Args: counts, deviations: articles and standard deviation by stratum, (strata,). Strata that would need more than
        they have are read whole, and the others get the rest.
    """
    total = counts.sum()
    sizes = np.zeros(len(counts))
    whole = np.zeros(len(counts), dtype=bool)
    while True:
        free = ~whole
        sums = float(np.sum(counts[free] * deviations[free]))
        below = variance * total**2 + float(np.sum(counts[free] * deviations[free] ** 2))
        n = sums**2 / below if below > 0 else 0.0
        sizes[whole] = counts[whole]
        sizes[free] = n * counts[free] * deviations[free] / sums if sums > 0 else 0
        over = free & (sizes > counts)
        if not over.any():
            return np.asarray(np.minimum(np.ceil(sizes), counts), dtype=np.int64)
        whole |= over


def observed_inflation(pilot: PreparedAudit) -> float:
    """How much larger the residuals of an audit are than the probabilities promised, as a ratio of deviations."""
    weight, probs = pilot.sample.design.weight, pilot.sample.probs
    seen = float(weight @ ((pilot.sample.gold - probs) ** 2).sum(axis=1))
    promised = float(weight @ (probs * (1 - probs)).sum(axis=1))
    return math.sqrt(seen / promised) if promised > 0 else _OPTIMISM


def plan_audit(table: PredictionTable, cuts: Sequence[Cut], *, half_width: float, level: float = 0.95,
               min_articles: int = 30, pilot: PreparedAudit | None = None) -> AuditPlan:  # fmt: skip
    """A plan that gives every cell of the first cut with dimensions (else the whole archive) the wanted half-width.

    Args: pilot: an earlier audit of the run, which tells how far the probabilities can be believed.

    Raises: ConfigError: the width is not between 0 and 0.5.
    """
    if not 0 < half_width < 0.5:
        raise ConfigError(f"--half-width {half_width}: a half-width of shares lies between 0 and 0.5, as 0.03")
    by = next((cut.by for cut in cuts if cut.by), ())
    variance = (half_width / NormalDist().inv_cdf((1 + level) / 2)) ** 2
    inflation = _OPTIMISM if pilot is None else observed_inflation(pilot)
    strata: list[PlannedStratum] = []
    left_out = []
    for group, rows in _groups(table, by).items():
        counts = np.array([row[0] for row in rows.values()], dtype=np.float64)
        if counts.sum() < min_articles:
            left_out.append(f"{printed_key(group)} ({int(counts.sum())} articles)")
            continue
        spreads = np.array([[inflation * math.sqrt(max(value, 1e-4)) for value in row[1:]] for row in rows.values()])
        spreads = np.sqrt((spreads**2 + counts @ spreads**2 / counts.sum()) / 2)  # no stratum is trusted to be clean
        by_label = [neyman_sizes(counts, spreads[:, at], variance=variance) for at in range(spreads.shape[1])]
        worst = int(np.argmax([sizes.sum() for sizes in by_label]))
        sizes = np.maximum(by_label[worst], np.minimum(_MIN_PER_STRATUM, counts)).astype(int)
        if (short := _MIN_PER_CELL - int(sizes.sum())) > 0:
            sizes = np.minimum(sizes + np.ceil(short * counts / counts.sum()).astype(int), counts.astype(int))
        for place, stance in enumerate(rows):
            strata.append(PlannedStratum(name=f"{printed_key(group)}/{table.labels[stance]}", group=group,
                                         n_articles=int(counts[place]), deviation=float(spreads[place, worst]),
                                         n=int(sizes[place])))  # fmt: skip
    return AuditPlan(by=by, half_width=half_width, level=level, strata=tuple(strata), left_out=tuple(left_out))


def _groups(table: PredictionTable, by: tuple[str, ...]) -> Mapping[Key, Mapping[int, tuple[float, ...]]]:
    """Cell -> classifier's label -> articles, and mean p(1-p) of each label."""
    names = "".join(f"{quoted(name)}, " for name in by)
    spreads = ", ".join(f"avg(p{at} * (1 - p{at}))" for at in range(len(table.labels)))
    rows = table.connection.execute(f"""SELECT {names}stance, count(*), {spreads} FROM article
        WHERE status = 'scored' GROUP BY {names}stance ORDER BY ALL""").fetchall()
    found: dict[Key, dict[int, tuple[float, ...]]] = {}
    for row in rows:
        found.setdefault(tuple(row[: len(by)]), {})[row[len(by)]] = tuple(float(value) for value in row[len(by) + 1 :])
    return found


def draw_plan(table: PredictionTable, plan: AuditPlan, *, rng: np.random.Generator) -> list[QueueItem]:
    """Draw the planned sample; items are in the order of the strata's rows."""
    names = "".join(f"{quoted(name)}, " for name in plan.by)
    wanted = {(*stratum.group, stratum.name.rsplit("/", 1)[1]): stratum for stratum in plan.strata}
    rows = table.connection.execute(
        f"SELECT {names}stance, key FROM article WHERE status = 'scored' ORDER BY key"
    )  # fmt: skip
    strata, keys = [], []
    while batch := rows.fetchmany(100_000):
        for row in batch:
            stratum = wanted.get((*row[:-2], table.labels[row[-2]]))
            if stratum is not None:
                strata.append(stratum.name)
                keys.append(row[-1])
    places = _Places(len(keys))
    drawn = draw_audit_sample(places, places, strata, frame=table.frame(), rng=rng,
                              sizes={stratum.name: stratum.n for stratum in plan.strata})  # fmt: skip
    known = _identities(table, [keys[int(item.id)] for item in drawn])
    return [replace(item, id=known[keys[int(item.id)]][0], text_sha256=known[keys[int(item.id)]][1]) for item in drawn]


def _identities(table: PredictionTable, keys: list[int]) -> dict[int, tuple[str, str]]:
    import pyarrow as pa

    source = table.source
    table.connection.register("wanted_keys", pa.table({"key": pa.array(keys, pa.uint64())}))
    key = f"hash({source.text('id')}, CAST(s.text_sha256 AS VARCHAR))"
    rows = table.connection.execute(f"""SELECT {key}, {source.text("id")}, s.text_sha256 FROM {source.sql}
        WHERE {key} IN (SELECT key FROM wanted_keys)""").fetchall()
    table.connection.unregister("wanted_keys")
    return {row[0]: (row[1], row[2]) for row in rows}


def describe_plan(plan: AuditPlan) -> Iterator[str]:
    """The plan in words, one line a cell."""
    yield (f"{plan.n:,} articles to audit for half-widths of about {100 * plan.half_width:g} points at "
           f"{100 * plan.level:g} % in every cell of {'*'.join(plan.by) or 'the whole archive'}:")  # fmt: skip
    cells: dict[Key, list[PlannedStratum]] = {}
    for stratum in plan.strata:
        cells.setdefault(stratum.group, []).append(stratum)
    for group, members in cells.items():
        parts = ", ".join(f"{stratum.name.rsplit('/', 1)[1]} {stratum.n:,}" for stratum in members)
        yield (f"  {printed_key(group)}: {sum(s.n for s in members):,} of {sum(s.n_articles for s in members):,} "
               f"({parts})")  # fmt: skip
    if plan.left_out:
        yield f"  left out, too few articles to report: {', '.join(plan.left_out[:20])}"


class _Places(Sequence[str]):
    """The row numbers as texts, made when asked for."""

    def __init__(self, n: int) -> None:
        self._n = n

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> Any:
        return str(at) if isinstance(at, int) else [str(place) for place in range(*at.indices(self._n))]
