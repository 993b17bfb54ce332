"""From article logits to calibrated probabilities, the confident flag and conformal label sets.

Vector scaling with one temperature [GPSW17] and split conformal sets on 1 - p [VGS05; AB21], per language where
enough calibration stories were there, else pooled. Everything here was fixed at training time and is read from the
manifest; `training/calibrate.py` computes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """softmax((logits + bias) / temperature)."""

    temperature: float = 1.0
    bias: tuple[float, ...] = ()
    """One value a label, or empty for none."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ModelError(f"calibration: temperature is {self.temperature}; it must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Calibration, abstention and conformal thresholds of a bundle."""

    pooled: Scaling = field(default_factory=Scaling)
    by_language: Mapping[str, Scaling] = field(default_factory=dict)
    """Language (ISO 639) -> its own scaling."""
    confident_at: float = 1.0
    """Least top probability that counts as confident in a validated language."""
    confident_at_unvalidated: float = 1.0
    """The same in every other language; never lower."""
    conformal_at: float = 1.0
    """Labels with 1 - p up to this are in the 90 % set (pooled)."""
    conformal_by_language: Mapping[str, float] = field(default_factory=dict)
    validated: Mapping[str, int] = field(default_factory=dict)
    """Tag or language -> number of independent test stories; `is_validated` from `MIN_TEST_STORIES` on."""

    def probs(self, logits: NDArray[np.float64], language: str) -> NDArray[np.float64]:
        """Calibrated probabilities, float64 (labels,), sum 1, from article logits (labels,)."""
        scaling = self.by_language.get(language, self.pooled)
        shifted = logits + (np.asarray(scaling.bias) if scaling.bias else 0.0)
        shifted = shifted / scaling.temperature
        exps = np.exp(shifted - shifted.max())
        normalised: NDArray[np.float64] = exps / exps.sum()
        return normalised

    def stance_set(self, probs: NDArray[np.float64], language: str) -> tuple[int, ...]:
        """Positions of the labels in the 90 % conformal set, in codebook order; never empty (the top label stays)."""
        threshold = self.conformal_by_language.get(language, self.conformal_at)
        inside = set(np.flatnonzero(1.0 - probs <= threshold + 1e-12).tolist()) | {int(probs.argmax())}
        return tuple(sorted(inside))

    def is_validated(self, tag: str, language: str) -> bool:
        """Whether the language has `MIN_TEST_STORIES` or more independent test stories behind it."""
        return self.validated.get(tag, self.validated.get(language, 0)) >= MIN_TEST_STORIES

    def is_confident(self, probs: NDArray[np.float64], *, is_validated: bool) -> bool:
        """Whether the top probability reaches the threshold."""
        threshold = self.confident_at if is_validated else self.confident_at_unvalidated
        return bool(probs.max() >= threshold)

    def to_dict(self) -> dict[str, Any]:
        """JSON form for the manifest."""
        scaling = {"temperature": self.pooled.temperature, "bias": list(self.pooled.bias)}
        return {
            "pooled": scaling,
            "by_language": {
                language: {"temperature": own.temperature, "bias": list(own.bias)}
                for language, own in sorted(self.by_language.items())
            },
            "confident_at": self.confident_at,
            "confident_at_unvalidated": self.confident_at_unvalidated,
            "conformal_at": self.conformal_at,
            "conformal_by_language": dict(sorted(self.conformal_by_language.items())),
            "validated": dict(sorted(self.validated.items())),
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Calibration:
        """Inverse of `to_dict`.

        Raises: ModelError: a key is missing or unknown.
        """
        try:
            values = dict(raw)
            values["pooled"] = _scaling(values["pooled"])
            values["by_language"] = {language: _scaling(own) for language, own in values["by_language"].items()}
            return cls(**values)
        except (KeyError, TypeError) as error:
            raise ModelError(f"manifest.json: calibration cannot be read ({error})") from error


MIN_TEST_STORIES = 20
"""From this many independent test stories on, a language counts as validated."""


def _scaling(raw: Mapping[str, Any]) -> Scaling:
    bias: Sequence[float] = raw["bias"]
    return Scaling(temperature=float(raw["temperature"]), bias=tuple(float(value) for value in bias))
