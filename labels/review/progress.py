"""How far somebody is, how fast, and whether it is time for a break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..store.assignments import tags_read
from ..store.clock import as_text
from ..store.tables import AccountRow, AnnotationRow, AssignmentRow, ItemRow
from .settings import PAUSE_MINUTES, ReviewSettings

MAX_COUNTED = 10_000
"""Open items are counted so far: the exact number of a longer line tells nobody anything and costs every page time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One person in one queue."""

    n_done: int
    n_open: int
    """Items of the queue that still want somebody and that this person has not had; counted up to `MAX_COUNTED`."""
    n_last_hour: int
    needs_break: bool
    minutes_reading: int

    @property
    def open_in_words(self) -> str:
        """`n_open`, or that there are more."""
        return f"more than {MAX_COUNTED:,}" if self.n_open > MAX_COUNTED else f"{self.n_open:,}"


def progress_of(session: Session, account: AccountRow, queue: int, settings: ReviewSettings, *,
                now: datetime) -> Progress:  # fmt: skip
    """Counts, and the length of the present stretch of reading."""
    open_items = select(ItemRow.number).where(ItemRow.queue == queue, ItemRow.is_open)
    if (tags := tags_read(session, queue, account.languages)) is not None:
        open_items = open_items.where(ItemRow.tag.in_(tags))
    own = (
        select(AssignmentRow.state, ItemRow.is_open, func.count())
        .join(ItemRow, ItemRow.number == AssignmentRow.item)
        .where(AssignmentRow.account == account.number, ItemRow.queue == queue)
        .group_by(AssignmentRow.state, ItemRow.is_open)
    )
    n_done = n_had = 0
    for state, is_open, n in session.execute(own):
        n_done += n * (state == "done")
        n_had += n * (is_open and state not in ("open", "returned"))
    line = open_items.limit(MAX_COUNTED + n_had + 1).subquery()
    n_line = session.scalar(select(func.count()).select_from(line)) or 0
    times = session.scalars(
        select(AnnotationRow.at)
        .where(AnnotationRow.account == account.number, AnnotationRow.at > as_text(now - timedelta(hours=8)))
        .order_by(AnnotationRow.number.desc())
        .limit(2_000)
    ).all()
    minutes = _minutes_without_pause(times, now)
    return Progress(
        n_done=n_done, n_open=n_line - n_had, minutes_reading=minutes,
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
