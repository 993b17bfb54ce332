"""Evaluation protocols that hold whole groups out: languages, families, outlets, or a fold of stories at a time.

python -m xjstance.training.protocols leave-one-language-out --base ENCODER --data labels/corpus -o folds.json
python -m xjstance.training.protocols k-fold --folds 5 --base tfidf --data labels/corpus -o folds.json

The test split is never read. A fold is measured on the held-out group's articles of the training and development
splits, by a model that saw no article of the group and none of the stories measured.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from ..labels.codebook import DEFAULT_CODEBOOK, Codebook
from ..labels.errors import ConfigError, DataError
from ..labels.labelled_corpus import corpus_sha256, read_corpus
from ..labels.language_tags import print_tag
from ..labels.records import LabelledArticle
from .baselines import BASELINES
from .calibrate import halves
from .config import TrainingConfig
from .evaluation import evaluate_probs
from .language_groups import group_of_tag

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]


def _outlet(article: LabelledArticle) -> str:
    return article.outlet or urlsplit(article.source_url or "").netloc.removeprefix("www.")


GROUP_OF: dict[str, Callable[[LabelledArticle], str]] = {
    "leave-one-language-out": lambda article: article.language,
    "leave-one-family-out": lambda article: group_of_tag(print_tag(article.language, article.script)),
    "leave-one-outlet-out": _outlet,
}
"""Protocol -> group of an article; `` for none. A language goes out in all its scripts at once."""

PROTOCOLS = (*GROUP_OF, "k-fold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One model to train and what to measure it on."""

    name: str
    train: Sequence[LabelledArticle]
    choose: Sequence[LabelledArticle]
    """Development articles that may choose the epoch: none of the group, and no story that is measured."""
    held_out: Sequence[LabelledArticle]
    """Briefs to measure on (all articles of the group where none is a brief)."""


def folds(protocol: str, corpus: Sequence[LabelledArticle], *, n_folds: int = 5, min_articles: int = 8,
          only: Sequence[str] = ()) -> list[Fold]:  # fmt: skip
    """The folds of a protocol, in name order.

    Args:
        n_folds: of `k-fold`; a story's fold follows from its name, so it stays when articles are added.
        min_articles: groups with fewer articles to measure are left out.
        only: names of the groups wanted; empty for all.
    Raises: ConfigError: an unknown protocol or group; DataError: no group is large enough.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(f"protocol {protocol!r} is unknown; choose from {', '.join(PROTOCOLS)}")
    usable = sorted((article for article in corpus if article.split != "test"), key=lambda article: article.id)
    if protocol == "k-fold":
        names = {article.id: f"fold-{_story_fold(article.story, n_folds) + 1}" for article in usable}
    else:
        names = {article.id: GROUP_OF[protocol](article) for article in usable}
    if unknown := set(only) - set(names.values()):
        raise ConfigError(f"{protocol}: no article is of group {min(unknown)!r}")
    found = []
    for name in sorted(set(only) or {name for name in names.values() if name}):
        members = [article for article in usable if names[article.id] == name]
        held_out = [article for article in members if article.is_real] or members
        if len(held_out) < min_articles:
            continue
        stories = {article.story for article in members}
        rest = [article for article in usable if names[article.id] != name and article.story not in stories]
        found.append(Fold(name=name, train=[article for article in rest if article.split == "train"],
                          choose=[article for article in rest if article.split == "development"],
                          held_out=held_out))  # fmt: skip
    if not found:
        raise DataError(f"{protocol}: no group has {min_articles} or more articles outside the test split")
    return found


def _story_fold(story: str, n_folds: int) -> int:
    return int(hashlib.sha256(f"fold:{story}".encode("utf-8", "surrogatepass")).hexdigest(), 16) % n_folds


def fold_probs(base: str, fold: Fold, *, codebook: Codebook, config: TrainingConfig,
               device: str = "cpu") -> Floats:  # fmt: skip
    """Probabilities of a fold's held-out articles (articles, labels), not calibrated."""
    if base in BASELINES:
        return BASELINES[base](fold.train, fold.held_out, codebook, seed=config.seed)
    from .examples import make_examples
    from .finetune import article_logits, fine_tune
    from .stance_model import SpecialIds

    choose, _ = halves([article.story for article in fold.choose])
    with tempfile.TemporaryDirectory() as work:
        tuned = fine_tune(Path(base), fold.train, [fold.choose[at] for at in choose], codebook=codebook, config=config,
                          work_folder=Path(work), device=device)  # fmt: skip
    special = SpecialIds(bos=tuned.tokenizer.bos_id, eos=tuned.tokenizer.eos_id, pad=tuned.tokenizer.pad_id)
    examples = make_examples(fold.held_out, tuned.tokenizer, codebook, config)
    logits = article_logits(tuned.classifier, examples, special, config, aggregation=tuned.aggregation)
    exps = np.exp(logits - logits.max(1, keepdims=True))
    normalised: Floats = exps / exps.sum(1, keepdims=True)
    return normalised


def run_protocol(protocol: str, base: str, corpus: Sequence[LabelledArticle], output: Path, *, codebook: Codebook,
                 config: TrainingConfig, n_folds: int = 5, min_articles: int = 8, only: Sequence[str] = (),
                 n_draws: int = 1_000, device: str = "cpu") -> dict[str, Any]:  # fmt: skip
    """Train and measure every fold; the file is written after each, and folds already in it are not run again.

    The file holds protocol, base, config, hash of the articles, `folds` (name -> figures with n_train), and `pooled`:
    the figures over all held-out articles together.

    Raises: ConfigError: the file is of another protocol, base, config or corpus.
    """
    wanted = folds(protocol, corpus, n_folds=n_folds, min_articles=min_articles, only=only)
    facts: dict[str, Any] = {
        "protocol": protocol, "base": Path(base).name, "codebook": codebook.signature, "config": config.to_dict(),
        "n_folds": n_folds if protocol == "k-fold" else None,
        "articles_sha256": corpus_sha256([article for article in corpus if article.split != "test"]),
    }  # fmt: skip
    report: dict[str, Any] = (
        json.loads(output.read_text(encoding="utf-8")) if output.is_file() else facts | {"folds": {}, "probs": {}}
    )
    for name, value in facts.items():
        if report.get(name) != json.loads(json.dumps(value)):
            raise ConfigError(f"{output}: was written with another {name}; name a new file")
    rng = np.random.default_rng(config.seed)
    for fold in wanted:
        if fold.name not in report["folds"]:
            probs = fold_probs(base, fold, codebook=codebook, config=config, device=device)
            figures = _figures(probs, fold.held_out, codebook, rng, n_draws)
            report["folds"][fold.name] = {"n_train": len(fold.train)} | figures
            report["probs"] |= {
                article.id: [round(float(value), 6) for value in row]
                for article, row in zip(fold.held_out, probs, strict=True)
            }
            log.info("%s: macro-F1 %.3f over %d articles", fold.name, figures["macro_f1"][0], figures["n"])
            output.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    measured = [article for fold in wanted for article in fold.held_out]
    report["pooled"] = _figures(np.array([report["probs"][article.id] for article in measured]), measured, codebook,
                                rng, n_draws)  # fmt: skip
    output.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return report


def _figures(probs: Floats, articles: Sequence[LabelledArticle], codebook: Codebook, rng: np.random.Generator,
             n_draws: int) -> dict[str, Any]:  # fmt: skip
    return evaluate_probs(probs, articles, codebook.labels, positive=codebook.positive, negative=codebook.negative,
                          rng=rng, n_draws=n_draws)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("protocol", choices=PROTOCOLS)
    parser.add_argument("--base", required=True, help="Folder of an encoder, or tfidf | fasttext.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON file; started again, it goes on.")
    parser.add_argument("--config", type=Path, help="TOML file of training settings.")
    parser.add_argument("--codebook", type=Path, default=DEFAULT_CODEBOOK)
    parser.add_argument("--folds", type=int, default=5, help="Of k-fold.")
    parser.add_argument("--min-articles", type=int, default=8, help="Smallest group to hold out.")
    parser.add_argument("--only", nargs="*", default=(), help="Names of groups; left out: all.")
    parser.add_argument("--draws", type=int, default=1_000, help="Bootstrap draws.")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    codebook = Codebook.load(options.codebook)
    run_protocol(
        options.protocol, options.base, read_corpus(options.data, codebook=codebook), options.output,
        codebook=codebook, config=TrainingConfig.load(options.config) if options.config else TrainingConfig(),
        n_folds=options.folds, min_articles=options.min_articles, only=options.only, n_draws=options.draws,
        device=options.device,
    )  # fmt: skip


if __name__ == "__main__":
    main()
