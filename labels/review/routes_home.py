"""The start page, and a queue's list for those who run it: sorted and filtered by every score."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import func, select

from ..codebook import Codebook
from ..store.assignments import note_shown_scores, reads_here
from ..store.tables import ArticleRow, CodebookRow, ItemRow, PredictionRow, QueueRow, ScoreRow
from .desk import Administrator, DeskNow, Reviewer
from .progress import progress_of

router = APIRouter()
PAGE = 100
_ORDERS = {"line": ItemRow.position, "certainty": PredictionRow.top_prob, "margin": PredictionRow.margin}
_SCORES = frozenset({"certainty", "margin"})


@router.get("/")
def home(desk: DeskNow, person: Reviewer) -> Response:
    """Queues and the person's own progress."""
    with desk.database.reading() as session:
        rows = [
            (queue, progress_of(session, person.account.number, queue.number, desk.settings, now=desk.clock()))
            for queue in session.scalars(select(QueueRow).order_by(QueueRow.number))
        ]
        return desk.page("home", person=person, queues=rows)


@router.get("/queue/{queue}")
def queue_page(request: Request, queue: int, desk: DeskNow, person: Administrator) -> Response:
    """Items of a queue with their scores.

    Query: order: line, certainty, margin or p_<label>; down=1; tag, outlet, stance, reason, open=1; model; page.
    Whoever labels in the queue sees no score here; whoever saw scores does not judge blind afterwards. Ordered by a
    score, articles that the model has not scored are left out: then an index gives the page at once.
    """
    asked = request.query_params
    order = asked.get("order", "line")
    number = min(int(asked.get("page", "0")), 10**6) if asked.get("page", "0").isdecimal() else 0
    with desk.database.writing() as session:
        row = session.get(QueueRow, queue) if 0 < queue < 2**31 else None
        if row is None:
            return desk.message("There is no such queue.", person=person, status=404)
        codebook = Codebook.from_dict(session.get_one(CodebookRow, row.codebook).content, where=row.codebook)
        models = session.scalars(select(PredictionRow.model).distinct().order_by(PredictionRow.model)).all()
        model = asked["model"] if asked.get("model") in models else row.model
        if is_hidden := row.is_blind and reads_here(session, queue, person.account.number):
            order, model = "line", None
        elif model:
            note_shown_scores(session, queue, person.account.number, model, now=desk.clock())
        label = order.removeprefix("p_") if order.removeprefix("p_") in codebook.labels else None
        wanted = (
            select(ItemRow, ArticleRow, PredictionRow)
            .join(ArticleRow, ArticleRow.number == ItemRow.article)
            .join(
                PredictionRow,
                (PredictionRow.article == ItemRow.article) & (PredictionRow.model == model),
                isouter=label is None and order not in _SCORES,
            )
            .where(ItemRow.queue == queue)
        )
        for name, column in (("tag", ItemRow.tag), ("outlet", ArticleRow.outlet), ("stance", PredictionRow.stance),
                             ("reason", ItemRow.reason)):  # fmt: skip
            if asked.get(name) and not (is_hidden and name == "stance"):
                wanted = wanted.where(column == asked[name].replace("\0", ""))
        if asked.get("open"):
            wanted = wanted.where(ItemRow.is_open)
        key: Any = _ORDERS.get(order, ItemRow.position)
        last: Any = PredictionRow.number if order in _SCORES else ItemRow.number
        if label is not None:
            wanted = wanted.join(ScoreRow, (ScoreRow.prediction == PredictionRow.number) & (ScoreRow.label == label))
            key, last = ScoreRow.prob, ScoreRow.prediction
        wanted = wanted.order_by(*((one.desc() if asked.get("down") else one) for one in (key, last)))
        found = session.execute(wanted.offset(number * PAGE).limit(PAGE)).all()
        tags = session.execute(
            select(ItemRow.tag, func.count()).where(ItemRow.queue == queue).group_by(ItemRow.tag).order_by(ItemRow.tag)
        ).all()
        orders = [*_ORDERS, *(f"p_{label}" for label in codebook.labels)]
        return desk.page(
            "queue", person=person, queue=row, rows=found, tags=tags, orders=orders, order=order, asked=dict(asked),
            page_number=number, models=models, model=model, is_hidden=is_hidden,
            is_full=len(found) == PAGE, labels=codebook.labels,
        )  # fmt: skip
