"""Labelled articles with some sentences exchanged for others of the same voice and content: the label stays.

Who says what decides the label (with the true sentence marks alone, 0.90 macro-F1 on development briefs), and the
words of one article do not. Drawn anew in every epoch, in the spirit of the sub-structure substitution of Shi et al.,
"Substructure substitution: structured data augmentation for NLP" (Findings of ACL 2021).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..labels.domain_sentences import DomainSentence
from ..labels.language_tags import print_tag
from ..labels.records import LabelledArticle, LabelledSentence

_SHARES = (0.0, 0.3, 0.6)
"""Share of an article's sentences that are exchanged; one is drawn for each article."""
_TITLE_LEFT_OUT, _TITLE_EXCHANGED = 0.25, 0.25
_FEW = 3
"""Below so many sentences of a kind in a language, half of the draws come from all languages."""

_Kind = tuple[str, str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recombination:
    """Pools of sentences and titles of the training split, by language and kind."""

    cross_language: float
    """Share of the exchanged sentences that come from any language."""
    off_target: str
    """The label of articles that are not about the target; their sentences stay among themselves."""
    sentences: dict[tuple[str | None, _Kind], list[str]] = field(default_factory=lambda: defaultdict(list))
    """(tag, or None for all languages; (voice, content, off target)) -> sentences."""
    titles: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    """(tag, label) -> titles."""

    @classmethod
    def of(cls, articles: Sequence[LabelledArticle], domain_sentences: Sequence[DomainSentence], *, off_target: str,
           cross_language: float = 0.2) -> Recombination:  # fmt: skip
        """Pools of the articles' marked sentences and of the domain sentences that say something, or are off target."""
        made = cls(cross_language=cross_language, off_target=off_target)
        for article in articles:
            tag = print_tag(article.language, article.script)
            is_off = article.label == off_target
            for sentence in article.sentences:
                if sentence.field == "text":
                    made._add(
                        tag, (sentence.voice, sentence.content, is_off), article.text[sentence.start : sentence.end]
                    )
            if article.title:
                made.titles[tag, article.label].append(article.title)
        for line in domain_sentences:
            if line.content != "none" or not line.is_about_target:
                tag = print_tag(line.language, line.script)
                made._add(tag, (line.voice, line.content, not line.is_about_target), line.text)
        return made

    def _add(self, tag: str, kind: _Kind, text: str) -> None:
        self.sentences[tag, kind].append(text)
        self.sentences[None, kind].append(text)

    def draw(self, article: LabelledArticle, rng: np.random.Generator) -> LabelledArticle:
        """The article with sentences exchanged, and its title kept, left out or exchanged for one of its label.

        An article without marked sentences comes back as it is, as does one draw in three.
        """
        share = float(rng.choice(_SHARES))
        if share == 0 or not article.sentences or any(mark.field != "text" for mark in article.sentences):
            return article
        tag = print_tag(article.language, article.script)
        text, read, marks = "", 0, []
        for mark in sorted(article.sentences, key=lambda mark: mark.start):
            sentence = article.text[mark.start : mark.end]
            if rng.random() < share:
                sentence = self._sentence(
                    tag, (mark.voice, mark.content, article.label == self.off_target), sentence, rng
                )
            text += article.text[read : mark.start]
            marks.append(LabelledSentence(field="text", start=len(text), end=len(text) + len(sentence),
                                          voice=mark.voice, content=mark.content))  # fmt: skip
            text, read = text + sentence, mark.end
        text += article.text[read:]
        return replace(article, text=text, title=self._title(tag, article, rng), sentences=tuple(marks))

    def _sentence(self, tag: str, kind: _Kind, own: str, rng: np.random.Generator) -> str:
        is_any = bool(rng.random() < self.cross_language)
        near = self.sentences.get((tag, kind), [])
        if not is_any and len(near) < _FEW:
            if rng.random() < 0.5:
                return own
            is_any = True
        pool = self.sentences.get((None, kind), []) if is_any else near
        return pool[int(rng.integers(len(pool)))] if pool else own

    def _title(self, tag: str, article: LabelledArticle, rng: np.random.Generator) -> str:
        draw = rng.random()
        if draw < _TITLE_LEFT_OUT:
            return ""
        pool = self.titles.get((tag, article.label), [])
        if draw < _TITLE_LEFT_OUT + _TITLE_EXCHANGED and pool:
            return pool[int(rng.integers(len(pool)))]
        return article.title
