"""Articles a second on the CPU, beside transformers.pipeline and a sorted torch loop: same weights, same tokens, one run.

    python tests/bench/bench_speed.py [--bundle FOLDER] [--articles 2000] [--output tests/bench/results/speed.json]

The articles are made from the project's example archive by repeating sentences to log-normal lengths (median 350
tokens). First every tool reads the same first window of each article, on one thread, taking turns; then ours reads
the full text, on one process and on one process a core, from a JSONL file to a Parquet file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

from xjstance.labels.sentences import sentence_spans
from xjstance.models.bundle import Bundle
from xjstance.models.processor import processor_flags
from xjstance.models.stance_encoder import StanceEncoder

ROOT = Path(__file__).parent.parent.parent


def make_articles(
    bundle: Bundle, n_articles: int, *, median_tokens: int, rng: np.random.Generator
) -> list[dict[str, str]]:
    """Articles of log-normal length, each from the sentences of one example article."""
    lines = (ROOT / "examples" / "archive.jsonl").read_text(encoding="utf-8").splitlines()
    sources = [row["text"] for row in map(json.loads, lines) if len(row.get("text") or "") > 200]
    wanted = np.exp(rng.normal(np.log(median_tokens), 0.8, n_articles)).astype(int).clip(20, 6_000)
    found = []
    for number, n_tokens in enumerate(wanted):
        text = sources[number % len(sources)]
        sentences = [text[start:end] for start, end in sentence_spans(text)]
        parts: list[str] = [f"{number}."]
        have = 0
        while have < n_tokens:
            sentence = sentences[int(rng.integers(len(sentences)))]
            parts.append(sentence)
            have += len(bundle.tokenizer.encode(sentence))
        found.append({"id": str(number), "text": " ".join(parts)})
    return found


def compare(bundle: Bundle, articles: list[dict[str, str]], n_rounds: int) -> dict[str, Any]:
    """Median articles/s of each tool over interleaved rounds on one thread; every tool reads the same tokens."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    torch.set_num_threads(1)
    room = bundle.manifest.max_tokens - 2
    firsts = [bundle.tokenizer.encode(article["text"])[:room] for article in articles]
    model = AutoModelForSequenceClassification.from_pretrained(bundle.folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(bundle.folder)
    pipe = pipeline("text-classification", model=model, tokenizer=tokenizer, device=-1)
    encoder = StanceEncoder.load(bundle)
    texts = [article["text"] for article in articles]

    def run_pipeline() -> None:
        list(pipe(texts, batch_size=32, truncation=True, max_length=room + 2, top_k=None))

    def run_torch() -> None:
        ids = [tokenizer(text, truncation=True, max_length=room + 2)["input_ids"] for text in texts]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
        with torch.inference_mode():
            for at in range(0, len(order), 8):
                batch = [{"input_ids": ids[i]} for i in order[at : at + 8]]
                model(**tokenizer.pad(batch, return_tensors="pt"))

    def run_ours() -> None:
        encoder.logits([bundle.tokenizer.encode(text)[:room] for text in texts])

    tools: dict[str, Callable[[], None]] = {
        "transformers.pipeline(batch_size=32)": run_pipeline,
        "torch, sorted, batches of 8": run_torch,
        f"xjstance ({encoder.precision})": run_ours,
    }
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    for _ in range(n_rounds):
        for name, tool in tools.items():
            started = time.perf_counter()
            tool()
            seconds[name].append(time.perf_counter() - started)
    n_tokens = sum(len(ids) for ids in firsts)
    rates = {
        name: {"articles_per_s": round(len(texts) / median(s), 1), "tokens_per_s": round(n_tokens / median(s))}
        for name, s in seconds.items()
    }
    names = list(tools)
    ratio = median(seconds[names[0]]) / median(seconds[names[2]])
    return {"n_articles": len(texts), "n_tokens": n_tokens, "rounds": n_rounds, "rates": rates,
            "ours_against_pipeline": round(ratio, 2)}  # fmt: skip


def full_text(bundle: Bundle, articles: list[dict[str, str]], n_processes: int) -> dict[str, Any]:
    """Articles/s of the whole command on full text, model load included."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "archive.jsonl"
        archive.write_text("".join(json.dumps(a, ensure_ascii=False) + "\n" for a in articles), encoding="utf-8")
        command = [sys.executable, "-m", "xjstance", "classify", str(archive), "-o", f"{folder}/out.parquet", "-q",
                   "--model", str(bundle.folder), "--processes", str(n_processes)]  # fmt: skip
        started = time.perf_counter()
        subprocess.run(command, check=True)
        seconds = time.perf_counter() - started
        import pyarrow.parquet as pq

        rows = pq.read_table(f"{folder}/out.parquet", columns=["status", "n_tokens_read", "n_tokens"]).to_pylist()
        scored = [row for row in rows if row["status"] == "scored"]
        n_tokens = sum(row["n_tokens_read"] for row in scored)
        assert n_tokens == sum(row["n_tokens"] for row in scored)
    return {"processes": n_processes, "seconds": round(seconds, 1), "articles_per_s": round(len(articles) / seconds, 1),
            "tokens_per_s": round(n_tokens / seconds)}  # fmt: skip


def main() -> None:
    """Run all and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", default=None)
    parser.add_argument("--articles", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=ROOT / "tests" / "bench" / "results" / "speed.json")
    options = parser.parse_args()
    bundle = Bundle.load(options.bundle)
    articles = make_articles(bundle, options.articles, median_tokens=350, rng=np.random.default_rng(17))
    result = {
        "date": date.today().isoformat(),
        "command": "python tests/bench/bench_speed.py " + " ".join(sys.argv[1:]),
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(),
                    "amx_bf16": "amx_bf16" in processor_flags(), "load": [round(x, 2) for x in os.getloadavg()]},
        "software": {name: version(name) for name in ("openvino", "torch", "transformers", "sentencepiece")},
        "bundle": bundle.signature,
        "same_tokens_one_thread": compare(bundle, articles, options.rounds),
        "full_text": [full_text(bundle, articles, n) for n in (1, os.cpu_count() or 1)],
    }  # fmt: skip
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
