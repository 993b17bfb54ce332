"""What scoring needs from a model: the classifier protocol, its factory, and the names that go into columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..labels.errors import ModelError
from ..labels.records import Article, Prediction


class ArticleClassifier(Protocol):
    """Classifies articles; one instance lives in each worker process and runs on one thread."""

    labels: tuple[str, ...]
    """Label names in codebook order."""
    model: str
    """`name@first 12 hex` of the manifest's sha256."""
    codebook: str
    """`id@version+first 12 hex`."""

    def classify_articles(self, articles: Sequence[Article]) -> list[Prediction]:
        """One prediction an article, in the same order; a pure function of the articles and the settings.

        Batches are formed inside, so that the same chunk of articles gives the same bits again.
        """
        ...


ClassifierFactory = Callable[[], ArticleClassifier]
"""Makes the classifier; picklable, called once in each worker process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """What the output says of the model, known without loading its weights."""

    labels: tuple[str, ...]
    """Label names in codebook order."""
    model: str
    """`name@first 12 hex` of the manifest's sha256."""
    codebook: str
    """`id@version+first 12 hex`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFactory:
    """Makes the classifier and checks that it is the one that the output will name."""

    factory: ClassifierFactory
    identity: ModelIdentity

    def __call__(self) -> ArticleClassifier:
        """The classifier.

        Raises: ModelError: the model has changed since the run began.
        """
        classifier = self.factory()
        found = (tuple(classifier.labels), classifier.model, classifier.codebook)
        if found != (self.identity.labels, self.identity.model, self.identity.codebook):
            raise ModelError(f"the model is {classifier.model} with codebook {classifier.codebook}, but the run began "
                             f"with {self.identity.model} and {self.identity.codebook}; run again")  # fmt: skip
        return classifier
