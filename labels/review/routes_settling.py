"""Adjudication: disagreements side by side, a decision with a reason, or back to the readers with a comment."""

from __future__ import annotations

import secrets
from dataclasses import replace

import numpy as np
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..errors import DataError
from ..store.annotations import ConflictError, add_annotation, all_annotations, decisions, standing
from ..store.assignments import keep_out, set_state
from ..store.gold import judged_items
from ..store.store_agreement import store_agreement
from ..store.tables import ArticleRow, AssignmentRow, ItemRow, QueueRow
from .article_view import paragraphs
from .desk import Adjudicator, DeskNow, Form
from .routes_reading import codebook_of, judgement_from

router = APIRouter()
_OWN_FIRST = "You are labelling this article yourself. Label it first; then look at what the others said."


@router.get("/queue/{queue}/disagreements")
def disagreements_page(queue: int, desk: DeskNow, person: Adjudicator) -> Response:
    """Items with different labels and no decision, and items that somebody flagged."""
    with desk.database.reading() as session:
        if not 0 < queue < 2**31 or session.get(QueueRow, queue) is None:
            return desk.message("There is no such queue.", person=person, status=404)
        own = select(AssignmentRow.item).where(AssignmentRow.account == person.account.number,
                                               AssignmentRow.state.in_(("open", "returned")))  # fmt: skip
        hidden = set(session.scalars(own))
        items = [one for one in judged_items(session, queue=queue, only_labelled=True) if one.number not in hidden]
        disputed = [one for one in items if one.is_disputed]
        flagged = [one for one in items if one.decision is None and any(label.is_flagged for label in one.labels)]
        n_decided = sum(one.decision is not None for one in items)
    return desk.page("disagreements", person=person, queue=queue, disputed=disputed, flagged=flagged,
                     n_decided=n_decided)  # fmt: skip


@router.get("/queue/{queue}/agreement")
def agreement_page(queue: int, desk: DeskNow, person: Adjudicator) -> Response:
    """Coefficients over all, by label, language and pair."""
    with desk.database.reading() as session:
        row = session.get(QueueRow, queue) if 0 < queue < 2**31 else None
        if row is None:
            return desk.message("There is no such queue.", person=person, status=404)
        groups = store_agreement(session, row, n_resamples=200, rng=np.random.default_rng(0))
    return desk.page("agreement", person=person, groups=groups)


@router.get("/settle/{item}")
def settle_page(item: int, desk: DeskNow, person: Adjudicator) -> Response:
    """One article with what everybody said of it; not for somebody who is labelling it."""
    with desk.database.writing() as session:
        row = _item(session, item)
        if row is None:
            return desk.message("There is no such article.", person=person, status=404)
        if not keep_out(session, item, person.account.number, now=desk.clock()):
            return desk.message(_OWN_FIRST, person=person, status=403)
    with desk.database.reading() as session:
        history = all_annotations(session, item=item)
        article, queue = session.get_one(ArticleRow, row.article), session.get_one(QueueRow, row.queue)
        labels = standing(history).get(item, {})
        quotes = {
            name: [(article.title if span.field == "title" else article.text)[span.start : span.end]
                   for span in one.spans]
            for name, one in labels.items()
        }  # fmt: skip
        marks = [span for one in labels.values() for span in one.spans]
        return desk.page(
            "settle", person=person, item=item, queue=queue, article=article,
            language="" if row.tag in ("und", "zxx") else row.tag, codebook=codebook_of(session, queue),
            title=paragraphs(article.title, "title",
                             evidence=[(one.start, one.end) for one in marks if one.field == "title"]),
            body=paragraphs(article.text, "text",
                            evidence=[(one.start, one.end) for one in marks if one.field == "text"]),
            labels=labels, quotes=quotes, decision=decisions(history).get(item), history=history,
            request_id=secrets.token_hex(16), after=history[-1].number if history else 0,
        )  # fmt: skip


@router.post("/settle/{item}")
def settle(item: int, desk: DeskNow, person: Adjudicator, form: Form) -> Response:
    """Decide, or send back."""
    judgement = replace(judgement_from(form, shown_labels=True), spans=(), confidence=None)
    if judgement.kind not in ("decision", "return"):
        raise DataError("only decision and return are saved here")
    if not judgement.note.strip():
        raise DataError("a decision needs its reason, and what is sent back a comment; go back and write one")
    try:
        with desk.database.writing() as session:
            row = _item(session, item)
            if row is None:
                return desk.message("There is no such article.", person=person, status=404)
            if not keep_out(session, item, person.account.number, now=desk.clock()):
                return desk.message(_OWN_FIRST, person=person, status=403)
            if not standing(all_annotations(session, item=item)):
                raise DataError("nobody has labelled this article yet; there is nothing to settle")
            add_annotation(session, item, person.account, judgement, now=desk.clock())
            if judgement.kind == "return":
                done = select(AssignmentRow.account).where(AssignmentRow.item == item, AssignmentRow.state == "done")
                for account in session.scalars(done).all():
                    set_state(session, item, account, "returned", now=desk.clock())
            queue = row.queue
    except ConflictError:
        return desk.page("conflict", person=person, status=409, where=f"/settle/{item}",
                         text="Something was added to this article since you opened it.")  # fmt: skip
    return RedirectResponse(f"/queue/{queue}/disagreements", 303)


def _item(session: Session, item: int) -> ItemRow | None:
    return session.get(ItemRow, item) if 0 < item < 2**31 else None
