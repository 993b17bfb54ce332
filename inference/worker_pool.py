"""Worker processes on one machine: each makes its classifier once and scores one chunk at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from ..labels.errors import ModelError
from .chunks import Chunk
from .end_with_parent import end_with_parent
from .ordered_scoring import ChunkResult, Done, score_in_order
from .protocol import ClassifierFactory
from .score_chunk import score_chunk
from .worker_failure import ONE_THREAD, WorkerFailure


def _work(connection: Connection, factory: ClassifierFactory) -> None:
    """Life of a worker process: make the classifier, then score chunks until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what Ctrl-C means
    end_with_parent()
    try:
        classifier = factory()
        while True:
            articles = connection.recv()
            connection.send(score_chunk(classifier, articles))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent has ended, or wants no more
    except Exception as error:  # noqa: BLE001 (the parent raises it)
        connection.send(WorkerFailure.of(error))


@dataclass(slots=True, kw_only=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    chunk: Chunk | None = None


class WorkerPool:
    """A fixed number of worker processes; leaving the `with` block ends them all."""

    def __init__(self, factory: ClassifierFactory, n_processes: int) -> None:
        self._factory, self._n_processes = factory, n_processes
        self._workers: list[_Worker] = []

    def __enter__(self) -> WorkerPool:
        context = multiprocessing.get_context("spawn")
        with _environment(ONE_THREAD):
            for number in range(self._n_processes):
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(theirs, self._factory), name=f"xjstance-{number}",
                                          daemon=True)  # fmt: skip
                process.start()
                theirs.close()
                self._workers.append(_Worker(process=process, connection=ours))
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.connection.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(timeout=5)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    @property
    def n_workers(self) -> int:
        """Processes."""
        return self._n_processes

    def score(self, chunks: Iterator[Chunk]) -> Iterator[ChunkResult]:
        """Results in the order of the chunks.

        Raises: ModelError: a worker died (the message names its chunk), or could not load the model.
        """
        return score_in_order(chunks, self)

    def hand_out(self, waiting: deque[Chunk]) -> None:
        """Give waiting chunks to the processes that are free."""
        for worker in self._workers:
            if worker.chunk is None and waiting:
                worker.chunk = waiting.popleft()
                try:
                    worker.connection.send(worker.chunk.articles)
                except (BrokenPipeError, ConnectionResetError):
                    self._raise_for(worker)

    def collect(self, done: Done, waiting: deque[Chunk], *, is_patient: bool) -> None:
        """Fetch what is ready."""
        busy = {worker.connection: worker for worker in self._workers if worker.chunk is not None}
        if not busy:
            return
        for connection in wait(list(busy), timeout=None if is_patient else 0):
            worker = busy[connection]  # type: ignore[index]
            try:
                message = worker.connection.recv()
            except (EOFError, ConnectionResetError):
                self._raise_for(worker)
            if isinstance(message, WorkerFailure):
                raise message.error()
            if worker.chunk is not None:
                done[worker.chunk.number] = message
                worker.chunk = None

    def _raise_for(self, worker: _Worker) -> None:
        """Explain why a worker is gone: its own last message if it left one, else how its process ended."""
        try:
            if worker.connection.poll():
                message = worker.connection.recv()
                if isinstance(message, WorkerFailure):
                    raise message.error()
        except (EOFError, OSError):
            pass
        worker.process.join(timeout=5)
        code = worker.process.exitcode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        chunk = worker.chunk.describe() if worker.chunk is not None else "no chunk"
        raise ModelError(
            f"worker process {worker.process.name} ended ({how}) while it had {chunk}; finished parts are kept: "
            "run the same command again, with fewer processes if memory was short (in a script of your own, "
            'start the run below `if __name__ == "__main__":`)'
        )


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Environment variables that processes started inside the block inherit."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
