"""The plain records that every part of xjstance hands to the next one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from .errors import DataError

Status = Literal["scored", "unrouted", "empty", "rejected"]
"""`scored`; `unrouted`: language unknown or no route; `empty`: nothing to read; `rejected`: could not be used."""

TextField = Literal["title", "text"]
"""The two fields of an article that offsets can point into."""

Voice = Literal["outlet", "government", "critics", "others"]
"""Who speaks in a sentence: the outlet itself, the Chinese government's side, its critics, anybody else."""

Content = Literal["praising", "critical", "none"]
"""What a sentence says of the policy."""

Origin = Literal["brief", "invented", "converted", "archived"]
"""A brief of real reporting, an invented article, another article in another script, or the text of an article of an
archive as reviewers labelled it."""

Split = Literal["train", "development", "test"]


def content_sha256(title: str, text: str) -> str:
    """Hex sha256 of an article's content as read: title, a blank line, text (text alone where there is no title)."""
    content = f"{title}\n\n{text}" if title else text
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One news article as read from an archive. There is no author field, and none is ever read."""

    id: str
    """The archive's own id, or the first 16 hex digits of the content hash."""
    title: str = ""
    """Headline, as read."""
    text: str = ""
    """Body, as read."""
    language: str | None = None
    """BCP-47 hint from the archive's metadata, if any."""
    date: str | None = None
    """Date of publication as read; ISO 8601 sorts and cuts well."""
    outlet: str | None = None
    """Name or domain of the outlet."""
    url: str | None = None
    """Address of the article."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    """Further columns that the user asked to keep."""
    source: str = ""
    """`file:line` (or `file:row`) that the record came from, for messages."""

    @property
    def content(self) -> str:
        """What the model reads: title, a blank line, text."""
        return f"{self.title}\n\n{self.text}" if self.title else self.text

    @property
    def sha256(self) -> str:
        """Hash of title and text as read; see `content_sha256`."""
        return content_sha256(self.title, self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRecord:
    """A record of an archive that could not be used; it becomes a line of the rejected file."""

    file: str
    """Path of the file, `-` for standard input."""
    line: int | None
    """1-based line or row, None where the whole file is meant."""
    reason: str
    """What was wrong and how to mend it."""
    id: str | None = None
    """The record's id if it had one: then it is a row of the output too."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    """Kept metadata columns (`date`, `outlet`, `url`, ...) as far as they could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A sentence that carries the label, by offsets into the original field."""

    field: TextField
    """Which field the offsets point into."""
    start: int
    """First code point."""
    end: int
    """One past the last code point."""
    score: float
    """How much the sentence carries the predicted label; larger is more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStart:
    """Where a window of the model begins in the original title or text."""

    field: TextField
    start: int
    """First code point; the window ends where the next one begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What is said of one article: one row of the output."""

    id: str
    status: Status
    reason: str | None = None
    """Why there is no stance; None when `scored`."""
    text_sha256: str
    language: str | None = None
    """ISO 639 code, `und`, `zxx`; None for a rejected record."""
    script: str | None = None
    """ISO 15924 code."""
    language_prob: float | None = None
    """Calibrated probability of language and script, 0 to 1."""
    route: str | None = None
    """Name of the bundle that read the article."""
    stance: str | None = None
    """Most probable label; None unless `scored`."""
    probs: tuple[float, ...] | None = None
    """Calibrated probabilities in codebook order, sum 1; None unless `scored`."""
    balance: float | None = None
    """Probability of the positive label minus that of the negative one, -1 to 1."""
    stance_set: tuple[str, ...] | None = None
    """90 % conformal set, in codebook order."""
    is_confident: bool | None = None
    """Whether the top probability reaches the manifest's threshold."""
    is_validated: bool | None = None
    """Whether the language has 20 or more independent test stories."""
    n_tokens: int = 0
    """Tokens of the whole article."""
    n_tokens_read: int = 0
    """Tokens that the model read; less than `n_tokens` only where a limit was set, never silently."""
    n_windows: int = 0
    """Windows that the article was read in."""
    duplicate_of: str | None = None
    """Id of the earliest copy in input order."""
    model: str | None = None
    """`name@first 12 hex` of the manifest's sha256."""
    codebook: str | None = None
    """`id@version+first 12 hex`."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    """Metadata columns kept: date, outlet, url, then what the user named."""
    evidence: tuple[Evidence, ...] | None = None
    """Sentences that carry the label, strongest first; None when not asked for."""
    hint_agrees: bool | None = field(default=None, compare=False)
    """Whether the archive's own language column names what the text was found to be in, before the column was believed
    or not; None where either says nothing. Counted in the run's summary; no column of the output."""

    def __post_init__(self) -> None:
        if self.status not in get_args(Status):
            raise DataError(f"prediction {self.id!r}: status {self.status!r} is none of {', '.join(get_args(Status))}")
        if (self.status == "scored") != (self.probs is not None and self.stance is not None):
            raise DataError(f"prediction {self.id!r}: stance and probabilities are set if and only if status is scored")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSentence:
    """One sentence of a labelled article: where it is, who speaks, what it says of the policy."""

    field: TextField
    start: int
    end: int
    voice: Voice
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledArticle:
    """One article of a labelled corpus."""

    id: str
    language: str
    script: str
    title: str
    text: str
    label: str
    """Gold label, in the codebook."""
    story: str
    """Variants and reports of one event share a story, and so a split."""
    split: Split
    origin: Origin = "brief"
    genre: str = "other"
    theme: str = "other"
    rule: str = "none"
    """Codebook rule that the article exercises, or `none`."""
    pair: str | None = None
    """Contrast set that the article belongs to."""
    second_label: str | None = None
    """Label of an independent second reader."""
    adjudicated: str | None = None
    """Note on how a disagreement was settled."""
    sentences: tuple[LabelledSentence, ...] = ()
    source_url: str | None = None
    outlet: str | None = None
    date: str | None = None
    writer: str | None = None
    """Group code, never a person."""
    labeller: str | None = None
    """Group code of the second reader."""
    codebook: str = ""
    """`id@version` the label follows."""

    @property
    def is_real(self) -> bool:
        """Whether it reports what happened: neither invented nor another article over again."""
        return self.origin in ("brief", "archived")

    def article(self) -> Article:
        """The article without its labels, as scoring would read it."""
        return Article(id=self.id, title=self.title, text=self.text, date=self.date, outlet=self.outlet,
                       url=self.source_url)  # fmt: skip
