"""Bring articles into a queue, with what models said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from ..audit_sample import QueueItem
from ..codebook import Codebook
from ..errors import ConfigError, DataError
from ..language_tags import UNKNOWN, print_tag
from ..records import Article, Prediction, WindowStart
from .clock import as_text
from .database import Database
from .hash_chain import add_event
from .predictions import add_predictions
from .tables import ArticleRow, CodebookRow, ItemRow, QueueRow

WindowFinder = Callable[[Article, Prediction], Sequence[WindowStart]]
"""Where the windows behind a prediction begin; nothing where that is not known."""

MANY = 500
"""Articles that are written at once; from so many new ones on, the database counts its rows anew."""


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
    stream = iter(articles)
    with database.writing() as session:
        queue = _queue(session, settings, codebook, now).number
        position = session.scalar(select(func.max(ItemRow.position)).where(ItemRow.queue == queue)) or 0
        while batch := list(islice(stream, MANY)):
            n_seen += len(batch)
            held = _articles(session, batch)
            said = [(number, queued, queued.prediction) for (number, _), queued in zip(held, batch, strict=True)]
            add_predictions(
                session,
                [(number, one, find_windows(queued.article, one) if find_windows else ())
                 for number, queued, one in said if one is not None],
                codebook.labels,
            )  # fmt: skip
            models |= {one.model for _, _, one in said if one is not None}
            in_line = select(ItemRow.article).where(ItemRow.queue == queue,
                                                    ItemRow.article.in_([number for number, _ in held]))  # fmt: skip
            known = set(session.scalars(in_line))
            rows = []
            for (number, tag), queued in zip(held, batch, strict=True):
                if number in known:
                    continue
                known.add(number)
                position += 1
                rows.append({
                    "queue": queue, "article": number, "tag": tag, "position": position, "n_taken": 0, "is_open": True,
                    "n_wanted": 1 + _is_double(position, settings.double_share), "frame": queued.item.frame,
                    "stratum": queued.item.stratum, "inclusion_prob": queued.item.inclusion_prob,
                    "reason": queued.item.reason,
                })  # fmt: skip
            if rows:
                session.execute(insert(ItemRow), rows)
            n_added += len(rows)
        if len(models) == 1:
            session.get_one(QueueRow, queue).model = next(iter(models))
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


def _articles(session: Session, batch: Sequence[QueuedArticle]) -> list[tuple[int, str]]:
    """Number and tag of each article; those that are not in the store are added."""
    for queued in batch:
        if (queued.article.id, queued.article.sha256) != (queued.item.id, queued.item.text_sha256):
            raise DataError(
                f"article {queued.item.id!r}: the text at hand ({queued.article.source or 'no source'}) has the hash "
                f"{queued.article.sha256[:12]}..., the queue was made from {queued.item.text_sha256[:12]}...; give the "
                "archive that was scored"
            )
    keys = [(queued.item.id, queued.item.text_sha256) for queued in batch]
    held = (
        select(ArticleRow.id, ArticleRow.text_sha256, ArticleRow.number, ArticleRow.tag)
        .where(ArticleRow.text_sha256.in_([sha256 for _, sha256 in keys]))
    )  # fmt: skip
    found = {(row[0], row[1]): (row[2], row[3]) for row in session.execute(held)}
    new = {key: _row(queued) for key, queued in zip(keys, batch, strict=True) if key not in found}
    if new:
        numbers = session.scalars(
            insert(ArticleRow).returning(ArticleRow.number, sort_by_parameter_order=True), list(new.values())
        )
        found |= {key: (number, row["tag"]) for (key, row), number in zip(new.items(), numbers, strict=True)}
    return [found[key] for key in keys]


def _row(queued: QueuedArticle) -> dict[str, Any]:
    article, said = queued.article, queued.prediction
    tag = print_tag(said.language, said.script or "") if said and said.language else article.language
    return {"id": article.id, "text_sha256": article.sha256, "title": article.title, "text": article.text,
            "tag": (tag or UNKNOWN)[:60], "date": article.date, "outlet": article.outlet,
            "url": article.url}  # fmt: skip
