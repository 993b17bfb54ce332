"""The progress bar of a run on standard error: articles/s, time left, counts by status."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from .archive import Archive
from .run_counts import RunCounts

if TYPE_CHECKING:
    from rich.console import Console

_REFRESH_S = 0.25


class ProgressBar:
    """Shows `RunCounts` as they grow; the share done is by bytes where the archive's size is known."""

    def __init__(self, archive: Archive, *, console: Console | None = None, is_visible: bool = True,
                 clock: Callable[[], float] = time.monotonic) -> None:  # fmt: skip
        """Args: console: where to draw; standard error by default."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._archive, self._clock = archive, clock
        self._started = self._shown = clock()
        self._n_before: int | None = None
        total = archive.total_bytes
        self._progress = Progress(
            TextColumn("classify"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%") if total else TextColumn(""),
            TextColumn("{task.fields[line]}"),
            TimeRemainingColumn() if total else TextColumn(""),
            console=console or Console(stderr=True),
            disable=not is_visible,
            transient=True,
            auto_refresh=False,
        )
        self._task = self._progress.add_task("classify", total=total, line="loading the model")

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        self._progress.refresh()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self._progress.stop()

    def __call__(self, counts: RunCounts) -> None:
        """Draw the counts, at most four times a second."""
        if self._n_before is None:
            self._n_before = counts.n_rows - 1  # the rows of parts that an earlier run has finished
        now = self._clock()
        if now - self._shown < _REFRESH_S:
            return
        self._shown = now
        line = progress_line(counts, now - self._started, n_before=self._n_before)
        self._progress.update(self._task, completed=self._archive.bytes_read, line=line, refresh=True)


def progress_line(counts: RunCounts, seconds: float, *, n_before: int = 0) -> str:
    """Rows, rows a second without the `n_before` of an earlier run, and the statuses that occurred."""
    n_rows = counts.n_rows
    rate = f" · {(n_rows - n_before) / seconds:,.1f}/s" if seconds > 0 else ""
    statuses = ", ".join(f"{n:,} {status}" for status, n in counts.by_status.items() if n)
    return f"{n_rows:,} articles{rate} · {statuses}"
