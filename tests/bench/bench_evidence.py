"""Faithfulness of `--evidence`: deletion and insertion curves of the evidence sentences beside other orders.

    nice python tests/bench/bench_evidence.py -o tests/bench/results/evidence.json

Development briefs of one window and four sentences or more (the title is a sentence too), with the embedded bundle. Every
article's sentences are put in an order: by the evidence score (occlusion), at random (mean of several), as they stand.
Deletion takes the first 20, 40 ... % of that order away and asks what is left of the
probability of the label that the whole text got; insertion keeps only these. Sentences that carry the label make the
deletion curve fall and the insertion curve rise sooner than random ones.

The first step of deletion is what occlusion is computed from, so it favours the evidence by construction; the later steps
and all of insertion do not. Intervals: bootstrap over articles.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from xjstance.labels.labelled_corpus import read_corpus
from xjstance.labels.records import LabelledArticle
from xjstance.models.article_text import ArticleText
from xjstance.models.bundle import Bundle
from xjstance.models.evidence import occlusion_evidence
from xjstance.models.stance_encoder import StanceEncoder
from xjstance.models.windows import windows

ROOT = Path(__file__).parent.parent.parent
STEPS = (0.2, 0.4, 0.6, 0.8)
N_RANDOM = 4
UNSPACED = {"zh", "yue", "ja", "th", "lo", "km", "my", "bo"}
RIGHT_TO_LEFT = {"Arab", "Hebr"}


@dataclass(frozen=True, slots=True)
class Curves:
    """Probability of the label after each step, for every order, (steps,)."""

    language: str
    script: str
    label: str
    whole: float
    n_sentences: int
    deletion: dict[str, np.ndarray]
    insertion: dict[str, np.ndarray]


def probs_of(encoder: StanceEncoder, bundle: Bundle, texts: list[str], language: str) -> np.ndarray:
    """Calibrated probabilities of each text, (texts, labels)."""
    ids = [bundle.tokenizer.encode(text)[: bundle.manifest.max_tokens] for text in texts]
    logits = encoder.logits(ids)
    return np.stack([bundle.manifest.calibration.probs(row.astype(np.float64), language) for row in logits])


def curves_of(
    article: LabelledArticle, encoder: StanceEncoder, bundle: Bundle, rng: np.random.Generator
) -> Curves | None:
    """The curves of one article; None where it does not fit."""
    text = ArticleText.of(article.article())
    read = windows(text, bundle.tokenizer, max_tokens=bundle.manifest.max_tokens)
    n = len(text.sentences)
    if len(read) != 1 or n < 4:
        return None
    whole = probs_of(encoder, bundle, [text.content], article.language)[0]
    label = int(whole.argmax())
    evidence = occlusion_evidence(text, read, label, tokenizer=bundle.tokenizer, encoder=encoder, n_sentences=n)
    place = {(one.field, one.original_start): at for at, one in enumerate(text.sentences)}
    order = [place[one.field, one.start] for one in evidence]
    orders = {"evidence": order, "reading order": list(range(n))}
    orders |= {f"random {at}": rng.permutation(n).tolist() for at in range(N_RANDOM)}
    sizes = [max(1, min(n - 1, round(step * n))) for step in STEPS]
    variants = [_join(text, set(range(n)) - set(own[:size])) for own in orders.values() for size in sizes]
    variants += [_join(text, set(own[:size])) for own in orders.values() for size in sizes]
    found = probs_of(encoder, bundle, variants, article.language)[:, label].reshape(2, len(orders), len(sizes))
    deletion, insertion = ({name: found[way, at] for at, name in enumerate(orders)} for way in (0, 1))
    for curves in (deletion, insertion):
        curves["random"] = np.mean([curves.pop(f"random {at}") for at in range(N_RANDOM)], axis=0)
    return Curves(
        article.language, article.script, bundle.manifest.labels[label], float(whole[label]), n, deletion, insertion
    )


def _join(text: ArticleText, kept: set[int]) -> str:
    return " ".join(text.content[one.start : one.end].strip() for at, one in enumerate(text.sentences) if at in kept)


def summary(rows: list[Curves], rng: np.random.Generator) -> dict[str, Any]:
    """Mean curves and areas, and the difference from random with its 95 % interval."""
    found: dict[str, Any] = {"articles": len(rows), "whole": round(float(np.mean([row.whole for row in rows])), 4)}
    draws = rng.integers(0, len(rows), (2_000, len(rows)))
    for way in ("deletion", "insertion"):
        areas = {name: np.array([getattr(row, way)[name].mean() for row in rows]) for name in getattr(rows[0], way)}
        found[way] = {}
        for name in areas:
            gap = areas[name] - areas["random"]
            low, high = np.quantile(gap[draws].mean(axis=1), [0.025, 0.975])
            found[way][name] = {
                "curve": np.mean([getattr(row, way)[name] for row in rows], axis=0).round(4).tolist(),
                "area": round(float(areas[name].mean()), 4), "minus random": round(float(gap.mean()), 4),
                "interval": [round(float(low), 4), round(float(high), 4)],
            }  # fmt: skip
        sooner = areas["evidence"] < areas["random"] if way == "deletion" else areas["evidence"] > areas["random"]
        found[way]["evidence better than random in"] = round(float(sooner.mean()), 3)
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--articles", type=int, default=160)
    parser.add_argument("--seed", type=int, default=3)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    began, cpu = time.perf_counter(), time.process_time()
    bundle = Bundle.load()
    encoder = StanceEncoder.load(bundle)
    briefs = [
        one for one in read_corpus(ROOT / "labels" / "corpus") if one.split == "development" and one.origin == "brief"
    ]
    rows: list[Curves] = []
    for at in rng.permutation(len(briefs)):
        curves = curves_of(briefs[at], encoder, bundle, rng)
        if curves is not None and curves.label != bundle.codebook.off_target:
            rows.append(curves)
        if len(rows) == arguments.articles:
            break
    groups = {
        "all": rows,
        "right-to-left": [row for row in rows if row.script in RIGHT_TO_LEFT],
        "unspaced": [row for row in rows if row.language in UNSPACED],
    } | {label: [row for row in rows if row.label == label] for label in bundle.manifest.labels if label != bundle.codebook.off_target}  # fmt: skip
    record = {
        "bundle": bundle.signature, "date": date.today().isoformat(), "machine": platform.processor() or platform.machine(),
        "load": round(os.getloadavg()[0], 1), "python": platform.python_version(), "precision": encoder.precision, "steps": list(STEPS), "random orders": N_RANDOM, "seed": arguments.seed,
        "languages": len({(row.language, row.script) for row in rows}),
        "sentences": round(float(np.mean([row.n_sentences for row in rows])), 1),
        "groups": {name: summary(own, rng) for name, own in groups.items() if len(own) >= 8},
        "cpu_s": round(time.process_time() - cpu, 1), "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    print(json.dumps(record, indent=1))
    if arguments.output:
        text = re.sub(
            r"\[\s+([^\[\]{}]+?)\s+\]",
            lambda found: "[" + " ".join(found[1].split()) + "]",
            json.dumps(record, indent=1),
        )
        arguments.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
