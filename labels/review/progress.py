"""How far somebody is, how fast, and whether it is time for a break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..store.clock import as_text
from ..store.tables import AnnotationRow, AssignmentRow, ItemRow
from .settings import PAUSE_MINUTES, ReviewSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One person in one queue."""

    n_done: int
    n_open: int
    """Items of the queue that still want somebody and that this person has not had."""
    n_last_hour: int
    needs_break: bool
    minutes_reading: int


def progress_of(session: Session, account: int, queue: int, settings: ReviewSettings, *, now: datetime) -> Progress:
    """Counts, and the length of the present stretch of reading."""
    done = (
        select(func.count())
        .select_from(AssignmentRow)
        .join(ItemRow, ItemRow.number == AssignmentRow.item)
        .where(AssignmentRow.account == account, AssignmentRow.state == "done", ItemRow.queue == queue)
    )
    n_open = select(func.count()).select_from(ItemRow).where(ItemRow.queue == queue, ItemRow.is_open)
    had = (
        select(func.count())
        .select_from(AssignmentRow)
        .join(ItemRow, ItemRow.number == AssignmentRow.item)
        .where(AssignmentRow.account == account, AssignmentRow.state.in_(("done", "skipped")), ItemRow.queue == queue,
               ItemRow.is_open)
    )  # fmt: skip
    times = session.scalars(
        select(AnnotationRow.at)
        .where(AnnotationRow.account == account, AnnotationRow.at > as_text(now - timedelta(hours=8)))
        .order_by(AnnotationRow.number.desc())
        .limit(2_000)
    ).all()
    minutes = _minutes_without_pause(times, now)
    return Progress(
        n_done=session.scalar(done) or 0, n_open=(session.scalar(n_open) or 0) - (session.scalar(had) or 0),
        minutes_reading=minutes,
        n_last_hour=sum(at > as_text(now - timedelta(hours=1)) for at in times),
        needs_break=minutes >= settings.break_after_minutes,
    )  # fmt: skip


def _minutes_without_pause(times: Sequence[str], now: datetime) -> int:
    latest = earliest = now
    for text in times:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        if earliest - at > timedelta(minutes=PAUSE_MINUTES):
            break
        earliest = at
    return int((latest - earliest).total_seconds() // 60)
