"""Cost as an archive grows: time an article and peak memory of all processes together, without a model.

    python -m tests.bench.bench_memory --sizes 5000 50000 500000 --json tests/bench/results/memory.json

The archive is JSONL with articles of log-normal length (median 300 words), one in five an exact copy. It is
scored by a classifier that only counts words, by two worker processes, into a folder of part files; then the same
command runs once more and finds everything done; then near-duplicates are clustered. Memory is the largest sum
of the proportional set sizes (shared pages counted once) of the process and its children, read ten times a second.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.bench.measured_command import machine, measured
from xjstance.inference.archive import Archive
from xjstance.inference.classify_archive import classify_archive
from xjstance.inference.near_duplicates import write_clusters
from xjstance.inference.protocol import ModelIdentity
from xjstance.labels.records import Article, Prediction

LABELS = ("praising", "critical", "neutral", "unrelated")
IDENTITY = ModelIdentity(labels=LABELS, model="words@0", codebook="xinjiang@1+0")


class WordCounter:
    """Counts words and gives every label the same probability."""

    labels: tuple[str, ...] = LABELS
    model: str = IDENTITY.model
    codebook: str = IDENTITY.codebook

    def classify_articles(self, articles: Sequence[Article]) -> list[Prediction]:
        return [self._classify(article) for article in articles]

    def _classify(self, article: Article) -> Prediction:
        n_tokens = len(article.content.split())
        return Prediction(
            id=article.id, status="scored", text_sha256=article.sha256, language="en", script="Latn",
            language_prob=0.99, route="words", stance=LABELS[0], probs=(0.25,) * 4, balance=0.0, stance_set=LABELS,
            is_confident=False, is_validated=False, n_tokens=n_tokens, n_tokens_read=n_tokens, n_windows=1,
            model=self.model, codebook=self.codebook,
        )  # fmt: skip


def write_archive(path: Path, n: int, seed: int) -> int:
    """Write the archive; returns its size in bytes."""
    rng = np.random.default_rng(seed)
    letters = list("abcdefghijklmnoprstuvw")
    words = ["".join(rng.choice(letters, size=int(size))) for size in rng.integers(2, 11, 20_000)]
    lengths = np.clip(rng.lognormal(np.log(300), 0.8, n).astype(int), 15, 9_000)
    with path.open("w") as file:
        for number in range(n):
            copied = int(rng.integers(number + 1)) if rng.random() < 0.2 else number
            chosen = np.random.default_rng([seed, copied]).integers(0, len(words), lengths[copied])
            text = " ".join([words[at] for at in chosen])
            value = {"id": f"a{number}", "title": f"Story {copied}", "text": text, "date": "2019-05-04",
                     "outlet": f"o{number % 900}.example", "url": f"https://o.example/{number}"}  # fmt: skip
            file.write(json.dumps(value) + "\n")
    return path.stat().st_size


def work(step: str, archive: Path, output: Path) -> None:
    """One step, in the process that is measured."""
    if step == "clusters":
        write_clusters(Archive.open([str(archive)]), output / "clusters.parquet")
    else:
        classify_archive(Archive.open([str(archive)]), WordCounter, identity=IDENTITY, output=output, n_processes=2)


def main() -> None:
    """Measure each size and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[5_000, 50_000, 500_000])
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--work", nargs=3, metavar=("STEP", "ARCHIVE", "OUTPUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work[0], Path(options.work[1]), Path(options.work[2]))
        return
    before, report, results = machine(), {}, []
    for n in options.sizes:
        with tempfile.TemporaryDirectory() as name:
            archive, output = Path(name) / "archive.jsonl", Path(name) / "out"
            result: dict[str, object] = {"articles": n, "archive_bytes": write_archive(archive, n, options.seed)}
            for label, step in (("score", "score"), ("score_again", "score"), ("clusters", "clusters")):
                found = measured([sys.executable, "-m", "tests.bench.bench_memory", "--work", step, str(archive), str(output)])
                result[label] = {**found, "cpu_us_an_article": round(found["cpu_s"] / n * 1e6)}
            result["output_bytes"] = sum(path.stat().st_size for path in output.iterdir())
        results.append(result)
        sys.stderr.write(json.dumps(result) + "\n")
        report = {"command": "python -m tests.bench.bench_memory " + " ".join(sys.argv[1:]), "machine": before,
                  "sizes": results}  # fmt: skip
        if options.json:
            options.json.write_text(json.dumps(report, indent=1) + "\n")
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
