"""Multilingual stance measurement in news archives.

from xjstance import StanceClassifier
classifier = StanceClassifier.load()
prediction = classifier.classify("...")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xjstance.labels.codebook import Codebook
    from xjstance.labels.errors import StanceError
    from xjstance.labels.records import Article, Prediction
    from xjstance.models.classifier import ScoringSettings, StanceClassifier
    from xjstance.models.language_guess import LanguageGuess
    from xjstance.models.language_id import LanguageIdentifier

__version__ = "0.1.0"

__all__ = [
    "Article",
    "Codebook",
    "LanguageGuess",
    "LanguageIdentifier",
    "Prediction",
    "ScoringSettings",
    "StanceClassifier",
    "StanceError",
    "__version__",
]

_HOMES = {
    "Article": "labels.records",
    "Codebook": "labels.codebook",
    "LanguageGuess": "models.language_guess",
    "LanguageIdentifier": "models.language_id",
    "Prediction": "labels.records",
    "ScoringSettings": "models.classifier",
    "StanceClassifier": "models.classifier",
    "StanceError": "labels.errors",
}


def __getattr__(name: str) -> Any:
    """Public names load on first use, so that `xjstance --help` imports nothing heavy."""
    if name in _HOMES:
        return getattr(import_module(f"xjstance.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'xjstance' has no attribute {name!r}")
