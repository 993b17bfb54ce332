"""Write judgements down, one after the other, and read the ones that stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..errors import DataError
from .annotation import Annotation, Confidence, Kind, Span
from .assignments import set_state
from .clock import as_text
from .hash_chain import chained_sha256, lock_head
from .tables import AccountRow, AnnotationRow, ArticleRow, AssignmentRow, CodebookRow, DraftRow, ItemRow, QueueRow

_STATE_AFTER = {"label": "done", "skip": "skipped", "retract": "open"}


class ConflictError(DataError):
    """The article was labelled meanwhile, in another tab or by going back; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a person hands in; the store adds the rest."""

    kind: Kind
    request_id: str
    """Made when the page was; sent again, it adds nothing."""
    label: str | None = None
    confidence: Confidence | None = None
    spans: tuple[Span, ...] = ()
    note: str = ""
    is_flagged: bool = False
    shown_model: str | None = None
    shown_labels: bool = False
    seconds: float | None = None
    origin: str | None = None
    """Where it was imported from; None: made here."""
    after: int | None = None
    """Number of the person's last annotation of the item when the page was made (0: none), for a decision or return of
    anybody's last one; None: not checked."""


def add_annotation(session: Session, item: int, account: AccountRow, judgement: Judgement, *,
                   now: datetime) -> Annotation:  # fmt: skip
    """Append one judgement; needs a writing session. A request that was written before returns what it wrote.

    Raises: DataError: no such item, a label outside the codebook, evidence outside the text, not the person's item.
        ConflictError: the person judged the item meanwhile.
    """
    head = lock_head(session, "annotations")
    earlier = session.scalars(select(AnnotationRow).where(AnnotationRow.request_id == judgement.request_id)).first()
    if earlier is not None:
        if (earlier.item, earlier.account) != (item, account.number):
            raise DataError("this request was used for another article; open the article again")
        return Annotation.from_dict(earlier.content)
    article, queue = _checked(session, item, judgement)
    last = last_annotation(session, item, account.number)
    if judgement.after is not None and judgement.after != _seen(session, item, judgement.kind, last):
        raise ConflictError(f"article {article.id!r} was judged meanwhile, in another tab or by going back")
    if judgement.kind in _STATE_AFTER:
        _check_own(session, item, account.number, judgement.kind, last)
    annotation = Annotation(
        number=head.n + 1, item=item, article_id=article.id, text_sha256=article.text_sha256, reviewer=account.name,
        kind=judgement.kind, label=judgement.label, confidence=judgement.confidence, spans=judgement.spans,
        note=judgement.note, is_flagged=judgement.is_flagged, codebook=queue.codebook,
        shown_model=judgement.shown_model, shown_labels=judgement.shown_labels, seconds=judgement.seconds,
        origin=judgement.origin, at=as_text(now),
    )  # fmt: skip
    content = annotation.to_dict()
    digest = chained_sha256(head.sha256, {**content, "request_id": judgement.request_id})
    session.add(
        AnnotationRow(
            number=annotation.number, item=item, account=account.number, kind=annotation.kind, content=content,
            label=annotation.label, at=annotation.at, request_id=judgement.request_id, previous_sha256=head.sha256,
            sha256=digest,
        )
    )  # fmt: skip
    head.n, head.sha256 = annotation.number, digest
    if judgement.kind in _STATE_AFTER:
        set_state(session, item, account.number, _STATE_AFTER[judgement.kind], now=now)
        draft = session.get(DraftRow, (item, account.number))
        if draft is not None:
            session.delete(draft)
    session.flush()
    return annotation


def _seen(session: Session, item: int, kind: str, last: Annotation | None) -> int:
    """What `Judgement.after` has to be now."""
    if kind in _STATE_AFTER:
        return last.number if last else 0
    return session.scalar(select(func.max(AnnotationRow.number)).where(AnnotationRow.item == item)) or 0


def _checked(session: Session, item: int, judgement: Judgement) -> tuple[ArticleRow, QueueRow]:
    found = session.execute(
        select(ArticleRow, QueueRow, CodebookRow)
        .join(ItemRow, ItemRow.article == ArticleRow.number)
        .join(QueueRow, QueueRow.number == ItemRow.queue)
        .join(CodebookRow, CodebookRow.signature == QueueRow.codebook)
        .where(ItemRow.number == item)
    ).one_or_none()
    if found is None:
        raise DataError(f"there is no queue item {item}")
    article, queue, codebook = found
    labels = [label["name"] for label in codebook.content["labels"]]
    if judgement.label is not None and judgement.label not in labels:
        raise DataError(f"label {judgement.label!r} is none of the codebook's ({', '.join(labels)})")
    for span in judgement.spans:
        whole = article.title if span.field == "title" else article.text
        if span.end > len(whole):
            raise DataError(f"evidence {span.start}:{span.end} reaches beyond the {span.field} ({len(whole)})")
    return article, queue


def _check_own(session: Session, item: int, account: int, kind: str, last: Annotation | None) -> None:
    own = select(AssignmentRow.number).where(AssignmentRow.item == item, AssignmentRow.account == account)
    if session.scalar(own) is None:
        raise DataError(f"item {item} was not given to this person; take the next one from the queue")
    if kind == "retract" and (last is None or last.kind == "retract"):
        raise DataError("there is no judgement of yours to take back on this article")


def last_annotation(session: Session, item: int, account: int) -> Annotation | None:
    """What the person said of the item last (label, skip or retract)."""
    row = session.scalars(
        select(AnnotationRow)
        .where(AnnotationRow.item == item, AnnotationRow.account == account, AnnotationRow.kind.in_(_STATE_AFTER))
        .order_by(AnnotationRow.number.desc())
        .limit(1)
    ).first()
    return Annotation.from_dict(row.content) if row else None


def all_annotations(session: Session, *, queue: int | None = None, item: int | None = None) -> list[Annotation]:
    """All annotations in the order in which they were written."""
    wanted = select(AnnotationRow).order_by(AnnotationRow.number)
    if item is not None:
        wanted = wanted.where(AnnotationRow.item == item)
    if queue is not None:
        wanted = wanted.join(ItemRow, ItemRow.number == AnnotationRow.item).where(ItemRow.queue == queue)
    return [Annotation.from_dict(row.content) for row in session.scalars(wanted)]


def standing(found: Iterable[Annotation], *, blind_only: bool = False) -> dict[int, dict[str, Annotation]]:
    """Item -> reviewer -> the label that stands: the last one, unless it was taken back or the item was skipped.

    Args: blind_only: leave out labels made after a prediction or another's label was seen (for agreement).
    """
    last: dict[int, dict[str, Annotation]] = {}
    for annotation in found:
        if annotation.kind not in _STATE_AFTER:
            continue
        of_item = last.setdefault(annotation.item, {})
        if blind_only and annotation.kind == "label" and not annotation.is_blind and annotation.reviewer in of_item:
            continue
        of_item[annotation.reviewer] = annotation
    return {
        item: kept
        for item, by in last.items()
        if (kept := {name: one for name, one in by.items() if one.kind == "label" and (one.is_blind or not blind_only)})
    }


def decisions(found: Sequence[Annotation]) -> dict[int, Annotation]:
    """Item -> the adjudicator's decision that stands: the last, unless the item was sent back after it."""
    last = {one.item: one for one in found if one.kind in ("decision", "return")}
    return {item: one for item, one in last.items() if one.kind == "decision"}
