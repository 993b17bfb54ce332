"""Fit the lexical model: TF-IDF over hashed character n-grams, logistic regression, the weightiest features kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..models.lexical import LexicalModel, ngram_hashes


def fit_lexical(texts: Sequence[str], labels: Sequence[int], *, n_labels: int, weights: Sequence[float] | None = None,
                inverse_regularisation: float = 20.0, min_documents: int = 2, n_features: int = 80_000,
                max_iterations: int = 200) -> LexicalModel:  # fmt: skip
    """Fit on texts; features seen in too few texts, and those that weigh least in the end, are left out.

    Args:
        labels: position in codebook order, one a text.
        weights: of the texts in the loss; all 1 otherwise.
        inverse_regularisation: `C` of scikit-learn's LogisticRegression.
        n_features: kept after a first fit by |idf x largest weight|; a second fit uses these alone.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    bags = [np.unique(ngram_hashes(text), return_counts=True) for text in texts]
    seen, documents = np.unique(np.concatenate([hashes for hashes, _ in bags]), return_counts=True)
    hashes, counts = seen[documents >= min_documents], documents[documents >= min_documents]
    blank = np.zeros((len(hashes), n_labels), np.float32)
    idf = (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32)
    model = LexicalModel(hashes=hashes, idf=idf, weights=blank, bias=np.zeros(n_labels, np.float32))
    for is_last in (len(hashes) <= n_features, True):
        rows = [model.features_of(*bag) for bag in bags]
        starts = np.cumsum([0, *(len(places) for places, _ in rows)])
        matrix = csr_matrix(
            (np.concatenate([v for _, v in rows]), np.concatenate([p for p, _ in rows]), starts),
            shape=(len(texts), len(model.hashes)),
        )
        fitted = LogisticRegression(C=inverse_regularisation, max_iter=max_iterations, class_weight="balanced")
        fitted.fit(matrix, labels, sample_weight=weights)
        found = np.zeros((len(model.hashes), n_labels), np.float32)
        coefficients, intercepts = fitted.coef_, fitted.intercept_
        if len(fitted.classes_) == 2:  # of two classes, scikit-learn keeps the difference alone
            coefficients = np.concatenate([-coefficients, coefficients]) / 2
            intercepts = np.concatenate([-intercepts, intercepts]) / 2
        found[:, fitted.classes_] = coefficients.T
        bias = np.full(n_labels, -10.0, np.float32)
        bias[fitted.classes_] = intercepts
        model = LexicalModel(hashes=model.hashes, idf=model.idf, weights=found, bias=bias)
        if is_last:
            break
        kept = np.sort(np.argsort(-model.idf * np.abs(found).max(1), kind="stable")[:n_features])
        model = LexicalModel(hashes=model.hashes[kept], idf=model.idf[kept], weights=found[kept], bias=bias)
    return model
