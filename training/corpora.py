"""Corpus: open parallel and monolingual text, normalised, with which texts translate which and which follow which."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..labels.domain_sentences import read_domain_sentences
from ..labels.errors import DataError
from ..labels.language_tags import print_tag, supported_tag
from ..labels.normalise import normalise
from .corpora_variants import VARIANTS

log = logging.getLogger(__name__)

EVALUATION_FILES = frozenset({"tatoeba-eval", "lid-unseen"})
"""File stems that nothing trains on."""
LEXICON_SOURCES = frozenset({"cldr", "omw", "gatitos", "osm"})
"""Words, names and short phrases; much of them makes sentence retrieval worse, so their share is kept low."""
_COLUMNS = ["source", "split", "align_id", "lang", "text"]
_VARIANT_SOURCES = frozenset({"ntrex", "sib", "udhr", "tico", "bible", "ud", "mozilla", "android"})
_PASSAGE = re.compile(r"^(?P<passage>.*?)[.]?(?P<place>\d{1,7})$")
# Sources whose identifiers number the sentences of running text; the others are sets of loose strings.
_RUNNING_SOURCES = frozenset({"ntrex", "tico", "bible", "udhr", "asp", "xquad", "ud"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Texts in corpus order; the arrays have one entry a text."""

    texts: Sequence[str]
    """Normalised, never empty."""
    languages: NDArray[np.int16]
    """Index into `language_names`."""
    sources: NDArray[np.int16]
    """Index into `source_names`."""
    groups: NDArray[np.int32]
    """Texts of one group (source and alignment identifier) are translations of one another."""
    passages: NDArray[np.int32]
    """Texts of one passage (source, language, chapter or page) are running text; -1 where nothing is known."""
    places: NDArray[np.int32]
    """Order within the passage; neighbours differ by 1."""
    is_held_out: NDArray[np.bool_]
    """Validation lines: read to measure, never to train."""
    language_names: tuple[str, ...]
    """BCP-47 tags as the corpora write them."""
    source_names: tuple[str, ...]
    """Names of the sources."""


def read_corpora(
    folders: Iterable[Path], *, with_variants: bool = True, domain_sentences: Path | None = None
) -> Corpus:
    """All training and validation text of the Parquet files in the folders, each text once a group and language.

    With variants, languages of several scripts are added in their other scripts by transliteration. Domain sentences
    become the source `domain`. Columns: source, split, align_id, lang, text.

    Raises: DataError: a folder without such files, or a file without these columns.
    """
    files = [file for folder in folders for file in sorted(Path(folder).glob("*.parquet"))]
    files = [file for file in files if file.stem not in EVALUATION_FILES]
    if not files:
        raise DataError(f"{[str(f) for f in folders]}: no Parquet files; name the folder that holds the corpora")
    rows = _Rows()
    for file in files:
        table = pq.ParquetFile(file)
        missing = set(_COLUMNS) - set(table.schema_arrow.names)
        if missing:
            raise DataError(f"{file}: no column {', '.join(sorted(missing))}; a corpus has {', '.join(_COLUMNS)}")
        columns = table.read(columns=_COLUMNS)
        for source, split, align_id, language, text in zip(*(columns[c].to_pylist() for c in _COLUMNS), strict=True):
            rows.add(source, split, align_id, language, normalise(text).text)
            if with_variants and source in _VARIANT_SOURCES:
                for tag, convert in VARIANTS.get(language, {}).items():
                    rows.add(source, split, align_id, tag, normalise(convert(text)).text)
        log.info("%s: %d texts so far", file.name, len(rows.texts))
    if domain_sentences is not None:
        names = {supported_tag(name) or name: name for name in rows.languages}
        for sentence in read_domain_sentences(domain_sentences):
            tag = print_tag(sentence.language, sentence.script)
            rows.add("domain", "train", str(sentence.number), names.get(tag, tag), normalise(sentence.text).text)
    return rows.corpus()


class _Rows:
    """Rows under collection, with names turned into numbers."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.numbers: list[tuple[int, int, int, int, int, bool]] = []
        self.languages: dict[str, int] = {}
        self.sources: dict[str, int] = {}
        self.groups: dict[tuple[str, str], int] = {}
        self.passages: dict[tuple[str, str, str], int] = {}
        self.seen: set[tuple[int, int, str]] = set()

    def add(self, source: str, split: str, align_id: str, language: str, text: str) -> None:
        if not text:
            return
        language_id = self.languages.setdefault(language, len(self.languages))
        group = self.groups.setdefault((source, align_id), len(self.groups))
        key = (language_id, group, text)
        if key in self.seen:
            return
        self.seen.add(key)
        passage, place = -1, 0
        match = _PASSAGE.match(align_id) if source in _RUNNING_SOURCES else None
        if match:
            passage = self.passages.setdefault((source, language, match["passage"]), len(self.passages))
            place = int(match["place"])
        source_id = self.sources.setdefault(source, len(self.sources))
        self.texts.append(text)
        self.numbers.append((language_id, source_id, group, passage, place, split == "valid"))

    def corpus(self) -> Corpus:
        columns = list(zip(*self.numbers, strict=True))
        return Corpus(
            texts=self.texts,
            languages=np.array(columns[0], np.int16),
            sources=np.array(columns[1], np.int16),
            groups=np.array(columns[2], np.int32),
            passages=np.array(columns[3], np.int32),
            places=np.array(columns[4], np.int32),
            is_held_out=np.array(columns[5], np.bool_),
            language_names=tuple(self.languages),
            source_names=tuple(self.sources),
        )
