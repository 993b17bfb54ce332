"""Output as JSONL on standard output."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

from .atomic_file import AtomicFile, cannot_write
from .outcome import Outcome
from .rejected_file import rejected_line
from .table_layout import TableLayout
from .write_tables import JsonlTable


class StdoutSink:
    """A line for each row, flushed at once; a closed pipe ends the run quietly."""

    def __init__(self, layout: TableLayout, *, rejected: Path | None = None, stream: BinaryIO | None = None) -> None:
        """Args: rejected: where the rejected file goes, if one is wanted.

        Raises: DataError: the rejected file cannot be written.
        """
        self._stream = stream if stream is not None else sys.stdout.buffer
        self._table = JsonlTable(self._stream, layout)
        self._rejected = None if rejected is None else AtomicFile(rejected)

    def take(self, outcome: Outcome) -> bool:
        """Write a row, a rejected line, or both; False once the pipe is closed."""
        try:
            if self._rejected is not None and outcome.rejected is not None:
                self._rejected.file.write(rejected_line(outcome.rejected))
        except OSError as error:
            raise cannot_write(self._rejected.path, error) from error  # type: ignore[union-attr]
        try:
            if outcome.prediction is not None:
                self._table.write(outcome.prediction)
                self._stream.flush()
        except BrokenPipeError:
            self._silence()
            return False
        except OSError as error:
            self._silence()
            raise cannot_write(Path("standard output"), error) from error
        return True

    def finish(self, run_json: bytes) -> None:
        """Put the rejected file in its place; run.json is not written for standard output."""
        if self._rejected is not None:
            self._rejected.commit()

    def abort(self) -> None:
        """Drop the rejected file."""
        if self._rejected is not None:
            self._rejected.discard()

    def _silence(self) -> None:
        """Send what Python flushes at its end to nowhere, or it would complain about the pipe."""
        if self._stream is sys.stdout.buffer:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
