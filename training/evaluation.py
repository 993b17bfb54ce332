"""Evaluate a bundle on labelled articles, read exactly as scoring reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ConfigError
from ..labels.language_tags import print_tag
from ..labels.records import LabelledArticle
from ..models.bundle import Bundle
from .language_groups import group_of_tag
from .make_bundle import runtime_logits
from .metrics import confusion, macro_f1, summary

MIN_GROUP = 8
"""Groups with fewer articles are marked as too small to read anything from."""

KEYS: dict[str, Callable[[LabelledArticle], str]] = {
    "language": lambda article: print_tag(article.language, article.script),
    "group": lambda article: group_of_tag(print_tag(article.language, article.script)),
    "genre": lambda article: article.genre,
    "rule": lambda article: article.rule,
    "origin": lambda article: article.origin,
    "theme": lambda article: article.theme,
    "length": lambda article: _length(article),
}
"""What figures can be broken down by."""


def bundle_probs(bundle: Bundle, articles: Sequence[LabelledArticle], *, precision: str = "f32") -> NDArray[np.float64]:
    """Calibrated probabilities (articles, labels); language and script are taken from the labels."""
    logits = runtime_logits(bundle.folder, articles, precision)
    calibration = bundle.manifest.calibration
    return np.stack([calibration.probs(row, a.language) for row, a in zip(logits, articles, strict=True)])


def evaluate_bundle(bundle: Bundle, articles: Sequence[LabelledArticle], *, rng: np.random.Generator,
                    by: Sequence[str] = ("language", "group", "genre", "rule"),
                    n_draws: int = 1_000) -> dict[str, Any]:  # fmt: skip
    """All figures of a bundle on a set of articles; see `evaluate_probs`."""
    probs = bundle_probs(bundle, articles)
    report = evaluate_probs(probs, articles, bundle.codebook.labels, positive=bundle.codebook.positive,
                            negative=bundle.codebook.negative, rng=rng, by=by, n_draws=n_draws)  # fmt: skip
    calibration = bundle.manifest.calibration
    sets = [calibration.stance_set(row, a.language) for row, a in zip(probs, articles, strict=True)]
    gold = gold_labels(articles, bundle.codebook.labels)
    tags = [print_tag(a.language, a.script) for a in articles]
    validated = [calibration.is_validated(tag, a.language) for tag, a in zip(tags, articles, strict=True)]
    sure = np.array([calibration.is_confident(row, is_validated=v) for row, v in zip(probs, validated, strict=True)])
    right = probs.argmax(1) == gold
    report["conformal"] = {
        "coverage": round(float(np.mean([g in s for g, s in zip(gold.tolist(), sets, strict=True)])), 4),
        "mean_size": round(float(np.mean([len(s) for s in sets])), 4),
    }
    report["confident"] = {
        "share": round(float(sure.mean()), 4),
        "accuracy": round(float(right[sure].mean()), 4) if sure.any() else None,
        "accuracy_of_the_others": round(float(right[~sure].mean()), 4) if (~sure).any() else None,
    }
    return report


def evaluate_probs(probs: NDArray[np.float64], articles: Sequence[LabelledArticle], labels: Sequence[str], *,
                   positive: str, negative: str, rng: np.random.Generator, by: Sequence[str] = (),
                   n_draws: int = 1_000) -> dict[str, Any]:  # fmt: skip
    """Figures with 95 % bootstrap intervals by story, overall and broken down.

    Args: by: keys of `KEYS`.
    Raises: ConfigError: an unknown key.
    """
    gold = gold_labels(articles, labels)
    stories = [article.story for article in articles]
    report = summary(probs, gold, stories, labels, positive=positive, negative=negative, rng=rng, n_draws=n_draws)
    predicted = probs.argmax(1)
    for key in by:
        if key not in KEYS:
            raise ConfigError(f"--by {key!r} is unknown; choose from {', '.join(sorted(KEYS))}")
        groups: dict[str, list[int]] = {}
        for row, article in enumerate(articles):
            groups.setdefault(KEYS[key](article), []).append(row)
        report[f"by_{key}"] = {
            name: {
                "n": len(rows),
                "macro_f1": round(macro_f1(confusion(gold[rows], predicted[rows], len(labels))), 4),
                "accuracy": round(float((gold[rows] == predicted[rows]).mean()), 4),
                "is_too_small": len(rows) < MIN_GROUP,
            }
            for name, rows in sorted(groups.items())
        }
    return report


def gold_labels(articles: Sequence[LabelledArticle], labels: Sequence[str]) -> NDArray[np.int64]:
    """Positions of the gold labels."""
    return np.array([labels.index(article.label) for article in articles])


def _length(article: LabelledArticle) -> str:
    n_chars = len(article.text)
    for bound in (300, 800, 2_000, 6_000):
        if n_chars < bound:
            return f"under {bound} characters"
    return "6000 characters and more"
