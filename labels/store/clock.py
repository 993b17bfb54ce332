"""Times as the store writes them: UTC, sortable as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

Clock = Callable[[], datetime]
"""Gives the time now, with a zone; tests hand in their own."""


def utc_now() -> datetime:
    """The time now."""
    return datetime.now(timezone.utc)


def as_text(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds and Z; sorts as the times do."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def later(moment: datetime, *, hours: float) -> str:
    """The time some hours on, as text."""
    return as_text(moment + timedelta(hours=hours))
