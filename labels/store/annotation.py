"""One judgement of one person on one article, as a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from ..errors import DataError
from ..records import TextField

Kind = Literal["label", "skip", "retract", "decision", "return"]
"""A reviewer's `label`, `skip` or `retract` (undo); an adjudicator's `decision` or `return` (sent back)."""

Confidence = Literal["low", "medium", "high"]

MAX_NOTE_CHARS = 10_000
MAX_SPANS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch that somebody marked as evidence, by code points of the original field."""

    field: TextField
    start: int
    end: int

    def __post_init__(self) -> None:
        if self.field not in get_args(TextField) or not 0 <= self.start < self.end:
            raise DataError(f"evidence {self.field!r} {self.start}:{self.end} is no stretch of a title or text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What is written down once and never changed."""

    number: int
    """Place in the chain, from 1."""
    item: int
    """Number of the queue item."""
    article_id: str
    text_sha256: str
    reviewer: str
    """Pseudonym."""
    kind: Kind
    label: str | None = None
    """Set for `label` and `decision`."""
    confidence: Confidence | None = None
    spans: tuple[Span, ...] = ()
    note: str = ""
    """Remark; for a decision its reason, for a return what is to be looked at again."""
    is_flagged: bool = False
    """Whether somebody else should look at it (broken text, wrong language, not an article)."""
    codebook: str
    """Signature of the codebook that was followed."""
    shown_model: str | None = None
    """Model whose prediction the person had seen; None: blind."""
    shown_labels: bool = False
    """Whether the person had seen other people's labels of the article."""
    seconds: float | None = None
    """From opening the page to saving, as the page measured it."""
    origin: str | None = None
    """Where it was imported from and when it was made there; None: made here."""
    at: str
    """UTC, ISO 8601 with microseconds and Z."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise DataError(f"annotation: kind {self.kind!r} is none of {', '.join(get_args(Kind))}")
        if (self.kind in ("label", "decision")) != (self.label is not None):
            raise DataError(f"annotation of kind {self.kind!r}: a label belongs to label and decision, and only there")
        if self.confidence is not None and self.confidence not in get_args(Confidence):
            raise DataError(f"annotation: confidence {self.confidence!r} is none of {', '.join(get_args(Confidence))}")
        if len(self.note) > MAX_NOTE_CHARS or len(self.spans) > MAX_SPANS:
            raise DataError(
                f"annotation: a note has at most {MAX_NOTE_CHARS:,} characters, and an article {MAX_SPANS} "
                f"evidence marks; these are {len(self.note):,} and {len(self.spans)}"
            )

    @property
    def is_blind(self) -> bool:
        """Whether it was made without having seen a prediction or another label."""
        return self.shown_model is None and not self.shown_labels

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they are hashed and stored."""
        return asdict(self) | {"spans": [asdict(span) for span in self.spans]}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Annotation:
        """The record behind `to_dict`."""
        return cls(**{**raw, "spans": tuple(Span(**span) for span in raw["spans"])})
