"""Evaluate a bundle on labelled articles, read exactly as scoring reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ConfigError
from ..labels.language_tags import print_tag
from ..labels.records import LabelledArticle
from ..models.bundle import Bundle
from .bootstrap import StoryDraws, interval, macro_f1s
from .failures import surest_errors
from .language_groups import group_of_tag
from .make_bundle import runtime_logits
from .metrics import brier_score, class_report, confusion, expected_calibration_error

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_GROUP = 8
"""Groups with fewer articles are marked as too small to read anything from."""

N_BINS = 10
"""Bins of equal size in the reliability table and the calibration error."""

KEYS: dict[str, Callable[[LabelledArticle], str]] = {
    "language": lambda article: print_tag(article.language, article.script),
    "group": lambda article: group_of_tag(print_tag(article.language, article.script)),
    "script": lambda article: article.script,
    "genre": lambda article: article.genre,
    "rule": lambda article: article.rule,
    "origin": lambda article: article.origin,
    "theme": lambda article: article.theme,
    "length": lambda article: _length(article),
}
"""What figures can be broken down by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleAnswers:
    """What a bundle says of labelled articles."""

    probs: Floats
    """Calibrated, (articles, labels)."""
    in_set: NDArray[np.bool_]
    """Which labels are in the conformal set, (articles, labels)."""
    is_confident: NDArray[np.bool_]


def bundle_probs(bundle: Bundle, articles: Sequence[LabelledArticle], *, precision: str = "f32") -> Floats:
    """Calibrated probabilities (articles, labels); language and script are taken from the labels."""
    logits = runtime_logits(bundle, articles, precision)
    calibration = bundle.manifest.calibration
    return np.stack([calibration.probs(row, a.language) for row, a in zip(logits, articles, strict=True)])


def bundle_answers(bundle: Bundle, articles: Sequence[LabelledArticle]) -> BundleAnswers:
    """Probabilities, conformal sets and confident flags, as scoring gives them."""
    probs, calibration = bundle_probs(bundle, articles), bundle.manifest.calibration
    in_set = np.zeros(probs.shape, dtype=bool)
    sure = np.zeros(len(articles), dtype=bool)
    for at, article in enumerate(articles):
        in_set[at, list(calibration.stance_set(probs[at], article.language))] = True
        validated = calibration.is_validated(print_tag(article.language, article.script), article.language)
        sure[at] = calibration.is_confident(probs[at], is_validated=validated)
    return BundleAnswers(probs=probs, in_set=in_set, is_confident=sure)


def evaluate_bundle(bundle: Bundle, articles: Sequence[LabelledArticle], *, rng: np.random.Generator,
                    by: Sequence[str] = ("language", "script", "group", "genre", "rule"), n_draws: int = 1_000,
                    answers: BundleAnswers | None = None) -> dict[str, Any]:  # fmt: skip
    """All figures of a bundle on a set of articles; see `evaluate_answers`.

    Where the articles are all of the development split, the surest errors are added as examples.

    Args: answers: what the bundle says, where it was asked before.
    """
    answers = answers or bundle_answers(bundle, articles)
    report = evaluate_answers(answers, articles, bundle.codebook.labels,
                            positive=bundle.codebook.positive, negative=bundle.codebook.negative, rng=rng, by=by,
                              n_draws=n_draws)  # fmt: skip
    if all(article.split == "development" for article in articles):
        report["failures"] = surest_errors(answers.probs, articles, bundle.codebook.labels)
    return report


def evaluate_probs(probs: Floats, articles: Sequence[LabelledArticle], labels: Sequence[str], *, positive: str,
                   negative: str, rng: np.random.Generator, by: Sequence[str] = (),
                   n_draws: int = 1_000) -> dict[str, Any]:  # fmt: skip
    """The figures that need no conformal sets or thresholds; see `evaluate_answers`."""
    return evaluate_answers(probs, articles, labels, positive=positive, negative=negative, rng=rng, by=by,
                            n_draws=n_draws)  # fmt: skip


def evaluate_answers(answers: BundleAnswers | Floats, articles: Sequence[LabelledArticle], labels: Sequence[str], *,
                     positive: str, negative: str, rng: np.random.Generator, by: Sequence[str] = (),
                     n_draws: int = 1_000) -> dict[str, Any]:  # fmt: skip
    """Figures with 95 % bootstrap intervals by story, overall and broken down.

    Lists of three are [value, low, high]; `..._interval` is [low, high] of the figure beside it. An undefined figure
    (precision of a label never given) is None.

    Args: by: keys of `KEYS`.
    Raises: ConfigError: an unknown key.
    """
    if unknown := [key for key in by if key not in KEYS]:
        raise ConfigError(f"--by {unknown[0]!r} is unknown; choose from {', '.join(sorted(KEYS))}")
    probs = answers.probs if isinstance(answers, BundleAnswers) else answers
    gold, predicted = gold_labels(articles, labels), probs.argmax(1)
    stories = [article.story for article in articles]
    draws = StoryDraws.of(stories, rng=rng, n_draws=n_draws)
    plus, minus = labels.index(positive), labels.index(negative)
    top, right = probs.max(1), predicted == gold
    ece = interval(draws.calibration_errors(top, right, n_bins=N_BINS), is_biased=True)
    brier = interval(draws.mean(((probs - np.eye(len(labels))[gold]) ** 2).sum(1)))
    report: dict[str, Any] = {
        "n": len(gold),
        "n_stories": len(set(stories)),
        "macro_f1": interval(macro_f1s(draws.confusions(gold, predicted, len(labels)))),
        "accuracy": interval(draws.mean(right)),
        f"recall_{negative}": interval(draws.ratio(right, gold == minus)),
        f"{positive}_as_{negative}": interval(draws.ratio(predicted == minus, gold == plus)),
        f"{negative}_as_{positive}": interval(draws.ratio(predicted == plus, gold == minus)),
        "classes": _classes(gold, predicted, labels, draws),
        "confusion": confusion(gold, predicted, len(labels)).tolist(),
        "ece": round(expected_calibration_error(probs, gold, n_bins=N_BINS), 4),
        "ece_interval": ece[1:],
        "brier": round(brier_score(probs, gold), 4),
        "brier_interval": brier[1:],
        "reliability": _reliability(top, right, draws),
        "abstention": abstention_curve(top, right, draws),
    }
    covered = None
    if isinstance(answers, BundleAnswers):
        covered = answers.in_set[np.arange(len(gold)), gold]
        report |= _of_answers(answers, covered, right, draws)
    for key in by:
        groups: dict[str, list[int]] = {}
        for row, article in enumerate(articles):
            groups.setdefault(KEYS[key](article), []).append(row)
        report[f"by_{key}"] = {
            name: _group(gold[rows], predicted[rows], None if covered is None else covered[rows], draws.of_rows(rows),
                         n_stories=len({stories[row] for row in rows}), labels=labels, plus=plus, minus=minus)
            for name, rows in sorted(groups.items())
        }  # fmt: skip
    cleaned: dict[str, Any] = _without_nan(report)
    return cleaned


def abstention_curve(top: Floats, right: NDArray[np.bool_], draws: StoryDraws) -> list[dict[str, Any]]:
    """Error among the surest articles, from all of them down to a tenth: share kept, n, least top probability, risk."""
    order = np.argsort(-top, kind="stable")
    rows: list[dict[str, Any]] = []
    for tenths in range(10, 0, -1):
        n = round(len(top) * tenths / 10)
        if n == 0:
            continue
        kept = np.zeros(len(top), dtype=bool)
        kept[order[:n]] = True
        rows.append({"share": tenths / 10, "n": n, "top_prob_from": round(float(top[order[n - 1]]), 4),
                     "risk": interval(draws.ratio(~right, kept))})  # fmt: skip
    return rows


def gold_labels(articles: Sequence[LabelledArticle], labels: Sequence[str]) -> Ints:
    """Positions of the gold labels."""
    return np.array([labels.index(article.label) for article in articles])


def _classes(gold: Ints, predicted: Ints, labels: Sequence[str], draws: StoryDraws) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    counts = draws.confusions(gold, predicted, len(labels)).astype(float)
    for at, (label, row) in enumerate(class_report(gold, predicted, labels).items()):
        hits, said, there = counts[:, at, at], counts[:, :, at].sum(1), counts[:, at].sum(1)
        with np.errstate(invalid="ignore"):
            drawn = {"precision": hits / said, "recall": hits / there, "f1": 2 * hits / (said + there)}
        found[label] = {
            **{name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()},
            "n_predicted": int((predicted == at).sum()),
            **{f"{name}_interval": interval(values)[1:] for name, values in drawn.items()},
        }
    return found


def _reliability(top: Floats, right: NDArray[np.bool_], draws: StoryDraws) -> list[dict[str, Any]]:
    """Bins of equal size by top probability: what was promised, what came true."""
    rows = []
    for part in np.array_split(np.argsort(top, kind="stable"), N_BINS):
        if len(part):
            rows.append({"n": len(part), "promised": round(float(top[part].mean()), 4),
                         "accuracy": interval(draws.of_rows(part).mean(right[part]))})  # fmt: skip
    return rows


def _of_answers(answers: BundleAnswers, covered: NDArray[np.bool_], right: NDArray[np.bool_],
                draws: StoryDraws) -> dict[str, Any]:  # fmt: skip
    sizes, sure = answers.in_set.sum(1), answers.is_confident
    coverage, mean_size = interval(draws.mean(covered)), interval(draws.mean(sizes.astype(float)))
    share, there, others = (interval(values) for values in (
        draws.mean(sure), draws.ratio(right, sure), draws.ratio(right, ~sure)
    ))  # fmt: skip
    return {
        "conformal": {
            "coverage": coverage[0], "coverage_interval": coverage[1:],
            "mean_size": mean_size[0], "mean_size_interval": mean_size[1:],
            "n_by_size": {str(size): int((sizes == size).sum()) for size in range(1, answers.in_set.shape[1] + 1)},
        },
        "confident": {
            "share": share[0], "share_interval": share[1:], "n": int(sure.sum()),
            "accuracy": there[0], "accuracy_interval": there[1:],
            "accuracy_of_the_others": others[0], "accuracy_of_the_others_interval": others[1:],
        },
    }  # fmt: skip


def _group(gold: Ints, predicted: Ints, covered: NDArray[np.bool_] | None, draws: StoryDraws, *, n_stories: int,
           labels: Sequence[str], plus: int, minus: int) -> dict[str, Any]:  # fmt: skip
    f1 = interval(macro_f1s(draws.confusions(gold, predicted, len(labels)))[draws.weights.sum(1) > 0])
    accuracy = interval(draws.mean(gold == predicted))
    found = {
        "n": len(gold),
        "n_stories": n_stories,
        "macro_f1": f1[0],
        "macro_f1_interval": f1[1:],
        "accuracy": accuracy[0],
        "accuracy_interval": accuracy[1:],
        "is_too_small": len(gold) < MIN_GROUP,
    }
    for of, called in ((plus, minus), (minus, plus)):
        name = f"{labels[of]}_as_{labels[called]}"
        rate = interval(draws.ratio(predicted == called, gold == of))
        found |= {name: rate[0], f"{name}_n": int((gold == of).sum())}
    if covered is not None:
        found["coverage"] = round(float(covered.mean()), 4)
    return found


def _without_nan(value: Any) -> Any:
    """The same with None for what is undefined, as JSON can say it."""
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and value != value else value


def _length(article: LabelledArticle) -> str:
    n_chars = len(article.text)
    for bound in (300, 800, 2_000, 6_000):
        if n_chars < bound:
            return f"under {bound:5d} characters"
    return "6000 characters and more"
