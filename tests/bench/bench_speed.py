"""Articles a second on the CPU, beside transformers.pipeline and a sorted torch loop: same weights, same tokens, one run.

    python -m tests.bench.bench_speed --corpora CORPORA [--articles 400] [--rounds 3] [--precision int8]
    python -m tests.bench.bench_speed --corpora CORPORA --base-shape --articles 48 --rounds 1 --json ..._base_shape.json

Articles are those of tests/bench/reference_archive.py, cut to the beginning that fits one window, so that every tool
reads every token of every article. Tools take turns on one thread; each figure is the median of its rounds in processor
time, which other work on the machine disturbs least, with wall time beside it. The product's line is
`StanceClassifier.classify_articles`: normalisation, language identification, word parts, encoder, calibration. The peak
is that of one product of matrices, 2,048 x 1,024 x 1,024, by the same run-time in the same precision, in each round.

--base-shape takes XLM-R-base's twelve layers of 768 with seeded random weights and the embedded tokenizer.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

from tests.bench.measured_command import machine
from tests.bench.reference_archive import read_sentences, write_archive
from xjstance.labels.records import Article
from xjstance.labels.sentences import sentence_spans
from xjstance.models.bundle import Bundle
from xjstance.models.classifier import ScoringSettings, StanceClassifier
from xjstance.models.lexical import LEXICAL_FILE, Blend
from xjstance.models.stance_encoder import compile_for_cpu
from xjstance.models.tokenizer import StanceTokenizer
from xjstance.training.make_bundle import write_manifest

ROOT = Path(__file__).parent.parent.parent
PIPELINE, TORCH = "transformers.pipeline(batch_size=32), f32", "torch, sorted by length, batches of 8, f32"
PEAK = (2_048, 1_024, 1_024)


def articles_of_one_window(corpora: Path, bundle: Bundle, n_articles: int, seed: int) -> list[Article]:
    """Beginnings of reference articles, as many sentences as fit one window."""
    room = bundle.manifest.max_tokens - 2
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "archive.jsonl"
        write_archive(path, read_sentences(corpora, bundle.tokenizer), n_articles, rng=np.random.default_rng(seed))
        rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        return [Article(id=row["id"], text=_beginning(row["text"], bundle.tokenizer, room)) for row in rows]


def _beginning(text: str, tokenizer: StanceTokenizer, room: int) -> str:
    ends = [end for _, end in sentence_spans(text)]
    fitting = [end for end in ends if len(tokenizer.encode(text[:end])) <= room]
    return text[: fitting[-1]] if fitting else text[:room]


def base_shaped(folder: Path, source: Bundle) -> Bundle:
    """A bundle of XLM-R-base's shape with seeded random weights and the source's tokenizer."""
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

    torch.manual_seed(5)
    config = XLMRobertaConfig.from_pretrained(source.folder)
    for key, value in (("num_hidden_layers", 12), ("hidden_size", 768), ("num_attention_heads", 12), ("intermediate_size", 3_072)):
        setattr(config, key, value)
    XLMRobertaForSequenceClassification(config).save_pretrained(folder)
    for path in source.folder.iterdir():
        if path.name.startswith(("sentencepiece", "tokenizer")):
            (folder / path.name).write_bytes(path.read_bytes())
    assert not (folder / LEXICAL_FILE).exists()
    write_manifest(folder, replace(source.manifest, name="base-shape", blend=Blend(), precisions={"f32": 1.0}))
    return Bundle.load(folder)


def tools_for(bundle: Bundle, articles: list[Article], precision: str | None) -> tuple[dict[str, Callable[[], None]], str]:
    """Name -> what reads all articles once; and the name of the product's line."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    torch.set_num_threads(1)
    texts, width = [article.text for article in articles], bundle.manifest.max_tokens
    model = AutoModelForSequenceClassification.from_pretrained(bundle.folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(bundle.folder)
    pipe = pipeline("text-classification", model=model, tokenizer=tokenizer, device=-1)
    classifier = StanceClassifier.load(bundle.folder, settings=ScoringSettings(precision=precision, score_unknown=True))

    def run_pipeline() -> None:
        list(pipe(texts, batch_size=32, truncation=True, max_length=width, top_k=None))

    def run_torch() -> None:
        ids = [tokenizer(text, truncation=True, max_length=width)["input_ids"] for text in texts]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        with torch.inference_mode():
            for at in range(0, len(order), 8):
                batch = [{"input_ids": ids[i]} for i in order[at : at + 8]]
                model(**tokenizer.pad(batch, return_tensors="pt"))

    def run_ours() -> None:
        for at in range(0, len(articles), 256):
            assert all(found.status == "scored" for found in classifier.classify_articles(articles[at : at + 256]))

    ours = f"xjstance, {classifier.encoder.precision}"
    return {PIPELINE: run_pipeline, TORCH: run_torch, ours: run_ours}, ours


def peak_product(precision: str) -> Callable[[], None]:
    """One product of large matrices by the run-time, in a precision."""
    import openvino as ov
    from openvino import opset13 as ops

    rows, inner, columns = PEAK
    states = ops.parameter([rows, inner], np.float32, name="states")
    weights = np.random.default_rng(2).normal(size=(columns, inner)).astype(np.float32)
    product = ops.matmul(states, ops.constant(weights), False, True)
    request = compile_for_cpu(ov.Model([ops.result(product)], [states], "product"), precision, n_threads=1)  # type: ignore[arg-type]
    given = np.random.default_rng(3).normal(size=(rows, inner)).astype(np.float32)

    def run() -> None:
        request.infer({"states": given})

    return run


def flop_a_window(bundle: Bundle, n_tokens: int) -> float:
    """Multiplications and additions that the graph does on a window with its special tokens, x 2 as is usual."""
    config = json.loads((bundle.folder / "config.json").read_text(encoding="utf-8"))
    hidden, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    whole = 2 * n_tokens * (4 * hidden**2 + 2 * hidden * inner) + 4 * n_tokens**2 * hidden
    last = 2 * (n_tokens * 2 * hidden**2 + 2 * hidden**2 + 2 * hidden * inner) + 4 * n_tokens * hidden
    return float((layers - 1) * whole + last)


def compare(bundle: Bundle, articles: list[Article], n_rounds: int, precision: str | None) -> dict[str, Any]:
    """Medians over interleaved rounds on one thread."""
    lengths = [len(bundle.tokenizer.encode(article.text)) for article in articles]
    tools, ours = tools_for(bundle, articles, precision)
    peak = peak_product(ours.rpartition(" ")[2])
    wall: dict[str, list[float]] = {name: [] for name in tools}
    cpu: dict[str, list[float]] = {name: [] for name in tools}
    peaks: list[float] = []
    for _ in range(n_rounds):
        for _ in range(12):
            started = time.process_time()
            peak()
            peaks.append(2 * PEAK[0] * PEAK[1] * PEAK[2] / (time.process_time() - started))
        for name, tool in tools.items():
            clock, started = time.perf_counter(), time.process_time()
            tool()
            wall[name].append(time.perf_counter() - clock)
            cpu[name].append(time.process_time() - started)
    n, n_tokens = len(articles), sum(lengths)
    rates = {
        name: {"articles_per_cpu_s": round(n / median(cpu[name]), 2), "tokens_per_cpu_s": round(n_tokens / median(cpu[name])),
               "articles_per_s": round(n / median(wall[name]), 2), "tokens_per_s": round(n_tokens / median(wall[name]))}
        for name in tools
    }  # fmt: skip
    done = sum(flop_a_window(bundle, length + 2) for length in lengths)
    return {
        "articles": n, "tokens": n_tokens, "rounds": n_rounds, "rates": rates,
        "ours_against_pipeline": {"cpu": round(median(cpu[PIPELINE]) / median(cpu[ours]), 2),
                                  "wall": round(median(wall[PIPELINE]) / median(wall[ours]), 2)},
        "ours_against_torch": {"cpu": round(median(cpu[TORCH]) / median(cpu[ours]), 2)},
        "peak_gflop_per_cpu_s": round(max(peaks) / 1e9), "whole_chain_gflop_per_cpu_s": round(done / median(cpu[ours]) / 1e9),
        "share_of_peak": round(done / median(cpu[ours]) / max(peaks), 3),
    }  # fmt: skip


def main() -> None:
    """Compare and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, required=True, help="folder of parallel corpora in Parquet")
    parser.add_argument("--bundle", default=None)
    parser.add_argument("--base-shape", action="store_true", help="XLM-R-base's shape, random weights")
    parser.add_argument("--articles", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default=None, help="left out: as scoring chooses")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--json", type=Path, default=ROOT / "tests" / "bench" / "results" / "speed.json")
    options = parser.parse_args()
    before = machine()
    with tempfile.TemporaryDirectory() as name:
        bundle = Bundle.load(options.bundle)
        if options.base_shape:
            bundle = base_shaped(Path(name), bundle)
        articles = articles_of_one_window(options.corpora, bundle, options.articles, options.seed)
        result = {
            "command": "python -m tests.bench.bench_speed " + " ".join(sys.argv[1:]), "machine": before,
            "load_after": machine()["load"],
            "software": {name: version(name) for name in ("openvino", "torch", "transformers", "sentencepiece")},
            "bundle": bundle.signature, **compare(bundle, articles, options.rounds, options.precision),
        }  # fmt: skip
    options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
