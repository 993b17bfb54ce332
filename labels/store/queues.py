"""Bring articles into a queue, with what models said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..audit_sample import QueueItem
from ..codebook import Codebook
from ..errors import ConfigError, DataError
from ..language_tags import UNKNOWN, print_tag
from ..records import Article, Prediction, WindowStart
from .clock import as_text
from .database import Database
from .hash_chain import add_event
from .tables import ArticleRow, CodebookRow, ItemRow, PredictionRow, QueueRow, ScoreRow

WindowFinder = Callable[[Article, Prediction], Sequence[WindowStart]]
"""Where the windows behind a prediction begin; nothing where that is not known."""

MANY = 500
"""Rows that come in at once after which the database counts them; also written at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedArticle:
    """One article on its way into a queue."""

    item: QueueItem
    article: Article
    prediction: Prediction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """How a queue is worked on."""

    name: str
    double_share: float = 1.0
    """Share of the items that two people label, 0 to 1; spread evenly over the queue."""
    is_blind: bool = True
    """Whether a prediction is hidden until the own label is given."""

    def __post_init__(self) -> None:
        if not 0 <= self.double_share <= 1:
            raise ConfigError(f"the share that two people label is {self.double_share}; it must be from 0 to 1")
        if not 0 < len(self.name) <= 200 or not self.name.isprintable():
            raise ConfigError(f"queue name {self.name!r}: 1 to 200 printable characters are wanted")


def add_queue(database: Database, articles: Iterable[QueuedArticle], settings: QueueSettings, *, codebook: Codebook,
              now: datetime, find_windows: WindowFinder | None = None) -> int:  # fmt: skip
    """Add a queue, or add to it: an article that is in the queue already stays as it is. Returns the items added.

    Raises: DataError: the queue follows another codebook, or a text does not have the hash that was scored; then
        nothing is added.
    """
    n_added, n_seen, models = 0, 0, set()
    with database.writing() as session:
        queue = _queue(session, settings, codebook, now)
        position = session.scalar(select(func.max(ItemRow.position)).where(ItemRow.queue == queue.number)) or 0
        for queued in articles:
            n_seen += 1
            article = _article(session, queued)
            if queued.prediction is not None:
                windows = find_windows(queued.article, queued.prediction) if find_windows else ()
                add_prediction(session, article, queued.prediction, codebook.labels, windows=windows)
                models.add(queued.prediction.model)
            known = select(ItemRow.number).where(ItemRow.queue == queue.number, ItemRow.article == article.number)
            if session.scalar(known) is not None:
                continue
            position += 1
            n_wanted = 1 + _is_double(position, settings.double_share)
            session.add(
                ItemRow(
                    queue=queue.number, article=article.number, tag=article.tag, position=position, n_wanted=n_wanted,
                    n_taken=0, is_open=True, frame=queued.item.frame, stratum=queued.item.stratum,
                    inclusion_prob=queued.item.inclusion_prob, reason=queued.item.reason,
                )
            )  # fmt: skip
            n_added += 1
            if n_added % MANY == 0:
                session.flush()
                session.expunge_all()
                queue = session.get_one(QueueRow, queue.number)
        if len(models) == 1:
            session.get_one(QueueRow, queue.number).model = next(iter(models))
        add_event(session, "queue", {"settings": asdict(settings), "n_added": n_added, "n_seen": n_seen,
                                     "codebook": codebook.signature, "models": sorted(filter(None, models))},
                  at=as_text(now))  # fmt: skip
    if n_added >= MANY:
        database.refresh_statistics()
    return n_added


def _is_double(position: int, share: float) -> int:
    """1 where the running count of double items steps up: every second for 0.5, every fifth for 0.2."""
    return int(position * share + 1e-9) - int((position - 1) * share + 1e-9)


def _queue(session: Session, settings: QueueSettings, codebook: Codebook, now: datetime) -> QueueRow:
    queue = session.scalars(select(QueueRow).where(QueueRow.name == settings.name)).one_or_none()
    if queue is None:
        if session.get(CodebookRow, codebook.signature) is None:
            session.add(CodebookRow(signature=codebook.signature, content=codebook.to_dict()))
            session.flush()
        queue = QueueRow(name=settings.name, codebook=codebook.signature, is_blind=settings.is_blind,
                         added_at=as_text(now))  # fmt: skip
        session.add(queue)
        session.flush()
    elif queue.codebook != codebook.signature:
        raise DataError(
            f"queue {settings.name!r} follows codebook {queue.codebook}, not {codebook.signature}; choose another name"
        )
    return queue


def _article(session: Session, queued: QueuedArticle) -> ArticleRow:
    article, item = queued.article, queued.item
    if (article.id, article.sha256) != (item.id, item.text_sha256):
        raise DataError(
            f"article {item.id!r}: the text at hand ({article.source or 'no source'}) has the hash "
            f"{article.sha256[:12]}..., the queue was made from {item.text_sha256[:12]}...; give the archive that was "
            "scored"
        )
    known = select(ArticleRow).where(ArticleRow.id == item.id, ArticleRow.text_sha256 == item.text_sha256)
    row = session.scalars(known).one_or_none()
    if row is None:
        found = queued.prediction
        tag = print_tag(found.language, found.script or "") if found and found.language else article.language
        row = ArticleRow(
            id=item.id, text_sha256=item.text_sha256, title=article.title, text=article.text,
            tag=(tag or UNKNOWN)[:60], date=article.date, outlet=article.outlet, url=article.url,
        )  # fmt: skip
        session.add(row)
        session.flush()
    return row


def add_prediction(session: Session, article: ArticleRow, prediction: Prediction, labels: Sequence[str], *,
                   windows: Sequence[WindowStart] = ()) -> None:  # fmt: skip
    """Keep what a model said; said again by the same model, it adds no more than the windows, if they lacked."""
    if prediction.status != "scored" or prediction.probs is None or prediction.stance is None:
        return
    model = prediction.model or "unknown"
    known = select(PredictionRow).where(PredictionRow.article == article.number, PredictionRow.model == model)
    held = session.scalars(known).one_or_none()
    starts = [{"field": one.field, "start": one.start} for one in windows]
    if held is not None:
        if starts and not held.details.get("windows"):
            held.details = {**held.details, "windows": starts}
        return
    best, second = sorted(prediction.probs, reverse=True)[:2]
    evidence = [{"field": item.field, "start": item.start, "end": item.end, "score": item.score}
                for item in prediction.evidence or ()]  # fmt: skip
    row = PredictionRow(
        article=article.number, model=model, codebook=prediction.codebook or "", stance=prediction.stance,
        top_prob=best, margin=best - second, is_confident=prediction.is_confident,
        is_validated=prediction.is_validated,
        details={"stance_set": list(prediction.stance_set or ()), "n_tokens": prediction.n_tokens,
                 "n_tokens_read": prediction.n_tokens_read, "n_windows": prediction.n_windows, "evidence": evidence,
                 "windows": starts},
    )  # fmt: skip
    session.add(row)
    session.flush()
    for label, prob in zip(labels, prediction.probs, strict=True):
        session.add(ScoreRow(prediction=row.number, label=label, prob=prob))
