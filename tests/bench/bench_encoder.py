"""Measure encoder folders: retrieval (Tatoeba, held-out NTREX lines) and reading speed.

    python tests/bench/bench_encoder.py --corpora DIR --output tests/bench/results/encoder FOLDER [FOLDER ...]

Writes OUTPUT.json and OUTPUT.md; a folder measured before is kept, so that encoders can be added one by one.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

from xjstance.training.retrieval import PUBLISHED_TATOEBA, SentenceEncoder, ntrex, tag_means, tatoeba


def tokens_per_second(encoder: SentenceEncoder, *, n_tokens: int = 256, batch: int = 32) -> float:
    """Median of five runs over one full batch, one thread."""
    ids = torch.randint(300, encoder.model.config.vocab_size, (batch, n_tokens))
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        encoder._first(ids)
        seconds.append(time.perf_counter() - start)
    return batch * n_tokens / statistics.median(seconds[1:])


def measure(folder: Path, corpora: Path, *, bf16: bool) -> dict[str, Any]:
    """All figures of one encoder folder; accuracies in percent."""
    encoder = SentenceEncoder(folder, bf16=bf16)
    config = encoder.model.config
    by_code = tatoeba(encoder, corpora / "tatoeba-eval.parquet")
    by_language = ntrex(encoder, [corpora / "ntrex.parquet", corpora / "extra.parquet"])
    size = sum(p.numel() for p in encoder.model.parameters())
    record = json.loads((folder / "pretraining.json").read_text(encoding="utf-8"))
    return {
        "shape": f"{config.num_hidden_layers}x{config.hidden_size}",
        "pieces": config.vocab_size,
        "million_parameters": round(size / 1e6, 2),
        "steps": record.get("step", 0),
        "training_minutes": record.get("minutes"),
        "tatoeba": {k: round(100 * v, 1) if k != "n" else int(v) for k, v in tag_means(by_code).items()},
        "ntrex": round(100 * sum(by_language.values()) / len(by_language), 1),
        "tokens_per_s": round(tokens_per_second(encoder)),
        "tatoeba_by_language": {k: round(100 * v, 1) for k, v in by_code.items()},
        "ntrex_by_language": {k: round(100 * v, 1) for k, v in by_language.items()},
        "precision": "bf16" if bf16 else "fp32",
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": f"{platform.machine()}, one thread, torch {torch.__version__}",
    }


def table(results: dict[str, dict[str, Any]]) -> str:
    """The figures as Markdown."""
    lines = [
        "# Encoders: retrieval and speed",
        "",
        "Share of sentences whose nearest English sentence (cosine of the `<s>` states) is their translation, percent."
        " Tatoeba: mean over all 112 languages and over those supported here; NTREX: held-out lines 1801 to 1997, mean"
        f" over languages. Published Tatoeba means: {', '.join(f'{k} {v}' for k, v in PUBLISHED_TATOEBA.items())}.",
        "",
        "| encoder | shape | pieces | M parameters | steps | minutes | Tatoeba, all | supported | NTREX | tokens/s |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, r in results.items():
        lines.append(
            f"| {name} | {r['shape']} | {r['pieces']} | {r['million_parameters']} | {r['steps']} "
            f"| {r['training_minutes'] or ''} | {r['tatoeba']['all']} | {r['tatoeba']['supported']} | {r['ntrex']} "
            f"| {r['tokens_per_s']:,} |"
        )
    some = next(iter(results.values()))
    lines += ["", f"Machine: {some['machine']}; torch, {some['precision']}, 32 inputs of 256 tokens; {some['date']}."]
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="encoder folders; NAME=FOLDER gives the row a name")
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="path without ending")
    parser.add_argument("--precision", choices=["bf16", "fp32"], default="bf16")
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = options.output.with_suffix(".json")
    results: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for item in map(str, options.folders):
        name, _, folder = item.rpartition("=")
        results[name or Path(folder).name] = measure(Path(folder), options.corpora, bf16=options.precision == "bf16")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        options.output.with_suffix(".md").write_text(table(results), encoding="utf-8")
        print(item, results[name or Path(folder).name]["tatoeba"], file=sys.stderr)


if __name__ == "__main__":
    main()
