"""How far each lever moves the stance figures: development briefs, one fine-tuning a lever; the test split is not read.

    python tests/bench/bench_stance.py run NAME --base ENCODER [--set '{"voice_weight": 0}'] [--train brief,invented]
    python tests/bench/bench_stance.py baseline tfidf
    python tests/bench/bench_stance.py held-out NAME --base ENCODER --languages en,zh   # trains without them; no base: TF-IDF
    python tests/bench/bench_stance.py bundle NAME --base BUNDLE [--part encoder|lexical]   # a finished bundle
    python tests/bench/bench_stance.py table

Every run is added to tests/bench/results/stance_levers.json and the table is rendered to stance_levers.md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from xjstance.labels.codebook import Codebook
from xjstance.labels.domain_sentences import read_domain_sentences
from xjstance.labels.labelled_corpus import corpus_sha256, read_corpus
from xjstance.labels.records import LabelledArticle
from xjstance.models.bundle import Bundle
from xjstance.models.lexical import Blend
from xjstance.training.baselines import BASELINES
from xjstance.training.composites import composites
from xjstance.training.config import TrainingConfig
from xjstance.training.evaluation import bundle_probs, evaluate_probs

ROOT = Path(__file__).parent.parent.parent
RESULTS = ROOT / "tests" / "bench" / "results" / "stance_levers.json"


def softmax(logits: np.ndarray) -> np.ndarray:
    """Rows to probabilities."""
    exps = np.exp(logits - logits.max(1, keepdims=True))
    probs: np.ndarray = exps / exps.sum(1, keepdims=True)
    return probs


def fine_tuned_probs(
    base: Path, train: Sequence[LabelledArticle], choose: Sequence[LabelledArticle],
    evaluate: Sequence[Sequence[LabelledArticle]], codebook: Codebook, config: TrainingConfig, work: Path,
) -> tuple[list[np.ndarray], list[dict[str, float]], float]:  # fmt: skip
    """Probabilities of each set of articles after fine-tuning; the last epoch counts, nothing is chosen."""
    from xjstance.training.examples import make_examples
    from xjstance.training.finetune import article_logits, fine_tune
    from xjstance.training.stance_model import SpecialIds

    started = time.process_time()
    tuned = fine_tune(base, train, choose, codebook=codebook, config=config, work_folder=work)
    special = SpecialIds(bos=tuned.tokenizer.bos_id, eos=tuned.tokenizer.eos_id, pad=tuned.tokenizer.pad_id)
    found = [
        softmax(article_logits(tuned.classifier, make_examples(articles, tuned.tokenizer, codebook, config), special, config))
        for articles in evaluate
    ]  # fmt: skip
    return found, tuned.history, time.process_time() - started


def report(name: str, probs: np.ndarray, articles: Sequence[LabelledArticle], codebook: Codebook, **extra: Any) -> dict[str, Any]:  # fmt: skip
    """One row of the table."""
    figures = evaluate_probs(
        probs, articles, codebook.labels, positive=codebook.positive, negative=codebook.negative,
        rng=np.random.default_rng(0), by=("group", "genre", "rule"), n_draws=1_000,
    )  # fmt: skip
    row = {"name": name, "date": date.today().isoformat(), **extra, "figures": figures}
    rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    rows = [old for old in rows if old["name"] != name] + [row]
    RESULTS.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(
        name,
        {
            key: figures[key]
            for key in ("n", "macro_f1", "recall_critical", "praising_as_critical", "critical_as_praising")
        },
    )
    return row


def with_part(bundle: Bundle, part: str) -> Bundle:
    """The bundle with one of its two models silent; calibrated for both, so that labels count, not probabilities."""
    blend = bundle.manifest.blend
    blends = {"both": blend, "encoder": Blend(encoder=blend.encoder), "lexical": replace(blend, encoder=0.0)}
    return replace(bundle, manifest=replace(bundle.manifest, blend=blends[part]))


def table() -> None:
    """Render the Markdown table."""
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))

    def shown(value: list[float]) -> str:
        return f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]"

    lines = [
        "# Levers of the stance model (development briefs)",
        "Made by `tests/bench/bench_stance.py`; 95 % bootstrap intervals by story; the test split is not read here.",
        "",
        "| lever | training articles | briefs read | macro-F1 | recall of critical | critical as praising | praising as critical | pairs right |",
        "|---|---:|---:|---|---|---|---|---:|",
    ]
    for row in rows:
        f = row["figures"]
        lines.append(
            f"| {row['name']} | {row.get('n_train', '-')} | {f['n']} | {shown(f['macro_f1'])} | {shown(f['recall_critical'])} | "
            f"{shown(f['critical_as_praising'])} | {shown(f['praising_as_critical'])} | {row.get('pairs', '-')} |"
        )
    RESULTS.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Run one lever."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "baseline", "held-out", "bundle", "table"])
    parser.add_argument("name", nargs="?")
    parser.add_argument("--base", type=Path)
    parser.add_argument("--set", default="{}")
    parser.add_argument("--train", default="brief,invented,composites")
    parser.add_argument("--languages", default="")
    parser.add_argument("--part", choices=["both", "encoder", "lexical"], default="both")
    parser.add_argument("--origin", default="brief", help="held-out: read briefs or invented (the starter stories)")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "bench_stance")
    options = parser.parse_args()
    if options.what == "table":
        table()
        return
    codebook = Codebook.load()
    corpus = read_corpus(ROOT / "labels" / "corpus", codebook=codebook)
    train = [a for a in corpus if a.split == "train" and a.origin in options.train.split(",")]
    development = [a for a in corpus if a.split == "development" and a.origin == "brief"]
    pairs = [a for a in corpus if a.split == "development" and a.origin == "invented" and a.pair]
    if "composites" in options.train.split(","):
        config = TrainingConfig.from_dict(json.loads(options.set), where="--set")
        train += composites(
            read_domain_sentences(), n_each=config.composites_each, rng=np.random.default_rng(config.seed)
        )
    extra: dict[str, Any] = {"n_train": len(train), "data": corpus_sha256(corpus)[:12], "set": options.set}
    if options.what == "bundle":
        bundle = with_part(Bundle.load(options.base), options.part)
        record, gold = bundle.manifest.record, np.array([codebook.index(a.label) for a in pairs])
        on_pairs = bundle_probs(bundle, pairs)
        extra |= {"n_train": record.get("n_train", 0) + record.get("n_composites", 0), "bundle": bundle.signature,
                  "set": json.dumps(record.get("config")), "part": options.part,
                  "pairs": round(float((on_pairs.argmax(1) == gold).mean()), 3)}  # fmt: skip
        report(options.name, bundle_probs(bundle, development), development, codebook, **extra)
    elif options.what == "baseline":
        report(options.name, BASELINES[options.name](train, development, codebook), development, codebook, **extra)
    else:
        config = TrainingConfig.from_dict(json.loads(options.set), where="--set")
        name = options.name
        if options.what == "held-out":
            held = set(options.languages.split(","))
            name = name or f"held out: {options.languages}"
            train = [a for a in train if a.language not in held]
            development = [a for a in corpus if a.origin == options.origin and a.language in held and a.split != "test"]
            stories = {a.story for a in development}
            train = [a for a in train if a.story not in stories]
            extra["n_train"] = len(train)
        if options.base is None:
            report(name, BASELINES["tfidf"](train, development, codebook), development, codebook, **extra)
            table()
            return
        (probs, on_pairs), history, seconds = fine_tuned_probs(
            options.base, train, development, [development, pairs], codebook, config, options.work
        )
        gold = np.array([codebook.index(a.label) for a in pairs])
        extra |= {"base": options.base.name, "history": history, "cpu_seconds": round(seconds),
                  "pairs": round(float((on_pairs.argmax(1) == gold).mean()), 3)}  # fmt: skip
        report(name, probs, development, codebook, **extra)
    table()


if __name__ == "__main__":
    main()
