"""Several audit samples of one run together: how often each article was to be expected in them.

An article counts once in each sample that drew it, and weighs one over the sum of its inclusion probabilities in all
of them (the single-frame estimator for overlapping samples) [KA86]. So a pilot and a later sample of other strata,
sizes or parts of the archive add up, and what both drew needs no special care. The sum needs the probability that an
article would have had in a sample that did not draw it. It is that of its stratum there; so the strata must be told
from the run's columns, as those of `report --plan-audit` and `review --select audit` can.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..labels.audit_sample import QueueItem
from ..labels.errors import DataError
from .audited_labels import AuditedLabels, DrawnSample, Identity, identity
from .prevalence_cuts import printed_key
from .prevalence_source import quoted
from .prevalence_table import PredictionTable

Row = Mapping[str, Any]
"""An article of the table."""
_COVERED = 1.02
"""Pieces of one sample stand for no more than all scored articles; beyond this they are samples that overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRow:
    """A labelled article in one of the samples that drew it."""

    item: QueueItem
    row: Row
    label: str
    stratum: str
    """Stratum, with the sample's number where there are several."""
    inclusion_prob: float
    """In its own sample, after the articles that nobody read."""
    expected: float
    """Sum over all samples."""


@dataclass(slots=True)
class _Sample:
    """A sample on its way: its strata and their probabilities."""

    name: str
    items: dict[Identity, QueueItem]
    probs: dict[str, float] = field(init=False)
    """Stratum -> inclusion probability."""
    sizes: Counter[str] = field(init=False)
    """Stratum -> drawn articles."""
    by: tuple[str, ...] | None = None
    """Dimensions of its strata (with the classifier's label); None: not known."""
    is_whole: bool = False
    """Its one stratum is the whole archive, without the classifier's label."""

    def __post_init__(self) -> None:
        self.add({})

    def add(self, items: Mapping[Identity, QueueItem]) -> None:
        """Take the rest of the sample in."""
        self.items |= items
        self.probs = {item.stratum: item.inclusion_prob for item in self.items.values()}
        self.sizes = Counter(item.stratum for item in self.items.values())

    @property
    def total(self) -> float:
        """Articles of the archive that it stands for."""
        return sum(1 / item.inclusion_prob for item in self.items.values())

    def prob_of(self, row: Row, labels: Sequence[str], read_share: Mapping[str, float]) -> float:
        """Probability that any article of the run is drawn and read in this sample."""
        name = "all" if self.is_whole else _stratum(row, self.by or (), labels)
        return self.probs.get(name, 0.0) * read_share.get(name, 0.0)


def audited_rows(audited: AuditedLabels, rows: Mapping[Identity, Row],
                 table: PredictionTable) -> tuple[list[AuditedRow], list[str]]:  # fmt: skip
    """Every labelled article that was drawn at random, and what to tell the reader of the report.

    Args: rows: the table's row of each drawn article that it has.

    Raises: DataError: several samples whose strata cannot be told from the run's columns.
    """
    told: list[str] = []
    samples = _different(audited.samples, told)
    if len(samples) > 1:
        samples = _joined(samples, rows, table, told)
    shares = [_read_shares(sample, audited.labels) for sample in samples]
    found = []
    for number, sample in enumerate(samples):
        for key, item in sample.items.items():
            if key not in audited.labels or key not in rows:
                continue
            own = min(item.inclusion_prob * shares[number][item.stratum], 1.0)
            others = sum(other.prob_of(rows[key], table.labels, read_share)
                         for at, (other, read_share) in enumerate(zip(samples, shares, strict=True))
                         if at != number)  # fmt: skip
            stratum = item.stratum if len(samples) == 1 else f"{number + 1}: {item.stratum}"
            found.append(AuditedRow(item=item, row=rows[key], label=audited.labels[key], stratum=stratum,
                                    inclusion_prob=own, expected=own + others))  # fmt: skip
    if len(samples) > 1:
        drawn = Counter(key for sample in samples for key in sample.items)
        n_twice = sum(n > 1 for n in drawn.values())
        told.append(f"{len(samples)} samples are used together ({', '.join(sample.name for sample in samples)}): each "
                    "article weighs one over the sum of its inclusion probabilities; "
                    f"{n_twice:,} articles are in several.")  # fmt: skip
    return found, told


def _different(given: Sequence[DrawnSample], told: list[str]) -> list[_Sample]:
    """The samples, without those that are another one, or an excerpt of it, given twice."""
    samples = [_Sample(sample.name, {identity(item): item for item in sample.items if item.inclusion_prob > 0})
               for sample in given]  # fmt: skip
    kept: list[_Sample] = []
    for sample in sorted(samples, key=lambda sample: -len(sample.items)):
        larger = next((other for other in kept if all(
            key in other.items and other.items[key].inclusion_prob == item.inclusion_prob
            and other.items[key].stratum == item.stratum for key, item in sample.items.items())), None)  # fmt: skip
        if larger is None:
            kept.append(sample)
        elif sample.items:
            told.append(f"{sample.name} is the same sample as {larger.name}, or a part of it, and was counted once.")
    return [sample for sample in samples if any(sample is other for other in kept)]


def _joined(samples: list[_Sample], rows: Mapping[Identity, Row], table: PredictionTable,
            told: list[str]) -> list[_Sample]:  # fmt: skip
    """Pieces of one sample put together; each sample left has strata that are told from the table."""
    counts: dict[tuple[str, ...], Counter[str]] = {}
    [(n_scored,)] = table.connection.execute("SELECT count(*) FROM article WHERE status = 'scored'").fetchall()
    for sample in samples:
        _find_strata(sample, rows, table, counts, n_scored)
    if unknown := [sample for sample in samples if sample.by is None and not sample.is_whole]:
        if _are_pieces(samples, n_scored):
            return [_Sample(" + ".join(s.name for s in samples), {k: i for s in samples for k, i in s.items.items()})]
        raise DataError(
            f"{unknown[0].name} and {next(s for s in samples if s is not unknown[0]).name} are two samples, and the "
            f"strata of {unknown[0].name} (as {next(iter(unknown[0].probs))!r}) cannot be told from the run's columns: "
            "the probability that an article of the one had in the other is not known, and overlapping samples cannot "
            "be added up without it. Report with one of them; or, if the strata use a column or outlet table, name it "
            "with --by or --outlets"
        )
    found: list[_Sample] = []
    for sample in samples:
        whole = next((other for other in found if _is_piece(sample, other, counts, n_scored)), None)
        if whole is None:
            found.append(sample)
        else:
            told.append(f"{whole.name} and {sample.name} are parts of one sample.")
            whole.add(sample.items)
            whole.name = f"{whole.name} + {sample.name}"
    return found


def _find_strata(sample: _Sample, rows: Mapping[Identity, Row], table: PredictionTable,
                 counts: dict[tuple[str, ...], Counter[str]], n_scored: int) -> None:  # fmt: skip
    """The dimensions by which a sample was stratified, proven on each of its articles and on the strata's sizes."""
    members = [(item, rows[key]) for key, item in sample.items.items() if key in rows]
    if any(item.inclusion_prob != sample.probs[item.stratum] for item in sample.items.values()):
        return
    if set(sample.probs) == {"all"} and _fits(n_scored * sample.probs["all"]):
        sample.is_whole = True
        return
    names = table.dimensions
    for by in ((), *((name,) for name in names), *itertools.permutations(names, 2)):
        if any(item.stratum != _stratum(row, by, table.labels) for item, row in members):
            continue
        if by not in counts:
            counts[by] = _stratum_counts(table, by)
        if all(_fits(counts[by][name] * prob) for name, prob in sample.probs.items()):
            sample.by = by
            return


def _fits(drawn: float) -> bool:
    """Whether a probability times a stratum's size is a number of articles."""
    return drawn > 0.5 and abs(drawn - round(drawn)) < 1e-6 * max(drawn, 1)


def _stratum(row: Row, by: Sequence[str], labels: Sequence[str]) -> str:
    return f"{printed_key(tuple(row[name] for name in by))}/{labels[int(row['stance'])]}"


def _stratum_counts(table: PredictionTable, by: Sequence[str]) -> Counter[str]:
    names = "".join(f"{quoted(name)}, " for name in by)
    found = table.connection.execute(
        f"SELECT {names}stance, count(*) FROM article WHERE status = 'scored' GROUP BY {names}stance"
    )
    return Counter({f"{printed_key(tuple(row[: len(by)]))}/{table.labels[row[-2]]}": row[-1]
                    for row in found.fetchall()})  # fmt: skip


def _is_piece(sample: _Sample, other: _Sample, counts: Mapping[tuple[str, ...], Counter[str]], n_scored: int) -> bool:
    """Whether two files are parts of one draw: the same strata, and together no more articles than it drew."""
    if (sample.by, sample.is_whole) != (other.by, other.is_whole) or sample.items.keys() & other.items.keys():
        return False
    both = sample.probs.keys() & other.probs.keys()
    size = Counter({"all": n_scored}) if sample.is_whole else counts[sample.by or ()]
    return bool(both) and all(
        sample.probs[name] == other.probs[name]
        and sample.sizes[name] + other.sizes[name] <= round(sample.probs[name] * size[name])
        for name in both
    )


def _are_pieces(samples: Sequence[_Sample], n_scored: int) -> bool:
    """The same where strata are not known: no article twice, one probability a stratum, no more than the archive."""
    drawn = Counter(key for sample in samples for key in sample.items)
    probs: dict[str, set[float]] = {}
    for sample in samples:
        for name, prob in sample.probs.items():
            probs.setdefault(name, set()).add(prob)
    return (max(drawn.values(), default=0) == 1 and all(len(found) == 1 for found in probs.values())
            and sum(sample.total for sample in samples) <= _COVERED * n_scored)  # fmt: skip


def _read_shares(sample: _Sample, labels: Mapping[Identity, str]) -> dict[str, float]:
    """Stratum -> share of the drawn articles that were read; those stand for the others of the stratum."""
    read = Counter(item.stratum for key, item in sample.items.items() if key in labels)
    return {name: read[name] / n for name, n in sample.sizes.items()}
