"""Which records of an archive the finished parts of a folder hold, in a temporary table on the disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ..labels.records import Article, RejectedRecord
from .part_file import PartRejected
from .run_counts import RunCounts
from .seen_content import EMPTY_SHA256, SeenContent, content_key
from .temporary_tables import open_temporary_tables

if TYPE_CHECKING:
    import pyarrow as pa


class DoneRecords:
    """Records by content, each as often as the parts hold it, with the rows that copies may need."""

    def __init__(self, counts: RunCounts) -> None:
        """Args: counts: is told of every row and rejected record that is added."""
        self._counts = counts
        self.n_left = 0
        """Records of the parts that the input has not shown yet."""
        self.n_found = 0
        """Records of the input that the parts hold."""
        self._table = open_temporary_tables("done (key BLOB PRIMARY KEY, n INTEGER, row TEXT) WITHOUT ROWID")

    def close(self) -> None:
        """Drop the table."""
        self._table.close()

    def add_part(self, table: pa.Table, rejected: Sequence[PartRejected]) -> None:
        """Take in the rows and the rejected records of a finished part."""
        for batch in table.to_batches(max_chunksize=1_024):
            for row in batch.to_pylist():
                self._add_row(row)
        for item in rejected:
            self._counts.add_rejected(item.record)
            if item.text_sha256 is None:
                self._add(_rejected_key(item.record), None)
            elif item.text_sha256 == EMPTY_SHA256:
                self._add(_article_key(item.record.id or "", EMPTY_SHA256), None)

    def _add_row(self, row: dict[str, Any]) -> None:
        self._counts.add(row)
        status, sha256 = row["status"], row["text_sha256"]
        if status == "rejected" and sha256 == EMPTY_SHA256:
            return  # comes from the footer, which tells broken records from articles on which the model failed
        is_first = row["duplicate_of"] is None and status != "empty"
        self._add(_article_key(row["id"], sha256), json.dumps(row) if is_first else None)

    def _add(self, key: bytes, row: str | None) -> None:
        self.n_left += 1
        self._table.execute(
            "INSERT INTO done VALUES (?, 1, ?) "
            "ON CONFLICT (key) DO UPDATE SET n = n + 1, row = coalesce(row, excluded.row)", (key, row),
        )  # fmt: skip

    def remaining(self, items: Iterable[Article | RejectedRecord],
                  seen: SeenContent) -> Iterator[Article | RejectedRecord]:  # fmt: skip
        """The records that no part holds; contents of the others are shown to `seen`, so that copies find them."""
        for item in items:
            if not self._take(item, seen):
                yield item

    def holds_any(self, items: Iterable[Article | RejectedRecord]) -> bool:
        """Whether the parts hold a record of the input; stops at the first."""
        return any(self._table.execute("SELECT 1 FROM done WHERE key = ?", (_key(item),)).fetchone() for item in items)

    def _take(self, item: Article | RejectedRecord, seen: SeenContent) -> bool:
        if self.n_left == 0:
            return False
        key = _key(item)
        found = self._table.execute("SELECT n, row FROM done WHERE key = ?", (key,)).fetchone()
        if found is None or found[0] == 0:
            return False
        self._table.execute("UPDATE done SET n = n - 1 WHERE key = ?", (key,))
        self.n_left -= 1
        self.n_found += 1
        if item.id is not None:
            seen.count_id(item.id)
        if isinstance(item, Article) and found[1] is not None:
            content = content_key(item)
            if content is not None and seen.is_new(content):
                seen.store_row(content, found[1])
        return True


def _key(item: Article | RejectedRecord) -> bytes:
    return _rejected_key(item) if isinstance(item, RejectedRecord) else _article_key(item.id, item.sha256)


def _article_key(article_id: str, sha256: str) -> bytes:
    return blake2b(b"a" + sha256.encode() + article_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _rejected_key(record: RejectedRecord) -> bytes:
    """By the file's name, not its path: the same archive may be named from another folder."""
    value = json.dumps([PurePath(record.file).name, record.line, record.id, record.reason])
    return blake2b(b"r" + value.encode(), digest_size=16).digest()
