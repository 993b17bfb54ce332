"""Choose calibration, abstention and conformal thresholds on calibration articles that training never saw."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ..models.calibration import Calibration, Scaling

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_LANGUAGE_STORIES = 50
"""From this many calibration stories on, a language gets its own temperature and conformal threshold."""

_SHRINKAGE = 50.0
"""A language's own log-temperature counts n / (n + this); the rest is the pooled one."""

_BIAS_PENALTY = 0.02
_MAX_LOG_TEMPERATURE = 5.0
"""Logits that say nothing would otherwise drive the temperature to 0 or infinity."""


def fit_scaling(logits: Floats, gold: Ints, *, with_bias: bool = True) -> Scaling:
    """Temperature (and a bias a label, shrunk to 0) that minimise the mean negative log-likelihood [GPSW17].

    Args: logits: (articles, labels); gold: (articles,).
    """
    n_labels = logits.shape[1]

    def loss(params: Floats) -> float:
        scaled = (logits + (params[1:] if with_bias else 0.0)) / np.exp(params[0])
        peak = scaled.max(1, keepdims=True)
        log_norm = peak[:, 0] + np.log(np.exp(scaled - peak).sum(1))
        fit = float((log_norm - scaled[np.arange(len(gold)), gold]).mean())
        return fit + (_BIAS_PENALTY * float((params[1:] ** 2).sum()) if with_bias else 0.0)

    start = np.zeros(1 + n_labels if with_bias else 1)
    bounds = [(-_MAX_LOG_TEMPERATURE, _MAX_LOG_TEMPERATURE), *[(None, None)] * (len(start) - 1)]
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds)
    bias = found.x[1:] - found.x[1:].mean() if with_bias else np.zeros(0)
    return Scaling(temperature=float(np.exp(found.x[0])), bias=tuple(float(round(value, 6)) for value in bias))


def conformal_threshold(probs: Floats, gold: Ints, *, coverage: float = 0.9) -> float:
    """Split-conformal threshold on 1 - p of the true label: sets then hold it in `coverage` of new articles [VGS05]."""
    scores = np.sort(1.0 - probs[np.arange(len(gold)), gold])
    rank = int(np.ceil((len(scores) + 1) * coverage))
    return float(scores[rank - 1]) if rank <= len(scores) else 1.0


def confidence_threshold(probs: Floats, gold: Ints, *, precision: float = 0.9, min_articles: int = 20) -> float:
    """Least top probability from which on at least `precision` of the articles are right; 1 if there is none.

    Only thresholds that `min_articles` or more articles reach are considered.
    """
    top, right = probs.max(1), probs.argmax(1) == gold
    order = np.argsort(-top, kind="stable")
    rates = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = [at for at in range(min_articles - 1, len(order)) if rates[at] >= precision]
    return float(top[order[good[-1]]]) if good else 1.0


def calibrate(logits: Floats, gold: Ints, languages: Sequence[str], stories: Sequence[str], *,
              validated: Mapping[str, int]) -> Calibration:  # fmt: skip
    """Everything a bundle needs between logits and answers.

    Args:
        logits, gold: of the calibration articles.
        languages, stories: language and story of each.
        validated: tag -> number of independent test stories.
    """
    pooled = fit_scaling(logits, gold)
    by_language: dict[str, Scaling] = {}
    names = np.asarray(languages)
    for language in sorted(set(languages)):
        rows: list[int] = np.flatnonzero(names == language).tolist()
        n = len({stories[row] for row in rows})
        if n < MIN_LANGUAGE_STORIES:
            continue
        shift = np.asarray(pooled.bias)
        own = fit_scaling(logits[rows] + shift, gold[rows], with_bias=False)
        weight = n / (n + _SHRINKAGE)
        mixed = np.exp(weight * np.log(own.temperature) + (1 - weight) * np.log(pooled.temperature))
        by_language[language] = Scaling(temperature=float(mixed), bias=pooled.bias)
    draft = Calibration(pooled=pooled, by_language=by_language)
    probs = np.stack([draft.probs(row, language) for row, language in zip(logits, languages, strict=True)])
    conformal = {
        language: conformal_threshold(probs[names == language], gold[names == language]) for language in by_language
    }
    confident = confidence_threshold(probs, gold)
    return Calibration(
        pooled=pooled,
        by_language=by_language,
        confident_at=confident,
        confident_at_unvalidated=max(confident, confidence_threshold(probs, gold, precision=0.95)),
        conformal_at=conformal_threshold(probs, gold),
        conformal_by_language=conformal,
        validated=dict(validated),
    )


def halves(stories: Sequence[str]) -> tuple[list[int], list[int]]:
    """Row positions of the two halves of a development split, by story: one to choose the epoch, one to calibrate.

    A story's half follows from its name alone, so it stays when articles are added.
    """
    side = [int(hashlib.sha256(f"half:{story}".encode()).hexdigest(), 16) % 2 for story in stories]
    return [at for at, half in enumerate(side) if half == 0], [at for at, half in enumerate(side) if half == 1]
