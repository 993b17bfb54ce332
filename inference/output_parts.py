"""Output into a folder of part files that can be resumed after any end, also kill -9."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from ..labels.errors import DataError
from ..labels.records import Article, RejectedRecord
from .atomic_file import cannot_write, not_a_folder, write_atomically
from .done_records import DoneRecords
from .file_lock import lock_exclusively
from .outcome import Outcome
from .part_file import PartWriter, drop_rejected_rows, part_number, part_paths, read_part
from .part_manifest import settle_manifest
from .rejected_file import rejected_line
from .run_counts import RunCounts
from .seen_content import SeenContent
from .table_layout import TableLayout

logger = logging.getLogger(__name__)


class PartsSink:
    """A folder with part-00000.parquet and so on, manifest.json, rejected.jsonl, and run.json once complete.

    What is true is what the finished parts say; all else in the folder is made from them again.
    """

    def __init__(self, folder: Path, layout: TableLayout, *, key: Mapping[str, object], part_articles: int,
                 counts: RunCounts, retry_rejected: bool = False) -> None:  # fmt: skip
        """Open or resume the folder; `counts` is told of what the finished parts hold.

        Args: key: all that decides the rows; see `settle_manifest`.
            retry_rejected: forget the rejected records of the finished parts, so that they are read again.

        Raises: DataError: the folder cannot be written, is in use, or was scored with another model or settings.
        """
        self.folder, self._layout, self._part_articles = folder, layout, part_articles
        self._part: PartWriter | None = None
        self._has_new = False
        self._lock = _locked(folder)
        self._done = DoneRecords(counts)
        try:
            settle_manifest(folder, {**key, "part_articles": part_articles})
            for leftover in folder.glob(".part-*.partial"):
                leftover.unlink()
            self._next_number = self._load_parts(retry_rejected=retry_rejected)
        except BaseException as error:
            self._close()
            if isinstance(error, OSError):
                raise cannot_write(folder, error) from error
            raise

    def _load_parts(self, *, retry_rejected: bool) -> int:
        lines, number = [], -1
        for path in part_paths(self.folder):
            table, rejected = read_part(path)
            if rejected and retry_rejected:
                drop_rejected_rows(path, table, self._layout)
                table, rejected = read_part(path)
            self._done.add_part(table, rejected)
            lines += [rejected_line(item.record) for item in rejected]
            number = part_number(path)
        write_atomically(self.folder / "rejected.jsonl", b"".join(lines))
        return number + 1

    def remaining(self, items: Iterable[Article | RejectedRecord], seen: SeenContent, *,
                  read_again: Callable[[], Iterable[Article | RejectedRecord]] | None) -> Iterator[
                      Article | RejectedRecord]:  # fmt: skip
        """The records that still have to be scored.

        Args: read_again: gives the input once more, to see first whether it belongs to this folder at all; None
            where that is not to be had (standard input).

        Raises: DataError: none of the folder's articles is in the input.
        """
        foreign = DataError(
            f"{self.folder}: none of its {self._done.n_left:,} finished records is in this input; archives are never "
            "mixed: choose a new output folder"
        )
        is_resumed = self._done.n_left > 0
        if is_resumed and read_again is not None and not self._done.holds_any(read_again()):
            raise foreign
        for item in self._done.remaining(items, seen):
            if is_resumed and read_again is None and self._done.n_found == 0:
                raise foreign
            yield item
        if self._done.n_left:
            logger.warning(
                "%s: %d finished records are not in the input any more; they stay in the output "
                "(mended lines: --retry-rejected drops their old rejections)", self.folder, self._done.n_left,
            )  # fmt: skip

    def take(self, outcome: Outcome) -> bool:
        """Write one outcome into the part at hand; a full part is put in its place."""
        if not self._has_new:
            (self.folder / "run.json").unlink(missing_ok=True)  # it tells of a complete folder
            self._has_new = True
        if self._part is None:
            self._part = PartWriter(self.folder, self._next_number, self._layout)
        self._part.take(outcome)
        if self._part.n_records == self._part_articles:
            self._commit_part()
        return True

    def _commit_part(self) -> None:
        if self._part is None:
            return
        self._part.commit()
        lines = b"".join(rejected_line(item.record) for item in self._part.rejected)
        self._part = None
        self._next_number += 1
        path = self.folder / "rejected.jsonl"
        try:
            with path.open("ab") as file:
                file.write(lines)
        except OSError as error:
            raise cannot_write(path, error) from error

    def finish(self, run_json: bytes) -> None:
        """Put the last part and run.json in their places."""
        self._commit_part()
        write_atomically(self.folder / "run.json", run_json)
        self._close()

    def abort(self) -> None:
        """Drop the unfinished part; the finished ones stay."""
        if self._part is not None:
            self._part.discard()
        self._close()

    def _close(self) -> None:
        self._done.close()
        self._lock.close()


def _locked(folder: Path) -> BinaryIO:
    if folder.exists() and not folder.is_dir():
        raise not_a_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.fdopen(os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    except OSError as error:
        raise cannot_write(folder, error) from error
    if not lock_exclusively(lock):
        lock.close()
        raise DataError(f"{folder}: another run is writing this folder; wait for it, or choose another with -o")
    return lock
