"""Train a baseline on the splits that encoders train on, and write its figures in the form of a bundle's record."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..labels.codebook import Codebook
from ..labels.errors import ConfigError
from ..labels.labelled_corpus import corpus_sha256
from ..labels.records import LabelledArticle
from .baselines import BASELINES
from .calibrate import calibrate
from .evaluation import evaluate_probs, gold_labels

RECORD_NAME = "evaluation.json"


def train_baseline(kind: str, train: Sequence[LabelledArticle], calibration: Sequence[LabelledArticle],
                   development: Sequence[LabelledArticle], output: Path, *, codebook: Codebook, seed: int,
                   signature: str, n_draws: int = 1_000) -> dict[str, Any]:  # fmt: skip
    """Train, calibrate on the half of the development split that encoders calibrate on, evaluate, write.

    The record's `evaluation` has the keys that `manifest.json` has under `record.evaluation`, from the same code.

    Args:
        kind: a key of `BASELINES`.
        output: folder that gets evaluation.json; must not exist or be empty.
    Raises: ConfigError: output is not empty, or the baseline's package is not installed.
    """
    if output.exists() and any(output.iterdir()):
        raise ConfigError(f"{output}: is not empty; name a new folder, or remove it first")
    started = time.monotonic()
    try:
        probs = BASELINES[kind](train, [*calibration, *development], codebook, seed=seed)
    except ImportError as error:
        raise ConfigError(f"baseline {kind} needs {error.name}; run `pip install 'xjstance[train]'`") from error
    logits = np.log(np.maximum(probs, 1e-6))
    n = len(calibration)
    calibration_rule = calibrate(logits[:n], gold_labels(calibration, codebook.labels),
                                 [article.language for article in calibration],
                                 [article.story for article in calibration], validated={})  # fmt: skip
    calibrated = np.stack([
        calibration_rule.probs(row, article.language) for row, article in zip(logits[n:], development, strict=True)
    ])  # fmt: skip
    record = {
        "base": kind,
        "signature": signature,
        "trained_at": time.strftime("%Y-%m-%d", time.gmtime()),
        "seconds": round(time.monotonic() - started, 1),
        "codebook": codebook.signature,
        "training_data_sha256": corpus_sha256(train),
        "n_train": len(train),
        "n_calibrate": n,
        "evaluation": {
            "development": evaluate_probs(
                calibrated, development, codebook.labels, positive=codebook.positive, negative=codebook.negative,
                rng=np.random.default_rng(0), by=("language", "group", "genre", "rule"), n_draws=n_draws,
            )
        },
    }  # fmt: skip
    output.mkdir(parents=True, exist_ok=True)
    (output / RECORD_NAME).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return record
