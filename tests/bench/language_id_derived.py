"""Text in scripts that the corpora lack, for the benchmark: real text, or text of converters that training never used.

    python -m tests.bench.language_id_derived --corpora CORPORA --output derived.jsonl

Real: the second half of the Universal Declaration in ug-Latn, uz-Cyrl, pa-Arab, az-Cyrl (its first half trained).
Converted from NTREX: Uyghur by umsc (Latin and Cyrillic), Kazakh by qazaq-transliterator (Latin), Uzbek by ICU's
uz_Latn-uz_Cyrl (`uconv`). A converter that is not installed is left out and said on standard error."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import pyarrow.parquet as pq

REAL = ("ug-Latn", "uz-Cyrl", "pa-Arab", "az-Cyrl")
Convert = Callable[[Sequence[str]], list[str]]


def _umsc(target: str) -> Convert:
    convert = import_module("umsc").UgMultiScriptConverter("UAS", target)
    return lambda texts: [convert(text) for text in texts]


def _qazaq() -> Convert:
    translit = import_module("qazaq_transliterator").translit
    return lambda texts: [translit(text) for text in texts]


def _uconv(name: str) -> Convert:
    def convert(texts: Sequence[str]) -> list[str]:
        joined = "\n".join(" ".join(text.split()) for text in texts)
        done = subprocess.run(["uconv", "-x", name], input=joined.encode(), capture_output=True, check=True)
        return done.stdout.decode().split("\n")

    convert(["a"])
    return convert


CONVERTED: dict[tuple[str, str, str], Callable[[], Convert]] = {
    ("ug", "ug-Latn", "umsc"): lambda: _umsc("ULS"),
    ("ug", "ug-Cyrl", "umsc"): lambda: _umsc("UCS"),
    ("kk", "kk-Latn", "qazaq-transliterator"): _qazaq,
    ("uz", "uz-Cyrl", "ICU"): lambda: _uconv("uz_Latn-uz_Cyrl"),
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the Parquet corpora")
    parser.add_argument("--output", type=Path, required=True, help="JSONL file to write")
    args = parser.parse_args()
    rows: list[tuple[str, str, str]] = []
    declared = pq.read_table(args.corpora / "extra.parquet", filters=[("source", "=", "udhr")])
    for tag in REAL:
        own = [
            text for lang, text in zip(*(declared[c].to_pylist() for c in ("lang", "text")), strict=True) if lang == tag
        ]
        rows += [(tag, "real", text) for text in own[len(own) // 2 :]]
    ntrex = pq.read_table(args.corpora / "ntrex.parquet")
    for (lang, tag, name), make in CONVERTED.items():
        try:
            convert = make()
        except (ImportError, OSError, subprocess.CalledProcessError) as error:
            print(f"{tag} by {name} left out: {error}", file=sys.stderr)
            continue
        texts = [
            text for own, text in zip(ntrex["lang"].to_pylist(), ntrex["text"].to_pylist(), strict=True) if own == lang
        ]
        rows += [(tag, name, text) for text in convert(texts) if text]
    with args.output.open("w", encoding="utf-8") as file:
        for tag, made_by, text in rows:
            file.write(json.dumps({"tag": tag, "made_by": made_by, "text": text}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
