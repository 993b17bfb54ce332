"""Makes labels/han.json: the Han characters that only one writing system uses.

    python -m xjstance.training.language_id_han --corpora CORPORA

From OpenCC's tables (package opencc-python-reimplemented, Apache-2.0): a character is Simplified if Traditional text
writes another one for it in every sense, and the reverse. The corpora then strike out what both sides write anyway."""

from __future__ import annotations

import argparse
import json
import logging
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pyarrow.parquet as pq

from ..labels.errors import ConfigError

log = logging.getLogger(__name__)

OUTPUT = Path(__file__).parent.parent / "labels" / "han.json"
CANTONESE = (
    "嘅喺咗唔佢哋嗰啲冇嚟咁睇俾畀攞揾搵咩噉嘢啱嘥咪喎囉㗎嘞冚瞓諗啩嚿谂嗮晒嗌攰靚乜咗孭嬲嘈餸瞓叻噏揸掟煲仔嘍啫喇嚇嗱"
)
"""Words and particles of written Cantonese that standard Chinese does not write, or hardly."""
_ALSO_STANDARD = set("咪仔晒煲嗮喇靚乜叻嚇")
_MAX_SHARE_ON_OTHER_SIDE = 0.05
"""A character leaves its list if the other side writes it in more than this share of both sides' uses."""


def build(corpora: Path) -> dict[str, str]:
    """The characters of each class of `HAN_CLASSES` but the first, sorted, as one string each."""
    to_traditional, to_simplified, japanese = (_table(name) for name in ("STCharacters", "TSCharacters", "JPVariants"))
    hans = {char for char, forms in to_traditional.items() if char not in forms}
    hant = {char for char, forms in to_simplified.items() if char not in forms}
    shinjitai = {form for forms in japanese.values() for form in forms}
    both = hans & hant
    hans, hant = hans - both, hant - both
    counts = {tag: _character_counts(corpora, tag) for tag in ("zh-Hans", "zh-Hant", "ja")}
    hans = {char for char in hans if _share(counts["zh-Hant"], counts["zh-Hans"], char) <= _MAX_SHARE_ON_OTHER_SIDE}
    hant = {char for char in hant if _share(counts["zh-Hans"], counts["zh-Hant"], char) <= _MAX_SHARE_ON_OTHER_SIDE}
    chinese = counts["zh-Hans"] + counts["zh-Hant"]
    only_japanese = {
        char for char in shinjitai - hans - hant if _share(chinese, counts["ja"], char) <= _MAX_SHARE_ON_OTHER_SIDE
    }
    cantonese = set(CANTONESE) - _ALSO_STANDARD
    named = {"Hans": hans - cantonese, "Hant": hant - cantonese, "Jpan": only_japanese, "yue": cantonese}
    return {name: "".join(sorted(chars)) for name, chars in named.items()}


def _table(name: str) -> dict[str, list[str]]:
    try:
        text = files("opencc").joinpath("dictionary", f"{name}.txt").read_text(encoding="utf-8")
    except ModuleNotFoundError as error:
        raise ConfigError("OpenCC is not installed; run `pip install opencc-python-reimplemented`") from error
    rows = (line.split("\t") for line in text.splitlines() if "\t" in line)
    return {source: target.split() for source, target in rows if len(source) == 1}


def _character_counts(corpora: Path, tag: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name in ("sib", "bible", "mozilla", "android", "ud", "tico", "asp"):
        table = pq.read_table(corpora / f"{name}.parquet", columns=["lang", "text"], filters=[("lang", "=", tag)])
        for text in table["text"].to_pylist():
            counts.update(text)
    return counts


def _share(other: Counter[str], own: Counter[str], char: str) -> float:
    own_rate = own[char] / max(own.total(), 1)
    other_rate = other[char] / max(other.total(), 1)
    return other_rate / (own_rate + other_rate) if other_rate else 0.0


def main() -> None:
    """Command line."""
    logging.basicConfig(level=logging.INFO)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="folder with the Parquet corpora")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    args = parser.parse_args()
    made = build(args.corpora)
    args.output.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    log.info("%s: %s", args.output, {name: len(chars) for name, chars in made.items()})


if __name__ == "__main__":
    main()
