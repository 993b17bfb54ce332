"""Fits the doubt of the language identifier on development texts: usual evidence, regression, thresholds, sharpness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..models.language_doubt import Doubt, candidate_shares, doubt_features, doubt_values
from ..models.language_scorer import Candidates

PRIOR_UNSUPPORTED = 0.05
"""Share of texts in unsupported languages that the probabilities assume; a news archive has about this or less."""
LOSS = 0.012
"""Share of supported development texts of 60 characters or more that each threshold gives up; news of other years than
the development text will lose more."""
SHORT_LOSS = 0.05
"""The same of texts of 20 characters or less, where the evidence for supported and for other languages overlaps."""
SHARED_SCRIPTS = frozenset({"Hebr", "Tibt", "Mymr"})
"""Scripts of one supported language in which others are printed too: Yiddish; Dzongkha, Ladakhi; Shan, Mon, Karen."""
LENIENCY = 4.0
"""Log-odds by which the thresholds fall where the script all but tells the language."""
_LONG_ENOUGH = 60
_SHIFT_OF_SOURCE = np.array([0.0, 0.0, -0.35, -0.55, -0.35], dtype=np.float32)
_SPREAD_OF_SOURCE = np.array([1.0, 1.0, 1.15, 1.2, 1.15], dtype=np.float32)
"""How `doubt_values` move, in standard deviations, and spread, when text is of a source that training did not have.
Measured for the n-grams on 28 tags trained on SIB, UDHR and word lists alone: SIB's dev and test parts against UD, TICO
and NLLB-Seed. Applied to tags for which no such text is left."""
_SHORTEST = 20
_SLACKS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
_MIN_TEXTS = 20
_SHRINK = 60.0
"""Texts of a tag at which its own threshold and the common one weigh the same."""


@dataclass(frozen=True, slots=True)
class Development:
    """Candidates of development texts, with what they are."""

    found: Candidates
    gold: NDArray[np.int64]
    """Position of the right tag in the scorer's `tags` of the final model, -1 for an unsupported language."""
    languages: NDArray[np.str_]
    """Name of each text's language, supported or not: unsupported ones weigh the same each."""


def join(parts: Sequence[Development]) -> Development:
    """Several as one; their candidates must be positions in the same list of tags."""
    fields = {name: np.concatenate([getattr(part.found, name) for part in parts]) for name in Candidates.__slots__}
    return Development(
        Candidates(**fields),
        np.concatenate([part.gold for part in parts]),
        np.concatenate([part.languages for part in parts]),
    )


def fit_doubt(
    runs: Sequence[tuple[Development, int]],
    last: Development,
    is_rich: NDArray[np.bool_],
    scripts: Sequence[str],
    *,
    has_classifier: bool,
) -> Doubt:
    """The doubt of one scorer.

    Args: runs: in which languages were hidden, each with its number of tags, to learn from what unseen text looks
    like; last: a run that hid none and made the scorer: it gives what is usual, the thresholds and the sharpness;
    is_rich: bool (tags,), tags whose development text is of another source than their training text; scripts: the
    script of each tag."""
    parts = [doubt_features(run.found, *usual(run, n), has_classifier=has_classifier) for run, n in runs]
    weights = _regression(np.concatenate(parts), join([run for run, _ in runs]))
    centres, spreads = usual(last, len(is_rich))
    centres[~is_rich] += _SHIFT_OF_SOURCE * spreads[~is_rich]
    spreads[~is_rich] *= _SPREAD_OF_SOURCE
    features = doubt_features(last.found, centres, spreads, has_classifier=has_classifier)
    odds = features @ weights[:-1] + weights[-1]
    doubt = Doubt(
        centres=centres,
        spreads=spreads,
        weights=weights,
        thresholds=_thresholds(odds, last, is_rich),
        sharpness=_sharpness(last),
        short_slack=0.0,
        has_classifier=has_classifier,
    )
    if not has_classifier:
        doubt = _lenient(doubt, scripts)
    return replace(doubt, short_slack=short_slack(doubt, last))


def short_slack(doubt: Doubt, last: Development) -> float:
    """The smallest slack with which no more than `SHORT_LOSS` of the shortest supported texts are given up."""
    is_shortest = (last.gold >= 0) & (last.found.n_chars <= _SHORTEST)
    found = last.found.take(np.flatnonzero(is_shortest))
    odds = doubt.log_odds(found)
    for slack in _SLACKS:
        if (odds < replace(doubt, short_slack=slack).limits(found)).mean() <= SHORT_LOSS:
            return slack
    return _SLACKS[-1]


def usual(data: Development, n_tags: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of `doubt_values` for each tag, of texts that were named rightly."""
    values = doubt_values(data.found)
    is_right = (data.found.witnesses == data.gold) & (data.found.n_chars >= _LONG_ENOUGH)
    centres = np.tile(values[is_right].mean(axis=0), (n_tags, 1))
    spreads = np.tile(values[is_right].std(axis=0), (n_tags, 1))
    for tag in range(n_tags):
        own = values[is_right & (data.gold == tag)]
        if len(own) >= _MIN_TEXTS:
            centres[tag], spreads[tag] = own.mean(axis=0), own.std(axis=0)
    return centres.astype(np.float32), np.maximum(spreads, 0.05).astype(np.float32)


def _regression(features: NDArray[np.float32], data: Development) -> NDArray[np.float32]:
    from sklearn.linear_model import LogisticRegression

    is_supported = data.gold >= 0
    _, where, counts = np.unique(data.languages, return_inverse=True, return_counts=True)
    weights = 1.0 / counts[where]
    for side in (is_supported, ~is_supported):
        weights[side] *= len(weights) / 2 / max(weights[side].sum(), 1e-9)
    model = LogisticRegression(C=1.0, max_iter=2000).fit(features, is_supported, sample_weight=weights)
    intercept = model.intercept_[0] + np.log((1 - PRIOR_UNSUPPORTED) / PRIOR_UNSUPPORTED)
    return np.append(model.coef_[0], intercept).astype(np.float32)


def _lenient(doubt: Doubt, scripts: Sequence[str]) -> Doubt:
    """The doubt with lower thresholds for scripts in which no other language is written much."""
    slack = np.array([0.0 if script in SHARED_SCRIPTS else LENIENCY for script in scripts], dtype=np.float32)
    return replace(doubt, thresholds=doubt.thresholds - slack)


def _thresholds(odds: NDArray[np.float32], data: Development, is_rich: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Of a tag whose development text is too like its training text the threshold is the common one of the rest."""
    is_long = (data.gold >= 0) & (data.found.n_chars >= _LONG_ENOUGH)
    is_fair = is_long & is_rich[data.gold] if is_rich.any() else is_long
    common = float(np.quantile(odds[is_fair], LOSS))
    thresholds = np.full(len(is_rich), common)
    for tag in np.flatnonzero(is_rich):
        own = odds[is_long & (data.gold == tag)]
        if len(own) >= _MIN_TEXTS:
            share = len(own) / (len(own) + _SHRINK)
            thresholds[tag] = share * np.quantile(own, LOSS) + (1 - share) * common
    return thresholds.astype(np.float32)


def _sharpness(data: Development) -> tuple[float, float]:
    rows = np.flatnonzero((data.found.labels == data.gold[:, None]).any(axis=1) & (data.gold >= 0))
    found = data.found.take(rows)
    column = (found.labels == data.gold[rows][:, None]).argmax(axis=1)
    best = (np.inf, 1.0, 0.0)
    for at_55 in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5):
        for growth in (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8):
            shares = candidate_shares(found, (at_55, growth))[np.arange(len(rows)), column]
            loss = float(-np.log(np.maximum(shares, 1e-6)).mean())
            best = min(best, (loss, at_55, growth))
    return best[1], best[2]
