"""Two runs on the same archive: which labels changed, in which articles, and what that does to the shares."""

from __future__ import annotations

from typing import Any

from ..labels.errors import DataError
from .prevalence_source import PredictionSource, quoted
from .prevalence_table import PredictionTable

_N_EXAMPLES = 50
_BOTH = "earlier_rows e JOIN later_rows l USING (key)"
CHANGED_ARTICLES = ("SELECT l.id, e.label AS earlier, l.label AS later, e.sure AS earlier_prob, l.sure AS later_prob "
                    f"FROM {_BOTH} WHERE e.label <> l.label")  # fmt: skip
"""Every article whose label changed, once `compare_runs` has run on the connection."""


def compare_runs(table: PredictionTable, other: PredictionSource) -> dict[str, Any]:
    """What changed from the other (earlier) run to this one, by article id.

    Shares here are the classifiers' own, uncorrected: the two runs are compared, not the world.

    Raises: DataError: other labels, or no article in common.
    """
    if set(other.labels) != set(table.labels):
        raise DataError(
            f"{other.path}: its labels ({', '.join(other.labels)}) are not this run's ({', '.join(table.labels)})"
        )
    connection, this = table.connection, table.source
    probs = ", ".join(f"TRY_CAST(s.{quoted('p_' + label)} AS FLOAT)" for label in table.labels)
    for name, source in (("later_rows", this), ("earlier_rows", other)):
        connection.execute(f"""CREATE OR REPLACE TEMP TABLE {name} AS SELECT hash({source.text("id")}) AS key,
            any_value({source.text("id")}) AS id, any_value(hash(CAST(s.text_sha256 AS VARCHAR))) AS content,
            any_value(coalesce({source.text("stance")}, s.status)) AS label, any_value(greatest({probs})) AS sure,
            any_value({source.text("model")}) AS model, any_value({source.text("codebook")}) AS codebook
            FROM {source.sql} GROUP BY 1""")
    both = f"FROM {_BOTH}"
    [(n_both, n_changed, n_text)] = connection.execute(
        f"SELECT count(*), count(*) FILTER (e.label <> l.label), count(*) FILTER (e.content <> l.content) {both}"
    ).fetchall()
    if n_both == 0:
        raise DataError(f"{other.path}: has no article id in common with {this.path}; runs are compared on one archive")
    [(n_earlier,)] = connection.execute("SELECT count(*) FROM earlier_rows").fetchall()
    [(n_later,)] = connection.execute("SELECT count(*) FROM later_rows").fetchall()
    transitions = connection.execute(
        f"""SELECT e.label, l.label, count(*) {both} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"""
    ).fetchall()
    examples = connection.execute(f"""{CHANGED_ARTICLES}
        ORDER BY least(earlier_prob, later_prob) DESC NULLS LAST, id LIMIT {_N_EXAMPLES}""").fetchall()
    [models] = connection.execute("SELECT (SELECT string_agg(DISTINCT model, '+') FROM earlier_rows), "
                                "(SELECT string_agg(DISTINCT codebook, '+') FROM earlier_rows)").fetchall()  # fmt: skip
    earlier, later = _shares(transitions, 0, table.labels), _shares(transitions, 1, table.labels)
    return {
        "other run": str(other.path), "other model": models[0], "other codebook": models[1], "in both": n_both,
        "only in the other run": n_earlier - n_both, "only in this run": n_later - n_both, "label changed": n_changed,
        "text changed": n_text,
        **{f"share of {label} (uncorrected)": f"{100 * earlier[label]:.1f} to {100 * later[label]:.1f} per cent"
           for label in table.labels},
        "transitions": [{"earlier": row[0], "later": row[1], "articles": row[2]} for row in transitions],
        "examples": [{"id": row[0], "earlier": row[1], "later": row[2], "earlier_prob": row[3], "later_prob": row[4]}
                     for row in examples],
    }  # fmt: skip


def _shares(transitions: list[tuple[str, str, int]], at: int, labels: tuple[str, ...]) -> dict[str, float]:
    """Share of each label among the articles of both runs that had a label."""
    counts = dict.fromkeys(labels, 0)
    for row in transitions:
        if row[at] in counts:
            counts[str(row[at])] += row[2]
    total = sum(counts.values())
    return {label: count / total if total else 0.0 for label, count in counts.items()}
