"""From web pages to articles, in processes of their own that a poisonous page may hang, bloat or crash."""

from __future__ import annotations

import importlib.util
import multiprocessing
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType

from ..labels.errors import ConfigError
from ..labels.records import RejectedRecord
from .page_text import Page, PageText, page_text

PAGE_CPU_S = 10.0
"""Processor time for one page; a usual one takes 0.1 s. Not wall time: a busy machine shall reject no other pages."""
PAGE_WALL_S = 180.0
"""Wall time for one page, for what waits without working."""
PAGE_MEMORY_BYTES = 2 << 30
"""Address space of an extracting process; about 0.5 GiB of it are libraries."""
_PAGES_AHEAD = 8
"""Pages a process that may be out or waiting for their turn at once."""

ExtractedPage = tuple[Page, PageText | str]
"""A page with its text, or with the reason why there is none."""


def require_web_extra() -> None:
    """Check that the optional packages for pages are there.

    Raises: ConfigError: one is missing.
    """
    for name in ("trafilatura", "lxml_html_clean"):
        if importlib.util.find_spec(name) is None:
            raise ConfigError(f"HTML and WARC need {name}, which is not installed; run pip install 'xjstance[web]'")


def _extract_pages(connection: Connection, extract: Callable[[Page], PageText], cpu_s: float) -> None:
    """Life of an extracting process: a page in, its text or a reason out, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (PAGE_MEMORY_BYTES, PAGE_MEMORY_BYTES))
    while True:
        try:
            page = connection.recv()
        except EOFError:
            return
        result: PageText | str
        try:
            _allow(cpu_s)
            result = extract(page)
        except MemoryError:
            result = f"the page needs more than {PAGE_MEMORY_BYTES >> 30} GiB of memory to read; leave it out"
        except Exception as error:  # noqa: BLE001 (no page may stop the archive)
            said = " ".join(str(error).split())[:120]
            result = f"the page cannot be read ({type(error).__name__}: {said}); leave it out"
        finally:
            _allow(0)
        try:
            connection.send(result)
        except (BrokenPipeError, ConnectionResetError):
            return


def _allow(cpu_s: float) -> None:
    """Let the system end this process when it has used so much processor time from now on; 0 lifts that."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, cpu_s)


@dataclass(slots=True, kw_only=True)
class _Extractor:
    process: BaseProcess
    connection: Connection
    number: int | None = None
    """Number of the page at hand, None while idle."""
    since_s: float = 0.0


class PageExtractor:
    """Extracting processes; leaving the `with` block ends them. Results come in the order of the pages.

    They start with the first page, and serve one call of `extract` after the other.
    """

    def __init__(self, *, n_processes: int = 1, cpu_s: float = PAGE_CPU_S, wall_s: float = PAGE_WALL_S,
                 extract: Callable[[Page], PageText] = page_text) -> None:  # fmt: skip
        self._cpu_s, self._wall_s, self._extract = cpu_s, wall_s, extract
        self._context = multiprocessing.get_context("spawn")
        self._n_processes = max(1, n_processes)
        self._extractors: list[_Extractor] = []

    def __enter__(self) -> PageExtractor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        for extractor in self._extractors:
            _end(extractor)
        self._extractors.clear()

    def _start(self) -> _Extractor:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_extract_pages, args=(theirs, self._extract, self._cpu_s), daemon=True)
        process.start()
        theirs.close()
        return _Extractor(process=process, connection=ours)

    def extract(self, pages: Iterable[Page | RejectedRecord]) -> Iterator[ExtractedPage | RejectedRecord]:
        """Each page with its text or a reason; rejected records pass in their place.

        An error of the iterator comes out behind the pages that came before it.
        """
        source = iter(pages)
        failure: Exception | None = None
        if not self._extractors:
            self._extractors = [self._start() for _ in range(self._n_processes)]
        order: deque[tuple[int, Page | RejectedRecord]] = deque()
        waiting: deque[tuple[int, Page]] = deque()
        done: dict[int, PageText | str] = {}
        number, is_at_end = 0, False
        while True:
            while order:
                first_number, first = order[0]
                if isinstance(first, RejectedRecord):
                    yield first
                elif first_number in done:
                    yield first, done.pop(first_number)
                else:
                    break
                order.popleft()
            while not is_at_end and len(order) < _PAGES_AHEAD * len(self._extractors):
                try:
                    item = next(source, None)
                except Exception as error:  # noqa: BLE001 (raised again below)
                    failure, item = error, None
                if item is None:
                    is_at_end = True
                    break
                order.append((number, item))
                if isinstance(item, Page):
                    waiting.append((number, item))
                    self._hand_out(waiting)
                number += 1
            self._hand_out(waiting)
            if any(extractor.number is not None for extractor in self._extractors):
                self._collect(done)
            elif is_at_end and not order:
                break
        if failure is not None:
            raise failure

    def _hand_out(self, waiting: deque[tuple[int, Page]]) -> None:
        for at, extractor in enumerate(self._extractors):
            if extractor.number is None and waiting:
                number, page = waiting.popleft()
                try:
                    extractor.connection.send(page)
                except (BrokenPipeError, ConnectionResetError):
                    self._extractors[at] = self._replace(extractor)
                    waiting.appendleft((number, page))
                    continue
                extractor.number, extractor.since_s = number, time.monotonic()

    def _collect(self, done: dict[int, PageText | str]) -> None:
        busy = [(at, extractor) for at, extractor in enumerate(self._extractors) if extractor.number is not None]
        until_s = min(extractor.since_s for _, extractor in busy) + self._wall_s
        ready = wait([extractor.connection for _, extractor in busy], timeout=max(0.0, until_s - time.monotonic()))
        for at, extractor in busy:
            number = extractor.number
            if number is None:
                continue
            if extractor.connection in ready:
                try:
                    done[number] = extractor.connection.recv()
                    extractor.number = None
                    continue
                except (EOFError, ConnectionResetError):
                    reason = self._how_it_ended(extractor)
            elif time.monotonic() - extractor.since_s >= self._wall_s:
                reason = f"the page takes longer than {self._wall_s:g} s to read; leave it out"
            else:
                continue
            done[number] = reason
            self._extractors[at] = self._replace(extractor)

    def _how_it_ended(self, extractor: _Extractor) -> str:
        extractor.process.join(timeout=5)
        if sys.platform != "win32" and extractor.process.exitcode == -signal.SIGPROF:
            return f"the page takes more than {self._cpu_s:g} s of processor time to read; leave it out"
        return "the page crashed the process that read it; leave it out"

    def _replace(self, extractor: _Extractor) -> _Extractor:
        _end(extractor)
        return self._start()


def _end(extractor: _Extractor) -> None:
    extractor.connection.close()
    extractor.process.kill()
    extractor.process.join()
