"""Score the articles of one chunk so that a bad article takes nothing else down with it."""

from __future__ import annotations

from collections.abc import Sequence

from ..labels.errors import ConfigError, ModelError
from ..labels.records import Article, Prediction
from .columns import clean_surrogates
from .protocol import ArticleClassifier


def score_chunk(classifier: ArticleClassifier, articles: Sequence[Article]) -> list[Prediction | str]:
    """A prediction an article, or the reason why it has none, in the same order.

    When the chunk as a whole fails, each article is tried alone.

    Raises: ModelError, ConfigError: the model itself cannot be used, or broke the protocol.
    """
    if not articles:
        return []
    try:
        return list(_checked(classifier, articles))
    except (ModelError, ConfigError):
        raise
    except Exception:  # noqa: BLE001 (whatever the article set off, it must not stop the archive)
        return [_alone(classifier, article) for article in articles]


def _alone(classifier: ArticleClassifier, article: Article) -> Prediction | str:
    try:
        return _checked(classifier, [article])[0]
    except (ModelError, ConfigError):
        raise
    except Exception as error:  # noqa: BLE001 (the reason goes into the row and the rejected file)
        said = " ".join(str(error).split())[:200]
        return clean_surrogates(f"the model failed on this article ({type(error).__name__}: {said}); leave it out")


def _checked(classifier: ArticleClassifier, articles: Sequence[Article]) -> list[Prediction]:
    predictions = classifier.classify_articles(articles)
    if [prediction.id for prediction in predictions] != [article.id for article in articles]:
        raise ModelError(
            f"the classifier {classifier.model} returned {len(predictions)} predictions for {len(articles)} articles, "
            "or in another order; it must return one each in the same order"
        )
    return predictions
