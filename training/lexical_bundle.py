"""Put a lexical model beside a bundle's encoder: fit it, weigh the two on development articles, calibrate anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ..labels.records import LabelledArticle
from ..models.article_text import ArticleText
from ..models.bundle import Bundle
from ..models.lexical import Blend
from .config import TrainingConfig
from .examples import is_composite
from .lexical import fit_lexical
from .make_bundle import calibrate_bundle, runtime_logits, write_manifest

_EXTRA_WEIGHT = 0.25
"""Weight of a composite or a general text against a brief in the lexical model's loss."""
_MAX_WEIGHT = 3.0


def add_lexical(bundle: Bundle, *, train: Sequence[LabelledArticle], choose: Sequence[LabelledArticle],
                calibrate: Sequence[LabelledArticle], test_articles: Sequence[LabelledArticle],
                config: TrainingConfig) -> Bundle:  # fmt: skip
    """Fit the lexical model on what the encoder was trained on; write it, the blend and calibration.

    Args:
        train: articles, composites and general texts.
        choose, calibrate: the halves of the development split: one weighs encoder and lexical model, one calibrates.
        test_articles: counted for `is_validated`; never read.
    Raises: ModelError: the bundle is damaged.
    """
    labels = bundle.codebook
    weights = [_EXTRA_WEIGHT if is_composite(a) else 1.0 if a.is_real else config.invented_weight
               for a in train]  # fmt: skip
    lexical = fit_lexical([_content(a) for a in train], [labels.index(a.label, where=a.id) for a in train],
                          n_labels=len(labels.labels), weights=weights)  # fmt: skip
    manifest = replace(bundle.manifest, blend=Blend())
    lexical.save(bundle.folder)
    write_manifest(bundle.folder, manifest)
    encoder_logits = runtime_logits(bundle.folder, choose, "f32")
    lexical_logits = np.stack([lexical.logits(_content(a)) for a in choose])
    gold = np.array([labels.index(a.label, where=a.id) for a in choose])
    manifest = replace(manifest, blend=fit_blend(encoder_logits, lexical_logits, gold))
    return calibrate_bundle(bundle.folder, manifest, calibration_articles=calibrate, test_articles=test_articles)


def fit_blend(encoder_logits: NDArray[np.float64], lexical_logits: NDArray[np.float64],
              gold: NDArray[np.int64]) -> Blend:  # fmt: skip
    """Two weights that minimise the mean negative log-likelihood; neither is negative.

    Args: logits: float64 (articles, labels) each; gold: (articles,).
    """

    def loss(weights: NDArray[np.float64]) -> float:
        scaled = weights[0] * encoder_logits + weights[1] * lexical_logits
        peak = scaled.max(1, keepdims=True)
        log_norm = peak[:, 0] + np.log(np.exp(scaled - peak).sum(1))
        return float((log_norm - scaled[np.arange(len(gold)), gold]).mean())

    found = minimize(loss, np.array([0.5, 0.5]), method="L-BFGS-B", bounds=[(0, _MAX_WEIGHT)] * 2)
    return Blend(encoder=round(float(found.x[0]), 4), lexical=round(float(found.x[1]), 4))


def _content(article: LabelledArticle) -> str:
    return ArticleText.of(article.article()).content
