"""Score chunks by several workers and give the results back in the order of the chunks, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Protocol

from ..labels.records import Prediction
from .chunks import Chunk

ChunkResult = tuple[Chunk, list[Prediction | str]]
"""A chunk with a prediction or a reason for each of its articles."""

Done = dict[int, list[Prediction | str]]
"""Number of a scored chunk -> its results."""

_CHUNKS_AHEAD = 3
"""Chunks a worker that may be out or waiting for their turn at once: bounds memory and reading ahead."""


class Crew(Protocol):
    """Workers of any kind: processes on this machine, actors on a cluster."""

    @property
    def n_workers(self) -> int:
        """How many chunks are to be out at once."""
        ...

    def hand_out(self, waiting: deque[Chunk]) -> None:
        """Give waiting chunks, first come first served, to the workers that are free."""
        ...

    def collect(self, done: Done, waiting: deque[Chunk], *, is_patient: bool) -> None:
        """Fetch what is ready; a patient call waits for at least one worker. Lost chunks go back into `waiting`."""
        ...


def score_in_order(chunks: Iterator[Chunk], crew: Crew) -> Iterator[ChunkResult]:
    """Results in the order of the chunks; a chunk is taken from the iterator only when there is room for it."""
    done: Done = {}
    order: deque[Chunk] = deque()
    waiting: deque[Chunk] = deque()
    is_at_end = False
    while True:
        crew.hand_out(waiting)
        while order and order[0].number in done:
            chunk = order.popleft()
            yield chunk, done.pop(chunk.number)
            crew.hand_out(waiting)
        has_room = len(order) < _CHUNKS_AHEAD * crew.n_workers and len(waiting) < crew.n_workers
        if not is_at_end and has_room:
            next_chunk = next(chunks, None)
            if next_chunk is None:
                is_at_end = True
            else:
                order.append(next_chunk)
                if next_chunk.articles:
                    waiting.append(next_chunk)
                else:
                    done[next_chunk.number] = []
            crew.collect(done, waiting, is_patient=False)
        elif order:
            crew.collect(done, waiting, is_patient=True)
        elif is_at_end:
            return
