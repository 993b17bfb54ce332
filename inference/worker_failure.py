"""An error in a worker process or actor that stops the whole run."""

from __future__ import annotations

from dataclasses import dataclass

from ..labels import errors
from ..labels.errors import ModelError, StanceError

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
"""Environment of a worker: each runs on one thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFailure:
    """What the worker sends home instead of results."""

    kind: str
    message: str

    @classmethod
    def of(cls, error: Exception) -> WorkerFailure:
        """The failure that an exception is."""
        return cls(kind=type(error).__name__, message=" ".join(str(error).split()))

    def error(self) -> StanceError:
        """The error to raise at home: one of ours as it was, any other as ModelError."""
        known = getattr(errors, self.kind, None)
        if isinstance(known, type) and issubclass(known, StanceError):
            return known(self.message)
        return ModelError(f"a worker process failed ({self.kind}: {self.message}); report this with the command")
