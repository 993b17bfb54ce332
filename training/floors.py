"""Floors: the figures below which no new champion may fall, pinned in a TOML file."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..labels.codebook import Codebook
from ..labels.errors import ConfigError
from ..labels.language_tags import print_tag
from ..labels.records import LabelledArticle
from ..labels.toml_file import read_toml
from .language_groups import group_of_tag
from .metrics import class_report, confusion, error_rate, expected_calibration_error, macro_f1

MIN_GROUP = 30
"""Language groups with fewer development articles have no floor: chance would move it."""

SLACK: Mapping[str, float] = {"macro_f1": 0.02, "recall": 0.03, "error": 0.01, "ece": 0.01}
"""How far below (errors and ECE: above) a champion's figure its floor is set."""


def figures_of(probs: NDArray[np.float64], gold: NDArray[np.int64], articles: Sequence[LabelledArticle],
               codebook: Codebook) -> dict[str, float]:  # fmt: skip
    """Every figure that has a floor: `macro_f1/all`, `macro_f1/GROUP`, `recall/LABEL`, `error/A_as_B`, `ece`."""
    predicted, labels = probs.argmax(1), codebook.labels
    groups = [group_of_tag(print_tag(article.language, article.script)) for article in articles]
    found = {"macro_f1/all": macro_f1(confusion(gold, predicted, len(labels)))}
    for group, n in sorted(Counter(groups).items()):
        if n >= MIN_GROUP:
            rows = [at for at, name in enumerate(groups) if name == group]
            found[f"macro_f1/{group}"] = macro_f1(confusion(gold[rows], predicted[rows], len(labels)))
    for label, row in class_report(gold, predicted, labels).items():
        found[f"recall/{label}"] = float(row["recall"])
    plus, minus = labels.index(codebook.positive), labels.index(codebook.negative)
    for of, called in ((plus, minus), (minus, plus)):
        found[f"error/{labels[of]}_as_{labels[called]}"] = error_rate(gold, predicted, of=of, called=called)
    found["ece"] = expected_calibration_error(probs, gold)
    return {name: round(value, 4) for name, value in found.items() if math.isfinite(value)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Floors:
    """Pinned figures, and what they were measured on."""

    development_sha256: str
    """Hash of the frozen development articles."""
    n_articles: int
    champion: str
    """Signature of the bundle they were measured with last."""
    slack: Mapping[str, float] = field(default_factory=lambda: dict(SLACK))
    """First word of a figure's name -> distance of its floor."""
    at_least: Mapping[str, float] = field(default_factory=dict)
    at_most: Mapping[str, float] = field(default_factory=dict)
    """Errors and ECE: less is better."""

    @classmethod
    def of(cls, figures: Mapping[str, float], *, development_sha256: str, n_articles: int, champion: str,
           slack: Mapping[str, float] | None = None) -> Floors:  # fmt: skip
        """Floors of a champion's figures."""
        slack = dict(slack or SLACK)
        low = {name: round(max(value - slack[_kind(name)], 0.0), 4) for name, value in figures.items()
               if not _less_is_better(name)}  # fmt: skip
        high = {name: round(min(value + slack[_kind(name)], 1.0), 4) for name, value in figures.items()
                if _less_is_better(name)}  # fmt: skip
        return cls(development_sha256=development_sha256, n_articles=n_articles, champion=champion, slack=slack,
                   at_least=low, at_most=high)  # fmt: skip

    def fallen(self, figures: Mapping[str, float]) -> list[str]:
        """A sentence for each floor that these figures do not reach; a figure that is missing counts as fallen."""
        found = []
        for name, floor in self.at_least.items():
            value = figures.get(name)
            if value is None or value < floor:
                found.append(f"{name} is {_gap(value, floor)} the floor {floor:.4f}")
        for name, ceiling in self.at_most.items():
            value = figures.get(name)
            if value is None or value > ceiling:
                found.append(f"{name} is {_gap(value, ceiling)} the ceiling {ceiling:.4f}")
        return found

    def raised_from(self, before: Floors) -> Floors:
        """These floors, none of them lower than before."""
        low = {name: max(self.at_least.get(name, 0.0), value) for name, value in before.at_least.items()}
        high = {name: min(self.at_most.get(name, 1.0), value) for name, value in before.at_most.items()}
        return replace(self, at_least={**self.at_least, **low}, at_most={**self.at_most, **high})

    @classmethod
    def read(cls, path: Path) -> Floors:
        """Read a floors file.

        Raises: ConfigError: unreadable, or a key missing or unknown.
        """
        raw = read_toml(path, error=ConfigError)
        try:
            return cls(**raw)
        except TypeError as error:
            raise ConfigError(f"{path}: is no floors file ({error}); write it with --pin") from error

    def write(self, path: Path) -> None:
        """Write the file; equal floors are equal bytes."""
        lines = [
            "# Figures of the bundle in use, less a slack for chance, that a new one must reach on the frozen",
            "# development split. Written by `xjstance train --promote`; never lowered by it.",
            f"development_sha256 = {json.dumps(self.development_sha256)}",
            f"n_articles = {self.n_articles}",
            f"champion = {json.dumps(self.champion)}",
        ]
        for title in ("slack", "at_least", "at_most"):
            values: Mapping[str, float] = getattr(self, title)
            lines += ["", f"[{title}]", *(f"{json.dumps(name)} = {value}" for name, value in sorted(values.items()))]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _kind(name: str) -> str:
    return name.split("/")[0]


def _less_is_better(name: str) -> bool:
    return _kind(name) in ("error", "ece")


def _gap(value: float | None, bound: float) -> str:
    if value is None:
        return "not measured, against"
    return f"{value:.4f}, {abs(value - bound):.4f} {'below' if value < bound else 'above'}"
