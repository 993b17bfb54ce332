"""Labelled articles as token windows with sentence marks: what fine-tuning reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from ..labels.codebook import Codebook
from ..labels.language_tags import print_tag
from ..labels.records import Content, LabelledArticle, Voice
from ..models.article_text import ArticleText
from ..models.tokenizer import StanceTokenizer
from ..models.windows import Window, windows
from .composites import STORY_PREFIX
from .config import Balance, TrainingConfig

VOICES: tuple[Voice, ...] = get_args(Voice)
CONTENTS: tuple[Content, ...] = get_args(Content)


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
    """Position in codebook order."""
    windows: tuple[tuple[int, ...], ...]
    """Token ids without special tokens, in reading order."""
    marks: tuple[tuple[SentenceMark, ...], ...]
    """Marked sentences of each window."""
    weight: float = 1.0
    """Weight in the loss; the mean over the training set is 1."""

    @property
    def tag(self) -> str:
        """BCP-47 tag as printed."""
        return print_tag(self.article.language, self.article.script)


def make_example(article: LabelledArticle, tokenizer: StanceTokenizer, codebook: Codebook, *, max_tokens: int,
                 weight: float = 1.0) -> Example:  # fmt: skip
    """Tokenise one article exactly as scoring does, and find its marked sentences among the tokens."""
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
    return Example(article=article, label=codebook.index(article.label, where=article.id),
                   windows=tuple(window.token_ids for window in cut), marks=tuple(marks), weight=weight)  # fmt: skip


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
                  config: TrainingConfig) -> list[Example]:  # fmt: skip
    """Examples with weights: rare labels and languages weigh more, invented articles less, mean of articles 1."""
    real = [article for article in articles if not _is_composite(article)]
    labels = Counter(article.label for article in real)
    tags = Counter(print_tag(article.language, article.script) for article in real)
    raw = {
        article.id: _rarity(labels[article.label], config.balance_labels)
        * _rarity(tags[print_tag(article.language, article.script)], config.balance_languages)
        * (1.0 if article.origin == "brief" else config.invented_weight)
        for article in real
    }
    mean = sum(raw.values()) / len(raw) if raw else 1.0
    return [
        make_example(article, tokenizer, codebook, max_tokens=config.max_tokens,
                     weight=config.composite_weight if _is_composite(article) else raw[article.id] / mean)
        for article in articles
    ]  # fmt: skip


def _is_composite(article: LabelledArticle) -> bool:
    return article.story.startswith(STORY_PREFIX)


def _rarity(count: int, balance: Balance) -> float:
    power = {"none": 0.0, "sqrt": 0.5, "full": 1.0}[balance]
    return float(count**-power)
