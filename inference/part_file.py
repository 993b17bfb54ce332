"""One part file: rows of a fixed slice of the archive, and in its footer the records that were rejected there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..labels.errors import DataError
from ..labels.records import RejectedRecord
from .atomic_file import AtomicFile, cannot_write
from .outcome import Outcome
from .table_layout import TableLayout
from .write_tables import ParquetTable

if TYPE_CHECKING:
    import pyarrow as pa

_FOOTER_KEY = "xjstance.rejected"
_PATTERN = "part-*.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRejected:
    """A rejected record as the footer of its part holds it."""

    record: RejectedRecord
    text_sha256: str | None
    """Content hash where the record was an article on which the model failed; None where it was none."""

    @classmethod
    def of(cls, outcome: Outcome) -> PartRejected | None:
        """The rejected record of an outcome, if it has one."""
        record = outcome.rejected
        if record is None:
            return None
        return cls(record=record, text_sha256=None if outcome.article is None else outcome.article.sha256)


def part_paths(folder: Path) -> list[Path]:
    """The finished parts in the order of their numbers."""
    return sorted(folder.glob(_PATTERN), key=part_number)


def part_number(path: Path) -> int:
    """The number in the name of a part.

    Raises: DataError: the name has none.
    """
    digits = path.stem.removeprefix("part-")
    if not digits.isdigit():
        raise DataError(f"{path}: is no part of a run by its name; move it out of the output folder")
    return int(digits)


class PartWriter:
    """Writes one part; it is there whole after `commit`, or not at all."""

    def __init__(self, folder: Path, number: int, layout: TableLayout) -> None:
        """Raises: DataError: the folder cannot be written."""
        self._file = AtomicFile(folder / f"part-{number:05}.parquet")
        try:
            self._table = ParquetTable(self._file.file, layout)
        except OSError as error:
            self._file.discard()
            raise cannot_write(self._file.path, error) from error
        self.rejected: list[PartRejected] = []
        self.n_records = 0

    def take(self, outcome: Outcome) -> None:
        """Add what became of one record.

        Raises: DataError: the disk is full.
        """
        self.n_records += 1
        if outcome.prediction is not None:
            try:
                self._table.write(outcome.prediction)
            except OSError as error:
                raise cannot_write(self._file.path, error) from error
        if (rejected := PartRejected.of(outcome)) is not None:
            self.rejected.append(rejected)

    def commit(self) -> None:
        """Write the footer and put the part in its place.

        Raises: DataError: the disk is full.
        """
        try:
            self._table.set_metadata({_FOOTER_KEY: _to_footer(self.rejected)})
            self._table.finish()
        except OSError as error:
            raise cannot_write(self._file.path, error) from error
        self._file.commit()

    def discard(self) -> None:
        """Leave nothing of the part."""
        self._table.abandon()
        self._file.discard()


def read_part(path: Path) -> tuple[pa.Table, list[PartRejected]]:
    """Rows and rejected records of a finished part.

    Raises: DataError: the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            table = file.read(use_threads=False)
            footer = (file.metadata.metadata or {}).get(_FOOTER_KEY.encode())
        if footer is None:
            raise DataError(f"{path}: is no part of a run (its footer lacks {_FOOTER_KEY}); move it out of the folder")
        return table, list(_from_footer(footer))
    except (pa.ArrowException, OSError, ValueError) as error:
        said = " ".join(str(error).split())[:100]
        raise DataError(f"{path}: the part is damaged ({said}); delete it and run the same command again") from error


def drop_rejected_rows(path: Path, table: pa.Table, layout: TableLayout) -> None:
    """Write a part again without its rejected records, so that they count as never read.

    Raises: DataError: the folder cannot be written.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    kept = table.filter(pc.not_equal(table["status"], "rejected")).replace_schema_metadata(None)
    file = AtomicFile(path)
    try:
        with pq.ParquetWriter(file.file, layout.schema, compression="zstd") as writer:
            writer.write_table(kept.cast(layout.schema))
            writer.add_key_value_metadata({_FOOTER_KEY: "[]"})
        file.commit()
    except OSError as error:
        file.discard()
        raise cannot_write(path, error) from error
    except BaseException:
        file.discard()
        raise


def _to_footer(rejected: list[PartRejected]) -> str:
    values = [[item.record.file, item.record.line, item.record.id, item.record.reason, item.text_sha256]
              for item in rejected]  # fmt: skip
    return json.dumps(values)  # ASCII: names of files may hold bytes that are no UTF-8


def _from_footer(footer: bytes) -> Iterator[PartRejected]:
    values: list[list[Any]] = json.loads(footer)
    for file, line, given_id, reason, sha256 in values:
        yield PartRejected(record=RejectedRecord(file=file, line=line, id=given_id, reason=reason), text_sha256=sha256)
