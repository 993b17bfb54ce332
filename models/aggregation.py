"""One row of logits per article from the logits of its windows: the same rule in training and in scoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ConfigError

Rule = Literal["mean", "lead", "confident", "attention"]
"""`mean`: windows weigh by their tokens; `lead`: the first one more; `confident`: surer ones more; `attention`: by
learnt weights of place and logits."""

N_PLACE_FEATURES = 4
"""Features of a window that are not logits: is first, is last, place from 0 to 1, top log-probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregation:
    """How window logits become article logits."""

    rule: Rule = "lead"
    lead_weight: float = 2.0
    """`lead`: factor on the first window's weight, 1 or more."""
    attention: tuple[float, ...] = ()
    """`attention`: learnt weight of each of `window_features`; empty before training, which then starts from `mean`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "attention", tuple(float(value) for value in self.attention))
        if self.rule not in get_args(Rule):
            raise ConfigError(f"aggregation rule {self.rule!r} is unknown; choose one of {', '.join(get_args(Rule))}")
        if self.lead_weight < 1:
            raise ConfigError(f"aggregation: lead_weight is {self.lead_weight}; it must be 1 or more")

    def weights(self, n_tokens: Sequence[int], logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """Weights of an article's windows, float64 (windows,), sum 1.

        Args:
            n_tokens: tokens of each window.
            logits: float32 (windows, labels); read by `confident` and `attention` only.
        """
        weights = np.asarray(n_tokens, dtype=np.float64)
        if self.rule == "lead":
            weights[0] *= self.lead_weight
        elif self.rule == "confident":
            shifted = logits - logits.max(axis=1, keepdims=True)
            weights = weights * (1.0 / np.exp(shifted).sum(axis=1))
        elif self.rule == "attention" and self.attention:
            scores = window_features(logits) @ np.asarray(self.attention)
            weights = weights * np.exp(scores - scores.max())
        normalised: NDArray[np.float64] = weights / weights.sum()
        return normalised

    def article_logits(self, n_tokens: Sequence[int], logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """Logits of the article, float64 (labels,): the weighted mean of its windows' logits (windows, labels)."""
        weighted: NDArray[np.float64] = self.weights(n_tokens, logits) @ logits.astype(np.float64)
        return weighted


def window_features(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """What learnt attention sees of an article's windows, float64 (windows, `N_PLACE_FEATURES` + labels).

    Is first, is last, place from 0 to 1, top log-probability, and log-probabilities less their mean, so that
    adding a constant to all logits changes nothing.
    """
    wide = logits.astype(np.float64)
    n_windows = len(wide)
    peak = wide.max(axis=1, keepdims=True)
    log_probs = wide - peak - np.log(np.exp(wide - peak).sum(axis=1, keepdims=True))
    place = np.arange(n_windows) / max(n_windows - 1, 1)
    columns = [place == 0, np.arange(n_windows) == n_windows - 1, place, log_probs.max(axis=1)]
    centred = log_probs - log_probs.mean(axis=1, keepdims=True)
    features: NDArray[np.float64] = np.column_stack([*columns, centred])
    return features
