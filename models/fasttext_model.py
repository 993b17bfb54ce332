"""FastTextModel: a fastText file behind calls that are right under numpy 1 and 2."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ConfigError, ModelError


class FastTextModel:
    """A supervised fastText model (.bin or .ftz).

    Only the bound C++ object is called: under numpy 2, fasttext-wheel's own `predict` raises for one text and repeats
    the first probability for a list."""

    def __init__(self, path: Path) -> None:
        """Args: path: a .bin or .ftz file.

        Raises: ModelError: the file is missing or is no fastText model; ConfigError: fastText is not installed."""
        try:
            native: Any = import_module("fasttext_pybind")
        except ImportError as error:
            raise ConfigError("fastText is not installed; run `pip install fasttext-wheel`") from error
        if not path.is_file():
            raise ModelError(f"{path}: no such fastText model; give a .bin or .ftz file")
        self._native: Any = native.fasttext()
        try:
            self._native.loadModel(str(path))
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{path}: no fastText model ({error}); fetch the file again") from error
        self.dim: int = self._native.getArgs().dim
        self._vector: Any = native.Vector(self.dim)
        self._view = np.array(self._vector, copy=False)

    def vectors(self, lines: Sequence[str]) -> NDArray[np.float32]:
        """Hidden vector of each line (mean of its word and n-gram vectors), float32 (lines, dim)."""
        out = np.empty((len(lines), self.dim), dtype=np.float32)
        native, vector, view = self._native.getSentenceVector, self._vector, self._view
        for row, line in zip(out, lines, strict=True):
            native(vector, line + "\n")
            row[:] = view
        return out

    def predict(self, line: str, k: int = 1) -> list[tuple[float, str]]:
        """The k most probable labels of one line with their probabilities, most probable first."""
        found: list[tuple[float, str]] = self._native.predict(line.replace("\n", " ") + "\n", k, 0.0, "strict")
        return [(min(prob, 1.0), label.removeprefix("__label__")) for prob, label in found]
