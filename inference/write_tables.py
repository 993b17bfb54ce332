"""Write predictions as Parquet, JSONL or CSV into an open binary file."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from ..labels.records import Prediction
from .table_layout import TableLayout

_ROW_GROUP = 1_024
"""Rows that are held before they are written."""
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
"""A cell that starts with one of these can be run as a formula by a spreadsheet (full-width ones too)."""


class TableWriter(Protocol):
    """Takes rows one by one; `finish` writes what is still held, `abandon` lets go of a file that failed."""

    def write(self, prediction: Prediction) -> None: ...

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


class ParquetTable:
    """Parquet, zstd, in row groups of 1,024 rows."""

    def __init__(self, file: BinaryIO, layout: TableLayout) -> None:
        import pyarrow.parquet as pq

        self._layout = layout
        self._held: list[Prediction] = []
        self._writer = pq.ParquetWriter(file, layout.schema, compression="zstd")

    def write(self, prediction: Prediction) -> None:
        """Add a row."""
        self._held.append(prediction)
        if len(self._held) >= _ROW_GROUP:
            self._write_held()

    def set_metadata(self, metadata: dict[str, str]) -> None:
        """Add key-value metadata to the file's footer."""
        self._writer.add_key_value_metadata(metadata)

    def finish(self) -> None:
        """Write the rest and the footer."""
        if self._held:
            self._write_held()
        self._writer.close()

    def abandon(self) -> None:
        """Close the writer, whatever becomes of the file."""
        with contextlib.suppress(OSError, ValueError):  # Arrow's own errors derive from ValueError
            self._writer.close()

    def _write_held(self) -> None:
        self._writer.write_table(self._layout.table(self._held))
        self._held.clear()


class JsonlTable:
    """JSONL in UTF-8, one object a line, keys in column order."""

    def __init__(self, file: BinaryIO, layout: TableLayout) -> None:
        self._file, self._layout = file, layout

    def write(self, prediction: Prediction) -> None:
        """Add a row."""
        self._file.write(json.dumps(self._layout.row(prediction), ensure_ascii=False).encode() + b"\n")

    def finish(self) -> None:
        """Nothing is held."""

    def abandon(self) -> None:
        """Nothing is held."""


class CsvTable:
    """CSV in UTF-8 with a header; text cells that a spreadsheet could run get a leading apostrophe."""

    def __init__(self, file: BinaryIO, layout: TableLayout) -> None:
        self._file, self._layout = file, layout
        self._buffer = io.StringIO()
        self._csv = csv.writer(self._buffer, lineterminator="\n")
        self._write_line(layout.columns)

    def write(self, prediction: Prediction) -> None:
        """Add a row."""
        self._write_line([csv_cell(value) for value in self._layout.row(prediction).values()])

    def finish(self) -> None:
        """Nothing is held."""

    def abandon(self) -> None:
        """Nothing is held."""

    def _write_line(self, cells: list[Any]) -> None:
        self._csv.writerow(cells)
        self._file.write(self._buffer.getvalue().encode())
        self._buffer.seek(0)
        self._buffer.truncate()


def csv_cell(value: object) -> str | int | float:
    """A value as a CSV cell: lists of words by spaces, evidence as JSON, null as nothing, numbers as numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    if isinstance(value, list):
        is_words = all(isinstance(item, str) for item in value)
        value = " ".join(value) if is_words and value else json.dumps(value, ensure_ascii=False) if value else ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


TABLES: dict[str, Callable[[BinaryIO, TableLayout], TableWriter]] = {
    ".parquet": ParquetTable, ".jsonl": JsonlTable, ".csv": CsvTable,
}  # fmt: skip
"""Ending of an output file -> its writer."""
