"""Read CSV and TSV with a header line, also where quotes are left open."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from ..labels.errors import DataError
from ..labels.records import Article, RejectedRecord
from .columns import ColumnMapping
from .text_lines import MAX_LINE_BYTES, numbered_lines

_DELIMITERS = (",", ";", "\t", "|")
_MAX_RECORD_LINES = 20_000
"""A quoted field over more lines than this is an open quote."""
_MAX_CHARS_AGAIN = 256 << 20
"""Characters of a file that are read again behind open quotes; bounds the time that a hostile file can take."""


class _OpenQuoteError(Exception):
    """The current record does not end within the limits."""


class _Lines:
    """Feeds the csv module and remembers the lines of the record at hand, so that they can be read again."""

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = numbered_lines(stream)
        self._again: deque[tuple[int, str]] = deque()
        self.record: list[tuple[int, str]] = []
        self._record_chars = 0
        self.is_at_end = False
        self._chars_again = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._again:
            number, text = self._again.popleft()
        else:
            line = next(self._lines, None)
            if line is None:
                self.is_at_end = True
                raise StopIteration
            number, text = line.number, line.content.decode("utf-8", "surrogateescape")
        self.record.append((number, text))
        self._record_chars += len(text)
        if self._record_chars > MAX_LINE_BYTES or len(self.record) > _MAX_RECORD_LINES:
            raise _OpenQuoteError
        return text.replace("\0", "\ufffd")  # Python 3.10 refuses NUL in CSV

    def start_record(self) -> None:
        self.record, self._record_chars = [], 0

    def read_again_from_second_line(self) -> None:
        """Take the record's first line alone for broken, as long as the file has not cost too much already."""
        self._chars_again += self._record_chars
        if self._chars_again <= _MAX_CHARS_AGAIN:
            self._again.extendleft(reversed(self.record[1:]))
            self.is_at_end = False


def read_csv(stream: BinaryIO, *, file: str, columns: ColumnMapping,
             delimiter: str | None = None) -> Iterator[Article | RejectedRecord]:  # fmt: skip
    """The records of a CSV stream with a header, in order; `line` is where a record begins.

    Args: delimiter: None chooses the one of `, ; tab |` that cuts the text column out of the header.

    Raises: DataError: the header is unusable (empty, no text column, a column twice).
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES + 1))
    lines = _Lines(stream)
    header, delimiter = _read_header(lines, columns, delimiter)
    if header is None:
        return
    used_here = set(columns.used)
    while True:
        reader = csv.reader(lines, delimiter=delimiter)
        lines.start_record()
        try:
            values = next(reader)
            # The csv module asks for more lines only inside quotes; so the end of the file there is an open quote, and
            # a record over several lines that does not fit was one, closed by a quote of some later row.
            is_open = lines.is_at_end or (len(lines.record) > 1 and not _fits(lines.record, header, delimiter))
        except StopIteration:
            return
        except _OpenQuoteError:
            values, is_open = [], True
        except csv.Error as error:
            yield _rejected(lines, file, f"is not CSV ({error}); correct the row, or leave it out")
            continue
        number = lines.record[0][0]
        if is_open:
            yield _rejected(lines, file, "opens a quote that is not closed; close it, or double quotes in texts")
            lines.read_again_from_second_line()
            continue
        if not values or (len(values) == 1 and not values[0].strip()):
            continue
        raw = {name: value for name, value in zip(header, values, strict=False) if name in used_here}
        if len(values) > len(header):
            reason = (f"has {len(values)} fields, the header has {len(header)}; quote texts that hold the separator "
                      f"{delimiter!r}")  # fmt: skip
            yield columns.rejected(_utf8_only(raw), file=file, line=number, reason=reason)
        elif (bad := _badly_encoded(raw)) is not None:
            reason = f"column {bad!r} is not UTF-8; convert the file to UTF-8"
            yield columns.rejected(_utf8_only(raw), file=file, line=number, reason=reason)
        elif columns.column_of("text") not in raw:
            reason = f"has {len(values)} fields, the header has {len(header)}; correct the row, or leave it out"
            yield columns.rejected(raw, file=file, line=number, reason=reason)
        else:
            yield columns.record(raw, file=file, line=number)


def _read_header(lines: _Lines, columns: ColumnMapping, delimiter: str | None) -> tuple[list[str] | None, str]:
    lines.start_record()
    first = ""
    while not first.strip():
        first = next(lines, "")
        if not first:
            return None, ","
    lines.start_record()
    text_column = columns.column_of("text")
    cuts = {mark: [name.strip() for name in next(csv.reader([first], delimiter=mark), [])] for mark in _DELIMITERS}
    if delimiter is None or (delimiter == "\t" and text_column not in cuts["\t"]):
        fitting = [mark for mark in _DELIMITERS if text_column in cuts[mark]]
        delimiter = fitting[0] if fitting else max(_DELIMITERS, key=lambda mark: len(cuts[mark]))
    header = cuts[delimiter]
    if text_column not in header:
        raise DataError(columns.missing_text_reason(header))
    twice = [name for name in columns.used if header.count(name) > 1]
    if twice:
        raise DataError(f"has the column {twice[0]!r} twice; rename one of them")
    return header, delimiter


def _fits(record: list[tuple[int, str]], header: list[str], delimiter: str) -> bool:
    """Whether the lines are one record of as many fields as the header, with quotes where they belong."""
    lines = (text.replace("\0", "\ufffd") for _, text in record)
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return len(rows) == 1 and len(rows[0]) == len(header)


def _rejected(lines: _Lines, file: str, reason: str) -> RejectedRecord:
    return RejectedRecord(file=file, line=lines.record[0][0] if lines.record else None, reason=reason)


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\udc80" <= char <= "\udcff" for char in text)


def _badly_encoded(raw: dict[str, str]) -> str | None:
    return next((name for name, value in raw.items() if not _is_utf8(value)), None)


def _utf8_only(raw: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in raw.items() if _is_utf8(value)}
