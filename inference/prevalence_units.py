"""What was drawn independently: articles, whole stories, or whole outlets; told from the audit itself."""

from __future__ import annotations

import numpy as np

from .prevalence import copies_in_cell
from .prevalence_audit import PreparedAudit
from .prevalence_cuts import Cut
from .prevalence_table import PredictionTable


def independent_units(table: PredictionTable, audit: PreparedAudit) -> tuple[tuple[str, ...], list[str]]:
    """The units that intervals must count, and what to tell the reader of the report.

    Copies of one story that came into a sample of articles by chance are no cluster: the design already counts them. If
    more of them came together than chance gives, stories were drawn, and a story is one unit; so with outlets, if far
    fewer of them are in the sample than a sample of articles would reach.
    """
    units, told = ["article"], []
    design = audit.sample.design
    prob = design.inclusion_prob
    stories = design.clusters["story"]
    others = np.bincount(stories)[stories] - 1
    told_by_others = np.array([story is not None for story in audit.story])
    by_chance = copies_in_cell(table, Cut(), audit) / design.weight - prob  # copies in all samples, without itself
    expected = float(np.sum(by_chance[told_by_others]))
    if others.sum() > 2 * expected + 3 * np.sqrt(expected) + 4:
        units.append("story")
        told.append("More copies of the same stories were audited than chance gives: stories count as units.")
    n = len(prob)
    sizes = np.array([row[0] for row in table.connection.execute(
        "SELECT count(*) FROM article WHERE status = 'scored' AND outlet IS NOT NULL GROUP BY outlet").fetchall()],
        dtype=np.float64)  # fmt: skip
    if len(sizes):
        rate = np.minimum(n * sizes / sizes.sum() if sizes.sum() else sizes, 50)
        reached = float(np.sum(1 - np.exp(-rate)))
        seen = len({outlet for outlet in audit.dimensions["outlet"] if outlet is not None})
        if seen < 0.5 * reached:
            units.append("outlet")
            told.append(f"The audit reaches {seen:,} outlets, a sample of articles would reach about {reached:,.0f}: "
                        "outlets count as units.")  # fmt: skip
    return tuple(units), told
