"""What more labels bring: the embedded model's linear part after a share of the training stories, and without a kind of text.

    OMP_NUM_THREADS=1 nice -n 10 python tests/bench/bench_learning_curve.py --seeds 3

The linear model over character n-grams is fitted anew each time as `xjstance train` does it with `lexical = true`, without
composites and general texts; the measure is the development briefs, with bootstrap intervals by story; the test split is
not read. Writes tests/bench/results/learning_curve.json and .md.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from xjstance.labels.codebook import Codebook
from xjstance.labels.labelled_corpus import corpus_sha256, read_corpus
from xjstance.labels.records import LabelledArticle
from xjstance.training.baselines import article_content
from xjstance.training.config import TrainingConfig
from xjstance.training.evaluation import evaluate_probs
from xjstance.training.lexical import fit_lexical

RESULTS = Path(__file__).parent / "results" / "learning_curve.json"
SHARES = (0.125, 0.25, 0.5, 0.75)
MEASURES = ("macro_f1", "recall_critical", "critical_as_praising", "praising_as_critical")


def measured(train: Sequence[LabelledArticle], measure: Sequence[LabelledArticle], codebook: Codebook) -> dict[str, Any]:
    """The figures of one fit."""
    weight = TrainingConfig().invented_weight
    model = fit_lexical(
        [article_content(a) for a in train], [codebook.index(a.label) for a in train],
        n_labels=len(codebook.labels), weights=[1.0 if a.is_real else weight for a in train],
    )  # fmt: skip
    logits = np.stack([model.logits(article_content(article)) for article in measure])
    probs = np.exp(logits - logits.max(1, keepdims=True))
    report = evaluate_probs(
        probs / probs.sum(1, keepdims=True), measure, codebook.labels, positive=codebook.positive,
        negative=codebook.negative, rng=np.random.default_rng(0),
    )  # fmt: skip
    return {"articles": len(train), **{name: report[name] for name in MEASURES}}


def share_of(train: Sequence[LabelledArticle], share: float, seed: int) -> list[LabelledArticle]:
    """The articles of a random share of the stories."""
    stories = np.random.default_rng(seed).permutation(sorted({article.story for article in train}))
    kept = set(stories[: round(share * len(stories))].tolist())
    return [article for article in train if article.story in kept]


def main() -> None:
    """Fit every row and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    started = time.process_time()
    codebook = Codebook.load()
    corpus = [article for article in read_corpus(codebook=codebook) if article.split != "test"]
    train = [article for article in corpus if article.split == "train"]
    measure = [article for article in corpus if article.split == "development" and article.is_real]
    sets: dict[str, list[Sequence[LabelledArticle]]] = {
        f"{share:.1%} of the stories": [share_of(train, share, seed) for seed in range(options.seeds)] for share in SHARES
    }
    sets |= {
        "all": [train],
        "briefs alone": [[a for a in train if a.is_real]],
        "invented articles alone": [[a for a in train if not a.is_real]],
        "all without contrast sets": [[a for a in train if a.is_real or not a.pair]],
    }  # fmt: skip
    rows = {name: [measured(part, measure, codebook) for part in parts] for name, parts in sets.items()}
    results = {
        "date": date.today().isoformat(), "machine": f"{platform.machine()}, one thread, shared",
        "cpu_seconds": round(time.process_time() - started), "n_measure": len(measure), "seeds": options.seeds,
        "data_sha256": corpus_sha256(corpus)[:12], "rows": rows,
    }  # fmt: skip
    RESULTS.write_text(json.dumps(results) + "\n", encoding="utf-8")
    RESULTS.with_suffix(".md").write_text(table(results), encoding="utf-8")
    print(table(results))


def table(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    lines = [
        "# Learning curve (development briefs)",
        f"Made by `tests/bench/bench_learning_curve.py --seeds {results['seeds']}` on {results['date']} "
        f"({results['machine']}, {results['cpu_seconds']} CPU seconds; data {results['data_sha256']}). The bundle's linear "
        f"model over character n-grams, fitted on a share of the training stories; measured on {results['n_measure']} "
        "development briefs; one fit: its 95 % interval by story, several: their mean.",
        "",
        "| training data | articles | macro-F1 | recall of critical | critical as praising | praising as critical |",
        "|---|---:|---|---|---|---|",
    ]
    for name, fits in results["rows"].items():
        cells = [figure([fit[measure] for fit in fits]) for measure in MEASURES]
        lines.append(f"| {name} | {np.mean([fit['articles'] for fit in fits]):.0f} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def figure(found: list[list[float]]) -> str:
    """One fit's value with its interval, or the mean of several."""
    if len(found) == 1:
        value, low, high = found[0]
        return f"{value:.3f} [{low:.3f}, {high:.3f}]"
    return f"{np.mean([value for value, _, _ in found]):.3f}"


if __name__ == "__main__":
    main()
