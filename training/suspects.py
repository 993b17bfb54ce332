"""Labels of a corpus that are probably wrong, by confident learning [NJC21] with out-of-sample probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..labels.audit_sample import QueueItem
from ..labels.codebook import Codebook
from ..labels.errors import ConfigError, DataError
from ..labels.records import LabelledArticle
from .baselines import BASELINES
from .evaluation import gold_labels

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """An article whose label a model that never saw it doubts."""

    article: LabelledArticle
    suggested: str
    """The label that the model gives most probability."""
    prob_given: float
    """Probability of the label that the article has."""
    prob_suggested: float

    def item(self, frame: str) -> QueueItem:
        """The article in line for a reader; not drawn at random, so it corrects nothing."""
        return QueueItem(id=self.article.id, text_sha256=self.article.article().sha256, frame=frame, stratum="all",
                         inclusion_prob=0.0, reason="suspect")  # fmt: skip


def find_suspects(probs: Floats, articles: Sequence[LabelledArticle], codebook: Codebook) -> list[Suspect]:
    """Suspect labels, the most suspect first.

    Args: probs: (articles, labels) of a model that was not trained on the articles, in codebook order.
    Raises: ConfigError: cleanlab is not installed. DataError: fewer than two labels occur, or a label only once.
    """
    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise ConfigError(f"suspect labels need {error.name}; run `pip install 'xjstance[label-errors]'`") from error
    given = gold_labels(articles, codebook.labels)
    present = np.unique(given)
    if len(present) < 2:
        raise DataError("suspect labels: the corpus has one label only, so none can be told from another")
    own = probs[:, present] / np.maximum(probs[:, present].sum(1, keepdims=True), 1e-12)
    rows = find_label_issues(np.searchsorted(present, given), own, return_indices_ranked_by="self_confidence",
                             n_jobs=1)  # fmt: skip
    return [
        Suspect(article=articles[at], suggested=codebook.labels[int(present[own[at].argmax()])],
                prob_given=float(probs[at, given[at]]), prob_suggested=float(probs[at, present].max()))
        for at in rows.tolist()
    ]  # fmt: skip


def out_of_sample_probs(articles: Sequence[LabelledArticle], codebook: Codebook, *, n_folds: int = 5,
                        kind: str = "tfidf") -> Floats:  # fmt: skip
    """Probabilities (articles, labels) of each article by a baseline trained on the other stories.

    Raises: ConfigError: fewer than two folds, or scikit-learn is not installed. DataError: fewer stories than folds.
    """
    if n_folds < 2:
        raise ConfigError(f"--folds {n_folds}: 2 or more are needed")
    stories = [article.story for article in articles]
    if len(set(stories)) < n_folds:
        raise DataError(f"{len(set(stories))} stories are too few for {n_folds} folds; give --folds or more articles")
    try:
        from sklearn.model_selection import StratifiedGroupKFold
    except ImportError as error:
        raise ConfigError(f"suspect labels need {error.name}; run `pip install 'xjstance[train]'`") from error
    found = np.zeros((len(articles), len(codebook.labels)))
    gold = gold_labels(articles, codebook.labels)
    folds = StratifiedGroupKFold(n_splits=n_folds, shuffle=True, random_state=0)
    for train, test in folds.split(gold, gold, stories):
        found[test] = BASELINES[kind]([articles[at] for at in train], [articles[at] for at in test], codebook)
    return found
