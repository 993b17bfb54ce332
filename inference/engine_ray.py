"""The Ray engine: the same chunks as the local engine, scored by actors on one machine or a cluster (extra `ray`).

Reading, copies, order and writing stay with the process that was started; only chunks of articles travel. So the parts
are those of the local engine, and finished parts are what a resumed run skips. An actor that is lost, with its node or
alone, costs its chunk's time: the chunk goes to another one.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..labels.errors import ConfigError, ModelError
from ..labels.records import Article, Prediction
from .chunks import Chunk
from .ordered_scoring import ChunkResult, Done, score_in_order
from .protocol import ClassifierFactory
from .score_chunk import score_chunk
from .worker_failure import ONE_THREAD, WorkerFailure

logger = logging.getLogger(__name__)

_MAX_LOSSES = 3
"""A chunk that so many actors were lost with is taken to be what kills them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RayEngine:
    """Scores chunks on Ray; a new connection for each run, unless the caller is connected already."""

    address: str | None = None
    """`auto`, `host:port` or `ray://host:10001` of a running cluster; None starts Ray on this machine for the run."""
    n_actors: int | None = None
    """None: one for each GPU or core that the cluster has at the start."""
    is_gpu: bool = False
    """Whether each actor needs a GPU of its own."""
    patience_s: float = 600.0
    """How long the run waits for a first actor, and for another when all are lost."""

    def __call__(self, chunks: Iterator[Chunk], factory: ClassifierFactory) -> Iterator[ChunkResult]:
        """Results in the order of the chunks.

        Raises: ConfigError: Ray is not installed, or there is no cluster at the address. ModelError: the model cannot
            be loaded, no node is left, or an article kills each actor that reads it.
        """
        ray = _ray()
        was_connected = ray.is_initialized()
        if not was_connected:
            self._connect(ray)
        crew = _RayCrew(ray, self, factory)
        try:
            yield from score_in_order(chunks, crew)
        finally:
            crew.dismiss()
            if not was_connected:
                ray.shutdown()

    def _connect(self, ray: Any) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self.address is None:
            options |= {"include_dashboard": False}
            os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's 15 starves beside any other work
            if self.n_actors is not None:
                options |= {"num_cpus": self.n_actors}
        else:
            options |= {"address": self.address}
        try:
            ray.init(**options)
        except (ConnectionError, ValueError, RuntimeError, OSError) as error:
            said = " ".join(str(error).split())[:200]
            raise ConfigError(f"Ray cannot be reached at {self.address or 'this machine'} ({said}); start a cluster "
                              "with `ray start --head` and give its address with --ray-address") from error  # fmt: skip


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no telemetry
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # what Ray 2.60 warns of, decided
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--engine ray needs ray; run `pip install 'xjstance[ray]'`") from error
    return ray


class _Scorer:
    """Lives in an actor: one classifier on one thread."""

    def __init__(self, factory: ClassifierFactory) -> None:
        os.environ.update(ONE_THREAD)
        self._factory = factory
        self._classifier: Any = None

    def load(self) -> WorkerFailure | None:
        """Make the classifier; None when it is there."""
        try:
            self._classifier = self._factory()
        except Exception as error:  # noqa: BLE001 (raised at home)
            return WorkerFailure.of(error)
        return None

    def score(self, articles: Sequence[Article]) -> list[Prediction | str] | WorkerFailure:
        """What `score_chunk` says of the articles."""
        try:
            return score_chunk(self._classifier, articles)
        except Exception as error:  # noqa: BLE001 (raised at home)
            return WorkerFailure.of(error)


class _RayCrew:
    """The actors of one run."""

    def __init__(self, ray: Any, settings: RayEngine, factory: ClassifierFactory) -> None:
        self._ray, self._settings, self._factory = ray, settings, factory
        unit = "GPU" if settings.is_gpu else "CPU"
        found = int(ray.cluster_resources().get(unit, 0))
        if found == 0:
            raise ConfigError(f"the Ray cluster has no {unit}; start a node that has one, or choose another --device")
        self._n = min(settings.n_actors or found, found)
        options = {"num_cpus": 1, "max_restarts": 0, "max_task_retries": 0}
        self._actor_class = ray.remote(**options, num_gpus=1 if settings.is_gpu else 0)(_Scorer)
        self._free: list[Any] = []
        self._loading: dict[Any, Any] = {}
        self._busy: dict[Any, tuple[Any, Chunk]] = {}
        self._losses: Counter[int] = Counter()
        self._n_failed_starts = 0
        self._last_sign = time.monotonic()
        for _ in range(self._n):
            self._start()

    @property
    def n_workers(self) -> int:
        """Actors that are wanted."""
        return self._n

    def _start(self) -> None:
        actor = self._actor_class.remote(self._factory)
        self._loading[actor.load.remote()] = actor

    def hand_out(self, waiting: deque[Chunk]) -> None:
        """Give waiting chunks to the actors that are free."""
        while waiting and self._free:
            actor, chunk = self._free.pop(), waiting.popleft()
            self._busy[actor.score.remote(chunk.articles)] = (actor, chunk)

    def collect(self, done: Done, waiting: deque[Chunk], *, is_patient: bool) -> None:
        """Fetch what is ready; chunks of lost actors go back to the front."""
        out = [*self._busy, *self._loading]
        timeout_s = self._settings.patience_s if is_patient else 0
        ready, _ = self._ray.wait(out, num_returns=1, timeout=timeout_s) if out else ([], [])
        for reference in ready:
            if reference in self._loading:
                self._welcome(reference)
            else:
                self._take(reference, done, waiting)
        if ready or self._free:
            self._last_sign = time.monotonic()
        elif is_patient and not self._busy and time.monotonic() - self._last_sign >= self._settings.patience_s:
            raise ModelError(f"no Ray actor could be started for {self._settings.patience_s:.0f} s: no node is left, "
                             "or others use them all; finished parts are kept, run the same command again")  # fmt: skip

    def _welcome(self, reference: Any) -> None:
        actor = self._loading.pop(reference)
        try:
            failure = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._n_failed_starts += 1
            if self._n_failed_starts > _MAX_LOSSES * self._n:
                raise ModelError(f"Ray actors cannot be started ({_first_line(error)}); the same xjstance must be "
                                 "installed on every node") from error  # fmt: skip
            self._start()
            return
        if failure is not None:
            raise failure.error()
        self._free.append(actor)

    def _take(self, reference: Any, done: Done, waiting: deque[Chunk]) -> None:
        actor, chunk = self._busy.pop(reference)
        try:
            result = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._losses[chunk.number] += 1
            if self._losses[chunk.number] >= _MAX_LOSSES:
                raise ModelError(f"{_MAX_LOSSES} Ray actors were lost while they had {chunk.describe()} "
                                 f"({_first_line(error)}); finished parts are kept: give the actors more memory, or "
                                 "leave the article out, and run the same command again") from error  # fmt: skip
            logger.warning("a Ray actor was lost with %s; it is scored again elsewhere", chunk.describe())
            self._ray.kill(actor)
            waiting.appendleft(chunk)
            self._start()
            return
        if isinstance(result, WorkerFailure):
            raise result.error()
        done[chunk.number] = result
        self._free.append(actor)

    def dismiss(self) -> None:
        """End all actors."""
        for actor in [*self._free, *self._loading.values(), *(actor for actor, _ in self._busy.values())]:
            self._ray.kill(actor)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]
