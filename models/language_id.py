"""LanguageIdentifier: text -> LanguageGuess."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.language_tags import NO_LANGUAGE, SUPPORTED_TAGS, UNKNOWN, split_tag
from .fasttext_model import FastTextModel
from .language_cleaning import without_markup, words_only
from .language_guess import EMPTY_GUESS, LanguageGuess
from .language_scripts import LETTER_SCRIPTS, letter_counts

__all__ = ["LanguageGuess", "LanguageIdentifier"]

DEFAULT_FOLDER = Path(__file__).parent / "language_id"


class LanguageIdentifier:
    """Names the language and script of texts; says `und` where it does not know."""

    def __init__(self, folder: Path) -> None:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self._models = {name: FastTextModel(folder / f"{name}.ftz") for name in manifest["models"]}
        self._labels = {name: tuple(model["labels"]) for name, model in manifest["models"].items()}
        self._output = {name: np.load(folder / f"{name}.npy").astype(np.float32) for name in manifest["models"]}
        self._threshold = float(manifest["threshold"])

    @classmethod
    def load(cls, folder: Path | None = None) -> LanguageIdentifier:
        """The shipped identifier, or the one in a folder."""
        return cls(folder or DEFAULT_FOLDER)

    def identify(self, text: str) -> LanguageGuess:
        """The language of one normalised text."""
        return self.identify_many([text])[0]

    def identify_many(self, texts: Sequence[str]) -> list[LanguageGuess]:
        """The languages of many normalised texts, in order."""
        cleaned = [words_only(without_markup(text[:2000])) for text in texts]
        counts = letter_counts(cleaned)
        guesses: list[LanguageGuess] = [EMPTY_GUESS] * len(texts)
        waiting: dict[str, list[int]] = {}
        main = counts[:, 1:].argmax(axis=1) + 1
        for i, text in enumerate(texts):
            script = LETTER_SCRIPTS[main[i]]
            if counts[i, main[i]] < 2:
                if text:
                    guesses[i] = LanguageGuess(language=NO_LANGUAGE, script="Zyyy", prob=0.99)
                continue
            fixed = _ONE_LANGUAGE.get(script)
            if fixed is not None:
                guesses[i] = _guess(fixed, 0.99)
            elif script == "Latn":
                waiting.setdefault("latn", []).append(i)
            elif script in _SCRIPT_TAGS:
                waiting.setdefault("other", []).append(i)
            else:
                guesses[i] = LanguageGuess(language=UNKNOWN, script=script, prob=0.99)
        for name, rows in waiting.items():
            probs = self._probs(name, [cleaned[i] for i in rows], [LETTER_SCRIPTS[main[i]] for i in rows])
            for i, row in zip(rows, probs, strict=True):
                best = int(row.argmax())
                if row[best] < self._threshold:
                    script = LETTER_SCRIPTS[main[i]]
                    guesses[i] = LanguageGuess(language=UNKNOWN, script=script, prob=float(1 - row[best]))
                else:
                    guesses[i] = _guess(self._labels[name][best], float(row[best]))
        return guesses

    def _probs(self, name: str, texts: list[str], scripts: list[str]) -> NDArray[np.float32]:
        scores = self._models[name].vectors(texts) @ self._output[name].T
        for row, script in zip(scores, scripts, strict=True):
            allowed = [label in _SCRIPT_TAGS[script] for label in self._labels[name]]
            row[~np.array(allowed)] = -np.inf
        scores -= scores.max(axis=1, keepdims=True)
        probs = np.exp(scores)
        result: NDArray[np.float32] = probs / probs.sum(axis=1, keepdims=True)
        return result


def _guess(tag: str, prob: float) -> LanguageGuess:
    language, script = split_tag(tag)
    return LanguageGuess(language=language, script=script, prob=prob, shares=((tag, 1.0),))


_SCRIPT_TAGS: dict[str, frozenset[str]] = {}
for _tag in SUPPORTED_TAGS:
    _script = split_tag(_tag)[1]
    _script = "Hani" if _script in ("Hans", "Hant") else _script
    _SCRIPT_TAGS[_script] = _SCRIPT_TAGS.get(_script, frozenset()) | {_tag}
_ONE_LANGUAGE = {script: next(iter(tags)) for script, tags in _SCRIPT_TAGS.items() if len(tags) == 1}
