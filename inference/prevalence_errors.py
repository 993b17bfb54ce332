"""What the audit found the classifier to get wrong: the confusion, and both error directions by group of articles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .estimators_margins import margins
from .estimators_variance import Floats, variance_floor
from .prevalence import PrevalenceSettings
from .prevalence_audit import PreparedAudit


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share among audited articles that stand for their kind in the archive."""

    share: float | None
    """None where too few were audited."""
    low: float | None
    high: float | None
    n_audited: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Estimated for the whole archive, each audited article with its weight."""

    shares: Floats
    """Share of all articles with gold label (row) and classifier's label (column), float64 (labels, labels), sum 1."""
    counts: Floats
    """Audited articles in each field, unweighted."""
    accuracy: Rate
    recall: Mapping[str, Rate]
    """Gold label -> share of its articles that the classifier found."""
    precision: Mapping[str, Rate]
    """Classifier's label -> share of its articles that carry it truly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDirections:
    """Both directions of the error that matters most, in one group: symmetric, so that no side is favoured."""

    dimension: str
    group: str
    n_audited: int
    positive_as_negative: Rate
    """Share of truly positive (praising) articles that were called negative (critical)."""
    negative_as_positive: Rate
    accuracy: Rate


def estimate_confusion(audit: PreparedAudit, labels: Sequence[str], settings: PrevalenceSettings) -> Confusion:
    """The classifier's confusion in the archive."""
    n = len(labels)
    weight = audit.sample.design.weight
    called = np.eye(n)[audit.stance]
    gold = audit.sample.gold
    shares = (gold * weight[:, None]).T @ called / weight.sum()
    right = (gold * called).sum(axis=1)
    return Confusion(
        shares=shares, counts=gold.T @ called,
        accuracy=_rate(audit, np.ones(len(gold)), right, settings, at_least=2),
        recall={label: _rate(audit, gold[:, at], right, settings) for at, label in enumerate(labels)},
        precision={label: _rate(audit, called[:, at], right, settings) for at, label in enumerate(labels)},
    )  # fmt: skip


def error_directions(audit: PreparedAudit, dimension: str, labels: Sequence[str], settings: PrevalenceSettings, *,
                     positive: str, negative: str) -> list[ErrorDirections]:  # fmt: skip
    """Both directions in each group of a dimension with enough audited articles, largest first, and in all."""
    first, second = labels.index(positive), labels.index(negative)
    gold, called = audit.sample.gold, np.eye(len(labels))[audit.stance]
    right = (gold * called).sum(axis=1)
    values = [value if value is not None else "(none)" for value in audit.dimensions[dimension]]
    found = []
    for group in ["all", *sorted(set(values), key=lambda value: (-values.count(value), value))]:
        inside = np.ones(len(values)) if group == "all" else np.array([float(value == group) for value in values])
        if (n := int(inside.sum())) < settings.few_of_label:
            continue
        found.append(ErrorDirections(
            dimension=dimension, group=group, n_audited=n,
            positive_as_negative=_rate(audit, inside * gold[:, first], called[:, second], settings),
            negative_as_positive=_rate(audit, inside * gold[:, second], called[:, first], settings),
            accuracy=_rate(audit, inside, right, settings),
        ))  # fmt: skip
    return found


def _rate(audit: PreparedAudit, inside: Floats, hit: Floats, settings: PrevalenceSettings, *,
          at_least: int | None = None) -> Rate:  # fmt: skip
    """Weighted share of hits among the audited articles inside, with its interval."""
    n = int((inside > 0).sum())
    if n < (settings.few_of_label if at_least is None else at_least):
        return Rate(share=None, low=None, high=None, n_audited=n)
    design = audit.sample.design
    weight = design.weight * inside
    weight = weight / weight.sum()
    share = float(weight @ hit)
    influence = (weight * (hit - share))[:, None]
    found = margins(influence, design, units=settings.units, level=settings.level,
                    floor=variance_floor(weight, design))  # fmt: skip
    return Rate(share=share, low=max(share - float(found.below[0]), 0.0), high=min(share + float(found.above[0]), 1.0),
                n_audited=n)  # fmt: skip
