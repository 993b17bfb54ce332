"""Prevalence: the share of each label in each cell of a cut, corrected by the audit where that can be defended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..labels.errors import ConfigError
from .estimators import Method, ShareEstimate, estimate_shares, power_tuning
from .estimators_variance import Floats
from .prevalence_audit import PreparedAudit
from .prevalence_cuts import COUNTINGS, Counting, Cut, FrameCell, Key, count_cut, where_sql
from .prevalence_source import quoted
from .prevalence_table import PredictionTable

SIMULATED_FROM = 30
"""Audited articles from which the coverage simulation shows that intervals hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrevalenceSettings:
    """What a report promises and what it keeps back."""

    level: float = 0.95
    """Coverage of the intervals."""
    method: Method = "ppi"
    min_articles: int = 30
    """Cells with fewer articles are suppressed."""
    min_audited: int = SIMULATED_FROM
    """Cells with fewer audited articles are not corrected, and so suppressed."""
    min_units: int = 10
    """Cells whose audited articles come from fewer independent units (stories, outlets) are suppressed."""
    few_of_label: int = 10
    """A share resting on fewer audited articles of its label is marked."""
    units: tuple[str, ...] = ("article",)
    """What counts as independent (`article`, `story`, `outlet`); the widest interval is taken. See `independent_units`;
    name `outlet` to speak of outlets beyond this archive."""

    def __post_init__(self) -> None:
        if not 0.5 <= self.level < 1:
            raise ConfigError(
                f"the level of the intervals must be from 0.5 to below 1, not {self.level}; 0.95 is usual"
            )
        if self.min_articles < 1 or self.min_audited < 2:
            raise ConfigError("a cell needs at least 1 article and 2 audited ones")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrevalenceCell:
    """One cell of a cut under one way of counting."""

    key: Key
    counting: Counting
    frame: FrameCell
    n_audited: int
    estimate: ShareEstimate | None
    """None where there is no audit or the cell is suppressed."""
    suppressed: str | None
    """Why there is no share, in words."""
    few: tuple[str, ...] = ()
    """Labels that rest on few audited articles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prevalence:
    """All cells of a cut."""

    cut: Cut
    cells: tuple[PrevalenceCell, ...]
    is_corrected: bool
    """Whether there was an audit to correct by."""

    def cell(self, key: Key, counting: Counting = "as_published") -> PrevalenceCell:
        """The cell of a key.

        Raises: ConfigError: there is none.
        """
        for cell in self.cells:
            if cell.key == key and cell.counting == counting:
                return cell
        raise ConfigError(f"cut {self.cut.name} has no cell {' / '.join(str(part) for part in key)}")


def estimate_cut(table: PredictionTable, cut: Cut, audit: PreparedAudit | None,
                 settings: PrevalenceSettings) -> Prevalence:  # fmt: skip
    """Shares of every cell of a cut, as published and once per story."""
    frame = count_cut(table, cut)
    cells = []
    copies = copies_in_cell(table, cut, audit) if audit else None
    rows = _audited_rows(audit, cut) if audit else {}
    for counting in COUNTINGS:
        tuning = _overall_tuning(audit, counting, copies)
        for key, both in frame.cells.items():
            inside = rows.get(key, [])
            shared = copies if counting == "once_per_story" else None
            cells.append(_cell(key, counting, both[counting], audit, inside, shared, tuning, table.labels, settings))
    return Prevalence(cut=cut, cells=tuple(cells), is_corrected=audit is not None)


def _cell(key: Key, counting: Counting, frame: FrameCell, audit: PreparedAudit | None, inside: Sequence[int],
          copies: Floats | None, tuning: float | None, labels: Sequence[str],
          settings: PrevalenceSettings) -> PrevalenceCell:  # fmt: skip
    n_audited = len(inside)
    estimate: ShareEstimate | None = None
    reason: str | None = None
    few: tuple[str, ...] = ()
    if frame.n_articles < settings.min_articles:
        reason = f"{frame.n_articles:,} articles, fewer than {settings.min_articles:,}"
    elif audit is not None:
        if n_audited < settings.min_audited:
            reason = f"{n_audited:,} audited articles, fewer than {settings.min_audited:,}"
        else:
            measure = np.zeros(len(audit.story))
            measure[inside] = 1.0 if copies is None else 1 / copies[inside]
            estimate = estimate_shares(
                audit.sample, frame_probs=frame.probs, measure=measure, method=settings.method, prior_tuning=tuning,
                units=settings.units, level=settings.level,
                frame_total=frame.n_stories if counting == "once_per_story" else float(frame.n_articles),
            )  # fmt: skip
            few = tuple(label for label, n in zip(labels, estimate.n_by_label, strict=True)
                        if n < settings.few_of_label)  # fmt: skip
            unit, n_units = min(estimate.n_units.items(), key=lambda pair: pair[1])
            if n_units < settings.min_units:
                estimate, few = None, ()
                reason = f"audited articles of {n_units} {unit} units, fewer than {settings.min_units}"
    return PrevalenceCell(key=key, counting=counting, frame=frame, n_audited=n_audited, estimate=estimate,
                          suppressed=reason, few=few)  # fmt: skip


def _audited_rows(audit: PreparedAudit, cut: Cut) -> Mapping[Key, list[int]]:
    """The audited articles in each cell, by their places."""
    kept = np.ones(len(audit.story), dtype=bool)
    for name, value in cut.without:
        kept &= np.array([own != value for own in audit.dimensions[name]])
        if name == "language":
            kept &= np.array([own != value for own in audit.base_language])
    keys = _keys(audit, cut)
    rows: dict[Key, list[int]] = {}
    for at in np.flatnonzero(kept).tolist():
        rows.setdefault(keys[at], []).append(at)
    return rows


def _keys(audit: PreparedAudit, cut: Cut) -> list[Key]:
    return list(zip(*(audit.dimensions[name] for name in cut.by), strict=True)) if cut.by else [()] * len(audit.story)


def _overall_tuning(audit: PreparedAudit | None, counting: Counting, copies: Floats | None) -> float | None:
    if audit is None or copies is None:
        return None
    return power_tuning(audit.sample, measure=1 / copies if counting == "once_per_story" else np.ones(len(copies)))


def copies_in_cell(table: PredictionTable, cut: Cut, audit: PreparedAudit) -> Floats:
    """Copies that the story of each audited article has in its own cell, 1 for a lone one, float64 (audited,)."""
    import pyarrow as pa

    stories = sorted({story for story in audit.story if story is not None})
    if not stories:
        return np.ones(len(audit.story))
    table.connection.register("wanted_stories", pa.table({"story": pa.array(stories, pa.uint64())}))
    by = [quoted(name) for name in cut.by]
    columns = ", ".join(["a.story", *by])
    rows = table.connection.execute(f"""SELECT {columns}, count(*) FROM article a JOIN wanted_stories w
        ON a.story = w.story WHERE {where_sql(cut)} GROUP BY {columns}""").fetchall()
    table.connection.unregister("wanted_stories")
    counts = {tuple(row[:-1]): row[-1] for row in rows}
    return np.array([1.0 if story is None else float(counts.get((story, *key), 1))
                     for story, key in zip(audit.story, _keys(audit, cut), strict=True)])  # fmt: skip
