"""Doubt: the calibrated probability that the best candidate is right, and when it is too low to name a language.

Two questions are kept apart. Is the text in a supported language at all? A logistic regression answers, on how far the
evidence for the best candidate lies from what is usual for that language. Which of the candidates is it? A softmax
with a temperature that falls with length answers. The probability is the product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .language_scorer import Candidates

MAX_Z = 6.0
SHORT = 60
"""Characters below which a text is short."""
_MAX_RIVAL_GAP = 10.0
_TYPICAL_LOG_LENGTH = 4.0  # log of 55 characters: lengths count from here


@dataclass(frozen=True, slots=True)
class Doubt:
    """The fitted numbers for one scorer, in the order of its tags."""

    centres: NDArray[np.float32]
    """Usual values of `doubt_values` for each tag, float32 (tags, 5)."""
    spreads: NDArray[np.float32]
    """Their standard deviations, float32 (tags, 5)."""
    weights: NDArray[np.float32]
    """Of the logistic regression, float32 (features + 1,), the last one the intercept."""
    thresholds: NDArray[np.float32]
    """Log-odds of being supported below which a text is `und`, by tag, float32 (tags,)."""
    sharpness: tuple[float, float]
    """Factor on scores before the softmax: at 55 characters, and its growth with log length."""
    short_slack: float
    """How far thresholds fall, in log-odds, for each unit of log length below 60 characters."""
    has_classifier: bool
    """Whether the scorer has a classifier; without one only the n-gram means count."""

    def features(self, found: Candidates) -> NDArray[np.float32]:
        """What the regression sees of each text, float32 (texts, features)."""
        return doubt_features(found, self.centres, self.spreads, has_classifier=self.has_classifier)

    def log_odds(self, found: Candidates) -> NDArray[np.float32]:
        """Log-odds that each text is in a supported language, given its best candidate, float32 (texts,)."""
        odds: NDArray[np.float32] = self.features(found) @ self.weights[:-1] + self.weights[-1]
        return odds

    def limits(self, found: Candidates) -> NDArray[np.float32]:
        """Log-odds that each text must reach to be named, float32 (texts,): those of its tag, less for short text."""
        shortness = np.maximum(np.log(SHORT / np.maximum(found.n_chars, 1)), 0)
        return np.asarray(self.thresholds[found.witnesses] - self.short_slack * shortness, dtype=np.float32)

    def shares(self, found: Candidates) -> NDArray[np.float32]:
        """Probability of each candidate if one of them is right, float32 (texts, candidates); rows sum to 1."""
        return candidate_shares(found, self.sharpness)

    def to_json(self) -> dict[str, Any]:
        """The numbers as JSON holds them."""
        return {
            "centres": np.round(self.centres, 3).tolist(),
            "spreads": np.round(self.spreads, 3).tolist(),
            "weights": np.round(self.weights, 4).tolist(),
            "thresholds": np.round(self.thresholds, 3).tolist(),
            "sharpness": [round(value, 4) for value in self.sharpness],
            "short_slack": self.short_slack,
            "has_classifier": self.has_classifier,
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Doubt:
        """The reverse of `to_json`."""
        centres, spreads, weights, thresholds = (
            np.array(record[name], dtype=np.float32) for name in ("centres", "spreads", "weights", "thresholds")
        )
        at_55, growth = record["sharpness"]
        return cls(
            centres=centres,
            spreads=spreads,
            weights=weights,
            thresholds=thresholds,
            sharpness=(at_55, growth),
            short_slack=record["short_slack"],
            has_classifier=record["has_classifier"],
        )


def doubt_features(
    found: Candidates, centres: NDArray[np.float32], spreads: NDArray[np.float32], *, has_classifier: bool
) -> NDArray[np.float32]:
    """The features of `Doubt`: distances from what is usual, length, and their products."""
    who = found.witnesses
    z = np.clip((doubt_values(found) - centres[who]) / spreads[who], -MAX_Z, MAX_Z)
    length = (np.log(np.maximum(found.n_chars, 1)) - _TYPICAL_LOG_LENGTH)[:, None]
    base = z if has_classifier else z[:, 2:]
    return np.hstack([base, length, base * length]).astype(np.float32)


def doubt_values(found: Candidates) -> NDArray[np.float32]:
    """Evidence that is compared with what is usual, float32 (texts, 5): logit, lead over rivals, n-grams, words."""
    over_rivals = np.clip(found.logits - found.rivals, -_MAX_RIVAL_GAP, _MAX_RIVAL_GAP)
    return np.column_stack([found.logits, over_rivals, found.short_means, found.long_means, found.coverages])


def candidate_shares(found: Candidates, sharpness: Sequence[float]) -> NDArray[np.float32]:
    """Softmax over the candidates' scores times a sharpness that depends on length; rows sum to 1."""
    length = np.log(np.maximum(found.n_chars, 1)) - _TYPICAL_LOG_LENGTH
    factor = np.maximum(sharpness[0] + sharpness[1] * length, 0.05)[:, None]
    behind = found.scores - found.scores[:, :1]
    odds = np.exp(np.where(found.is_neighbour, behind, behind * factor))
    shares: NDArray[np.float32] = (odds / odds.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
