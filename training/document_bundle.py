"""Score a bundle once on the test split, put the figures into its manifest and card, and log that it was done.

python -m xjstance.training.document_bundle models/bundles/embedded --data labels/corpus --log test_scorings.jsonl
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from ..labels.errors import ConfigError
from ..labels.labelled_corpus import corpus_sha256, read_corpus
from ..models.bundle import Bundle
from .train_bundle import articles_of, document


def document_bundle(folder: Path, data: Path, log: Path) -> Bundle:
    """Evaluate on the test briefs; refuses a bundle that was scored on the same test data before.

    Raises: ConfigError: the log says that these weights were scored on this test split already.
    """
    bundle = Bundle.load(folder)
    test = [a for a in articles_of(read_corpus(data, codebook=bundle.codebook), "test") if a.is_real]
    weights = bundle.manifest.files["model.safetensors"]
    key = {"weights": weights[:16], "test_sha256": corpus_sha256(test)[:16]}
    earlier = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    if any(all(row[name] == value for name, value in key.items()) for row in earlier):
        raise ConfigError(f"{log}: these weights were scored on this test split already; the card has the figures")
    documented = document(bundle, {"test": test})
    figures = documented.manifest.record["evaluation"]["test"]
    row = {"date": time.strftime("%Y-%m-%d", time.gmtime()), **key, "bundle": documented.manifest.name,
           "n": figures["n"], "macro_f1": figures["macro_f1"]}  # fmt: skip
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    return documented


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    options = parser.parse_args(arguments)
    document_bundle(options.bundle, options.data, options.log)


if __name__ == "__main__":
    main()
