"""Recall and precision of near-duplicate clusters on planted copies, script by script.

    python tests/bench/bench_near_duplicates.py ntrex.parquet --json tests/bench/results/near_duplicates.json

Articles are runs of 15 real news sentences (NTREX, columns `lang`, `align_id`, `text`). Of each, copies are planted as
wire copy is edited: another headline, the end cut off, words replaced, sentences added, all of it together; and one
decoy, a different article that shares three in ten of its sentences. A copy is found when it comes into the cluster of
its story; a pair in one cluster is right when both come from one story and neither is a decoy.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from xjstance.inference.near_duplicates import MIN_JACCARD, NearDuplicateIndex
from xjstance.labels.records import Article

LANGUAGES = {"en": "Latn", "ru": "Cyrl", "ar": "Arab", "ug": "Arab", "zh-Hans": "Hani", "ja": "Jpan", "ko": "Kore",
             "th": "Thai", "hi": "Deva", "he": "Hebr", "am": "Ethi", "ka": "Geor", "my": "Mymr", "km": "Khmr",
             "bo": "Tibt", "lo": "Laoo", "el": "Grek"}  # fmt: skip
UNSPACED = {"zh-Hans", "ja", "th", "my", "km", "bo", "lo"}
SENTENCES = 15


def replaced_words(text: str, other: str, share: float, language: str, rng: np.random.Generator) -> str:
    """A text in which a share of the words (runs of four characters in unspaced scripts) comes from another text."""
    if language in UNSPACED:
        pieces = [text[at : at + 4] for at in range(0, len(text), 4)]
        others = [other[at : at + 4] for at in range(0, len(other), 4)]
    else:
        pieces, others = text.split(" "), other.split(" ")
    for at in np.flatnonzero(rng.random(len(pieces)) < share):
        pieces[at] = others[int(rng.integers(len(others)))]
    return ("" if language in UNSPACED else " ").join(pieces)


def planted(sentences: list[str], other: list[str], language: str, rng: np.random.Generator) -> dict[str, str]:
    """The edited copies of one article, and a decoy."""
    n = len(sentences)
    text = " ".join(sentences)
    foreign = " ".join(other)
    mixed = replaced_words(" ".join(sentences[1 : n - 1]), foreign, 0.02, language, rng)
    return {
        "headline": " ".join([other[0], *sentences[1:]]),
        "cut": " ".join(sentences[: n - n // 4]),
        "words": replaced_words(text, foreign, 0.05, language, rng),
        "added": " ".join([*sentences, *other[1:3]]),
        "mixed": f"{other[1]} {mixed}",
        "decoy": " ".join([*sentences[3:7], *other[3:13]]),
    }


def measure(texts: list[str], language: str, rng: np.random.Generator) -> dict[str, object]:
    """Recall by kind of copy, and precision of all pairs in a cluster."""
    stories = [texts[at : at + SENTENCES] for at in range(0, len(texts) - SENTENCES + 1, SENTENCES)]
    articles: list[tuple[int, str, Article]] = []
    for story, sentences in enumerate(stories):
        other = stories[(story + 1) % len(stories)][::-1]
        versions = {"original": " ".join(sentences), **planted(sentences, other, language, rng)}
        articles += [(story, kind, Article(id=f"{story}-{kind}", text=text)) for kind, text in versions.items()]
    clock = time.process_time()
    with NearDuplicateIndex() as index:
        for _, _, article in articles:
            index.add(article)
        cluster_of = {cluster.text_sha256: cluster.cluster_id for cluster in index.clusters()}
    seconds = time.process_time() - clock
    found: Counter[str] = Counter()
    members: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for story, kind, article in articles:
        cluster = cluster_of[article.sha256]
        members[cluster].append((story, kind))
        found[kind] += cluster == cluster_of[Article(id="", text=" ".join(stories[story])).sha256]
    pairs = [pair for group in members.values() for pair in combinations(group, 2)]
    right = sum(a[0] == b[0] and "decoy" not in (a[1], b[1]) for a, b in pairs)
    kinds = ("headline", "cut", "words", "added", "mixed")
    return {
        "script": LANGUAGES[language], "stories": len(stories), "articles": len(articles),
        "recall": {kind: round(found[kind] / len(stories), 4) for kind in kinds},
        "recall_all": round(sum(found[kind] for kind in kinds) / (len(kinds) * len(stories)), 4),
        "decoys_joined": found["decoy"], "precision": round(right / len(pairs), 4) if pairs else None,
        "articles_per_cpu_s": round(len(articles) / seconds),
    }  # fmt: skip


def main() -> None:
    """Measure each language and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    table = pq.read_table(options.corpus, columns=["lang", "align_id", "text"])
    texts: dict[str, dict[int, str]] = defaultdict(dict)
    for language, number, text in zip(*(table[name].to_pylist() for name in table.column_names), strict=True):
        if language in LANGUAGES:
            texts[language][int(number)] = text
    report: dict[str, object] = {"seed": options.seed, "min_jaccard": MIN_JACCARD, "python": platform.python_version()}
    results = {}
    for language in LANGUAGES:
        if texts[language]:
            ordered = [texts[language][number] for number in sorted(texts[language])]
            results[language] = measure(ordered, language, np.random.default_rng(options.seed))
            sys.stderr.write(f"{language} {json.dumps(results[language])}\n")
    report["by_language"] = results
    sys.stdout.write(json.dumps(report) + "\n")
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
