"""Training text for the language identifier: which corpus rows it reads, under which tag, and how much of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pyarrow.parquet as pq

from ..labels.errors import DataError
from ..labels.language_tags import supported_tag

ROW_LIMITS: Mapping[str, int] = MappingProxyType({
    "sib": 1004, "ud": 7000, "tico": 3100, "seed": 6200, "xquad": 1500, "udhr": 100, "asp": 600, "bible": 2500,
    "mozilla": 2400, "android": 1700, "osm": 0, "cldr": 5600, "omw": 6000, "gatitos": 4000,
})  # fmt: skip
"""Rows taken of each source for one tag, evenly over the source; NTREX, Tatoeba and the unseen languages are none."""
LEXICON_SOURCES = frozenset({"cldr", "omw", "gatitos"})
"""Sources of words and short phrases, joined by the dozen so that they weigh little."""
_N_WORDS_JOINED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledText:
    """A text with the tag of its language and script."""

    tag: str
    """One of `SUPPORTED_TAGS`, or another tag where the text is one of no supported language."""
    source: str
    """Name of the corpus, `sib`, `udhr` ..."""
    split: str
    """Split of the corpus: `train`, `dev`, `test` (of SIB), `lexicon`."""
    text: str
    """As it stands in the corpus."""


def read_corpora(folder: Path) -> Iterator[LabelledText]:
    """All texts of the corpora folder that may be trained on, in a fixed order.

    Raises: DataError: a corpus file is missing."""
    for name in ("sib", "extra", "ud", "tico", "seed", "xquad", "udhr", "asp", "bible", "mozilla", "android", "cldr",
                 "omw", "gatitos"):  # fmt: skip
        path = folder / f"{name}.parquet"
        if not path.is_file():
            raise DataError(f"{path}: no such corpus file; give the folder that holds the Parquet corpora")
        yield from _read(path, name)


def _read(path: Path, name: str) -> Iterator[LabelledText]:
    table = pq.read_table(path, columns=["source", "split", "lang", "text"])
    rows: dict[tuple[str, str], list[tuple[str, str]]] = {}
    columns = (table[column].to_pylist() for column in ("source", "split", "lang", "text"))
    for source, split, lang, text in zip(*columns, strict=True):
        if source == "ntrex":
            continue
        if source == "seed" and lang == "fa":
            lang = "prs"  # the corpus files the Dari part under fa
        tag = supported_tag(lang)
        if tag is not None and text:
            rows.setdefault((source.removesuffix("-pud"), tag), []).append((split, text))
    for (source, tag), texts in rows.items():
        limit = ROW_LIMITS[source]
        step = max(1.0, len(texts) / limit) if limit else float(len(texts) + 1)
        taken = [texts[int(i * step)] for i in range(min(limit, len(texts)))]
        if source in LEXICON_SOURCES:
            taken = [
                ("lexicon", " ".join(word for _, word in taken[i : i + _N_WORDS_JOINED]))
                for i in range(0, len(taken), _N_WORDS_JOINED)
            ]
        for split, text in taken:
            yield LabelledText(tag=tag, source=source, split=split, text=text)
