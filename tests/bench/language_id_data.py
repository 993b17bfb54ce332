"""The texts on which the benchmark measures language identifiers."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq

from tests.bench.language_id_systems import as_tag
from xjstance.labels.language_codes import read_code
from xjstance.labels.language_tags import supported_tag

TATOEBA_TAGS = {
    "ara": "ar", "cmn": "zh", "kur": "kmr-Latn", "pes": "fa", "nob": "nb", "nno": "nn", "zsm": "ms", "srp": "sr",
}  # fmt: skip


def ntrex(corpora: Path, rows_per_tag: int | None) -> list[tuple[str, str]]:
    """(tag, sentence) of NTREX, evenly over its 1,997 lines."""
    texts: dict[str, list[str]] = defaultdict(list)
    for name in ("ntrex", "extra"):
        table = pq.read_table(corpora / f"{name}.parquet", filters=[("source", "=", "ntrex")])
        for lang, text in zip(table["lang"].to_pylist(), table["text"].to_pylist(), strict=True):
            texts[supported_tag(lang) or lang].append(text)
    return _thinned(texts, rows_per_tag)


def tatoeba(corpora: Path, rows_per_tag: int | None) -> list[tuple[str, str]]:
    """(tag, sentence) of LASER's Tatoeba; a tag outside the supported set keeps its three letters."""
    texts: dict[str, list[str]] = defaultdict(list)
    table = pq.read_table(corpora / "tatoeba-eval.parquet")
    for lang, text in zip(table["lang"].to_pylist(), table["text"].to_pylist(), strict=True):
        language = TATOEBA_TAGS.get(lang, lang)
        texts[as_tag(language, text) if read_code(language) else lang].append(text)
    return _thinned({tag: own for tag, own in texts.items() if len(own) >= 20}, rows_per_tag)


def unseen(corpora: Path, rows_per_tag: int | None) -> list[tuple[str, str]]:
    """(code, sentence) of the languages that must come out `und`."""
    texts: dict[str, list[str]] = defaultdict(list)
    table = pq.read_table(corpora / "lid-unseen.parquet")
    for lang, text in zip(table["lang"].to_pylist(), table["text"].to_pylist(), strict=True):
        texts[lang].append(text)
    return _thinned(texts, rows_per_tag)


def derived(path: Path | None) -> dict[str, list[tuple[str, str]]]:
    """(tag, text) by what made it, from the file of `language_id_derived.py`."""
    texts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines() if path else ():
        row = json.loads(line)
        texts[row["made_by"]].append((row["tag"], row["text"]))
    return dict(texts)


def _thinned(texts: dict[str, list[str]], rows_per_tag: int | None) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for tag in sorted(texts):
        own = texts[tag]
        step = max(1.0, len(own) / rows_per_tag) if rows_per_tag else 1.0
        rows += [(tag, own[int(i * step)]) for i in range(int(len(own) / step))]
    return rows
