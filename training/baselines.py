"""Baselines on the same splits: TF-IDF character n-grams with logistic regression, and fastText supervised."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..labels.codebook import Codebook
from ..labels.records import LabelledArticle
from ..models.article_text import ArticleText

Floats = NDArray[np.float64]


def article_content(article: LabelledArticle) -> str:
    """What a baseline reads: the normalised title and text, as the encoder gets them."""
    return ArticleText.of(article.article()).content.replace("\n", " ")


def tfidf_probs(train: Sequence[LabelledArticle], articles: Sequence[LabelledArticle], codebook: Codebook, *,
                seed: int = 13) -> Floats:  # fmt: skip
    """Probabilities (articles, labels) of logistic regression on TF-IDF character 1- to 5-grams."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), max_features=300_000, sublinear_tf=True),
        LogisticRegression(C=10.0, max_iter=2_000, class_weight="balanced", random_state=seed),
    )
    gold = [codebook.index(article.label, where=article.id) for article in train]
    model.fit([article_content(article) for article in train], gold)
    found = np.zeros((len(articles), len(codebook.labels)))
    found[:, model.classes_] = model.predict_proba([article_content(article) for article in articles])
    return found


def fasttext_probs(train: Sequence[LabelledArticle], articles: Sequence[LabelledArticle], codebook: Codebook, *,
                   seed: int = 13) -> Floats:  # fmt: skip
    """Probabilities (articles, labels) of a fastText classifier with subword n-grams, trained on one thread."""
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = [f"__label__{codebook.index(a.label, where=a.id)} {article_content(a)}\n" for a in train]
        path.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(path), dim=64, epoch=25, lr=0.3, wordNgrams=2, minn=2, maxn=5, bucket=200_000, thread=1, seed=seed,
            verbose=0,
        )  # fmt: skip
    found = np.zeros((len(articles), len(codebook.labels)))
    for row, article in enumerate(articles):
        for prob, name in model.f.predict(f"{article_content(article)}\n", len(codebook.labels), 0.0, "strict"):
            found[row, int(name.removeprefix("__label__"))] = prob
    normalised: Floats = found / np.maximum(found.sum(1, keepdims=True), 1e-9)
    return normalised


BASELINES: dict[str, Callable[..., Floats]] = {"tfidf": tfidf_probs, "fasttext": fasttext_probs}
"""Name on the command line -> probabilities of articles after training on others."""
