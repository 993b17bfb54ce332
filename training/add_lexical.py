"""Put a lexical model beside the encoder of a bundle that was trained without one.

    python -m xjstance.training.add_lexical BUNDLE --data labels/corpus [--background CORPORA]
        [--domain-sentences labels/domain_sentences.jsonl]

`xjstance train` does the same where `lexical = true` stands in the config.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..labels.domain_sentences import read_domain_sentences
from ..labels.labelled_corpus import read_corpus
from ..models.bundle import Bundle
from .config import TrainingConfig
from .lexical_bundle import add_lexical
from .train_bundle import TrainingData, articles_of, document


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m xjstance.training.add_lexical", description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="the labelled corpus")
    parser.add_argument("--background", type=Path, help="folder of general text, read as off-target examples")
    parser.add_argument("--domain-sentences", type=Path)
    options = parser.parse_args(arguments)
    bundle = Bundle.load(options.bundle)
    corpus = read_corpus(options.data, codebook=bundle.codebook)
    config = TrainingConfig.from_dict(bundle.manifest.record.get("config", {}), where=f"{options.bundle}: its config")
    domain = read_domain_sentences(options.domain_sentences) if options.domain_sentences else []
    parts = TrainingData.of(corpus, codebook=bundle.codebook, config=config, domain_sentences=domain,
                            background_corpora=options.background)  # fmt: skip
    bundle = add_lexical(bundle, train=[*parts.train, *parts.made], choose=parts.choose, calibrate=parts.calibrate,
                         test_articles=articles_of(corpus, "test"), config=config)  # fmt: skip
    document(bundle, {"development": parts.development})


if __name__ == "__main__":
    main()
