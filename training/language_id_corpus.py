"""Training text for the language identifier: which corpus rows it reads, under which tag, and how much of each."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pyarrow.parquet as pq

from ..labels.errors import DataError
from ..labels.language_tags import split_tag, supported_tag
from ..labels.normalise import normalise
from ..labels.transliterate import transliterate
from ..labels.transliterate_kazakh_kyrgyz import KAZAKH_LATIN_ALPHABETS, kazakh_cyrl_to_latn
from ..models.language_cleaning import words_only

log = logging.getLogger(__name__)

ROW_LIMITS: Mapping[str, int] = MappingProxyType({
    "sib": 1004, "ud": 7000, "tico": 3100, "seed": 6200, "xquad": 1500, "udhr": 100, "asp": 600, "bible": 2500,
    "mozilla": 2400, "android": 1700, "cldr": 5600, "omw": 6000, "gatitos": 4000,
})  # fmt: skip
"""Rows taken of each source for one tag, evenly over the source; NTREX, Tatoeba and the unseen languages are none."""
PROSE_SOURCES = frozenset({"sib", "ud", "tico", "seed", "xquad", "bible", "asp", "mozilla"})
"""Sources of sentences in sufficient number to represent a language."""
LEXICON_SOURCES = frozenset({"cldr", "omw", "gatitos"})
"""Sources of words and short phrases, joined by the dozen so that they weigh little."""
DERIVED_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ug-Arab", "ug-Latn"), ("ug-Arab", "ug-Cyrl"), ("kk-Cyrl", "kk-Arab"), ("kk-Cyrl", "kk-Latn"),
    ("ky-Cyrl", "ky-Arab"), ("uz-Latn", "uz-Cyrl"), ("tt-Cyrl", "tt-Latn"), ("pa-Guru", "pa-Arab"),
    ("az-Latn", "az-Cyrl"), ("sr-Cyrl", "sr-Latn"),
)  # fmt: skip
"""Tags whose text is made, for want of corpora, from text of another script."""
HALVED_UDHR = frozenset({"ug-Latn", "uz-Cyrl", "pa-Arab", "az-Cyrl"})
"""Tags whose only real text is the Universal Declaration: its first half trains, its second half tests."""
HAN_TAGS = frozenset({"zh-Hans", "zh-Hant", "yue"})
"""Told apart by characters (`labels/han.py`), not by training."""
_N_WORDS_JOINED = 12


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A cleaned text with the tag of its language and script."""

    tag: str
    """A supported tag, or `x-<code>` for a language that is not supported."""
    source: str
    """Name of the corpus, `sib`, `udhr` ...; the same for text in a derived script."""
    split: str
    """Split of the corpus: `train`, `dev`, `test` (of SIB), `lexicon`."""
    text: str
    """Words in lower case (`models/language_cleaning.py`)."""


def read_corpora(folder: Path) -> Iterator[LabelledText]:
    """All text of the corpora folder that the identifier may learn from, and its derived scripts, in a fixed order.

    Raises: DataError: a corpus file is missing."""
    for name in ("sib", "extra", "ud", "tico", "seed", "xquad", "udhr", "asp", "bible", "mozilla", "android", "cldr",
                 "omw", "gatitos"):  # fmt: skip
        path = folder / f"{name}.parquet"
        if not path.is_file():
            raise DataError(f"{path}: no such corpus file; give the folder that holds the Parquet corpora")
        for tag, source, split, text in _rows(path):
            text = normalise(text).text
            yield from _cleaned(tag, source, split, text)
            if source != "udhr":
                yield from _derived(tag, source, split, text)
        log.info("%s read", path.name)


def _derived(tag: str, source: str, split: str, text: str) -> Iterator[LabelledText]:
    for known, wanted in DERIVED_SCRIPTS:
        if known != tag:
            continue
        language, script = split_tag(known)
        target = split_tag(wanted)[1]
        if wanted == "kk-Latn":  # which alphabet will win is open: a third of the text in each
            alphabet = KAZAKH_LATIN_ALPHABETS[len(text) % len(KAZAKH_LATIN_ALPHABETS)]
            made = kazakh_cyrl_to_latn(text, alphabet=alphabet)
        else:
            made = transliterate(text, language=language, source=script, target=target)
        yield from _cleaned(wanted, source, split, made)


def _cleaned(tag: str, source: str, split: str, text: str) -> Iterator[LabelledText]:
    words = words_only(text)
    if words and tag not in HAN_TAGS and tag != "mn-Mong":
        yield LabelledText(tag, source, split, words)


def _rows(path: Path) -> Iterator[tuple[str, str, str, str]]:
    table = pq.read_table(path, columns=["source", "split", "lang", "text"])
    rows: dict[tuple[str, str], list[tuple[str, str]]] = {}
    columns = (table[column].to_pylist() for column in ("source", "split", "lang", "text"))
    for source, split, lang, text in zip(*columns, strict=True):
        if source == "ntrex" or not text:
            continue
        if source == "seed" and lang == "fa":
            lang = "prs"  # the corpus files the Dari part under fa
        tag = "az-Cyrl" if lang == "az-Cyrl" else supported_tag(lang)
        if tag is not None and source.removesuffix("-pud") in ROW_LIMITS:
            rows.setdefault((source.removesuffix("-pud"), tag), []).append((split, text))
    for (source, tag), texts in rows.items():
        if source == "udhr" and tag in HALVED_UDHR:
            texts = texts[: len(texts) // 2]
        step = max(1.0, len(texts) / ROW_LIMITS[source])
        taken = [texts[int(i * step)] for i in range(min(ROW_LIMITS[source], len(texts)))]
        if source in LEXICON_SOURCES:
            starts = range(0, len(taken), _N_WORDS_JOINED)
            taken = [("lexicon", " ".join(word for _, word in taken[i : i + _N_WORDS_JOINED])) for i in starts]
        for split, text in taken:
            yield tag, source, split, text
