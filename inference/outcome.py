"""What became of one record of the archive."""

from __future__ import annotations

from dataclasses import dataclass

from ..labels.records import Article, Prediction, RejectedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A row, a line of the rejected file, or both (a rejected record with an id)."""

    article: Article | None = None
    """The record as read; None where the reader rejected it."""
    prediction: Prediction | None = None
    """The row; None for a rejected record without an id."""
    rejected: RejectedRecord | None = None
    """The line of the rejected file; None unless the status is rejected."""
