"""Keep what models said of articles: no human label, and never in the place of an earlier model's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ..records import Prediction, WindowStart
from .tables import PredictionRow, ScoreRow

Said = tuple[int, Prediction, Sequence[WindowStart]]
"""Number of an article, what a model said of it, and where its windows begin (nothing where that is not known)."""


def add_predictions(session: Session, said: Sequence[Said], labels: Sequence[str]) -> None:
    """Add predictions; said again by the same model, one adds no more than the windows, if they lacked."""
    new = {(article, one.model or "unknown"): (one, windows) for article, one, windows in reversed(said)
           if one.status == "scored"}  # fmt: skip
    articles = {article for article, _ in new}
    for row in session.scalars(select(PredictionRow).where(PredictionRow.article.in_(articles))):
        if (row.article, row.model) in new:
            _, windows = new.pop((row.article, row.model))
            if windows and not row.details.get("windows"):
                row.details = {**row.details, "windows": _starts(windows)}
    if not new:
        return
    rows = [_row(article, model, one, windows) for (article, model), (one, windows) in new.items()]
    numbers = session.scalars(
        insert(PredictionRow).returning(PredictionRow.number, sort_by_parameter_order=True), rows
    ).all()
    session.execute(insert(ScoreRow), [
        {"prediction": number, "label": label, "prob": prob}
        for number, (one, _) in zip(numbers, new.values(), strict=True)
        for label, prob in zip(labels, one.probs or (), strict=True)
    ])  # fmt: skip


def _row(article: int, model: str, said: Prediction, windows: Sequence[WindowStart]) -> dict[str, Any]:
    best, second = sorted(said.probs or (), reverse=True)[:2]
    evidence = [{"field": one.field, "start": one.start, "end": one.end, "score": one.score}
                for one in said.evidence or ()]  # fmt: skip
    return {
        "article": article, "model": model, "codebook": said.codebook or "", "stance": said.stance, "top_prob": best,
        "margin": best - second, "is_confident": said.is_confident, "is_validated": said.is_validated,
        "details": {"stance_set": list(said.stance_set or ()), "n_tokens": said.n_tokens,
                    "n_tokens_read": said.n_tokens_read, "n_windows": said.n_windows, "evidence": evidence,
                    "windows": _starts(windows)},
    }  # fmt: skip


def _starts(windows: Sequence[WindowStart]) -> list[dict[str, Any]]:
    return [{"field": one.field, "start": one.start} for one in windows]
