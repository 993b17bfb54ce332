"""Agreement between the people of a store, from what they judged blind."""

from __future__ import annotations

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..agreement import Agreement, agreement_of
from ..codebook import Codebook
from .annotations import all_annotations, standing
from .tables import CodebookRow, ItemRow, QueueRow


def store_agreement(
    session: Session, queue: QueueRow, *, n_resamples: int, rng: np.random.Generator
) -> list[Agreement]:
    """Agreement in a queue: the last blind label of each person on each article."""
    codebook = Codebook.from_dict(session.get_one(CodebookRow, queue.codebook).content, where=queue.codebook)
    labels = standing(all_annotations(session, queue=queue.number), blind_only=True)
    rows = session.execute(select(ItemRow.number, ItemRow.tag).where(ItemRow.queue == queue.number))
    tags = {number: tag for number, tag in rows}  # noqa: C416 (rows are no pairs to a type checker)
    both = {item: by for item, by in labels.items() if len(by) > 1}
    middle = [
        name for name in codebook.labels if name not in (codebook.positive, codebook.negative, codebook.off_target)
    ]
    return agreement_of(
        [{name: str(one.label) for name, one in by.items()} for by in both.values()], [tags[item] for item in both],
        labels=codebook.labels, ordinal=(codebook.negative, *middle, codebook.positive), n_resamples=n_resamples,
        rng=rng,
    )  # fmt: skip
