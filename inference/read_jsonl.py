"""Read JSONL: one JSON object a line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from ..labels.errors import DataError
from ..labels.records import Article, RejectedRecord
from .columns import ColumnMapping
from .text_lines import MAX_LINE_BYTES, Line, numbered_lines


class _RepeatedKeys(dict[str, Any]):
    """An object in which keys came more than once; `repeated` names them."""

    repeated: frozenset[str] = frozenset()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    marked = _RepeatedKeys(plain)
    marked.repeated = frozenset(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
    return marked


_DECODER = json.JSONDecoder(object_pairs_hook=_object, strict=False)  # raw control characters in texts are common


def read_jsonl(stream: BinaryIO, *, file: str, columns: ColumnMapping) -> Iterator[Article | RejectedRecord]:
    """The records of a JSONL stream, in order; blank lines are skipped, a broken line is a rejected record.

    Raises: DataError: the stream is a JSON array, or not UTF-8 by its byte order mark.
    """
    for line in numbered_lines(stream):
        item = _read_line(line, file=file, columns=columns)
        if item is not None:
            yield item


def _read_line(line: Line, *, file: str, columns: ColumnMapping) -> Article | RejectedRecord | None:
    def rejected(reason: str) -> RejectedRecord:
        return RejectedRecord(file=file, line=line.number, reason=reason)

    if line.is_too_long:
        return rejected(f"the line is longer than {MAX_LINE_BYTES >> 20} MiB; write one article a line")
    if not line.content.strip(b" \t\r\n"):
        return None
    try:
        text = line.content.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = (f"is not UTF-8 (byte 0x{line.content[error.start]:02x} at byte {error.start + 1} of the line); "
                  "convert the file to UTF-8")  # fmt: skip
        return _rejected_with_id(line.content.decode("utf-8", "replace"), rejected(reason), columns)
    if line.number == 1 and text.lstrip().startswith("["):
        raise DataError("is a JSON array, not one object a line; write one object a line, as `jq -c '.[]'` does")
    try:
        raw = _DECODER.decode(text.strip())
    except json.JSONDecodeError as error:
        return rejected(f"is not JSON ({error.msg}: character {error.colno}); correct the line, or leave it out")
    except (ValueError, RecursionError) as error:
        return rejected(f"is not usable JSON ({str(error)[:120]}); correct the line, or leave it out")
    if not isinstance(raw, dict):
        return rejected(f"is JSON but no object ({text.strip()[:30]!r}); write one object with a text a line")
    if isinstance(raw, _RepeatedKeys) and (twice := sorted(raw.repeated & set(columns.used))):
        return columns.rejected(raw, file=file, line=line.number,
                                reason=f"the key {twice[0]!r} comes more than once; keep one of them")  # fmt: skip
    return columns.record(raw, file=file, line=line.number)


def _rejected_with_id(text: str, rejected: RejectedRecord, columns: ColumnMapping) -> RejectedRecord:
    """The rejected record with the id and metadata that can still be read from a badly encoded line."""
    try:
        raw = _DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return rejected
    if not isinstance(raw, dict) or "\ufffd" in str(raw.get(columns.column_of("id"), "\ufffd")):
        return rejected
    return columns.rejected(raw, file=rejected.file, line=rejected.line, reason=rejected.reason)
