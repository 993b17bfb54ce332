"""The tables of the store. Annotations and events are only ever added to; everything else can be made anew."""

from __future__ import annotations

import json
import zlib
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from ..records import Article

_MARK = "\ufdd0"
"""A noncharacter: in front of values that a database cannot hold as they are."""


class AnyText(TypeDecorator[str]):
    """Text with any code point. PostgreSQL refuses NUL, and no driver takes lone surrogates: those are escaped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Text as the database takes it."""
        if value is None or not ("\0" in value or value.startswith(_MARK) or _has_surrogate(value)):
            return value
        return _MARK + json.dumps(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Text as it was given."""
        return str(json.loads(value[1:])) if value is not None and value.startswith(_MARK) else value


class PackedText(TypeDecorator[str]):
    """Long text, compressed; any code point."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """Compressed bytes."""
        return None if value is None else zlib.compress(value.encode("utf-8", "surrogatepass"), 6)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """Text as it was given."""
        return None if value is None else zlib.decompress(value).decode("utf-8", "surrogatepass")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


class Base(DeclarativeBase):
    """All tables."""


class CodebookRow(Base):
    """A codebook that labels in this store follow."""

    __tablename__ = "codebooks"
    signature: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


class ArticleRow(Base):
    """Text of an article that is or was in a queue."""

    __tablename__ = "articles"
    __table_args__ = (UniqueConstraint("id", "text_sha256"), Index("articles_of_outlet", "outlet"))
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(AnyText)
    text_sha256: Mapped[str] = mapped_column(String(64), index=True)
    title: Mapped[str] = mapped_column(PackedText)
    text: Mapped[str] = mapped_column(PackedText)
    tag: Mapped[str] = mapped_column(String(60), index=True)
    """BCP-47, as `print_tag` prints it."""
    date: Mapped[str | None] = mapped_column(AnyText)
    outlet: Mapped[str | None] = mapped_column(AnyText)
    url: Mapped[str | None] = mapped_column(AnyText)

    def record(self) -> Article:
        """The article as it came in."""
        return Article(id=self.id, title=self.title, text=self.text, language=self.tag, date=self.date,
                       outlet=self.outlet, url=self.url)  # fmt: skip


class PredictionRow(Base):
    """What one model said of an article: no human label, and kept when the next model comes."""

    __tablename__ = "predictions"
    __table_args__ = (UniqueConstraint("article", "model"), Index("predictions_in_order", "model", "top_prob"),
                      Index("predictions_by_margin", "model", "margin"))  # fmt: skip
    number: Mapped[int] = mapped_column(primary_key=True)
    article: Mapped[int] = mapped_column(ForeignKey("articles.number"))
    model: Mapped[str] = mapped_column(String(200))
    codebook: Mapped[str] = mapped_column(String(200))
    stance: Mapped[str] = mapped_column(String(100))
    top_prob: Mapped[float] = mapped_column(Float)
    margin: Mapped[float] = mapped_column(Float)
    """Best minus second-best probability."""
    is_confident: Mapped[bool | None] = mapped_column(Boolean)
    is_validated: Mapped[bool | None] = mapped_column(Boolean)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    """stance_set, n_tokens, n_tokens_read, n_windows, evidence, windows (where each begins; none where not known)."""


class ScoreRow(Base):
    """One probability of one prediction, so that a queue can be sorted by each."""

    __tablename__ = "scores"
    __table_args__ = (Index("scores_in_order", "label", "prob"),)
    prediction: Mapped[int] = mapped_column(ForeignKey("predictions.number"), primary_key=True)
    label: Mapped[str] = mapped_column(String(100), primary_key=True)
    prob: Mapped[float] = mapped_column(Float)


class QueueRow(Base):
    """A named line of articles."""

    __tablename__ = "queues"
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    codebook: Mapped[str] = mapped_column(ForeignKey("codebooks.signature"))
    model: Mapped[str | None] = mapped_column(String(200))
    """Model whose scores the page shows once an own label is given."""
    is_blind: Mapped[bool] = mapped_column(Boolean, default=True)
    added_at: Mapped[str] = mapped_column(String(40))


class ItemRow(Base):
    """One article in a queue."""

    __tablename__ = "items"
    __table_args__ = (
        UniqueConstraint("queue", "article"),
        Index("items_in_line", "queue", "is_open", "position"),
        Index("items_open_by_tag", "queue", "is_open", "tag", "position"),
        Index("items_by_position", "queue", "position"),
        Index("items_by_tag", "queue", "tag", "position"),
        Index("items_of_article", "article"),
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    queue: Mapped[int] = mapped_column(ForeignKey("queues.number"))
    article: Mapped[int] = mapped_column(ForeignKey("articles.number"))
    tag: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(Integer)
    frame: Mapped[str] = mapped_column(AnyText)
    stratum: Mapped[str] = mapped_column(AnyText)
    inclusion_prob: Mapped[float] = mapped_column(Float)
    reason: Mapped[str] = mapped_column(AnyText)
    n_wanted: Mapped[int] = mapped_column(Integer)
    """How many people are to label it."""
    n_taken: Mapped[int] = mapped_column(Integer, default=0)
    """How many have it or have labelled it."""
    is_open: Mapped[bool] = mapped_column(Boolean, default=True)
    """n_taken < n_wanted."""


class AccountRow(Base):
    """A person, by pseudonym."""

    __tablename__ = "accounts"
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str | None] = mapped_column(String(300))
    languages: Mapped[list[str]] = mapped_column(JSON)
    """Tags that the person reads; none: all."""
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    added_at: Mapped[str] = mapped_column(String(40))


class InvitationRow(Base):
    """A link that works once; only its hash is kept."""

    __tablename__ = "invitations"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("accounts.number"))
    expires_at: Mapped[str] = mapped_column(String(40))
    used_at: Mapped[str | None] = mapped_column(String(40))


class SessionRow(Base):
    """Somebody who is signed in; only the hash of the cookie is kept."""

    __tablename__ = "sessions"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("accounts.number"))
    csrf: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[str] = mapped_column(String(40))
    expires_at: Mapped[str] = mapped_column(String(40))


class FailedLoginRow(Base):
    """A wrong password, counted to slow guessing down."""

    __tablename__ = "failed_logins"
    number: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), index=True)
    """`name:` or `address:` and its hash."""
    at: Mapped[str] = mapped_column(String(40))


class AssignmentRow(Base):
    """An item in somebody's hands."""

    __tablename__ = "assignments"
    __table_args__ = (UniqueConstraint("item", "account"), Index("assignments_of", "account", "state"),
                      Index("assignments_held", "state", "until"))  # fmt: skip
    number: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[int] = mapped_column(ForeignKey("items.number"))
    account: Mapped[int] = mapped_column(ForeignKey("accounts.number"))
    state: Mapped[str] = mapped_column(String(20))
    """`open`, `done`, `skipped`, `returned` (sent back by an adjudicator), `released` (held too long),
    `seen` (opened to settle it: never given to this person)."""
    until: Mapped[str] = mapped_column(String(40))
    """When an open item goes to somebody else."""
    revealed: Mapped[str | None] = mapped_column(String(200))
    """Model whose prediction the person has seen on this item; from then on they do not judge it blind."""
    saw_labels: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether the person has seen what others said of it; from then on they do not judge it blind either."""


class ShownScoresRow(Base):
    """Somebody opened the list of a queue with its scores; what they label in it from then on is not blind."""

    __tablename__ = "shown_scores"
    queue: Mapped[int] = mapped_column(ForeignKey("queues.number"), primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("accounts.number"), primary_key=True)
    model: Mapped[str] = mapped_column(String(200))
    at: Mapped[str] = mapped_column(String(40))


class DraftRow(Base):
    """What somebody has typed and not yet labelled; the one thing here that is overwritten."""

    __tablename__ = "drafts"
    item: Mapped[int] = mapped_column(ForeignKey("items.number"), primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("accounts.number"), primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[str] = mapped_column(String(40))


class AnnotationRow(Base):
    """One judgement. Never changed, never deleted: a correction is a new row."""

    __tablename__ = "annotations"
    __table_args__ = (
        Index("annotations_of_item", "item", "account", "number"),
        Index("annotations_of_person", "account", "number"),
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """1, 2, 3, ... without a gap."""
    item: Mapped[int] = mapped_column(ForeignKey("items.number"))
    account: Mapped[int] = mapped_column(ForeignKey("accounts.number"))
    kind: Mapped[str] = mapped_column(String(20))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The fields of `Annotation`, as hashed."""
    label: Mapped[str | None] = mapped_column(String(100))
    at: Mapped[str] = mapped_column(String(40))
    request_id: Mapped[str] = mapped_column(String(64), unique=True)
    """Sent again (double click, two tabs, a lost answer), it adds nothing."""
    previous_sha256: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))


class EventRow(Base):
    """One act beside the labelling: an import, an invitation, a changed role, an export."""

    __tablename__ = "events"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[str] = mapped_column(String(40))
    previous_sha256: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))


class ChainRow(Base):
    """Head of a chain: how many rows it has, and the hash of the last one."""

    __tablename__ = "chains"
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    n: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
