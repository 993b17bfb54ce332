"""The loop in one call: labelled articles -> fine-tune -> calibrate -> bundle -> development figures -> card."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ..labels.codebook import Codebook
from ..labels.domain_sentences import DomainSentence
from ..labels.errors import ConfigError, DataError
from ..labels.labelled_corpus import corpus_sha256
from ..labels.records import LabelledArticle, Split
from ..models.bundle import Bundle
from .background import background
from .calibrate import halves
from .composites import composites
from .config import TrainingConfig
from .evaluation import evaluate_bundle
from .finetune import fine_tune
from .make_bundle import make_bundle, write_manifest
from .model_card import model_card

log = logging.getLogger(__name__)


def articles_of(corpus: Sequence[LabelledArticle], split: Split) -> list[LabelledArticle]:
    """The articles of one split, in id order."""
    return sorted((article for article in corpus if article.split == split), key=lambda article: article.id)


def train_bundle(base: Path, corpus: Sequence[LabelledArticle], output: Path, *, name: str, codebook: Codebook,
                 config: TrainingConfig, work_folder: Path, resume: bool = False,
                 device: str = "cpu", domain_sentences: Sequence[DomainSentence] = (),
                 background_corpora: Path | None = None) -> Bundle:  # fmt: skip
    """Fine-tune `base` on the corpus's training split and write a calibrated, documented bundle.

    The development split is halved by story: one half chooses the epoch, the other calibrates. The test split is
    counted (`is_validated`), never read. Only briefs of real reporting choose and calibrate, where there are any.

    Args:
        output: folder of the bundle; must not exist or be empty.
        domain_sentences: composites are made of these and trained on as well.
        background_corpora: folder of general text, read as off-target examples.
    Raises: ConfigError: output is not empty; DataError: a split is empty or leaks; ModelError: the base is unusable.
    """
    if output.exists() and any(output.iterdir()):
        raise ConfigError(f"{output}: is not empty; name a new folder, or remove it first")
    train, development = articles_of(corpus, "train"), articles_of(corpus, "development")
    briefs = [article for article in development if article.origin == "brief"] or development
    choose, calibrate = ([briefs[at] for at in rows] for rows in halves([article.story for article in briefs]))
    if not train or not choose or not calibrate:
        raise DataError("the corpus needs articles in split train and from several stories in split development")
    rng = np.random.default_rng(config.seed)
    made = composites(domain_sentences, n_each=config.composites_each, rng=rng)
    if background_corpora is not None:
        made += background(background_corpora, n_each=config.background_each, label=codebook.off_target, rng=rng)
    tuned = fine_tune(base, [*train, *made], choose, codebook=codebook, config=config, work_folder=work_folder,
                      resume=resume, device=device)  # fmt: skip
    record: dict[str, Any] = {
        "base": base.name,
        "signature": signature(config, corpus, codebook),
        "trained_at": time.strftime("%Y-%m-%d", time.gmtime()),
        "seconds": round(tuned.seconds, 1),
        "history": tuned.history,
        "n_train": len(train),
        "n_composites": len(made),
        "n_choose": len(choose),
        "n_calibrate": len(calibrate),
        "n_parameters": int(sum(parameter.numel() for parameter in tuned.classifier.parameters())),
    }
    bundle = make_bundle(
        tuned.classifier, base, output, name=name, codebook=codebook, config=config, calibration_articles=calibrate,
        test_articles=articles_of(corpus, "test"), training_data_sha256=corpus_sha256(train), record=record,
    )  # fmt: skip
    return document(bundle, {"development": [article for article in development if article.origin == "brief"]})


def document(bundle: Bundle, evaluations: dict[str, Sequence[LabelledArticle]]) -> Bundle:
    """Evaluate the shipped files on each named set, put the figures into the manifest, and render the card."""
    record = dict(bundle.manifest.record)
    figures = dict(record.get("evaluation", {}))
    for split, articles in evaluations.items():
        if articles:
            figures[split] = evaluate_bundle(bundle, articles, rng=np.random.default_rng(0))
    record["evaluation"] = figures
    manifest = replace_record(bundle, record)
    (bundle.folder / "README.md").write_text(model_card(manifest), encoding="utf-8")
    return Bundle.load(bundle.folder)


def replace_record(bundle: Bundle, record: dict[str, Any]) -> Any:
    """Write the manifest anew with another record; returns it."""
    manifest = replace(bundle.manifest, record=record)
    write_manifest(bundle.folder, manifest)
    return manifest


def signature(config: TrainingConfig, corpus: Sequence[LabelledArticle], codebook: Codebook) -> str:
    """One line that names what a bundle was made of."""
    data = corpus_sha256(articles_of(corpus, "train"))
    return f"seed:{config.seed}|data:{data[:12]}|labels:{'+'.join(codebook.labels)}|v:{version('xjstance')}"
