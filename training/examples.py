"""Labelled articles as token windows with sentence marks: what fine-tuning reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from ..labels.codebook import Codebook
from ..labels.errors import DataError
from ..labels.language_tags import print_tag
from ..labels.records import Content, LabelledArticle, Voice
from ..models.article_text import ArticleText
from ..models.tokenizer import StanceTokenizer
from ..models.windows import Window, windows
from .composites import STORY_PREFIX
from .config import Balance, TrainingConfig

VOICES: tuple[Voice, ...] = get_args(Voice)
CONTENTS: tuple[Content, ...] = get_args(Content)

UNLABELLED = -100
"""Label of an example that has soft labels only; torch's cross-entropy leaves it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceMark:
    """A labelled sentence inside a window."""

    start: int
    """First token, counted in the window without special tokens."""
    end: int
    """One past the last token."""
    voice: int
    """Position in `VOICES`."""
    content: int
    """Position in `CONTENTS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One article for training or evaluation."""

    article: LabelledArticle
    label: int
    """Position in codebook order, or `UNLABELLED`."""
    windows: tuple[tuple[int, ...], ...]
    """Token ids without special tokens, in reading order."""
    marks: tuple[tuple[SentenceMark, ...], ...]
    """Marked sentences of each window."""
    weight: float = 1.0
    """Weight in the loss; the mean over the training set is 1."""
    soft_labels: tuple[float, ...] = ()
    """A teacher's probabilities in codebook order, sum 1; empty for none."""

    @property
    def tag(self) -> str:
        """BCP-47 tag as printed."""
        return print_tag(self.article.language, self.article.script)


def make_example(article: LabelledArticle, tokenizer: StanceTokenizer, codebook: Codebook, *, max_tokens: int,
                 weight: float = 1.0, soft_labels: Sequence[float] = (),
                 is_labelled: bool = True) -> Example:  # fmt: skip
    """Tokenise one article exactly as scoring does, and find its marked sentences among the tokens.

    Raises: DataError: soft labels that are not one probability a label, sum 1.
    """
    if soft_labels and (
        len(soft_labels) != len(codebook.labels) or abs(sum(soft_labels) - 1) > 1e-3 or min(soft_labels) < 0
    ):
        raise DataError(
            f"article {article.id!r}: soft labels {list(soft_labels)} are not one probability for each of "
            f"{', '.join(codebook.labels)} with sum 1"
        )
    text = ArticleText.of(article.article())
    cut = windows(text, tokenizer, max_tokens=max_tokens)
    body_at = len(text.content) - len(text.text.text)
    to_content = {int(original): at for at, original in enumerate(text.text.offsets)}
    spans = [
        (body_at + to_content.get(s.start, -1), body_at + to_content.get(s.end, -1), s)
        for s in article.sentences
        if s.field == "text" and s.start in to_content and s.end in to_content
    ]
    marks = [_marks(window, spans, text.content, tokenizer, is_only=len(cut) == 1) for window in cut]
    label = codebook.index(article.label, where=article.id) if is_labelled else UNLABELLED
    return Example(article=article, label=label, windows=tuple(window.token_ids for window in cut), marks=tuple(marks),
                   weight=weight, soft_labels=tuple(soft_labels))  # fmt: skip


def _marks(window: Window, spans: Sequence[tuple[int, int, object]], content: str, tokenizer: StanceTokenizer, *,
           is_only: bool) -> tuple[SentenceMark, ...]:  # fmt: skip
    """Marks of the sentences inside a window; token positions by offsets of the window's own text."""
    inside = [span for span in spans if window.start <= span[0] and span[1] <= window.end]
    if not inside or not is_only:
        return ()
    _, starts, _ = tokenizer.encode_with_offsets(content[window.start : window.end])
    found = []
    for start, end, sentence in inside:
        tokens = [i for i, at in enumerate(starts) if start <= window.start + at < end]
        if tokens:
            found.append(
                SentenceMark(
                    start=tokens[0],
                    end=tokens[-1] + 1,
                    voice=VOICES.index(sentence.voice),  # type: ignore[attr-defined]
                    content=CONTENTS.index(sentence.content),  # type: ignore[attr-defined]
                )
            )
    return tuple(found)


def make_examples(articles: Sequence[LabelledArticle], tokenizer: StanceTokenizer, codebook: Codebook,
                  config: TrainingConfig, *,
                  soft_labels: Mapping[str, Sequence[float]] | None = None) -> list[Example]:  # fmt: skip
    """Examples with weights: rare labels and languages weigh more, invented articles less, mean of articles 1.

    Args: soft_labels: article id -> a teacher's probabilities in codebook order, for any of the articles.
    Raises: DataError: soft labels of the wrong form, or of no article.
    """
    soft_labels = soft_labels or {}
    if stray := set(soft_labels) - {article.id for article in articles}:
        raise DataError(f"soft labels: {min(stray)!r} is the id of no training article; remove it")
    real = [article for article in articles if not is_composite(article)]
    labels = Counter(article.label for article in real)
    tags = Counter(print_tag(article.language, article.script) for article in real)
    raw = {
        article.id: _rarity(labels[article.label], config.balance_labels)
        * _rarity(tags[print_tag(article.language, article.script)], config.balance_languages)
        * (1.0 if article.is_real else config.invented_weight)
        for article in real
    }
    mean = sum(raw.values()) / len(raw) if raw else 1.0
    return [
        make_example(article, tokenizer, codebook, max_tokens=config.max_tokens,
                     weight=config.composite_weight if is_composite(article) else raw[article.id] / mean,
                     soft_labels=soft_labels.get(article.id, ()))
        for article in articles
    ]  # fmt: skip


def make_unlabelled(articles: Sequence[LabelledArticle], tokenizer: StanceTokenizer, codebook: Codebook,
                    config: TrainingConfig, *,
                    soft_labels: Mapping[str, Sequence[float]]) -> list[Example]:  # fmt: skip
    """Examples whose own label is not used: a teacher's soft labels teach them."""
    return [
        make_example(article, tokenizer, codebook, max_tokens=config.max_tokens, weight=config.unlabelled_weight,
                     soft_labels=soft_labels[article.id], is_labelled=False)
        for article in articles
    ]  # fmt: skip


def is_composite(article: LabelledArticle) -> bool:
    """Whether a text was put together for training only."""
    return article.story.startswith(STORY_PREFIX)


def _rarity(count: int, balance: Balance) -> float:
    power = {"none": 0.0, "sqrt": 0.5, "full": 1.0}[balance]
    return float(count**-power)
