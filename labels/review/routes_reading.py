"""Reading and labelling: the next article, the article's page, saving, undoing, drafts."""

from __future__ import annotations

import json
import math
import secrets
from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from ..codebook import Codebook
from ..errors import DataError
from ..records import WindowStart
from ..store.annotation import Annotation, Span
from ..store.annotations import ConflictError, Judgement, add_annotation, all_annotations, last_annotation
from ..store.assignments import next_item
from ..store.clock import as_text
from ..store.tables import (
    AnnotationRow,
    ArticleRow,
    AssignmentRow,
    CodebookRow,
    DraftRow,
    ItemRow,
    PredictionRow,
    QueueRow,
    ScoreRow,
)
from .article_view import Reading, paragraphs
from .desk import Desk, DeskNow, ForbiddenError, Form, Person, Reviewer
from .progress import progress_of

router = APIRouter()
MAX_NUMBER = 2**31 - 1


@router.get("/queue/{queue}/next")
def next_page(queue: int, desk: DeskNow, person: Reviewer) -> Response:
    """Go to the next article in a language that the person reads."""
    with desk.database.writing() as session:
        if not 0 < queue <= MAX_NUMBER or session.get(QueueRow, queue) is None:
            return desk.message("There is no such queue.", person=person, status=404)
        item = next_item(session, person.account.number, queue=queue, tags=person.account.languages, now=desk.clock())
    if item is None:
        return desk.message("Nothing is left for you in this queue. Thank you.", person=person, status=200)
    return RedirectResponse(f"/item/{item}", 303)


@router.get("/item/{item}")
def item_page(item: int, desk: DeskNow, person: Reviewer) -> Response:
    """The article, blind until the own label is given."""
    with desk.database.reading() as session:
        held = _assignment(session, item, person)
        last = last_annotation(session, item, person.account.number)
        row, queue = session.get_one(ItemRow, item), session.get_one(QueueRow, session.get_one(ItemRow, item).queue)
        is_labelled = last is not None and last.kind == "label"
        prediction = _prediction(session, row, queue) if is_labelled or not queue.is_blind else None
        if prediction is not None and held.revealed != prediction["model"]:
            _note_revealed(desk, item, person, prediction["model"])
        draft = session.get(DraftRow, (item, person.account.number))
        values = _start_values(last, draft.content if draft else None)
        article = session.get_one(ArticleRow, row.article)
        comment = _returned_with(session, item) if held.state == "returned" else None
        shows_outlet = desk.settings.shows_outlet or is_labelled
        evidence, reading = prediction["evidence"] if prediction else [], _reading(prediction)
        return desk.page(
            "item", person=person, item=item, queue=queue, article=article, language=_language(row.tag),
            title=paragraphs(article.title, "title", evidence=_spans_of(evidence, "title"), reading=reading),
            body=paragraphs(article.text, "text", evidence=_spans_of(evidence, "text"), reading=reading),
            has_windows=bool(reading.starts),
            outlet=article.outlet if shows_outlet else None, url=article.url if shows_outlet else None,
            codebook=codebook_of(session, queue), prediction=prediction, last=last if is_labelled else None,
            values=values, request_id=secrets.token_hex(16), after=last.number if last else 0, comment=comment,
            progress=progress_of(session, person.account, row.queue, desk.settings, now=desk.clock()),
        )  # fmt: skip


@router.post("/item/{item}")
def save(item: int, desk: DeskNow, person: Reviewer, form: Form) -> Response:
    """Write the judgement down, and go on to the next article."""
    try:
        with desk.database.writing() as session:
            held = _assignment(session, item, person)
            judgement = judgement_from(form, shown_model=held.revealed, shown_labels=held.saw_labels)
            if judgement.kind not in ("label", "skip"):
                return desk.message("Only label and skip are saved here.", person=person)
            add_annotation(session, item, person.account, judgement, now=desk.clock())
            queue = session.get_one(ItemRow, item).queue
    except ConflictError:
        return desk.page("conflict", person=person, status=409, where=f"/item/{item}",
                         text="You judged this article meanwhile, in another tab or by going back.")  # fmt: skip
    except DataError as error:
        return desk.message(str(error), person=person)
    return RedirectResponse(f"/queue/{queue}/next", 303)


@router.post("/queue/{queue}/undo")
def undo(queue: int, desk: DeskNow, person: Reviewer, form: Form) -> Response:
    """Take the last judgement in this queue back, as a new row, and return to its article."""
    if not 0 < queue <= MAX_NUMBER:
        return desk.message("There is no such queue.", person=person, status=404)
    with desk.database.writing() as session:
        item = session.scalar(
            select(AnnotationRow.item)
            .join(ItemRow, ItemRow.number == AnnotationRow.item)
            .where(AnnotationRow.account == person.account.number, ItemRow.queue == queue,
                   AnnotationRow.kind.in_(("label", "skip")))
            .order_by(AnnotationRow.number.desc()).limit(1)
        )  # fmt: skip
        last = last_annotation(session, item, person.account.number) if item else None
        if item is None or last is None:
            return desk.message("There is nothing to take back.", person=person, status=404)
        if last.kind != "retract":
            held = _assignment(session, item, person)
            request_id = f"undo-{person.account.number}-{last.number}"
            judgement = Judgement(kind="retract", request_id=request_id, shown_model=held.revealed,
                                  shown_labels=held.saw_labels)  # fmt: skip
            add_annotation(session, item, person.account, judgement, now=desk.clock())
    return RedirectResponse(f"/item/{item}", 303)


@router.post("/item/{item}/draft")
def save_draft(item: int, desk: DeskNow, person: Reviewer, form: Form) -> Response:
    """Keep what was typed so far."""
    content = {name: str(form.get(name, ""))[:20_000] for name in ("note", "spans", "confidence", "is_flagged")}
    with desk.database.writing() as session:
        held = _assignment(session, item, person)
        if held.state == "done":
            return PlainTextResponse("", 200)
        draft = session.get(DraftRow, (item, person.account.number))
        if draft is None:
            draft = DraftRow(item=item, account=person.account.number, content=content, at=as_text(desk.clock()))
            session.add(draft)
        draft.content, draft.at = content, as_text(desk.clock())
    return PlainTextResponse("draft kept")


@router.get("/queue/{queue}/codebook")
def codebook_page(queue: int, desk: DeskNow, person: Reviewer) -> Response:
    """Definitions and border rules."""
    with desk.database.reading() as session:
        row = session.get(QueueRow, queue) if 0 < queue <= MAX_NUMBER else None
        if row is None:
            return desk.message("There is no such queue.", person=person, status=404)
        return desk.page("codebook", person=person, codebook=codebook_of(session, row))


@router.get("/queue/{queue}/own")
def own_page(queue: int, desk: DeskNow, person: Reviewer) -> Response:
    """The person's own judgements, newest first."""
    if not 0 < queue <= MAX_NUMBER:
        return desk.message("There is no such queue.", person=person, status=404)
    with desk.database.reading() as session:
        rows = session.scalars(
            select(AnnotationRow)
            .join(ItemRow, ItemRow.number == AnnotationRow.item)
            .where(AnnotationRow.account == person.account.number, ItemRow.queue == queue)
            .order_by(AnnotationRow.number.desc())
            .limit(500)
        )
        own = [Annotation.from_dict(row.content) for row in rows]
    return desk.page("own", person=person, own=own, queue=queue)


def _assignment(session: Session, item: int, person: Person) -> AssignmentRow:
    found = select(AssignmentRow).where(AssignmentRow.item == item, AssignmentRow.account == person.account.number)
    held = session.scalars(found).one_or_none() if 0 < item <= MAX_NUMBER else None
    if held is None or held.state == "seen":
        raise ForbiddenError
    return held


def judgement_from(form: FormData, *, shown_model: str | None = None, shown_labels: bool = False) -> Judgement:
    """What a page sent.

    Raises: DataError: a field has the wrong form.
    """
    try:
        spans = json.loads(str(form.get("spans") or "[]"))
        seconds = float(str(form.get("seconds") or "nan"))
        after = str(form.get("after") or "")
        if not (request_id := str(form["request_id"])[:64]):
            raise ValueError("request_id")
        return Judgement(
            kind=str(form.get("kind", "label")),  # type: ignore[arg-type]
            request_id=request_id,
            label=str(form["label"]) if form.get("label") else None,
            confidence=str(form["confidence"]) if form.get("confidence") else None,  # type: ignore[arg-type]
            spans=tuple(Span(field=span["field"], start=int(span["start"]), end=int(span["end"])) for span in spans),
            note=str(form.get("note", "")).replace("\r\n", "\n"),
            is_flagged=form.get("is_flagged") == "yes",
            shown_model=shown_model,
            shown_labels=shown_labels,
            seconds=min(max(seconds, 0.0), 1e6) if math.isfinite(seconds) else None,
            after=int(after) if after else None,
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataError(f"the page sent something that cannot be read ({error}); open the article again") from error


def codebook_of(session: Session, queue: QueueRow) -> Codebook:
    """The codebook that a queue follows."""
    return Codebook.from_dict(session.get_one(CodebookRow, queue.codebook).content, where=queue.codebook)


def _prediction(session: Session, item: ItemRow, queue: QueueRow) -> dict[str, Any] | None:
    wanted = select(PredictionRow).where(PredictionRow.article == item.article)
    if queue.model:
        wanted = wanted.where(PredictionRow.model == queue.model)
    row = session.scalars(wanted.order_by(PredictionRow.number.desc()).limit(1)).first()
    if row is None:
        return None
    scores = session.scalars(select(ScoreRow).where(ScoreRow.prediction == row.number)).all()
    return {"model": row.model, "stance": row.stance, "scores": {one.label: one.prob for one in scores},
            "is_confident": row.is_confident, **row.details}  # fmt: skip


def _note_revealed(desk: Desk, item: int, person: Person, model: str) -> None:
    """Write down, before the page goes out, whose prediction it shows."""
    with desk.database.writing() as session:
        _assignment(session, item, person).revealed = model


def _reading(prediction: dict[str, Any] | None) -> Reading:
    """How the model read the article, as far as the import could tell."""
    if prediction is None:
        return Reading()
    starts = tuple(WindowStart(**one) for one in prediction.get("windows") or ())
    return Reading(starts=starts, n_read=prediction["n_windows"] if starts else 1)


def _start_values(last: Annotation | None, draft: dict[str, Any] | None) -> dict[str, Any]:
    """What the fields hold when the page opens: the draft, or what was saved last."""
    if draft is not None:
        return draft
    if last is None:
        return {"note": "", "spans": "[]", "confidence": "", "is_flagged": ""}
    return {"note": last.note, "confidence": last.confidence or "", "is_flagged": "yes" if last.is_flagged else "",
            "spans": json.dumps(last.to_dict()["spans"])}  # fmt: skip


def _returned_with(session: Session, item: int) -> str | None:
    notes = [one.note for one in all_annotations(session, item=item) if one.kind == "return"]
    return notes[-1] if notes else None


def _language(tag: str) -> str:
    return "" if tag in ("und", "zxx") else tag


def _spans_of(evidence: list[dict[str, Any]], field: str) -> list[tuple[int, int]]:
    return [(one["start"], one["end"]) for one in evidence if one["field"] == field]
