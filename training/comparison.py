"""Two models on the same articles: differences with intervals and p values, paired by story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.records import LabelledArticle
from .bootstrap import StoryDraws, interval, macro_f1s, p_value
from .evaluation import gold_labels

Floats = NDArray[np.float64]


def compare_probs(probs: Floats, others: Floats, articles: Sequence[LabelledArticle], labels: Sequence[str], *,
                  positive: str, negative: str, rng: np.random.Generator,
                  n_draws: int = 1_000) -> dict[str, Any]:  # fmt: skip
    """Figure -> its value for both, the difference (first minus second) with a 95 % interval, and p.

    Every draw takes the same stories for both, so what the articles share drops out [ET93].
    """
    gold = gold_labels(articles, labels)
    draws = StoryDraws.of([article.story for article in articles], rng=rng, n_draws=n_draws)
    ours, theirs = (
        _figures(one, gold, draws, labels.index(positive), labels.index(negative), f"{positive}_as_{negative}",
                 f"{negative}_as_{positive}")
        for one in (probs, others)
    )  # fmt: skip
    found: dict[str, Any] = {}
    for name, values in ours.items():
        difference = values - theirs[name]
        shown = [None if value != value else value for value in interval(difference)]
        found[name] = {"value": _number(values[0]), "other": _number(theirs[name][0]), "difference": shown,
                       "p": _number(p_value(difference)),
                       "less_is_better": name not in ("macro_f1", "accuracy")}  # fmt: skip
    same = probs.argmax(1) == others.argmax(1)
    right, other_right = probs.argmax(1) == gold, others.argmax(1) == gold
    return {
        "n": len(gold),
        "n_stories": len({article.story for article in articles}),
        "n_same_label": int(same.sum()),
        "n_only_ours_right": int((right & ~other_right).sum()),
        "n_only_other_right": int((~right & other_right).sum()),
        "figures": found,
    }


def _figures(probs: Floats, gold: NDArray[np.int64], draws: StoryDraws, plus: int, minus: int, plus_name: str,
             minus_name: str) -> dict[str, Floats]:  # fmt: skip
    predicted, n = probs.argmax(1), probs.shape[1]
    return {
        "macro_f1": macro_f1s(draws.confusions(gold, predicted, n)),
        "accuracy": draws.mean(predicted == gold),
        plus_name: draws.ratio(predicted == minus, gold == plus),
        minus_name: draws.ratio(predicted == plus, gold == minus),
        "ece": draws.calibration_errors(probs.max(1), predicted == gold),
        "brier": draws.mean(((probs - np.eye(n)[gold]) ** 2).sum(1)),
    }


def _number(value: float) -> float | None:
    return None if value != value else round(float(value), 4)
