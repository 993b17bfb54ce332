"""Checks of a labelled corpus: what is wrong with it, record by record and between records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .codebook import Codebook
from .language_tags import print_tag
from .near_copies import near_copies
from .records import LabelledArticle
from .scripts import main_script
from .source_url import source_key

Level = Literal["error", "warning"]
Identify = Callable[[Sequence[str]], Sequence[str]]
"""Texts -> tags (`und` where unknown); the language identifier, handed in from above."""

MIN_CHARS = 40
MAX_CHARS = 60_000
NEAR_COPY = 0.8
"""Jaccard similarity of shingles from which on two texts count as copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a check found."""

    level: Level
    check: str
    where: str
    """Id of the article, or two ids."""
    message: str


def check_corpus(articles: Sequence[LabelledArticle], codebook: Codebook, *, identify: Identify | None = None,
                 reserved: frozenset[str] = frozenset()) -> list[Finding]:  # fmt: skip
    """Everything found, errors first.

    Args:
        identify: compares each article's language and script with what its text says; None leaves that out.
        reserved: keys of pages that no article may rest on.
    """
    findings = [
        *_records(articles, codebook),
        *_ids(articles),
        *_sentences(articles),
        *_leakage(articles),
        *_copies(articles),
        *_sources(articles, reserved),
        *_scripts(articles),
        *_balance(articles, codebook),
    ]
    if identify is not None:
        findings += _languages(articles, identify)
    return sorted(findings, key=lambda finding: (finding.level != "error", finding.check, finding.where))


def _records(articles: Sequence[LabelledArticle], codebook: Codebook) -> Iterator[Finding]:
    rules = {rule.id for rule in codebook.rules} | {"none", "long"}
    for article in articles:
        n_chars = len(article.title) + len(article.text)
        if not article.title.strip() or not article.text.strip():
            yield _error("text", article, "title or text is empty")
        elif n_chars < MIN_CHARS or n_chars > MAX_CHARS:
            yield _error("length", article, f"has {n_chars} characters, wanted {MIN_CHARS} to {MAX_CHARS}")
        if article.label not in codebook.labels:
            yield _error("label", article, f"label {article.label!r} is not in the codebook")
        if article.rule not in rules:
            yield _warning("rule", article, f"rule {article.rule!r} is not in the codebook")
        if article.split not in ("train", "development", "test"):
            yield _error("split", article, f"split {article.split!r} is none of train, development, test")
        if article.origin == "brief" and not article.source_url:
            yield _error("source", article, "a brief without source_url")
        if article.second_label not in (None, article.label) and not article.adjudicated:
            yield _error("labels", article, f"second label {article.second_label!r} differs and nothing adjudicates")


def _ids(articles: Sequence[LabelledArticle]) -> Iterator[Finding]:
    for name, count in Counter(article.id for article in articles).items():
        if count > 1:
            yield Finding(level="error", check="id", where=name, message=f"id occurs {count} times")


def _sentences(articles: Sequence[LabelledArticle]) -> Iterator[Finding]:
    for article in articles:
        at = 0
        for sentence in article.sentences:
            whole = article.title if sentence.field == "title" else article.text
            if not 0 <= sentence.start < sentence.end <= len(whole):
                yield _error("sentences", article, f"sentence {sentence.start}:{sentence.end} is outside the text")
            elif sentence.field == "text" and sentence.start < at:
                yield _error("sentences", article, f"sentence {sentence.start}:{sentence.end} overlaps the one before")
            at = sentence.end


def _leakage(articles: Sequence[LabelledArticle]) -> Iterator[Finding]:
    splits: dict[str, set[str]] = defaultdict(set)
    for article in articles:
        splits[article.story].add(article.split)
    for story, found in sorted(splits.items()):
        if len(found) > 1:
            yield Finding(
                level="error", check="leakage", where=story, message=f"story is in {', '.join(sorted(found))}"
            )


def _copies(articles: Sequence[LabelledArticle]) -> Iterator[Finding]:
    by_id = {article.id: article for article in articles}
    for first, second, similarity in near_copies({a.id: f"{a.title}\n{a.text}" for a in articles}, at_least=NEAR_COPY):
        one, other = by_id[first], by_id[second]
        level: Level = "error" if one.split != other.split else "warning"
        yield Finding(level=level, check="copies", where=f"{first} {second}",
                      message=f"similarity {similarity:.2f}, splits {one.split} and {other.split}")  # fmt: skip


def _sources(articles: Sequence[LabelledArticle], reserved: frozenset[str]) -> Iterator[Finding]:
    seen: dict[tuple[str, str], LabelledArticle] = {}
    for article in articles:
        if not article.source_url:
            continue
        key = source_key(article.source_url)
        if key in reserved:
            yield _error("reserved", article, f"rests on a reserved page: {article.source_url}")
        earlier = seen.setdefault((key, print_tag(article.language, article.script)), article)
        if earlier is not article and article.origin == earlier.origin:
            yield _warning("source", article, f"rests on the same page as {earlier.id}")


def _scripts(articles: Sequence[LabelledArticle]) -> Iterator[Finding]:
    for article in articles:
        found = main_script(article.text)
        wanted = _COUNTED_AS.get(article.script, {article.script})
        if found not in wanted:
            yield _error("script", article, f"is marked {article.script}, most letters are {found}")


def _languages(articles: Sequence[LabelledArticle], identify: Identify) -> Iterator[Finding]:
    tags = identify([f"{article.title}\n\n{article.text}" for article in articles])
    for article, tag in zip(articles, tags, strict=True):
        own = print_tag(article.language, article.script)
        if tag != own:
            yield _warning("language", article, f"is marked {own}, the identifier says {tag}")


def _balance(articles: Sequence[LabelledArticle], codebook: Codebook) -> Iterator[Finding]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for article in articles:
        counts[print_tag(article.language, article.script)][article.label] += 1
    for tag, found in sorted(counts.items()):
        missing = [label for label in codebook.labels if not found[label]]
        if missing and found.total() >= 2 * len(codebook.labels):
            message = f"{found.total()} articles, none labelled {', '.join(missing)}"
            yield Finding(level="warning", check="balance", where=tag, message=message)


_COUNTED_AS = {
    "Hans": {"Hans", "Hant", "Hani"},
    "Hant": {"Hans", "Hant", "Hani"},
    "Jpan": {"Jpan", "Hani", "Hira", "Kana"},
    "Kore": {"Kore", "Hang"},
}
"""Tags of mixed or shared scripts -> what counting letters may say."""


def _error(check: str, article: LabelledArticle, message: str) -> Finding:
    return Finding(level="error", check=check, where=article.id, message=message)


def _warning(check: str, article: LabelledArticle, message: str) -> Finding:
    return Finding(level="warning", check=check, where=article.id, message=message)
