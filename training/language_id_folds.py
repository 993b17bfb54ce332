"""Development folds for the language identifier: what one run learns from, and what it is then tried on.

Two runs hide different supported languages and different halves of the unsupported ones, to show what an unseen
language looks like. Where a language has text enough without it, SIB is development text alone, in every run: the
numbers then hold for a source that training never saw."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .language_id_corpus import LabelledText

_HIDDEN: tuple[frozenset[str], ...] = (
    frozenset(
        """gl lb su xh nn sk mt tk-Latn so ig is lt cy eo kmr-Latn mk ba ky-Cyrl tg-Cyrl sd ckb az-Cyrl""".split()
    ),
    frozenset(
        """ca af jv rw et sq ga yo az-Latn uz-Latn mg ha tl ro ug-Latn kk-Latn be bg tt-Cyrl tt-Latn ur
        ps""".split()
    ),
)
"""Supported tags that each run must not know."""
_PROSE_WITHOUT_SIB = frozenset({"ud", "tico", "seed", "xquad", "bible", "asp", "mozilla"})
_ENOUGH_CHARS = 150_000
LENGTHS = (None, 100, 50, 20)
"""Characters to which development texts are cut: None is whole."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One development run."""

    train: list[LabelledText]
    """Supported languages that the run knows."""
    rivals: list[LabelledText]
    """Unsupported languages that the run knows."""
    known: list[LabelledText]
    """Development text in supported languages that the run knows."""
    unknown: list[LabelledText]
    """Development text in languages that the run has never seen."""


def folds(texts: Sequence[LabelledText], unsupported: Sequence[LabelledText], rng: np.random.Generator) -> list[Fold]:
    """The two runs, and a third that hides nothing and makes the identifier."""
    rich = rich_tags(texts)
    codes = sorted({text.tag for text in unsupported})
    rng.shuffle(codes)
    halves = (set(codes[::2]), set(codes[1::2]))
    hiding = [(*_HIDDEN, frozenset[str]()), (*halves, set[str]())]
    return [_fold(texts, unsupported, hidden, unseen, rich) for hidden, unseen in zip(*hiding, strict=True)]


def rich_tags(texts: Sequence[LabelledText]) -> set[str]:
    """Tags with text enough without SIB."""
    n_chars: Counter[str] = Counter()
    for text in texts:
        if text.source in _PROSE_WITHOUT_SIB:
            n_chars[text.tag] += len(text.text)
    return {tag for tag, n in n_chars.items() if n > _ENOUGH_CHARS}


def _fold(
    texts: Sequence[LabelledText],
    unsupported: Sequence[LabelledText],
    hidden: frozenset[str],
    unseen: set[str],
    rich: set[str],
) -> Fold:
    train, known, unknown = [], [], []
    for text in texts:
        is_development = text.source == "sib" and (text.split != "train" or text.tag in rich)
        if text.tag in hidden:
            if text.source == "sib":
                unknown.append(text)
        elif is_development:
            known.append(text)
        else:
            train.append(text)
    unknown += [text for text in unsupported if text.tag in unseen]
    return Fold(train, [text for text in unsupported if text.tag not in unseen], known, unknown)


def sample(texts: Sequence[LabelledText], per_tag: int, rng: np.random.Generator) -> list[LabelledText]:
    """At most so many texts of each tag, in a fixed order."""
    by_tag: dict[str, list[LabelledText]] = defaultdict(list)
    for text in texts:
        by_tag[text.tag].append(text)
    chosen: list[LabelledText] = []
    for tag in sorted(by_tag):
        own = by_tag[tag]
        rows = rng.choice(len(own), size=min(per_tag, len(own)), replace=False)
        chosen += [own[i] for i in sorted(rows)]
    return chosen
