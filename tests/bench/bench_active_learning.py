"""What selection saves: macro-F1 after so many labels, chosen by `xjstance select` or at random.

    OMP_NUM_THREADS=1 nice -n 10 python tests/bench/bench_active_learning.py --seeds 10

The pool is the training split's briefs, whose labels are hidden until they are asked for; the measure is the development
briefs; the test split is not read. The model is TF-IDF (character 2- to 4-grams) with logistic regression, fitted anew
each round: quick, and no matter of chance. Every strategy starts from the same random articles. Writes
tests/bench/results/active_learning.json and .md.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from datetime import date
from pathlib import Path

import numpy as np
from scipy.linalg import solve_triangular
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from xjstance.inference.selection import SelectionSettings, select_articles
from xjstance.inference.selection_frame import ScoredFrame
from xjstance.inference.selection_texts import text_vector
from xjstance.labels.codebook import Codebook
from xjstance.labels.labelled_corpus import corpus_sha256, read_corpus
from xjstance.labels.language_tags import print_tag
from xjstance.training.baselines import article_content
from xjstance.training.metrics import confusion, macro_f1

RESULTS = Path(__file__).parent / "results" / "active_learning.json"
STRATEGIES: dict[str, dict[str, float] | None] = {
    "random": None,
    "select (defaults)": {},
    "select, nothing at random": {"random_share": 0.0},
    "select, uncertain alone": {"random_share": 0.0, "diverse_share": 0.0},
    "select, diverse alone": {"random_share": 0.0, "diverse_share": 1.0},
}


class Simulation:
    """A pool whose labels are given when asked for, and a fixed set to measure on."""

    def __init__(self) -> None:
        self.codebook = Codebook.load()
        corpus = [article for article in read_corpus(codebook=self.codebook) if article.origin == "brief"]
        self.pool = [article for article in corpus if article.split == "train"]
        measure = [article for article in corpus if article.split == "development"]
        self.data = corpus_sha256([*self.pool, *measure])
        vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=60_000, sublinear_tf=True)
        pool = vectorizer.fit_transform([article_content(article) for article in self.pool])
        self._kernel = (pool @ pool.T).toarray()
        self._kernel_measure = (vectorizer.transform([article_content(a) for a in measure]) @ pool.T).toarray()
        self.gold = np.array([self.codebook.index(article.label) for article in self.pool])
        self.gold_measure = np.array([self.codebook.index(article.label) for article in measure])
        self.tags = [print_tag(article.language, article.script) for article in self.pool]
        self.vectors = np.stack([text_vector(article.article().content) for article in self.pool])
        self.shas = [article.article().sha256 for article in self.pool]

    def fit(self, rows: list[int]) -> tuple[np.ndarray, float]:
        """Probabilities for the pool, and macro-F1 on the measure, after training on some rows.

        In the basis of the rows' kernel the model is the same as on the n-grams, and some hundred times quicker.
        """
        root = np.linalg.cholesky(self._kernel[np.ix_(rows, rows)] + 1e-4 * np.eye(len(rows)))
        pool = solve_triangular(root, self._kernel[rows], lower=True).T
        measure = solve_triangular(root, self._kernel_measure[:, rows].T, lower=True).T
        model = LogisticRegression(C=10.0, max_iter=300, class_weight="balanced", tol=1e-3)
        model.fit(pool[rows], self.gold[rows])
        probs = np.full((len(self.pool), 4), 1e-6)
        probs[:, model.classes_] = model.predict_proba(pool)
        predicted = model.predict(measure)
        return probs / probs.sum(1, keepdims=True), macro_f1(confusion(self.gold_measure, predicted, 4))

    def run(self, settings: dict[str, float] | None, *, seed: int, start: int, batch: int, end: int) -> list[float]:
        """Macro-F1 after each batch."""
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(self.pool), start, replace=False).tolist()
        scores = []
        while True:
            probs, score = self.fit(rows)
            scores.append(score)
            if len(rows) >= end:
                return scores
            rest = np.setdiff1d(np.arange(len(self.pool)), rows)
            if settings is None:
                rows += rng.choice(rest, batch, replace=False).tolist()
            else:
                rows += self._select(rest, probs, settings, batch, rng)

    def _select(self, rest: np.ndarray, probs: np.ndarray, settings: dict[str, float], batch: int,
                rng: np.random.Generator) -> list[int]:  # fmt: skip
        frame = ScoredFrame(
            ids=[str(at) for at in rest], text_sha256s=[self.shas[at] for at in rest],
            tags=[self.tags[at] for at in rest], stances=probs[rest].argmax(1), probs=probs[rest],
            stories=[None] * len(rest), labels=self.codebook.labels, sha256="0" * 64, codebook="",
        )  # fmt: skip
        queue = select_articles(frame, SelectionSettings(budget=batch, **settings),  # type: ignore[arg-type]
                                lambda keys: self.vectors[[int(key[0]) for key in keys]], rng=rng)  # fmt: skip
        return [int(item.id) for item in queue.items]


def labels_needed(counts: list[int], scores: np.ndarray, wanted: float) -> float | None:
    """Labels at which the curve first reaches a score, between the rounds by a straight line."""
    for at, score in enumerate(scores):
        if score >= wanted:
            if at == 0:
                return float(counts[0])
            share = (wanted - scores[at - 1]) / (score - scores[at - 1])
            return float(counts[at - 1] + share * (counts[at] - counts[at - 1]))
    return None


def main() -> None:
    """Run all strategies and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--start", type=int, default=100)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--end", type=int, default=900)
    options = parser.parse_args()
    started = time.process_time()
    simulation = Simulation()
    counts = list(range(options.start, options.end + 1, options.batch))
    sizes = {"start": options.start, "batch": options.batch, "end": options.end}
    curves = {
        name: np.array([simulation.run(settings, seed=seed, **sizes) for seed in range(options.seeds)])
        for name, settings in STRATEGIES.items()
    }
    random = curves["random"].mean(0)
    _, all_labels = simulation.fit(list(range(len(simulation.pool))))
    targets = [float(random[-1]), float(random[len(random) // 2])]
    results = {
        "date": date.today().isoformat(), "machine": f"{platform.machine()}, one thread, shared",
        "python": platform.python_version(), "cpu_seconds": round(time.process_time() - started, 1),
        "data_sha256": simulation.data[:12], "n_pool": len(simulation.pool), "n_measure": len(simulation.gold_measure),
        "seeds": options.seeds, "labels": counts, "macro_f1_with_all_labels": round(all_labels, 4),
        "targets": [round(value, 4) for value in targets],
        "strategies": {
            name: {
                "macro_f1": [round(float(value), 4) for value in scores.mean(0)],
                "spread_over_seeds": [round(float(value), 4) for value in scores.std(0, ddof=1)],
                "labels_needed": [labels_needed(counts, scores.mean(0), value) for value in targets],
                "seeds_above_random_at_the_end": int((scores[:, -1] > curves["random"][:, -1]).sum()),
            }
            for name, scores in curves.items()
        },
    }  # fmt: skip
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    RESULTS.with_suffix(".md").write_text(table(results), encoding="utf-8")
    print(table(results))


def table(results: dict) -> str:  # type: ignore[type-arg]
    """The results as Markdown."""
    counts = results["labels"]
    lines = [
        "# What selection saves (development briefs)",
        f"Made by `tests/bench/bench_active_learning.py --seeds {results['seeds']}` on {results['date']} "
        f"({results['machine']}, {results['cpu_seconds']:.0f} CPU seconds). Pool: {results['n_pool']:,} training briefs; "
        f"measure: {results['n_measure']} development briefs; TF-IDF with logistic regression, macro-F1, mean over seeds. "
        f"All {results['n_pool']:,} labels give {results['macro_f1_with_all_labels']:.3f}. The random share of the "
        "defaults (a fifth) trains too. The choice to compare texts within their language was made on the same briefs.",
        "",
        "| strategy | " + " | ".join(f"{n} labels" for n in counts) + " | "
        + " | ".join(f"labels for {value:.3f}" for value in results["targets"]) + " | seeds above random at the end |",
        "|---|" + "---:|" * (len(counts) + len(results["targets"]) + 1),
    ]  # fmt: skip
    for name, row in results["strategies"].items():
        needed = ["-" if value is None else f"{value:.0f}" for value in row["labels_needed"]]
        above = "" if name == "random" else f"{row['seeds_above_random_at_the_end']} of {results['seeds']}"
        lines.append(f"| {name} | " + " | ".join(f"{value:.3f}" for value in row["macro_f1"]) + " | "
                     + " | ".join(needed) + f" | {above} |")  # fmt: skip
    last = results["strategies"]
    spread = ", ".join(f"{name} {row['spread_over_seeds'][-1]:.3f}" for name, row in last.items())
    return "\n".join([*lines, "", f"Standard deviation over seeds at {counts[-1]} labels: {spread}.", ""])


if __name__ == "__main__":
    main()
