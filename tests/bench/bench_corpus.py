"""Describe the labelled corpus: counts, vocabulary, repetition, and how far surface words give the label away.

python tests/bench/bench_corpus.py [--corpus labels/corpus] [--output tests/bench/results/corpus.md]
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np

from xjstance.labels.codebook import Codebook
from xjstance.labels.labelled_corpus import corpus_sha256, read_corpus
from xjstance.labels.language_tags import print_tag
from xjstance.labels.records import LabelledArticle

ROOT = Path(__file__).parent.parent.parent
UNSPACED = {"zh", "ja", "yue", "th", "lo", "km", "my", "bo"}
LARGE = "en zh-Hans zh-Hant ug-Arab ar ru tr es fr de ur id ja fa hi kk-Cyrl".split()


def tag_of(article: LabelledArticle) -> str:
    """Printed tag."""
    return print_tag(article.language, article.script)


def tokens(article: LabelledArticle) -> list[str]:
    """Words, or characters where the script writes no spaces."""
    text = f"{article.title} {article.text}".casefold()
    return [c for c in text if c.isalnum()] if article.language in UNSPACED else text.split()


def counts_table(corpus: Sequence[LabelledArticle], labels: Sequence[str]) -> list[str]:
    """Rows tag x (origin, split) with counts by label."""
    cells: Counter[tuple[str, str, str, str]] = Counter((tag_of(a), a.origin, a.split, a.label) for a in corpus)
    columns = [("brief", "train"), ("brief", "development"), ("brief", "test"), ("invented", "train"),
               ("invented", "development")]  # fmt: skip
    lines = ["| tag | " + " | ".join(f"{origin} {split}" for origin, split in columns) + " | all |",
             "|---|" + "---|" * (len(columns) + 1)]  # fmt: skip
    for tag in sorted({tag_of(a) for a in corpus}):
        row = ["/".join(str(cells[tag, origin, split, label]) for label in labels) for origin, split in columns]
        row = [cell if cell != "/".join("0" * len(labels)) else "-" for cell in row]
        lines.append(f"| {tag} | " + " | ".join(row) + f" | {sum(n for key, n in cells.items() if key[0] == tag)} |")
    total = ["/".join(str(sum(n for (_, o, s, la), n in cells.items() if (o, s, la) == (origin, split, label)))
                      for label in labels) for origin, split in columns]  # fmt: skip
    return [*lines, "| **all** | " + " | ".join(total) + f" | {len(corpus)} |"]


def repetition(corpus: Sequence[LabelledArticle]) -> list[str]:
    """Type-token ratio (first 2,000 tokens) and share of 5-grams that occur in two articles or more, by tag."""
    by_tag: dict[str, list[LabelledArticle]] = defaultdict(list)
    for article in corpus:
        by_tag[tag_of(article)].append(article)
    lines = ["| tag | articles | type-token ratio | repeated 5-grams |", "|---|---:|---:|---:|"]
    for tag, members in sorted(by_tag.items()):
        if len(members) < 16:
            continue
        texts = [tokens(article) for article in members]
        flat = [word for words in texts for word in words][:2_000]
        grams: Counter[tuple[str, ...]] = Counter()
        for words in texts:
            grams.update({tuple(words[at : at + 5]) for at in range(len(words) - 4)})
        repeated = sum(n for n in grams.values() if n > 1) / max(1, grams.total())
        lines.append(f"| {tag} | {len(members)} | {len(set(flat)) / len(flat):.3f} | {repeated:.4f} |")
    return lines


KEYWORDS = {
    "critical": ("camp", "genocid", "forced", "tortur", "detain", "集中营", "種族滅絕", "种族灭绝", "强迫", "酷刑", "лагер", "геноцид",
                 "пытк", "kamp", "soykırım", "işkence", "معسكر", "إبادة", "تعذيب", "Lager", "Völkermord", "Zwangsarbeit"),
    "praising": ("lies", "smear", "prosper", "poverty", "stability", "harmon", "谎言", "谣言", "抹黑", "繁荣", "脱贫", "ложь", "клевет",
                 "процветан", "yalan", "iftira", "refah", "أكاذيب", "ازدهار", "استقرار", "Lügen", "Wohlstand"),
}  # fmt: skip
KEYWORD_TAGS = ("en", "zh-Hans", "zh-Hant", "ru", "tr", "ar", "de")


def keyword_rule(article: LabelledArticle) -> str:
    """The label a rule of thumb by words would give."""
    text = f"{article.title} {article.text}".casefold()
    hits = {label: sum(word.casefold() in text for word in words) for label, words in KEYWORDS.items()}
    if not any(hits.values()):
        return "unrelated"
    return "neutral" if hits["critical"] == hits["praising"] else max(hits, key=lambda label: hits[label])


def keyword_table(corpus: Sequence[LabelledArticle]) -> list[str]:
    """Share of articles whose label the keyword rule gets right."""
    lines = ["| tag | briefs | right | invented | right |", "|---|---:|---:|---:|---:|"]
    for tag in KEYWORD_TAGS:
        cells = []
        for origin in ("brief", "invented"):
            members = [a for a in corpus if tag_of(a) == tag and a.origin == origin]
            right = np.mean([keyword_rule(a) == a.label for a in members]) if members else float("nan")
            cells.append(f"{len(members)} | {right:.2f}")
        lines.append(f"| {tag} | " + " | ".join(cells) + " |")
    return lines


def bag_of_words_on_pairs(corpus: Sequence[LabelledArticle], codebook: Codebook) -> str:
    """Accuracy of a bag of words on invented contrast sets, each language's sets held out in turn (chance about 0.3)."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pairs = [a for a in corpus if a.origin == "invented" and a.pair]
    right = total = 0
    for tag in sorted({tag_of(a) for a in pairs}):
        members = [a for a in pairs if tag_of(a) == tag]
        sets = sorted({a.pair or "" for a in members})
        for fold in range(4):
            held = {name for at, name in enumerate(sets) if at % 4 == fold}
            train = [a for a in members if a.pair not in held]
            test = [a for a in members if a.pair in held]
            if not test or len({a.label for a in train}) < 2:
                continue
            analyzer: str | Callable[[str], list[str]] = "char" if members[0].language in UNSPACED else "word"
            model = make_pipeline(CountVectorizer(analyzer=analyzer), LogisticRegression(max_iter=200))
            model.fit([f"{a.title} {a.text}" for a in train], [a.label for a in train])
            said = model.predict([f"{a.title} {a.text}" for a in test])
            right += sum(s == a.label for s, a in zip(said, test, strict=True))
            total += len(test)
    return f"{right}/{total} = {right / max(total, 1):.2f}"


def agreement(corpus: Sequence[LabelledArticle], labels: Sequence[str]) -> list[str]:
    """Raw agreement and Cohen's kappa of first and second label, with a bootstrap interval by story."""
    from xjstance.training.metrics import bootstrap

    both = [a for a in corpus if a.second_label and a.origin == "brief"]
    if not both:
        return ["No article has a second label yet."]
    # the first label is what the second reader disagreed with where a note settled it; gold elsewhere
    first = np.array([labels.index(_first_label(a)) for a in both])
    second = np.array([labels.index(a.second_label or a.label) for a in both])

    def kappa(rows: np.ndarray) -> float:
        a, b = first[rows], second[rows]
        observed = float((a == b).mean())
        expected = sum(float((a == k).mean() * (b == k).mean()) for k in range(len(labels)))
        return (observed - expected) / (1 - expected)

    stories = [a.story for a in both]
    rng = np.random.default_rng(0)
    raw = bootstrap(lambda rows: float((first[rows] == second[rows]).mean()), stories, rng=rng)
    found = bootstrap(kappa, stories, rng=rng)
    return [f"{len(both)} briefs with two labels: raw agreement {raw.value:.3f} [{raw.low:.3f}, {raw.high:.3f}], "
            f"Cohen's kappa {found.value:.3f} [{found.low:.3f}, {found.high:.3f}] (95 %, by story)."]  # fmt: skip


def _first_label(article: LabelledArticle) -> str:
    note = article.adjudicated or ""
    return note.split("first: ")[1].split(";")[0] if "first: " in note else article.label


def main() -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=ROOT / "labels" / "corpus")
    parser.add_argument("--output", type=Path, default=ROOT / "tests" / "bench" / "results" / "corpus.md")
    options = parser.parse_args()
    codebook = Codebook.load()
    corpus = read_corpus(options.corpus, codebook=codebook)
    briefs = [a for a in corpus if a.origin == "brief"]
    lines = [
        "# The labelled corpus, described",
        f"`python tests/bench/bench_corpus.py`, {date.today().isoformat()}, data sha256 `{corpus_sha256(corpus)[:12]}`.",
        "",
        f"{len(corpus)} articles, {len({tag_of(a) for a in corpus})} tags, {len({a.story for a in corpus})} stories; "
        f"{len(briefs)} briefs in {len({tag_of(a) for a in briefs})} tags.",
        "",
        "## Counts: " + "/".join(codebook.labels),
        *counts_table(corpus, codebook.labels),
        "",
        "## Two labels",
        *agreement(corpus, codebook.labels),
        "",
        "## Words and labels",
        "Share of articles whose label a keyword rule gets right (low is good):",
        "",
        *keyword_table(corpus),
        "",
        f"Bag of words on invented contrast sets of the same language, sets held out: {bag_of_words_on_pairs(corpus, codebook)}.",
        "",
        "## Repetition within a language (16 articles or more)",
        *repetition(corpus),
    ]
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
