"""StanceClassifier: articles in, predictions out; the one line from language to calibrated stance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ConfigError
from ..labels.language_tags import split_tag, supported_tag
from ..labels.records import Article, Prediction
from .article_text import ArticleText
from .bundle import Bundle
from .evidence import occlusion_evidence
from .language_guess import EMPTY_GUESS, LanguageGuess
from .language_hint import HintMode, agrees, apply_hint
from .language_id import LanguageIdentifier
from .routing import Route, Router
from .stance_encoder import Encoder, StanceEncoder
from .windows import Window, windows

_LOOK_AHEAD = 256
"""Articles whose windows are sorted together in `classify_many`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringSettings:
    """What changes a prediction besides article and bundle; hashed into the key of resumable runs."""

    language: str | None = None
    """Tag that every article of the archive is known to be in; None identifies each."""
    language_hint: HintMode = "check"
    """What the archive's own language column counts for."""
    score_unknown: bool = False
    """Read articles in unknown languages too (never validated)."""
    evidence: int = 0
    """Sentences to name that carry the label."""
    max_windows: int | None = None
    """Read at most this many windows of an article; what is left out shows in n_tokens_read. None: all."""
    precision: str | None = None
    """f32, bf16 or (CPU) int8; None chooses by processor and manifest."""
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An article on its way: text, language, route, windows."""

    article: Article
    text: ArticleText
    guess: LanguageGuess
    route: Route
    windows: list[Window]
    read: list[Window]
    hint_agrees: bool | None = None


class StanceClassifier:
    """Labels articles with their stance toward the codebook's target.

    Load once, use for any number of articles; not thread-safe (one a process).
    """

    def __init__(self, bundle: Bundle, encoder: Encoder, identifier: LanguageIdentifier,
                 settings: ScoringSettings) -> None:  # fmt: skip
        self.bundle, self.encoder, self.settings = bundle, encoder, settings
        self.labels = bundle.codebook.labels
        """Label names in codebook order."""
        self.model = bundle.signature
        """Value of the `model` column."""
        self.codebook = bundle.codebook.signature
        """Value of the `codebook` column."""
        self._identifier = identifier
        self._positive = self.labels.index(bundle.codebook.positive)
        self._negative = self.labels.index(bundle.codebook.negative)
        manifest = bundle.manifest
        self._router = Router.to(manifest.name, manifest.languages, score_unknown=settings.score_unknown)

    @classmethod
    def load(cls, source: Path | str | None = None, *, settings: ScoringSettings | None = None,
             n_threads: int = 1) -> StanceClassifier:  # fmt: skip
        """The embedded default, or a bundle by folder or name.

        Raises: ModelError: the bundle is damaged or foreign; ConfigError: a setting is impossible here.
        """
        settings = settings or ScoringSettings()
        if settings.language is not None and supported_tag(settings.language) is None:
            raise ConfigError(f"language {settings.language!r} is no supported tag; examples: en, zh-Hant, ug-Arab")
        bundle = Bundle.load(source)
        encoder = StanceEncoder.load(bundle, device=settings.device, precision=settings.precision, n_threads=n_threads)
        return cls(bundle, encoder, LanguageIdentifier.load(), settings)

    def classify(self, text: str, *, title: str = "") -> Prediction:
        """The prediction for one text."""
        sha256 = Article(id="", title=title, text=text).sha256
        return self.classify_articles([Article(id=sha256[:16], title=title, text=text)])[0]

    def classify_many(self, articles: Iterable[Article | str]) -> Iterator[Prediction]:
        """Predictions in the order of the articles, in bounded memory; a plain string is an article's text."""
        stream = iter(articles)
        while chunk := list(islice(stream, _LOOK_AHEAD)):
            yield from self.classify_articles([_article(item) for item in chunk])

    def classify_articles(self, articles: Sequence[Article]) -> list[Prediction]:
        """One prediction an article, in order; batches are formed over exactly these articles."""
        texts = [ArticleText.of(article) for article in articles]
        found = self._languages(texts)
        prepared = [self._prepare(*item) for item in zip(articles, texts, found, strict=True)]
        flat = [window.token_ids for item in prepared for window in item.read]
        logits = self.encoder.logits(flat)
        predictions, at = [], 0
        for item in prepared:
            n = len(item.read)
            predictions.append(self._predict(item, logits[at : at + n]))
            at += n
        return predictions

    def _languages(self, texts: Sequence[ArticleText]) -> list[LanguageGuess]:
        if self.settings.language is not None:
            language, script = split_tag(supported_tag(self.settings.language) or self.settings.language)
            fixed = LanguageGuess(language=language, script=script, prob=1.0)
            return [fixed if text.content.strip() else EMPTY_GUESS for text in texts]
        return self._identifier.identify_many([text.content for text in texts])

    def _prepare(self, article: Article, text: ArticleText, found: LanguageGuess) -> _Prepared:
        is_fixed = self.settings.language is not None
        guess = found if is_fixed else apply_hint(found, article.language, mode=self.settings.language_hint)
        if not any(char.isalnum() for char in text.content):
            return _Prepared(article, text, EMPTY_GUESS, Route(name=None, reason="no text in it"), [], [])
        route = self._router.route(guess)
        cut = windows(text, self.bundle.tokenizer, max_tokens=self.bundle.manifest.max_tokens)
        read = cut[: self.settings.max_windows] if route.name else []
        return _Prepared(article, text, guess, route, cut, read, agrees(found, article.language))

    def _predict(self, item: _Prepared, logits: NDArray[np.float32]) -> Prediction:
        guess, common = item.guess, self._common(item)
        if not item.windows:
            return Prediction(status="empty", reason=item.route.reason or "no text in it", **common)
        if not item.read:
            return Prediction(status="unrouted", reason=item.route.reason, **common)
        calibration = self.bundle.manifest.calibration
        probs = calibration.probs(self._article_logits(item, logits), guess.language)
        is_validated = not item.route.is_forced and calibration.is_validated(guess.tag, guess.language)
        prediction = Prediction(
            status="scored",
            stance=self.labels[int(probs.argmax())],
            probs=tuple(probs.tolist()),
            balance=float(probs[self._positive] - probs[self._negative]),
            stance_set=tuple(self.labels[i] for i in calibration.stance_set(probs, guess.language)),
            is_confident=calibration.is_confident(probs, is_validated=is_validated),
            is_validated=is_validated,
            **common,
        )
        if self.settings.evidence:
            return replace(prediction, evidence=self._evidence(item, int(probs.argmax())))
        return prediction

    def _article_logits(self, item: _Prepared, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        n_tokens = [len(window.token_ids) for window in item.read]
        return self.bundle.article_logits(item.text.content, n_tokens, logits)

    def _evidence(self, item: _Prepared, label: int) -> Any:
        return occlusion_evidence(
            item.text, item.read, label, tokenizer=self.bundle.tokenizer, encoder=self.encoder,
            n_sentences=self.settings.evidence, lexical=self.bundle.lexical, blend=self.bundle.manifest.blend,
        )  # fmt: skip

    def _common(self, item: _Prepared) -> dict[str, Any]:
        article, guess = item.article, item.guess
        return {
            "id": article.id,
            "text_sha256": article.sha256,
            "language": guess.language,
            "script": guess.script,
            "language_prob": guess.prob,
            "route": item.route.name,
            "n_tokens": sum(len(window.token_ids) for window in item.windows),
            "n_tokens_read": sum(len(window.token_ids) for window in item.read),
            "n_windows": len(item.read),
            "model": self.model,
            "codebook": self.codebook,
            "hint_agrees": item.hint_agrees,
            "metadata": {"date": article.date, "outlet": article.outlet, "url": article.url, **article.metadata},
        }


def _article(item: Article | str) -> Article:
    if isinstance(item, Article):
        return item
    return Article(id=Article(id="", text=item).sha256[:16], text=item)
