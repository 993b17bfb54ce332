"""Read Parquet in small batches, whatever the types of its columns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from ..labels.errors import DataError
from ..labels.records import Article, RejectedRecord
from .columns import ColumnMapping
from .compression import ByteCounter

_BATCH_BYTES = 16 << 20
"""Decoded bytes that a batch aims at."""


class _NotUtf8:
    """Stands for a text that cannot be decoded."""


def read_parquet(source: BinaryIO, *, file: str, columns: ColumnMapping,
                 count: ByteCounter | None = None) -> Iterator[Article | RejectedRecord]:  # fmt: skip
    """The rows of an open Parquet file, in order; `line` is the 1-based row.

    Raises: DataError: no Parquet file, or no text column.
    """
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(source, buffer_size=1 << 20, pre_buffer=False)
    except Exception as error:  # damaged files set off errors of every kind
        raise DataError(f"is no Parquet file, or is cut off ({str(error)[:100]}); fetch or write it again") from error
    with table:
        present = table.schema_arrow.names
        if columns.column_of("text") not in present:
            raise DataError(columns.missing_text_reason(present))
        used = [name for name in columns.used if name in present]
        if twice := [name for name in used if present.count(name) > 1]:
            raise DataError(f"has the column {twice[0]!r} twice; rename one of them")
        n_rows = table.metadata.num_rows
        size_bytes = sum(table.metadata.row_group(at).total_byte_size for at in range(table.metadata.num_row_groups))
        batch_rows = max(1, min(1_024, int(_BATCH_BYTES * n_rows / size_bytes) if size_bytes else 1_024))
        file_bytes = source.seek(0, os.SEEK_END)
        row = counted = 0
        try:
            for batch in table.iter_batches(batch_size=batch_rows, columns=used, use_threads=False):
                values = {name: _plain_values(batch.column(name)) for name in batch.schema.names}
                for at in range(batch.num_rows):
                    row += 1
                    yield _row({name: column[at] for name, column in values.items()}, file, row, columns)
                if count is not None:
                    done = file_bytes * row // n_rows
                    count(done - counted)
                    counted = done
        except Exception as error:
            raise DataError(f"cannot be read behind row {row} ({' '.join(str(error).split())[:120]}); "
                            "fetch or write it again") from error  # fmt: skip


def _row(raw: dict[str, Any], file: str, row: int, columns: ColumnMapping) -> Article | RejectedRecord:
    bad = [name for name, value in raw.items() if isinstance(value, _NotUtf8)]
    if bad:
        sound = {name: value for name, value in raw.items() if name not in bad}
        reason = f"column {bad[0]!r} is not UTF-8; write the file again with UTF-8 strings"
        return columns.rejected(sound, file=file, line=row, reason=reason)
    return columns.record(raw, file=file, line=row)


def _plain_values(column: Any) -> list[Any]:
    """Values of an Arrow array as Python ones; strings are decoded one by one, so that a bad one spoils no other."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    is_binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    if is_text:
        column = column.cast(pa.large_binary() if pa.types.is_large_string(kind) else pa.binary())
    if is_text or is_binary:
        return [None if value is None else _decoded(value) for value in column.to_pylist()]
    try:
        values: list[Any] = column.to_pylist()
    except (UnicodeDecodeError, ValueError, OverflowError):  # nested bad strings, dates beyond the year 9999
        values = [_scalar(scalar) for scalar in column]
    return values


def _decoded(value: bytes) -> str | _NotUtf8:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return _NotUtf8()


def _scalar(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return _NotUtf8()
    except (ValueError, OverflowError):
        return str(scalar)
