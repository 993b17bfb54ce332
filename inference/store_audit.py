"""Audited labels from the annotation store: gold labels and the samples that its queues hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..labels.errors import DataError
from .audited_labels import AuditedLabels, DrawnSample, Identity, identity

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from ..labels.store import Database, JudgedItem


@dataclass(slots=True, kw_only=True)
class _Queue:
    """What one queue holds."""

    name: str
    codebook: str
    model: str | None
    judged: list[JudgedItem] = field(default_factory=list)

    @property
    def random(self) -> list[JudgedItem]:
        """The items that were drawn at random."""
        return [one for one in self.judged if one.item.inclusion_prob > 0]

    def random_of(self, frame: str) -> list[JudgedItem]:
        """Those drawn from one run."""
        return [one for one in self.random if one.item.frame == frame]


def read_store_audit(database: Database, *, source: str, frame: str, queues: Sequence[str] = (),
                     accept_single: bool = False, other_run: bool = False) -> AuditedLabels:  # fmt: skip
    """The samples of a run that a store holds, with their gold labels: adjudicated, or agreed by all who labelled.

    Args: frame: the run's, as `PredictionTable.frame` gives it; queues of other runs are passed over.
        queues: names of the queues to use; none: all that were drawn from this run.
        accept_single: take one person's label as gold.
        other_run: accept samples of another scoring of the same archive.

    Raises: DataError: no such queue, nothing drawn at random, or only from other runs; one article with two gold
        labels; a queue that mixes two samples.
    """
    with database.reading() as session:
        found = _read_queues(session, queues, source)
        head = _head(session)
    if not any(queue.random for queue in found):
        n = sum(len(queue.judged) for queue in found)
        raise DataError(
            f"{source}: none of its {n:,} articles was drawn at random, so they cannot correct a share; draw a sample "
            "with xjstance report --plan-audit QUEUE.csv and bring it in with xjstance review --queue QUEUE.csv"
        )
    kept = [queue for queue in found if queue.random_of(frame)]
    warnings = []
    if not kept:
        if not other_run:
            raise DataError(_words_of_foreign(found, source, frame))
        kept = [queue for queue in found if queue.random]
        if len({one.item.frame for queue in kept for one in queue.random}) > 1:
            raise DataError(f"{source}: its samples come from several other runs ({_names(kept)}); name the one to use "
                            "with --queue")  # fmt: skip
        frame = kept[0].random[0].item.frame
    if n_foreign := sum(len(queue.random) - len(queue.random_of(frame)) for queue in found):
        warnings.append(f"{n_foreign:,} articles of {source} were drawn from other runs and were left out.")
    if len({queue.codebook for queue in kept}) > 1:
        raise DataError(f"{source}: its queues follow several codebooks ({_names(kept)}); name the one to use with "
                        "--queue")  # fmt: skip
    samples: list[DrawnSample] = []
    labels: dict[Identity, str] = {}
    n_other = sum(len(queue.judged) - len(queue.random) for queue in kept)
    for queue in kept:
        members = queue.random_of(frame)
        _check_one_sample(queue.name, members, source)
        samples.append(DrawnSample(name=f"queue {queue.name!r}", items=tuple(one.item for one in members)))
        for one in members:
            if one.source is None or (one.source == "single" and not accept_single):
                continue
            key, label = identity(one.item), str(one.gold)
            if labels.setdefault(key, label) != label:
                raise DataError(f"{source}: article {one.item.id!r} is {labels[key]} in one queue and {label} in queue "
                                f"{queue.name!r}; let an adjudicator settle it in one of them")  # fmt: skip
    if n_other:
        warnings.append(f"{n_other:,} articles of these queues were not drawn at random; they correct nothing.")
    warnings += _warnings([one for queue in kept for one in queue.random_of(frame)], labels)
    return AuditedLabels(
        samples=tuple(samples), labels=labels, source=f"{source} ({_names(kept)})", codebook=kept[0].codebook,
        warnings=tuple(warnings), provenance=head,
    )  # fmt: skip


def _read_queues(session: Session, wanted: Sequence[str], source: str) -> list[_Queue]:
    from sqlalchemy import select

    from ..labels.store import judged_items
    from ..labels.store.tables import QueueRow

    rows = list(session.scalars(select(QueueRow).order_by(QueueRow.number)))
    names = [row.name for row in rows]
    if unknown := [name for name in wanted if name not in names]:
        raise DataError(f"{source}: there is no queue {unknown[0]!r}; there are {', '.join(names) or 'none yet'}")
    return [
        _Queue(name=row.name, codebook=row.codebook, model=row.model,
               judged=list(judged_items(session, queue=row.number)))
        for row in rows if not wanted or row.name in wanted
    ]  # fmt: skip


def _head(session: Session) -> str:
    from ..labels.store.tables import ChainRow

    row = session.get(ChainRow, "annotations")
    return "no annotations" if row is None else f"{row.n:,} annotations, chain head {row.sha256}"


def _check_one_sample(name: str, members: Sequence[JudgedItem], source: str) -> None:
    """One draw gives one probability a stratum; two draws in one queue cannot be told apart any more."""
    probs: dict[str, float] = {}
    for one in members:
        first = probs.setdefault(one.item.stratum, one.item.inclusion_prob)
        if first != one.item.inclusion_prob:
            raise DataError(
                f"{source}: queue {name!r} mixes two samples (stratum {one.item.stratum!r} has the probabilities "
                f"{first:g} and {one.item.inclusion_prob:g}), and which article was in both is not known any more; "
                "bring each sample in under a name of its own (xjstance review --name)"
            )


def _words_of_foreign(queues: Sequence[_Queue], source: str, frame: str) -> str:
    told = "; ".join(
        f"queue {queue.name!r}: {len(queue.random):,} articles from run {queue.random[0].item.frame[:12]}, scored by "
        f"{queue.model or 'a model that is not known'} with codebook {queue.codebook}"
        for queue in queues if queue.random
    )  # fmt: skip
    return (
        f"{source}: its samples were drawn from other runs than this one ({frame[:12]}): {told}. A sample corrects "
        "only the archive, model and codebook it was drawn from: give the store of this run, or draw a sample with "
        "xjstance report --plan-audit. If only the model has changed since, add --audit-of-other-run"
    )


def _names(queues: Sequence[_Queue]) -> str:
    return ", ".join(f"queue {queue.name!r}" for queue in queues)


def _warnings(members: Sequence[JudgedItem], labels: dict[Identity, str]) -> list[str]:
    found = []
    counts = Counter("disputed" if one.is_disputed else one.source or "unread" for one in members)
    if counts["disputed"]:
        found.append(
            f"{counts['disputed']:,} audited articles are disputed and not decided: the hardest ones are missing, and "
            "the shares lean toward the easy ones. Let an adjudicator decide them."
        )
    if n := sum(one.source == "single" and identity(one.item) not in labels for one in members):
        found.append(f"{n:,} audited articles have one person's label only and do not count yet (--accept-single takes "
                     "them as gold).")  # fmt: skip
    seen = [one for one in members if identity(one.item) in labels and one.decision is None
            and not any(label.is_blind for label in one.labels)]  # fmt: skip
    if seen:
        found.append(f"{len(seen):,} gold labels were given after the prediction or another label had been shown; such "
                     "labels lean toward what was shown.")  # fmt: skip
    return found
