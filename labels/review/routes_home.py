"""The start page, and a queue's list for those who run it: sorted and filtered by every score."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select

from ..codebook import Codebook
from ..store.assignments import note_shown_scores, reads_here
from ..store.distinct import distinct_values
from ..store.tables import CodebookRow, ItemRow, PredictionRow, QueueRow
from .desk import Administrator, DeskNow, ForbiddenError, Reviewer
from .progress import progress_of
from .queue_listing import QueueListing

router = APIRouter()


@router.get("/")
def home(desk: DeskNow, person: Reviewer) -> Response:
    """Queues and the person's own progress."""
    with desk.database.reading() as session:
        rows = [
            (queue, progress_of(session, person.account, queue.number, desk.settings, now=desk.clock()))
            for queue in session.scalars(select(QueueRow).order_by(QueueRow.number))
        ]
        return desk.page("home", person=person, queues=rows)


@router.get("/queue/{queue}")
def queue_page(request: Request, queue: int, desk: DeskNow, person: Administrator) -> Response:
    """Items of a queue with their scores.

    Query: order: line, certainty, margin or p_<label>; down=1; tag, outlet, stance, reason, open=1; model; after.
    Whoever labels in the queue sees no score here; whoever saw scores does not judge blind afterwards. Ordered by a
    score, articles that the model has not scored are left out: then an index gives the page at once.
    """
    asked = dict(request.query_params)
    with desk.database.reading() as session:
        row = session.get(QueueRow, queue) if 0 < queue < 2**31 else None
        if row is None:
            return desk.message("There is no such queue.", person=person, status=404)
        codebook = Codebook.from_dict(session.get_one(CodebookRow, row.codebook).content, where=row.codebook)
        models = distinct_values(session, PredictionRow.model)
        model = asked["model"] if asked.get("model") in models else row.model
        if is_hidden := row.is_blind and reads_here(session, queue, person.account.number):
            model = None
        listing = QueueListing.of(asked, codebook, hides_scores=is_hidden)
        rows, following = listing.page(session, queue, model)
        page = desk.page(
            "queue", person=person, queue=row, rows=rows, tags=distinct_values(session, ItemRow.tag,
                                                                               ItemRow.queue == queue),
            orders=listing.orders, order=listing.order, asked=asked, following=following, models=models, model=model,
            is_hidden=is_hidden, labels=codebook.labels,
        )  # fmt: skip
    if model:
        with desk.database.writing() as session:  # written down before the page goes out
            if row.is_blind and reads_here(session, queue, person.account.number):
                raise ForbiddenError
            note_shown_scores(session, queue, person.account.number, model, now=desk.clock())
    return page
