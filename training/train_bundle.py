"""The loop in one call: labelled articles -> fine-tune -> calibrate -> bundle -> development figures -> card."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from .distillation import NO_TEACHING, Teaching
from .evaluation import evaluate_bundle
from .finetune import fine_tune
from .lexical_bundle import add_lexical
from .make_bundle import make_bundle, write_manifest
from .model_card import model_card
from .work_folder import is_first_process

log = logging.getLogger(__name__)


def articles_of(corpus: Sequence[LabelledArticle], split: Split) -> list[LabelledArticle]:
    """The articles of one split, in id order."""
    return sorted((article for article in corpus if article.split == split), key=lambda article: article.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """What a run reads of a corpus, the same for encoders and baselines."""

    train: Sequence[LabelledArticle]
    made: Sequence[LabelledArticle]
    """Composites and background texts, trained on as well."""
    choose: Sequence[LabelledArticle]
    """Half of the development split: chooses the epoch."""
    calibrate: Sequence[LabelledArticle]
    """The other half, by story: calibrates."""
    development: Sequence[LabelledArticle]
    """What figures are given for: the briefs of the development split, or all of it where there are none."""

    @classmethod
    def of(cls, corpus: Sequence[LabelledArticle], *, codebook: Codebook, config: TrainingConfig,
           domain_sentences: Sequence[DomainSentence] = (),
           background_corpora: Path | None = None) -> TrainingData:  # fmt: skip
        """The parts of a corpus. The test split is not among them.

        Args:
            domain_sentences: composites are made of these.
            background_corpora: folder of general text, read as off-target examples.
        Raises: DataError: a split is empty or has one story only.
        """
        train, development = articles_of(corpus, "train"), articles_of(corpus, "development")
        briefs = [article for article in development if article.is_real] or development
        choose, calibrate = ([briefs[at] for at in rows] for rows in halves([article.story for article in briefs]))
        if not train or not choose or not calibrate:
            raise DataError("the corpus needs articles in split train and from several stories in split development")
        rng = np.random.default_rng(config.seed)
        made = composites(domain_sentences, n_each=config.composites_each, rng=rng)
        if background_corpora is not None:
            made += background(background_corpora, n_each=config.background_each, label=codebook.off_target, rng=rng)
        return cls(train=train, made=made, choose=choose, calibrate=calibrate, development=briefs)


def train_bundle(base: Path, corpus: Sequence[LabelledArticle], output: Path, *, name: str, codebook: Codebook,
                 config: TrainingConfig, work_folder: Path, resume: bool = False,
                 device: str = "cpu", domain_sentences: Sequence[DomainSentence] = (),
                 background_corpora: Path | None = None, teaching: Teaching = NO_TEACHING,
                 extra_record: Mapping[str, Any] | None = None) -> Bundle:  # fmt: skip
    """Fine-tune `base` on the corpus's training split and write a calibrated, documented bundle.

    The development split is halved by story: one half chooses the epoch, the other calibrates. The test split is
    counted (`is_validated`), never read. Only briefs of real reporting choose and calibrate, where there are any.

    Args:
        output: folder of the bundle; must not exist or be empty.
        domain_sentences: composites are made of these and trained on as well.
        background_corpora: folder of general text, read as off-target examples.
        teaching: a teacher's soft labels, and unlabelled articles.
        extra_record: further facts for the manifest's record, such as the data's licence.
    Raises: ConfigError: output is not empty; DataError: a split is empty or leaks; ModelError: the base is unusable.
    """
    if output.exists() and any(output.iterdir()):
        raise ConfigError(f"{output}: is not empty; name a new folder, or remove it first")
    parts = TrainingData.of(corpus, codebook=codebook, config=config, domain_sentences=domain_sentences,
                            background_corpora=background_corpora)  # fmt: skip
    train = parts.train
    tuned = fine_tune(base, [*train, *parts.made], parts.choose, codebook=codebook, config=config,
                      work_folder=work_folder, resume=resume, device=device,
                      domain_sentences=domain_sentences, teaching=teaching)  # fmt: skip
    if not is_first_process():  # torchrun, accelerate launch: the first process writes the bundle
        raise SystemExit(0)
    record: dict[str, Any] = dict(extra_record or {}) | {
        "base": base.name,
        "signature": signature(config, corpus, codebook),
        "trained_at": time.strftime("%Y-%m-%d", time.gmtime()),
        "seconds": round(tuned.seconds, 1),
        "history": tuned.history,
        "n_train": len(train),
        "n_composites": len(parts.made),
        "n_unlabelled": len(teaching.unlabelled),
        "n_soft_labels": len(teaching.of_labelled) + len(teaching.of_unlabelled),
        "n_choose": len(parts.choose),
        "n_calibrate": len(parts.calibrate),
        "n_parameters": int(sum(parameter.numel() for parameter in tuned.classifier.parameters())),
    }
    bundle = make_bundle(
        tuned.classifier, base, output, name=name, codebook=codebook, config=config,
        calibration_articles=parts.calibrate, test_articles=articles_of(corpus, "test"),
        training_data_sha256=corpus_sha256(train), record=record, aggregation=tuned.aggregation,
    )  # fmt: skip
    if config.lexical:
        bundle = add_lexical(bundle, train=[*train, *parts.made], choose=parts.choose, calibrate=parts.calibrate,
                             test_articles=articles_of(corpus, "test"), config=config)  # fmt: skip
    return document(bundle, {"development": [a for a in parts.development if a.is_real]})


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
