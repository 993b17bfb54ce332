"""Labels that are probably wrong, by confident learning [NJC21]: for somebody to read again, blind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..audit_sample import QueueItem
from ..codebook import Codebook
from ..errors import DataError
from .database import Database
from .gold import judged_items
from .queues import QueuedArticle, QueueSettings, add_queue
from .tables import ArticleRow, CodebookRow, PredictionRow, QueueRow, ScoreRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A label that the model is confident against."""

    item: int
    """Number of the queue item that was labelled."""
    article: int
    gold: str
    suggested: str
    margin: float
    """Probability of the given label minus that of the suggested one, below 0; the lowest comes first."""


def suspects(judged: Sequence[tuple[int, int, str, Mapping[str, float]]]) -> list[Suspect]:
    """Labels outside the confident diagonal, the most suspicious first.

    A label is suspected where another one reaches that label's own threshold: the mean probability that the model
    gives it on articles labelled with it.

    Args: judged: item, article, label, and the model's probability of each label.
    """
    by_label: dict[str, list[float]] = {}
    for _, _, label, probs in judged:
        by_label.setdefault(label, []).append(probs[label])
    threshold = {label: sum(found) / len(found) for label, found in by_label.items()}
    found = []
    for item, article, label, probs in judged:
        reached = {name: prob for name, prob in probs.items() if name in threshold and prob >= threshold[name]}
        best = max(reached, key=lambda name: reached[name], default=label)
        if best != label and probs[best] > probs[label]:
            found.append(
                Suspect(item=item, article=article, gold=label, suggested=best, margin=probs[label] - probs[best])
            )
    return sorted(found, key=lambda one: (one.margin, one.item))


def add_suspect_queue(database: Database, queue: str | None, settings: QueueSettings, *, size: int | None,
                      now: datetime) -> int:  # fmt: skip
    """Put suspected labels of a queue into a new one, where they are read again without being told why.

    The label that stands is the gold one or, where there is none yet, one person's. Returns the items added.
    Raises: DataError: no such queue, or no labelled article has a prediction.
    """
    with database.reading() as session:
        queues = session.scalars(select(QueueRow).order_by(QueueRow.number)).all()
        chosen = [row for row in queues if queue in (None, row.name) and row.name != settings.name]
        if len(chosen) != 1:
            names = ", ".join(repr(row.name) for row in queues) or "none"
            raise DataError(f"suspected labels are those of one queue: name it; in the store there are: {names}")
        judged = list(_judged(session, chosen[0]))
        if not judged:
            raise DataError(f"queue {chosen[0].name!r}: no labelled article has a prediction; label some, or bring "
                            "predictions with --refresh")  # fmt: skip
        codebook = Codebook.from_dict(session.get_one(CodebookRow, chosen[0].codebook).content,
                                      where=chosen[0].codebook)  # fmt: skip
        articles = [_queued(session, one) for one in suspects(judged)[:size]]
    return add_queue(database, articles, settings, codebook=codebook, now=now) if articles else 0


def _judged(session: Session, queue: QueueRow) -> list[tuple[int, int, str, dict[str, float]]]:
    found = []
    for one in judged_items(session, queue=queue.number, only_labelled=True):
        wanted = select(PredictionRow.number).where(PredictionRow.article == one.article)
        if queue.model:
            wanted = wanted.where(PredictionRow.model == queue.model)
        number = session.scalar(wanted.order_by(PredictionRow.number.desc()).limit(1))
        if one.gold is None or number is None:
            continue
        scores = session.scalars(select(ScoreRow).where(ScoreRow.prediction == number))
        probs = {row.label: row.prob for row in scores}
        found.append((one.number, one.article, one.gold, probs))
    return found


def _queued(session: Session, one: Suspect) -> QueuedArticle:
    row = session.get_one(ArticleRow, one.article)
    item = QueueItem(id=row.id, text_sha256=row.text_sha256, frame="", stratum="all", inclusion_prob=0.0,
                     reason="suspect")  # fmt: skip
    return QueuedArticle(item=item, article=row.record())
