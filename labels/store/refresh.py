"""The next model's predictions of the articles in a store: they come beside the earlier ones, which stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..codebook import Codebook
from ..errors import DataError
from ..records import Prediction
from .clock import as_text
from .database import Database
from .hash_chain import add_event
from .predictions import add_predictions
from .queues import MANY, WindowFinder
from .tables import ArticleRow, ItemRow, QueueRow


def article_keys(session: Session, *, queue: str | None = None) -> list[tuple[str, str]]:
    """Id and text_sha256 of all articles of a queue, or of the store."""
    wanted = select(ArticleRow.id, ArticleRow.text_sha256).order_by(ArticleRow.number)
    if queue is not None:
        of_queue = (
            select(ItemRow.article).join(QueueRow, QueueRow.number == ItemRow.queue).where(QueueRow.name == queue)
        )
        wanted = wanted.where(ArticleRow.number.in_(of_queue))
    return [(row[0], row[1]) for row in session.execute(wanted)]


def refresh_predictions(database: Database, predictions: Mapping[tuple[str, str], Prediction], *, codebook: Codebook,
                        queue: str | None, now: datetime, find_windows: WindowFinder | None = None) -> int:  # fmt: skip
    """Add a run's predictions and let the queues show them; labels, drafts and earlier scores are not touched.

    Returns: articles with a prediction of the new model.
    Raises: DataError: no such queue, it follows another codebook, or no article of it is in the run.
    """
    with database.writing() as session:
        queues = _queues(session, queue, codebook)
        models, n = set(), 0
        wanted = {key for key in article_keys(session, queue=queue)
                  if key in predictions and predictions[key].status == "scored"}  # fmt: skip
        hashes = iter(sorted({sha256 for _, sha256 in wanted}))
        while batch := list(islice(hashes, MANY)):
            said = []
            for row in session.scalars(select(ArticleRow).where(ArticleRow.text_sha256.in_(batch))):
                if (row.id, row.text_sha256) in wanted:
                    one = predictions[(row.id, row.text_sha256)]
                    said.append((row.number, one, find_windows(row.record(), one) if find_windows else ()))
            add_predictions(session, said, codebook.labels)
            models |= {one.model for _, one, _ in said}
            n += len(said)
        if not n:
            raise DataError("no article of the store is in the run; give a run over the same archive, unchanged")
        if len(models) == 1:
            for one_queue in queues:
                one_queue.model = next(iter(models))
        add_event(session, "predictions", {"queues": [row.name for row in queues], "n": n,
                                           "models": sorted(filter(None, models))}, at=as_text(now))  # fmt: skip
    if n >= MANY:
        database.refresh_statistics()
    return n


def _queues(session: Session, name: str | None, codebook: Codebook) -> Sequence[QueueRow]:
    found = session.scalars(select(QueueRow).order_by(QueueRow.number)).all()
    chosen = [row for row in found if row.codebook == codebook.signature and name in (None, row.name)]
    if not chosen:
        names = ", ".join(repr(row.name) for row in found) or "none"
        raise DataError(f"no queue {name or ''} follows codebook {codebook.signature}; in the store there are: {names}")
    return chosen
