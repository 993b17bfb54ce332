"""What all rows of a cell say: articles, stories, the classifier's mean probabilities and its own shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ConfigError
from .prevalence_source import literal, quoted
from .prevalence_table import PredictionTable

Counting = Literal["as_published", "once_per_story"]
"""`as_published`: every article counts. `once_per_story`: a story counts once in a cell, shared by its copies there."""

COUNTINGS: tuple[Counting, ...] = ("as_published", "once_per_story")

Key = tuple[str | None, ...]
"""Values of a cut's dimensions; None where an article has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How the archive is divided."""

    by: tuple[str, ...] = ()
    """Dimensions; none is the whole archive."""
    without: tuple[tuple[str, str], ...] = ()
    """(dimension, value) of articles left out; a language without script stands for all its scripts."""

    @property
    def name(self) -> str:
        """`language*month`, `all`; with what is left out."""
        base = "*".join(self.by) or "all"
        return base + "".join(f" without {name}={value}" for name, value in self.without)

    @classmethod
    def parse(cls, text: str) -> tuple[Cut, ...]:
        """Cuts of `language,month` (two) or `language*month` (one, crossed).

        Raises: ConfigError: nothing is named.
        """
        cuts = [cls(by=tuple(name.strip() for name in part.split("*"))) for part in text.split(",") if part.strip()]
        if not cuts or any(not name for cut in cuts for name in cut.by):
            raise ConfigError(f"--by {text!r}: name dimensions, as language,month or language*month")
        return tuple(cuts)


def printed_key(key: Key) -> str:
    """A cell's key as people read it."""
    return " / ".join("(none)" if part is None else part for part in key) or "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCell:
    """All scored articles of one cell, under one way of counting."""

    n_articles: int
    n_stories: float
    """Stories in the cell; those told in several cells count in each."""
    probs: NDArray[np.float64]
    """Mean probabilities, float64 (labels,), sum 1."""
    stances: NDArray[np.float64]
    """Share of each label as the classifier gave it, uncorrected, float64 (labels,)."""
    confident: float
    """Share of articles whose label is confident."""
    is_validated: bool
    """Whether every article of the cell is in a language on which the model was tested enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCut:
    """A cut with the cells that it has."""

    cut: Cut
    cells: Mapping[Key, Mapping[Counting, FrameCell]] = field(default_factory=dict)


def where_sql(cut: Cut) -> str:
    """Condition of the rows of a cut."""
    conditions = ["status = 'scored'"]
    for name, value in cut.without:
        test = f"{quoted(name)} IS DISTINCT FROM {literal(value)}"
        if name == "language":
            test += f" AND base_language IS DISTINCT FROM {literal(value)}"
        conditions.append(test)
    return " AND ".join(conditions)


def count_cut(table: PredictionTable, cut: Cut) -> FrameCut:
    """Count the cells of a cut, both ways.

    Raises: ConfigError: a dimension that the table does not have.
    """
    for name in (*cut.by, *(name for name, _ in cut.without)):
        if name not in table.dimensions:
            raise ConfigError(f"{name!r} is no dimension of this report; there are {', '.join(table.dimensions)}")
    n_labels = len(table.labels)
    by = [quoted(name) for name in cut.by]
    probs = [f"p{at}" for at in range(n_labels)]
    sums = ", ".join([f"sum({prob})::DOUBLE" for prob in probs]
                     + [f"count(*) FILTER (stance = {at})" for at in range(n_labels)]
                     + ["count(*) FILTER (is_confident)", "bool_and(coalesce(is_validated, false))",
                        "count(*)"])  # fmt: skip
    keys = "".join(f"{name}, " for name in by)
    group = f"GROUP BY {', '.join(by)}" if by else ""
    where = where_sql(cut)
    alone = _fetch(table, f"SELECT {keys}{sums} FROM article WHERE {where} AND story IS NULL {group}", len(by))
    inner = ", ".join([f"sum({prob}) AS {prob}" for prob in probs]
                      + [f"count(*) FILTER (stance = {at}) AS s{at}" for at in range(n_labels)]
                      + ["count(*) FILTER (is_confident) AS sure", "bool_and(coalesce(is_validated, false)) AS valid",
                         "count(*) AS n"])  # fmt: skip
    outer = ", ".join([f"sum({column})::DOUBLE, sum({column} / n)::DOUBLE" for column in
                       [*probs, *(f"s{at}" for at in range(n_labels)), "sure"]]
                      + ["bool_and(valid)", "sum(n)", "count(*)"])  # fmt: skip
    copied = _fetch(table, f"""SELECT {keys}{outer} FROM (SELECT {keys}story, {inner} FROM article
        WHERE {where} AND story IS NOT NULL GROUP BY {keys}story) {group}""", len(by))  # fmt: skip
    cells = {}
    for key in sorted({*alone, *copied}, key=lambda key: tuple((part is None, part or "") for part in key)):
        cells[key] = _cell(alone.get(key), copied.get(key), n_labels)
    return FrameCut(cut=cut, cells={key: cell for key, cell in cells.items() if cell})


def _fetch(table: PredictionTable, sql: str, n_keys: int) -> dict[Key, list[float]]:
    found = {}
    for row in table.connection.execute(sql).fetchall():
        if row[-1]:
            found[tuple(row[:n_keys])] = [float(value or 0) for value in row[n_keys:]]
    return found


def _cell(alone: Sequence[float] | None, copied: Sequence[float] | None, n: int) -> dict[Counting, FrameCell]:
    single = np.array(alone if alone is not None else [0.0] * (2 * n + 1) + [1.0, 0.0])
    several = np.array(copied if copied is not None else [0.0] * (4 * n + 2) + [1.0, 0.0, 0.0])
    pairs = several[: 4 * n + 2].reshape(2 * n + 1, 2)
    n_articles, n_stories = single[-1] + several[-2], single[-1] + several[-1]
    is_validated = bool(single[-2] and several[-3])
    cells: dict[Counting, FrameCell] = {}
    for counting, column, total in (("as_published", 0, n_articles), ("once_per_story", 1, n_stories)):
        sums = (single[: 2 * n + 1] + pairs[:, column]) / total
        probs = sums[:n]
        cells[counting] = FrameCell(  # type: ignore[index]
            n_articles=int(n_articles), n_stories=float(n_stories), probs=probs / probs.sum(), stances=sums[n : 2 * n],
            confident=float(sums[2 * n]), is_validated=is_validated,
        )  # fmt: skip
    return cells
