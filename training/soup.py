"""One bundle from several of the same encoder: the mean of their weights, calibrated anew [WIG+22].

python -m xjstance.training.soup BUNDLE BUNDLE ... --data labels/corpus --output DIR
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification

from ..labels.errors import ConfigError
from ..labels.labelled_corpus import corpus_sha256, read_corpus
from ..models.bundle import Bundle
from .calibrate import halves
from .config import TrainingConfig
from .finetune import mean_weights
from .make_bundle import make_bundle
from .train_bundle import articles_of, document


def soup(folders: Sequence[Path], data: Path, output: Path, *, name: str) -> Bundle:
    """Average the classifiers of bundles that were fine-tuned from one encoder, and write the calibrated mean.

    Raises: ConfigError: the bundles do not share codebook, window, tokenizer and aggregation, or output is not empty.
    """
    if output.exists() and any(output.iterdir()):
        raise ConfigError(f"{output}: is not empty; name a new folder, or remove it first")
    bundles = [Bundle.load(folder) for folder in folders]
    first = bundles[0].manifest
    for other in bundles[1:]:
        same = ("codebook_sha256", "max_tokens", "aggregation", "fingerprints", "training_data_sha256")
        for field in same:
            if getattr(other.manifest, field) != getattr(first, field):
                raise ConfigError(f"{other.folder}: its {field} is not that of {bundles[0].folder}; nothing to average")
    models = [AutoModelForSequenceClassification.from_pretrained(b.folder, dtype=torch.float32) for b in bundles]
    model = models[0]
    model.load_state_dict(mean_weights([m.state_dict() for m in models]))
    corpus = read_corpus(data, codebook=bundles[0].codebook)
    development = [a for a in articles_of(corpus, "development") if a.origin == "brief"]
    calibrate = [development[at] for at in halves([a.story for a in development])[1]]
    record = dict(first.record) | {
        "averaged_bundles": [bundle.signature for bundle in bundles],
        "seconds": round(sum(bundle.manifest.record["seconds"] for bundle in bundles), 1),
    }
    record.pop("evaluation", None)
    config = TrainingConfig.from_dict(record.pop("config"), where="manifest.json")
    bundle = make_bundle(
        model, bundles[0].folder, output, name=name, codebook=bundles[0].codebook, config=config,
        calibration_articles=calibrate, test_articles=articles_of(corpus, "test"),
        training_data_sha256=corpus_sha256(articles_of(corpus, "train")), record=record,
    )  # fmt: skip
    return document(bundle, {"development": development})


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--name", default="embedded")
    options = parser.parse_args(arguments)
    soup(options.bundles, options.data, options.output, name=options.name)


if __name__ == "__main__":
    main()
