"""The text of one article as the model reads it, with the way back to the original fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..labels.normalise import NormalisedText, normalise
from ..labels.records import Article, TextField
from ..labels.sentences import sentence_spans

TITLE_BREAK = "\n\n"
"""What stands between title and text, in training as in scoring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSentence:
    """One sentence of an article."""

    start: int
    """First code point in `ArticleText.content`."""
    end: int
    """One past the last code point in `ArticleText.content`."""
    field: TextField
    """Field of the original article it stands in."""
    original_start: int
    """First code point in the original field."""
    original_end: int
    """One past the last code point in the original field."""


@dataclass(frozen=True, kw_only=True)
class ArticleText:
    """Normalised title and text of one article."""

    title: NormalisedText
    text: NormalisedText

    @classmethod
    def of(cls, article: Article) -> ArticleText:
        """Normalise an article once; everything after this reads only the result."""
        return cls(title=normalise(article.title), text=normalise(article.text))

    @cached_property
    def content(self) -> str:
        """Title, a blank line, text."""
        title, text = self.title.text.strip(), self.text.text
        return f"{title}{TITLE_BREAK}{text}" if title and text.strip() else title or text

    @cached_property
    def sentences(self) -> Sequence[TextSentence]:
        """Sentences of title and text in reading order."""
        found: list[TextSentence] = []
        title = self.title.text.strip()
        lead = len(self.title.text) - len(self.title.text.lstrip())
        body_at = len(title) + len(TITLE_BREAK) if title and self.text.text.strip() else 0
        parts: list[tuple[TextField, NormalisedText, str, int, int]] = []
        if title:
            parts.append(("title", self.title, title, lead, 0))
        if self.text.text.strip():
            parts.append(("text", self.text, self.text.text, 0, body_at))
        for name, normalised, string, skipped, at in parts:
            for start, end in sentence_spans(string):
                found.append(
                    TextSentence(
                        start=at + start,
                        end=at + end,
                        field=name,
                        original_start=int(normalised.offsets[skipped + start]),
                        original_end=int(normalised.offsets[skipped + end]),
                    )
                )
        return found

    def original(self, position: int) -> tuple[TextField, int]:
        """Field of the original article, and code point in it, that a position of `content` stands for."""
        body_at = len(self.content) - len(self.text.text)
        if self.text.text.strip() and position >= body_at:
            return "text", int(self.text.offsets[position - body_at])
        lead = len(self.title.text) - len(self.title.text.lstrip())
        return "title", int(self.title.offsets[min(lead + position, len(self.title.text))])
