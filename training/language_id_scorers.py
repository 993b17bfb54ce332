"""Trains the scorers of the language identifier: fastText lines and models, n-gram tables, by group of scripts."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ConfigError
from ..labels.language_tags import split_tag
from ..labels.scripts import main_script
from ..models.fasttext_model import FastTextModel
from ..models.language_neighbours import NeighbourTables
from ..models.language_ngrams import NgramTables
from ..models.language_scorer import LanguageScorer
from ..models.language_words import WordTables
from .language_id_corpus import LabelledText

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupConfig:
    """How one group of scripts is trained."""

    name: str
    """Also the name of its file."""
    scripts: tuple[str, ...]
    """Scripts whose languages compete here; empty: every script that has one language."""
    short: tuple[int, int]
    """Length of the short n-grams of the tables, and bits of their hash."""
    long: tuple[int, int]
    """The same for the long ones."""
    max_n: int = 0
    """Longest n-gram of the classifier; 0: no classifier."""
    n_buckets: int = 0
    """Hash buckets of the classifier's n-grams."""


GROUPS: tuple[GroupConfig, ...] = (
    GroupConfig(name="latin", scripts=("Latn",), short=(4, 16), long=(5, 17), max_n=5, n_buckets=250_000),
    GroupConfig(
        name="other", scripts=("Cyrl", "Arab", "Deva", "Beng", "Ethi"), short=(3, 15), long=(4, 16), max_n=4,
        n_buckets=150_000,
    ),
    GroupConfig(name="single", scripts=(), short=(3, 15), long=(5, 16)),
)  # fmt: skip
"""Latin has half the languages; scripts with one language need no classifier, only the tables that show strangers."""

_DIM = 16
_EPOCHS = 5
_LEARNING_RATE = 0.5
LINES_PER_TAG = 6000
"""Sentences of each language that the classifier learns from, at most."""
_MIN_SHARE_OF_LINES = 2 / 3
"""Languages with fewer are repeated up to this share of the most."""
_MAX_REPEATS = 4
_REPEATS_OF_UNSUPPORTED = 4
_CROP_RATE = 0.4
_CROP_CHARS = (15, 60)


def group_texts(texts: Sequence[LabelledText], config: GroupConfig) -> list[LabelledText]:
    """The texts of supported languages that belong to a group."""
    several = {script for group in GROUPS for script in group.scripts}
    if config.scripts:
        return [text for text in texts if split_tag(text.tag)[1] in config.scripts]
    return [text for text in texts if split_tag(text.tag)[1] not in several]


def train_scorer(
    texts: Sequence[LabelledText],
    unsupported: Sequence[LabelledText],
    config: GroupConfig,
    folder: Path,
    rng: np.random.Generator,
    *,
    neighbours: Sequence[NeighbourTables] = (),
    lines_per_tag: int = LINES_PER_TAG,
) -> tuple[LanguageScorer, NDArray[np.float32] | None]:
    """A scorer for one group, and the output matrix of its classifier; `<name>.ftz` is left in the folder.

    Args: texts: of supported languages, all groups; unsupported: of others, all scripts."""
    own = group_texts(texts, config)
    by_tag: dict[str, list[str]] = defaultdict(list)
    for text in own:
        by_tag[text.tag].append(text.text)
    tags = sorted(by_tag)
    scripts = [split_tag(tag)[1] for tag in tags]
    ordered = {tag: by_tag[tag] for tag in tags}
    groups = dict(zip(tags, scripts, strict=True))
    short, long = (NgramTables.train(ordered, groups, n=n, bits=bits) for n, bits in (config.short, config.long))
    words = WordTables.train(ordered)
    if not config.max_n:
        return LanguageScorer(tags, scripts, short, long, words), None
    rivals = [text for text in unsupported if main_script(text.text) in config.scripts]
    lines = _lines(ordered, rivals, lines_per_tag, rng)
    output = _train_fasttext(lines, config, tags, folder)
    model = FastTextModel(folder / f"{config.name}.ftz")
    return LanguageScorer(tags, scripts, short, long, words, model=model, output=output, neighbours=neighbours), output


def _lines(
    by_tag: dict[str, list[str]], rivals: Sequence[LabelledText], lines_per_tag: int, rng: np.random.Generator
) -> list[str]:
    """fastText lines: as many of each language as there are, short cuts among them, in random order."""
    lines: list[str] = []

    def add(tag: str, text: str) -> None:
        lines.append(f"__label__{tag} {text}")
        if len(text) > 40 and rng.random() < _CROP_RATE:
            begin = int(rng.integers(len(text) - 20))
            lines.append(f"__label__{tag} {text[begin : begin + int(rng.integers(*_CROP_CHARS))]}")

    for tag, texts in by_tag.items():
        chosen = [texts[i] for i in rng.permutation(len(texts))[:lines_per_tag]]
        for _ in range(max(1, min(_MAX_REPEATS, int(_MIN_SHARE_OF_LINES * lines_per_tag) // len(chosen)))):
            for text in chosen:
                add(tag, text)
    for rival in rivals:
        for _ in range(_REPEATS_OF_UNSUPPORTED):
            add(rival.tag, rival.text)
    return [lines[i] for i in rng.permutation(len(lines))]


def _train_fasttext(
    lines: Sequence[str], config: GroupConfig, tags: Sequence[str], folder: Path
) -> NDArray[np.float32]:
    try:
        import fasttext
    except ImportError as error:
        raise ConfigError("fastText is not installed; run `pip install fasttext-wheel`") from error
    path = folder / f"{config.name}.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    model = fasttext.train_supervised(
        str(path), dim=_DIM, minn=2, maxn=config.max_n, bucket=config.n_buckets, minCount=10**9, epoch=_EPOCHS,
        lr=_LEARNING_RATE, loss="softmax", thread=1, verbose=0,
    )  # fmt: skip
    path.unlink()
    labels = [label.removeprefix("__label__") for label in model.get_labels()]
    rows = {label: i for i, label in enumerate(labels)}
    order = [rows[tag] for tag in tags] + [i for i, label in enumerate(labels) if label.startswith("x-")]
    output: NDArray[np.float32] = np.array(model.get_output_matrix(), dtype=np.float32)[order]
    model.quantize(dsub=2)
    model.save_model(str(folder / f"{config.name}.ftz"))
    log.info("%s: %d lines, %d languages, %d others", config.name, len(lines), len(tags), len(order) - len(tags))
    return output
