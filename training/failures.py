"""Examples of what a model gets wrong, for its card: the surest errors of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.language_tags import print_tag
from ..labels.records import LabelledArticle

_MAX_TITLE = 140


def surest_errors(probs: NDArray[np.float64], articles: Sequence[LabelledArticle], labels: Sequence[str], *,
                  n_each: int = 2) -> list[dict[str, Any]]:  # fmt: skip
    """The errors with the highest probability, up to n_each of every pair of labels and one of each story.

    Only for articles that may be shown: never the test split. Headlines are quoted, texts are not.
    """
    predicted = probs.argmax(1)
    found: list[dict[str, Any]] = []
    n_of: dict[tuple[str, str], int] = {}
    stories: set[str] = set()
    for at in np.argsort(-probs.max(1), kind="stable").tolist():
        article, called = articles[at], labels[int(predicted[at])]
        pair = article.label, called
        if called == article.label or article.story in stories or n_of.get(pair, 0) >= n_each:
            continue
        stories.add(article.story)
        n_of[pair] = n_of.get(pair, 0) + 1
        found.append({
            "id": article.id, "language": print_tag(article.language, article.script), "gold": article.label,
            "predicted": called, "prob": round(float(probs[at].max()), 3), "rule": article.rule,
            "title": article.title[:_MAX_TITLE],
        })  # fmt: skip
    return sorted(found, key=lambda row: (labels.index(row["gold"]), labels.index(row["predicted"]), -row["prob"]))
