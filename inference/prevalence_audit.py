"""Audited labels for a report: checked against the run, and brought into the columns of the estimators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..labels.audit_sample import AuditedArticle, QueueItem
from ..labels.errors import DataError
from .audit_samples import AuditedRow, audited_rows
from .audited_labels import AuditedLabels, Identity, identity
from .estimators import AuditSample
from .estimators_variance import AuditDesign, influence_moments
from .prevalence_source import quoted
from .prevalence_table import PredictionTable

_FAR_APART = 5.0
"""Standard errors; a random sample of 30 is so far off in fewer than one of ten thousand cases a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedAudit:
    """An audit that fits the run."""

    sample: AuditSample
    dimensions: Mapping[str, list[str | None]]
    """Dimension -> value of each audited article."""
    base_language: list[str | None]
    """Language without script of each audited article."""
    story: list[int | None]
    """Story of each audited article; None where it stands alone."""
    stance: np.ndarray
    """The classifier's label of each, int64 (audited,)."""
    strata: list[str]
    """Names of the strata, by their numbers in the design."""
    n_not_random: int
    n_unread: int
    source: str
    warnings: tuple[str, ...]
    keys: tuple[Identity, ...] = ()
    """Which article each is."""
    provenance: str | None = None
    """State of the store that was read, where it was one."""


def prepare_audit(audited: AuditedLabels, table: PredictionTable, *, other_run: bool = False) -> PreparedAudit:
    """Check an audit against the run and find its articles in the table.

    Args: other_run: accept a sample that was drawn from another scoring of the same archive.

    Raises: DataError: nothing drawn at random, another archive or codebook, samples that cannot be used together, or
        too few articles to say anything.
    """
    warnings = list(audited.warnings)
    random = [item for item in audited.articles if item.item.inclusion_prob > 0]
    n_other = len(audited.articles) - len(random)
    if not random:
        raise DataError(_nothing_random(audited))
    if n_other:
        warnings.append(
            f"{n_other:,} labelled articles were not drawn at random; they correct nothing and were left out."
        )
    _check_codebook(audited, table)
    foreign = _check_frame(audited, random, table, other_run=other_run)
    rows = _find([item for sample in audited.samples for item in sample.items if item.inclusion_prob > 0], table)
    lost = [item for item in random if identity(item.item) not in rows]
    if lost and (foreign or len(lost) == len(random)):
        raise DataError(
            f"{audited.source}: {len(lost):,} of {len(random):,} audited articles are not among the scored "
            f"rows (the first is {lost[0].item.id!r}); the sample belongs to another archive"
        )
    if foreign:
        warnings.append("The sample was drawn from another scoring of this archive; the articles are the same.")
    if lost:
        warnings.append(f"{len(lost):,} audited articles are not among the scored rows and were left out.")
    kept, told = audited_rows(audited, rows, table)
    if len(kept) < 2:
        raise DataError(f"{audited.source}: {len(kept)} usable audited article; a share needs many more")
    n_unread = sum(audited.unread.values())
    if n_unread:
        warnings.append(f"{n_unread:,} drawn articles have no gold label yet; the others of the "
                        "stratum stand for them, which holds if readers did not choose.")  # fmt: skip
    return _prepared(kept, table, audited, n_other, [*warnings, *told])


def _nothing_random(audited: AuditedLabels) -> str:
    if not audited.labels:
        n = sum(len(sample.items) for sample in audited.samples)
        if n == 0:
            return f"{audited.source}: holds no article; give the queue with its labels"
        return (f"{audited.source}: none of its {n:,} articles has a gold label yet (adjudicated, or agreed by all "
                "who labelled it); read some first")  # fmt: skip
    return (
        f"{audited.source}: none of its {len(audited.articles):,} labelled articles was drawn at random "
        "(inclusion_prob above 0), so they cannot correct a share; draw a sample with xjstance report --plan-audit"
    )


def _check_frame(audited: AuditedLabels, random: Sequence[AuditedArticle], table: PredictionTable, *,
                 other_run: bool) -> bool:  # fmt: skip
    """Whether the sample is of another run, which has to be allowed."""
    frame = table.frame()
    foreign = next((item.item.frame for item in random if item.item.frame != frame), None)
    if foreign is not None and not other_run:
        raise DataError(
            f"{audited.source}: its sample was drawn from another run ({foreign[:12]}, this one is "
            f"{frame[:12]}); a sample corrects only the archive it was drawn from. If only the model has "
            "changed since, add --audit-of-other-run"
        )
    return foreign is not None


def _prepared(kept: Sequence[AuditedRow], table: PredictionTable, audited: AuditedLabels, n_other: int,
              warnings: list[str]) -> PreparedAudit:  # fmt: skip
    labels = table.labels
    counts = Counter(item.stratum for item in kept)
    strata = sorted(counts)
    if single := [name for name in strata if counts[name] == 1]:
        warnings.append(f"{len(single)} strata have one audited article ({', '.join(single[:5])}); they were joined "
                        "with others to estimate the spread, and the intervals are wider for it.")  # fmt: skip
    gold = np.zeros((len(kept), len(labels)))
    gold[np.arange(len(kept)), [labels.index(item.label) for item in kept]] = 1
    if (present := int((gold.sum(axis=0) > 0).sum())) == 1:
        warnings.append(f"All audited articles are {kept[0].label}: nothing is known about how the others look; "
                        "the intervals rest on the rule of three.")  # fmt: skip
    elif present < len(labels):
        absent = [label for at, label in enumerate(labels) if not gold[:, at].any()]
        warnings.append(f"No audited article is {' or '.join(absent)}; that share is bounded, not measured.")
    stories = [item.row["story"] for item in kept]
    expected = np.array([item.expected for item in kept])
    prob = np.array([item.inclusion_prob for item in kept])
    places = {name: at for at, name in enumerate(strata)}
    design = AuditDesign(
        inclusion_prob=prob, stratum=np.array([places[item.stratum] for item in kept]),
        clusters={"story": _codes([f"s{story}" if story is not None else f"a{at}" for at, story in enumerate(stories)]),
                  "outlet": _codes([str(item.row["outlet"]) if item.row["outlet"] is not None else f"\0{at}"
                                    for at, item in enumerate(kept)])},
        expected=None if np.array_equal(expected, prob) else expected,
    )  # fmt: skip
    probs = np.array([[item.row[f"p{at}"] for at in range(len(labels))] for item in kept], dtype=np.float64)
    _check_total(design, table, warnings)
    sample = AuditSample(gold=gold, probs=probs / probs.sum(axis=1, keepdims=True), design=design)
    _check_likeness(sample, table, warnings)
    return PreparedAudit(
        sample=sample,
        dimensions={name: [item.row[name] for item in kept] for name in table.dimensions},
        base_language=[item.row["base_language"] for item in kept], story=stories,
        stance=np.array([int(item.row["stance"]) for item in kept]), strata=strata, n_not_random=n_other,
        n_unread=sum(audited.unread.values()), source=audited.source, warnings=tuple(warnings),
        keys=tuple(identity(item.item) for item in kept), provenance=audited.provenance,
    )  # fmt: skip


def _check_codebook(audited: AuditedLabels, table: PredictionTable) -> None:
    if audited.codebook is not None and audited.codebook != table.codebook:
        raise DataError(
            f"{audited.source}: readers followed codebook {audited.codebook}, the model {table.codebook}; labels of "
            "different codebooks do not mean the same"
        )


def _check_total(design: AuditDesign, table: PredictionTable, warnings: list[str]) -> None:
    n = table.connection.execute("SELECT count(*) FROM article WHERE status = 'scored'").fetchall()[0][0]
    total = float(np.sum(design.weight))
    error = float(np.sqrt(np.sum((1 - design.inclusion_prob) * design.weight**2)))
    if abs(total - n) > max(4 * error, 0.02 * n):
        warnings.append(f"The sample stands for {total:,.0f} articles, the run scored {n:,}: part of the archive had "
                        "no chance of being drawn, or the probabilities are wrong. Shares of such parts are not "
                        "corrected.")  # fmt: skip


def _check_likeness(sample: AuditSample, table: PredictionTable, warnings: list[str]) -> None:
    """Whether the sample looks as the archive does to the classifier, which is known of every article."""
    means = ", ".join(f"avg(p{at})" for at in range(len(table.labels)))
    [row] = table.connection.execute(f"SELECT {means} FROM article WHERE status = 'scored'").fetchall()
    weight = sample.design.weight / sample.design.weight.sum()
    seen = weight @ sample.probs
    moments = influence_moments(weight[:, None] * (sample.probs - seen), sample.design,
                                units=("article", *sample.design.clusters))  # fmt: skip
    error = np.sqrt(np.max([item.variance for item in moments], axis=0))
    apart = np.divide(np.abs(seen - np.array(row)), error, out=np.zeros(len(error)), where=error > 0)
    at = int(apart.argmax())
    if apart[at] > _FAR_APART:
        warnings.append("The sample does not look like the archive: the classifier's mean probability of "
                        f"{table.labels[at]} is {100 * seen[at]:.1f} % in it and {100 * row[at]:.1f} % in all, "
                        f"{apart[at]:.0f} standard errors apart. If its articles were chosen by hand, or by what they "
                        "say, the shares are wrong.")  # fmt: skip


def _find(items: Iterable[QueueItem], table: PredictionTable) -> dict[Identity, Mapping[str, Any]]:
    """The table's row of each drawn article that it has (the first where an id is repeated)."""
    import pyarrow as pa

    keys = list(dict.fromkeys(identity(item) for item in items))
    wanted = pa.table({"at": list(range(len(keys))), "id": [key[0] for key in keys], "sha": [key[1] for key in keys]})
    table.connection.register("wanted_audit", wanted)
    dimensions = "".join(f", a.{quoted(name)}" for name in table.dimensions)
    probs = "".join(f", a.p{at}" for at in range(len(table.labels)))
    cursor = table.connection.execute(f"""
        SELECT w.at, a.stance, a.base_language, a.story{dimensions}{probs} FROM wanted_audit w
        JOIN article a ON a.key = hash(w.id, w.sha) AND a.status = 'scored' ORDER BY w.at""")
    names = [item[0] for item in cursor.description]
    found: dict[Identity, Mapping[str, Any]] = {}
    for values in cursor.fetchall():
        found.setdefault(keys[values[0]], dict(zip(names, values, strict=True)))
    table.connection.unregister("wanted_audit")
    return found


def _codes(values: Sequence[str]) -> np.ndarray:
    return np.unique(np.array(values, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64)
