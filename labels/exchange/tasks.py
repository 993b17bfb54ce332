"""What goes in and out: an article with what people and models said of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..audit_sample import QueueItem
from ..records import content_sha256
from ..store.annotation import Span
from ..store.gold import GoldSource, judged_items
from ..store.tables import ArticleRow, PredictionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLabel:
    """The standing label of one person."""

    reviewer: str
    label: str
    at: str = ""
    """When it was given, as the other side writes times."""
    confidence: str | None = None
    note: str = ""
    spans: tuple[Span, ...] = ()
    is_flagged: bool = False
    is_blind: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPrediction:
    """What a model said: never a human label."""

    model: str
    stance: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One article of a queue."""

    item: QueueItem
    tag: str
    title: str
    text: str
    date: str | None = None
    outlet: str | None = None
    url: str | None = None
    labels: tuple[TaskLabel, ...] = ()
    predictions: tuple[TaskPrediction, ...] = ()
    gold: str | None = None
    gold_source: GoldSource | None = None
    gold_note: str = ""
    codebook: str = ""

    @property
    def has_scored_text(self) -> bool:
        """Whether title and text are those that the hash is of."""
        return content_sha256(self.title, self.text) == self.item.text_sha256


def tasks_of(session: Session, queue: int, *, codebook: str) -> list[Task]:
    """The items of a queue that somebody labelled, in line order."""
    found = []
    for judged in judged_items(session, queue=queue, only_labelled=True):
        article = session.get_one(ArticleRow, judged.article)
        models = session.scalars(select(PredictionRow).where(PredictionRow.article == judged.article))
        found.append(
            Task(
                item=judged.item, tag=judged.tag, title=article.title, text=article.text, date=article.date,
                outlet=article.outlet, url=article.url, codebook=codebook,
                labels=tuple(
                    TaskLabel(reviewer=one.reviewer, label=str(one.label), at=one.at, confidence=one.confidence,
                              note=one.note, spans=one.spans, is_flagged=one.is_flagged, is_blind=one.is_blind)
                    for one in judged.labels
                ),
                predictions=tuple(TaskPrediction(model=one.model, stance=one.stance, score=one.top_prob)
                                  for one in models),
                gold=judged.gold, gold_source=judged.source, gold_note=judged.decision.note if judged.decision else "",
            )
        )  # fmt: skip
    return found


def with_gold(tasks: Sequence[Task], *, accept_single: bool) -> list[Task]:
    """Those with a gold label: adjudicated or agreed; one person's only if accepted."""
    return [task for task in tasks if task.gold_source and (accept_single or task.gold_source != "single")]


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, which neither UTF-8 nor Parquet can hold."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)
