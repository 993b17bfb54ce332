"""An archive shaped like the reference job's: 55 % Chinese, 35 % English, the rest in a hundred other tags.

Articles are made of sentences drawn at random, four a paragraph, from a folder of parallel corpora in Parquet (columns
`lang`, `text`), so that no two are alike; their lengths are log-normal with a mean of about 700 tokens. They are for
measuring speed: their stance means nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from xjstance.models.tokenizer import StanceTokenizer

SOURCES = ("ntrex", "tico", "sib", "seed", "xquad", "udhr", "extra")
MEAN_TOKENS = 700
SPREAD = 0.8
"""Standard deviation of the log length."""
MIN_TOKENS, MAX_TOKENS = 20, 6_000
SHARES = {"zh-Hans": 0.40, "zh-Hant": 0.15, "en": 0.35}
"""What is left goes to all other tags alike."""
_MIN_SENTENCES = 300
_MIN_CHARS = 15
_PARAGRAPH = 4
_UNSPACED = ("zh", "ja", "yue", "th", "lo", "km", "my", "bo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """The sentences of one tag, with their lengths in tokens."""

    texts: list[str]
    n_tokens: list[int]


def read_sentences(corpora: Path, tokenizer: StanceTokenizer) -> dict[str, Sentences]:
    """Tag of the corpora -> its sentences, where there are enough."""
    texts: dict[str, list[str]] = defaultdict(list)
    for source in SOURCES:
        table = pq.read_table(corpora / f"{source}.parquet", columns=["lang", "text"]).to_pydict()
        for tag, text in zip(table["lang"], table["text"], strict=True):
            if len(text.strip()) >= _MIN_CHARS:
                texts[tag].append(text.strip())
    return {
        tag: Sentences(texts=own, n_tokens=[len(tokenizer.encode(text)) for text in own])
        for tag, own in sorted(texts.items())
        if len(own) >= _MIN_SENTENCES
    }


def write_archive(path: Path, sentences: Mapping[str, Sentences], n_articles: int, *, rng: np.random.Generator,
                  mean_tokens: int = MEAN_TOKENS) -> None:  # fmt: skip
    """Write JSONL with id, title, text, date, outlet and url."""
    others = [tag for tag in sentences if tag not in SHARES]
    rest = (1 - sum(SHARES.values())) / len(others)
    tags = [*SHARES, *others]
    drawn = rng.choice(len(tags), n_articles, p=[*SHARES.values(), *[rest] * len(others)])
    lengths = np.exp(rng.normal(np.log(mean_tokens) - SPREAD**2 / 2, SPREAD, n_articles)).clip(MIN_TOKENS, MAX_TOKENS)
    with path.open("w", encoding="utf-8") as file:
        for number, (at, n_tokens) in enumerate(zip(drawn.tolist(), lengths.tolist(), strict=True)):
            tag = tags[at]
            article = {"id": f"{tag}:{number}", "title": _title(sentences[tag], rng),
                       "text": _text(sentences[tag], n_tokens, "" if tag.startswith(_UNSPACED) else " ", rng),
                       "date": f"20{10 + number % 12}-05-04", "outlet": f"o{number % 900}.example",
                       "url": f"https://o.example/{number}"}  # fmt: skip
            file.write(json.dumps(article, ensure_ascii=False) + "\n")


def _title(sentences: Sentences, rng: np.random.Generator) -> str:
    return sentences.texts[int(rng.integers(len(sentences.texts)))][:80]


def _text(sentences: Sentences, n_tokens: float, blank: str, rng: np.random.Generator) -> str:
    found: list[str] = []
    have = 0
    while have < n_tokens:
        at = int(rng.integers(len(sentences.texts)))
        found.append(sentences.texts[at])
        have += sentences.n_tokens[at]
    paragraphs = [found[at : at + _PARAGRAPH] for at in range(0, len(found), _PARAGRAPH)]
    return "\n\n".join(blank.join(paragraph) for paragraph in paragraphs)
