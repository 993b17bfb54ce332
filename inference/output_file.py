"""Output into one file, with NAME.rejected.jsonl and NAME.run.json beside it; all three appear at the end, whole."""

from __future__ import annotations

from pathlib import Path

from ..labels.errors import ConfigError
from .atomic_file import AtomicFile, cannot_write
from .outcome import Outcome
from .rejected_file import rejected_line
from .table_layout import TableLayout
from .write_tables import TABLES, TableWriter


class FileSink:
    """One .parquet, .jsonl or .csv file; an earlier file of the name is replaced when the run is complete."""

    def __init__(self, path: Path, layout: TableLayout) -> None:
        """Open the temporary files.

        Raises: ConfigError: the ending is none of ours. DataError: the folder cannot be written.
        """
        if path.suffix not in TABLES:
            raise ConfigError(f"-o {path}: the ending must be one of {', '.join(TABLES)}, or none for a folder")
        self._path = path
        self._opened: list[AtomicFile] = []
        self._table: TableWriter | None = None
        try:
            self._rejected = self._open(path.with_name(f"{path.name}.rejected.jsonl"))
            self._run_json = self._open(path.with_name(f"{path.name}.run.json"))
            self._output = self._open(path)
            self._table = TABLES[path.suffix](self._output.file, layout)
        except BaseException:
            self.abort()
            raise

    def _open(self, path: Path) -> AtomicFile:
        file = AtomicFile(path)
        self._opened.append(file)
        return file

    def take(self, outcome: Outcome) -> bool:
        """Write a row, a rejected line, or both."""
        try:
            if outcome.prediction is not None and self._table is not None:
                self._table.write(outcome.prediction)
            if outcome.rejected is not None:
                self._rejected.file.write(rejected_line(outcome.rejected))
        except OSError as error:
            raise cannot_write(self._path, error) from error
        return True

    def finish(self, run_json: bytes) -> None:
        """Sync all three files, then rename them, the table last."""
        try:
            if self._table is not None:
                self._table.finish()
            self._run_json.file.write(run_json)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        for file in self._opened:
            file.sync()
        for file in self._opened:
            file.commit()

    def abort(self) -> None:
        """Remove the temporary files."""
        if self._table is not None:
            self._table.abandon()
        for file in self._opened:
            file.discard()
