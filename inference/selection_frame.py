"""The scored articles of a run in memory, as a selection reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import DataError
from .prevalence_cuts import printed_key
from .prevalence_source import PredictionSource, connect
from .prevalence_table import build_table


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredFrame:
    """Every scored article of one run, in an order that does not depend on how its files were cut."""

    ids: list[str]
    text_sha256s: list[str]
    tags: list[str]
    """Language and script as reports print them; `(none)` where unknown."""
    stances: NDArray[np.int64]
    """Position of the classifier's label, (articles,)."""
    probs: NDArray[np.float64]
    """Calibrated probabilities, (articles, labels)."""
    stories: list[int | None]
    """Number of the story; None where no other article of the run tells it."""
    labels: tuple[str, ...]
    sha256: str
    """Name of the frame, as audit queues carry it."""
    codebook: str
    """Signature of the run's codebook."""

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def read(cls, source: PredictionSource) -> ScoredFrame:
        """Read a run.

        Raises: DataError: nothing was scored, or the rows mix codebooks.
        """
        connection = connect()
        try:
            table = build_table(source, connection, with_ids=True)
            probs = ", ".join(f"p{at}" for at in range(len(table.labels)))
            found = connection.execute(
                f"SELECT id, text_sha256, language, stance, story, {probs} FROM article "
                "WHERE status = 'scored' ORDER BY id, text_sha256"
            ).fetchall()
            sha256 = table.frame()
        finally:
            connection.close()
        if any(row[3] is None for row in found):
            raise DataError(f"{source.path}: a scored row has no stance of the run's labels; score the archive again")
        return cls(
            ids=[row[0] for row in found], text_sha256s=[row[1] for row in found],
            tags=[printed_key((row[2],)) for row in found],
            stances=np.array([row[3] for row in found], dtype=np.int64),
            probs=np.array([row[5:] for row in found], dtype=np.float64), stories=[row[4] for row in found],
            labels=table.labels, sha256=sha256, codebook=table.codebook,
        )  # fmt: skip

    @property
    def uncertainty(self) -> NDArray[np.float64]:
        """1 minus the distance between the two best labels, 0 to 1 (articles,): margin sampling [SDW01]."""
        best = np.sort(self.probs, axis=1)
        found: NDArray[np.float64] = 1.0 - (best[:, -1] - best[:, -2])
        return found
