"""The start page, and a queue's list for those who run it: sorted and filtered by every score."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import func, select

from ..codebook import Codebook
from ..store.tables import ArticleRow, CodebookRow, ItemRow, PredictionRow, QueueRow, ScoreRow
from .desk import Administrator, DeskNow, Reviewer
from .progress import progress_of

router = APIRouter()
PAGE = 100
_ORDERS = {"line": ItemRow.position, "certainty": PredictionRow.top_prob, "margin": PredictionRow.margin}


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

    Query: order: line, certainty, margin or p_<label>; down=1; tag, outlet, stance, reason, open=1; page.
    """
    asked = request.query_params
    order = asked.get("order", "line")
    number = min(int(asked.get("page", "0")), 10**6) if asked.get("page", "0").isdecimal() else 0
    with desk.database.reading() as session:
        row = session.get(QueueRow, queue) if 0 < queue < 2**31 else None
        if row is None:
            return desk.message("There is no such queue.", person=person, status=404)
        codebook = Codebook.from_dict(session.get_one(CodebookRow, row.codebook).content, where=row.codebook)
        wanted = (
            select(ItemRow, ArticleRow, PredictionRow)
            .join(ArticleRow, ArticleRow.number == ItemRow.article)
            .outerjoin(PredictionRow, (PredictionRow.article == ItemRow.article) & (PredictionRow.model == row.model))
            .where(ItemRow.queue == queue)
        )
        for name, column in (("tag", ItemRow.tag), ("outlet", ArticleRow.outlet), ("stance", PredictionRow.stance),
                             ("reason", ItemRow.reason)):  # fmt: skip
            if asked.get(name):
                wanted = wanted.where(column == asked[name].replace("\0", ""))
        if asked.get("open"):
            wanted = wanted.where(ItemRow.is_open)
        key = _ORDERS.get(order)
        if order.removeprefix("p_") in codebook.labels and order.startswith("p_"):
            wanted = wanted.outerjoin(
                ScoreRow, (ScoreRow.prediction == PredictionRow.number) & (ScoreRow.label == order.removeprefix("p_"))
            )
            wanted = wanted.order_by(ScoreRow.prob.desc() if asked.get("down") else ScoreRow.prob)
        elif key is not None:
            wanted = wanted.order_by(key.desc() if asked.get("down") else key)
        found = session.execute(wanted.order_by(ItemRow.number).offset(number * PAGE).limit(PAGE)).all()
        tags = session.execute(
            select(ItemRow.tag, func.count()).where(ItemRow.queue == queue).group_by(ItemRow.tag).order_by(ItemRow.tag)
        ).all()
        orders = [*_ORDERS, *(f"p_{label}" for label in codebook.labels)]
        return desk.page(
            "queue", person=person, queue=row, rows=found, tags=tags, orders=orders, order=order, asked=dict(asked),
            page_number=number, is_full=len(found) == PAGE, labels=codebook.labels,
        )  # fmt: skip
