"""The reference job on a part of it: full text, embedded model, default settings, one process a core.

    python -m tests.bench.bench_reference_job --corpora CORPORA --sizes 495 4947 49471 --processes 2
    python -m tests.bench.bench_reference_job --corpora CORPORA --sizes 4947 --processes 1 2 --json ..._scaling.json

The whole job is 494,710 articles; 49,471 is a tenth. Every run is the command line's own, from JSONL to a folder of
parts, model load included, and its memory is that of all processes together (tests/bench/measured_command.py).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.measured_command import machine, measured
from tests.bench.reference_archive import read_sentences, write_archive
from xjstance.models.bundle import Bundle
from xjstance.models.processor import choose_precision

ROOT = Path(__file__).parent.parent.parent
WHOLE_JOB = 494_710


def score(archive: Path, output: Path, n_processes: int, extra: list[str]) -> dict[str, Any]:
    """One run of the command, with what its run.json says."""
    command = [sys.executable, "-m", "xjstance", "classify", str(archive), "-o", str(output), "-q",
               "--processes", str(n_processes), *extra]  # fmt: skip
    found: dict[str, Any] = measured(command)
    counts = json.loads((output / "run.json").read_text(encoding="utf-8"))["counts"]
    n, wall_s = counts["rows"], found["wall_s"]
    assert counts["tokens"] == counts["tokens_read"], "full text was to be read"
    return {"articles": n, "archive_bytes": archive.stat().st_size, "processes": n_processes, **found,
            "by_status": counts["by_status"], "tokens": counts["tokens"],
            "cpu_ms_an_article": round(found["cpu_s"] / n * 1e3, 2), "articles_per_s": round(n / wall_s, 1),
            "tokens_per_s": round(counts["tokens"] / wall_s),
            "tokens_per_cpu_s": round(counts["tokens"] / found["cpu_s"]),
            "whole_job_h": round(wall_s * WHOLE_JOB / n / 3600, 2)}  # fmt: skip


def main() -> None:
    """Run each size with each number of processes, and write one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, required=True, help="folder of parallel corpora in Parquet")
    parser.add_argument("--sizes", type=int, nargs="+", default=[495, 4_947, 49_471])
    parser.add_argument("--processes", type=int, nargs="+", default=[os.cpu_count() or 1])
    parser.add_argument("--extra", default="", help="further options of the command, as '--precision int8'")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--json", type=Path, default=ROOT / "tests" / "bench" / "results" / "reference_job.json")
    options = parser.parse_args()
    bundle = Bundle.load()
    sentences = read_sentences(options.corpora, bundle.tokenizer)
    report = {"command": "python -m tests.bench.bench_reference_job " + " ".join(sys.argv[1:]), "machine": machine(),
              "bundle": bundle.signature, "tags": len(sentences),
              "precision": choose_precision(bundle.manifest.precisions)}  # fmt: skip
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        for size in options.sizes:
            archive = Path(name) / f"{size}.jsonl"
            write_archive(archive, sentences, size, rng=np.random.default_rng([options.seed, size]))
            for n_processes in options.processes:
                found = score(archive, Path(name) / f"out-{size}-{n_processes}", n_processes, options.extra.split())
                runs.append(found)
                sys.stderr.write(json.dumps(found) + "\n")
                options.json.write_text(json.dumps(report | {"runs": runs}, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(report | {"runs": runs}) + "\n")


if __name__ == "__main__":
    main()
