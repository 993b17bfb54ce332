"""From one raw record of an archive to an Article, or to the reason why it cannot be one."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from ..labels.errors import ConfigError
from ..labels.language_codes import read_code
from ..labels.prediction_table import STANDARD_METADATA, column_names
from ..labels.records import Article, RejectedRecord, content_sha256
from .page_text import Page, PageText

ARTICLE_FIELDS = ("id", "title", "text", "language", "date", "outlet", "url")
"""Fields of an article that a column of the archive can be mapped to."""

MAX_TEXT_CHARS = 5_000_000
"""Longest title or text that is read as one article, in code points; several novels fit, a dump of a site does not."""

MAX_METADATA_CHARS = 65_536
"""Longest id, date, outlet or url, in code points; what is longer is a broken record."""

_PERSON = re.compile(
    r"(^|[^a-z])(authors?|by_?lines?|creators?|journalists?|reporters?|writers?|contributors?|correspondents?|columnists?|editors?"
    r"|user_?names?|users?|user_?ids?|accounts?|account_?ids?|handles?|screen_?names?|profiles?|e_?mails?|persons?)([^a-z]|$)"
)
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SCRIPT_WORDS = {"simplified": "Hans", "traditional": "Hant", "latin": "Latn", "cyrillic": "Cyrl", "arabic": "Arab"}
_SURROGATES = re.compile("[\ud800-\udfff]")
_USUAL_TEXT_COLUMNS = ("body", "content", "article", "maintext", "full_text", "fulltext", "article_text", "raw_text")


def names_a_person(column: str) -> bool:
    """Whether a column holds authors or accounts by its name; such columns are never read."""
    snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", column).lower()
    return _PERSON.search(snake) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """Which column of the archive each field of an article is read from, and which further ones are kept."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Field of the article -> column of the archive; a field that is not named here is read from its own name."""
    kept: tuple[str, ...] = ()
    """Further columns that are copied to the output."""
    max_text_chars: int = MAX_TEXT_CHARS
    """Title and text longer than this are rejected, in code points."""

    def __post_init__(self) -> None:
        for name, column in self.columns.items():
            if name not in ARTICLE_FIELDS:
                raise ConfigError(f"--column {name}={column}: {name!r} is not one of {', '.join(ARTICLE_FIELDS)}")
        taken = set(column_names((), with_evidence=True))
        for column in self.kept:
            if column in taken or column.startswith("p_"):
                raise ConfigError(f"--keep-columns {column}: the output has such a column already; leave it out")
        for column in (*self.columns.values(), *self.kept):
            if names_a_person(column):
                raise ConfigError(
                    f"column {column!r} names persons or accounts, which are never read: the unit is the article; "
                    "leave the column out"
                )
        if self.max_text_chars < 1:
            raise ConfigError(f"the longest text must be 1 character or more, not {self.max_text_chars}")

    @classmethod
    def parse(cls, assignments: Iterable[str], *, kept: Iterable[str] = (),
              max_text_chars: int = MAX_TEXT_CHARS) -> ColumnMapping:  # fmt: skip
        """The mapping behind `--column text=body` options.

        Raises: ConfigError: an option has no `=`, an unknown field, a field twice, or a column of persons.
        """
        columns: dict[str, str] = {}
        for assignment in assignments:
            name, equals, column = assignment.partition("=")
            if not equals or not column:
                raise ConfigError(f"--column {assignment!r}: write FIELD=COLUMN, for example text=body")
            if name in columns:
                raise ConfigError(f"--column {assignment!r}: {name!r} is mapped twice; keep one of the two")
            columns[name] = column
        return cls(columns=columns, kept=tuple(dict.fromkeys(kept)), max_text_chars=max_text_chars)

    def column_of(self, name: str) -> str:
        """Column of the archive that a field is read from."""
        return self.columns.get(name, name)

    @property
    def used(self) -> tuple[str, ...]:
        """All columns that are read, without repetition."""
        return tuple(dict.fromkeys([*(self.column_of(name) for name in ARTICLE_FIELDS), *self.kept]))

    def missing_text_reason(self, present: Iterable[str]) -> str:
        """Why a file or record without the text column is rejected, with the columns there and the option to use."""
        names = [str(name) for name in present if not names_a_person(str(name))]
        shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "") if names else "none"
        lowered = {name.lower(): name for name in names}
        likely = next((lowered[name] for name in ("text", *_USUAL_TEXT_COLUMNS) if name in lowered), "NAME")
        missing = f"has no column {self.column_of('text')!r} (columns: {shown})"
        return clean_surrogates(f"{missing}; name the text with --column text={likely}")

    def record(self, raw: Mapping[str, object], *, file: str, line: int | None) -> Article | RejectedRecord:
        """The article of one record whose values are JSON-like, or why there is none."""
        metadata = self._metadata(raw)
        given_id = as_id(raw.get(self.column_of("id")))
        text_column = self.column_of("text")

        def rejected(reason: str) -> RejectedRecord:
            return RejectedRecord(file=file, line=line, reason=reason, id=given_id, metadata=metadata)

        if text_column not in raw:
            return rejected(self.missing_text_reason(raw))
        text = raw[text_column]
        if not isinstance(text, str):
            return rejected(f"column {text_column!r} is {_kind(text)}, not text; correct the record, or leave it out")
        title = raw.get(self.column_of("title"))
        if isinstance(title, int | float) and not isinstance(title, bool):
            title = str(title)
        if title is not None and not isinstance(title, str):
            return rejected(
                f"column {self.column_of('title')!r} is {_kind(title)}, not text; map another column, or leave it out"
            )
        title = title or ""
        for name, value in (("title", title), ("text", text)):
            if len(value) > self.max_text_chars:
                return rejected(
                    f"column {self.column_of(name)!r} has {len(value):,} characters, the limit for one article is "
                    f"{self.max_text_chars:,}; split it into articles, or raise --max-text-chars"
                )
        for name, given in (("id", given_id), *metadata.items()):
            if name not in self.kept and isinstance(given, str) and len(given) > MAX_METADATA_CHARS:
                given_id, metadata = None, {}
                return rejected(
                    f"column {self.column_of(name)!r} has {len(given):,} characters, the limit is "
                    f"{MAX_METADATA_CHARS:,}; correct the record, or leave it out"
                )
        title, text = clean_surrogates(title), clean_surrogates(text)
        return Article(
            id=given_id or content_sha256(title, text)[:16],
            title=title,
            text=text,
            language=as_language_hint(raw.get(self.column_of("language"))),
            date=_as_optional_text(metadata["date"]),
            outlet=_as_optional_text(metadata["outlet"]),
            url=_as_optional_text(metadata["url"]),
            metadata={name: metadata[name] for name in self.kept},
            source=f"{file}:{line}" if line is not None else file,
        )

    def page(self, page: Page, found: PageText | str) -> Article | RejectedRecord:
        """The article of a web page, or why there is none."""
        if isinstance(found, str):
            return RejectedRecord(file=page.file, line=page.line, reason=found, id=page.id, metadata={"url": page.url})
        raw = {"id": page.id, "title": found.title, "text": found.text, "date": found.date, "outlet": found.outlet,
               "url": found.url}  # fmt: skip
        return ColumnMapping(kept=(), max_text_chars=self.max_text_chars).record(raw, file=page.file, line=page.line)

    def rejected(self, raw: Mapping[str, object], *, file: str, line: int | None, reason: str) -> RejectedRecord:
        """A record that is refused for a reason found outside, with its id and metadata as far as they are there."""
        return RejectedRecord(
            file=file, line=line, reason=reason, id=as_id(raw.get(self.column_of("id"))), metadata=self._metadata(raw)
        )

    def _metadata(self, raw: Mapping[str, object]) -> dict[str, object]:
        values: dict[str, object] = {
            name: _as_optional_text(as_plain(raw.get(self.column_of(name)))) for name in STANDARD_METADATA
        }
        values.update({name: as_plain(raw.get(name)) for name in self.kept})
        return values


def clean_surrogates(text: str) -> str:
    """The text with each lone surrogate (half an emoji, cut off) as U+FFFD, so that it can be written; same length."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def as_id(value: object) -> str | None:
    """An archive's own id as text; None where there is none or it is neither text nor a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return clean_surrogates(str(value)).strip() or None


def as_language_hint(value: object) -> str | None:
    """A BCP-47 tag with hyphens, or the name of a language as given (`English`); None where the value is neither.

    `Chinese (Simplified)` and `Chinese Traditional` become `Chinese-Hans` and `Chinese-Hant`.
    """
    if not isinstance(value, str):
        return None
    tag = value.strip().replace("_", "-")
    if _LANGUAGE_TAG.fullmatch(tag) or read_code(tag) is not None:
        return tag
    words = re.findall(r"[^\W\d_]+", tag.lower())
    if not words or len(words[0]) < 4 or read_code(words[0]) is None:
        return None
    script = next((_SCRIPT_WORDS[word] for word in words[1:] if word in _SCRIPT_WORDS), None)
    return words[0] if script is None else f"{words[0]}-{script}"


def as_plain(value: object) -> object:
    """A metadata value that JSON can hold: dates in ISO 8601, no NaN, nothing empty."""
    if value is None or value == "" or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, str):
        return clean_surrogates(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return clean_surrogates(json.dumps(value, ensure_ascii=False, default=str))


def _as_optional_text(value: object) -> str | None:
    return None if value is None else str(value)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"a truth value ({str(value).lower()})"
    if isinstance(value, int | float):
        return f"a number ({str(value)[:20]})"
    if isinstance(value, bytes):
        return "binary"
    return "a list" if isinstance(value, list | tuple) else "an object"
