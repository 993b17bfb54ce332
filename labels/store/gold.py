"""Gold labels: what was decided by an adjudicator, or agreed by all who labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..audit_sample import QueueItem
from .annotation import Annotation
from .annotations import all_annotations, decisions, standing
from .tables import AnnotationRow, ArticleRow, ItemRow

GoldSource = Literal["adjudicated", "agreed", "single"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedItem:
    """A queue item and where its labelling stands."""

    number: int
    item: QueueItem
    article: int
    """Number of the article in the store."""
    tag: str
    n_wanted: int
    labels: tuple[Annotation, ...]
    """The standing label of each reviewer, by name."""
    decision: Annotation | None

    @property
    def is_disputed(self) -> bool:
        """Whether labels differ and nobody has decided."""
        return self.decision is None and len({one.label for one in self.labels}) > 1

    @property
    def source(self) -> GoldSource | None:
        """What the gold label rests on; None: there is none yet."""
        if self.decision is not None:
            return "adjudicated"
        if not self.labels or self.is_disputed:
            return None
        return "agreed" if len(self.labels) > 1 else "single"

    @property
    def gold(self) -> str | None:
        """The label; one person's label counts only where the source `single` is accepted."""
        return self.decision.label if self.decision else self.labels[0].label if self.source else None


def judged_items(session: Session, *, queue: int | None = None, only_labelled: bool = False) -> Iterator[JudgedItem]:
    """All items of a queue (or of all), in line order."""
    found: Sequence[Annotation] = all_annotations(session, queue=queue)
    labels, decided = standing(found), decisions(found)
    wanted = select(ItemRow, ArticleRow.id, ArticleRow.text_sha256)
    wanted = wanted.join(ArticleRow, ArticleRow.number == ItemRow.article)
    if queue is not None:
        wanted = wanted.where(ItemRow.queue == queue)
    if only_labelled:
        wanted = wanted.where(ItemRow.number.in_(select(AnnotationRow.item)))
    for row, article_id, sha256 in session.execute(wanted.order_by(ItemRow.queue, ItemRow.position)):
        own = labels.get(row.number, {})
        yield JudgedItem(
            number=row.number, article=row.article, tag=row.tag, n_wanted=row.n_wanted,
            item=QueueItem(id=article_id, text_sha256=sha256, frame=row.frame, stratum=row.stratum,
                           inclusion_prob=row.inclusion_prob, reason=row.reason),
            labels=tuple(own[name] for name in sorted(own)), decision=decided.get(row.number),
        )  # fmt: skip
