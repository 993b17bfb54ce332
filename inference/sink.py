"""Where the outcomes of a run go."""

from __future__ import annotations

from typing import Protocol

from .outcome import Outcome


class Sink(Protocol):
    """Takes outcomes in input order; then `finish`, or `abort` when the run broke off."""

    def take(self, outcome: Outcome) -> bool:
        """Write one outcome; False when nobody wants more (the reading end of a pipe is closed).

        Raises: DataError: it cannot be written.
        """
        ...

    def finish(self, run_json: bytes) -> None:
        """Make the output whole and put it in its place.

        Raises: DataError: it cannot be written.
        """
        ...

    def abort(self) -> None:
        """Leave nothing behind that looks whole."""
        ...
