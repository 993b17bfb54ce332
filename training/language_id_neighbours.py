"""Trains the neighbour tables of the language identifier, on parallel text alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..models.language_neighbours import NeighbourTables
from .language_id_corpus import LabelledText

NEIGHBOURS: Mapping[tuple[str, ...], frozenset[str]] = {
    ("bs", "hr", "sr-Latn"): frozenset({"sib", "udhr"}),
    ("id", "ms"): frozenset({"sib", "udhr", "mozilla", "android", "cldr", "tico"}),
    ("da", "nb", "nn"): frozenset({"sib", "udhr"}),
    ("fa", "prs"): frozenset({"sib", "udhr"}),
    ("xh", "zu"): frozenset({"sib", "udhr", "cldr"}),
    ("cs", "sk"): frozenset({"sib", "udhr", "mozilla", "android", "cldr"}),
}
"""Groups of tags, each with the sources that hold the same text in all of them."""
_SHARPNESSES = (0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3, 0.4)


def train_neighbours(texts: Sequence[LabelledText], *, on_all: bool) -> list[NeighbourTables]:
    """Tables of every group, their sharpness fitted on SIB's dev and test parts, on which `on_all` then trains too."""
    made: list[NeighbourTables] = []
    for tags, sources in NEIGHBOURS.items():
        own = [text for text in texts if text.tag in tags and text.source in sources]
        train = {tag: [x.text for x in own if x.tag == tag and x.split not in ("dev", "test")] for tag in tags}
        trial = NeighbourTables.train(train, sharpness=1.0)
        sharpness = _sharpness(trial, [text for text in own if text.split in ("dev", "test")])
        if not on_all:
            made.append(NeighbourTables(trial.tags, trial.values, sharpness))
            continue
        every = {tag: [text.text for text in own if text.tag == tag] for tag in tags}
        made.append(NeighbourTables.train(every, sharpness=sharpness))
    return made


def _sharpness(tables: NeighbourTables, texts: Sequence[LabelledText]) -> float:
    sums = tables.sums([text.text for text in texts])
    gold = np.array([tables.tags.index(text.tag) for text in texts])
    losses: list[tuple[float, float]] = []
    for sharpness in _SHARPNESSES:
        logits = sums * sharpness
        logits -= logits.max(axis=1, keepdims=True)
        log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        losses.append((-float(log_probs[np.arange(len(gold)), gold].mean()), sharpness))
    return min(losses)[1]
