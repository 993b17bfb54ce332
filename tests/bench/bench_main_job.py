"""Classify real news sentences as one archive: every NTREX sentence, all tags, with the embedded model.

    python tests/bench/bench_main_job.py --ntrex ntrex.parquet [--output tests/bench/results/main_job.md]

NTREX is general news: `unrelated` is its right answer, and every language must come under its right name or `und`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).parent.parent.parent
OTHER_NAMES = {"az": "az-Latn", "kk": "kk-Cyrl", "ky": "ky-Cyrl", "uz": "uz-Latn", "tg": "tg-Cyrl", "tk": "tk-Latn",
               "tt": "tt-Cyrl", "mn": "mn-Cyrl", "ug": "ug-Arab", "pa": "pa-Guru", "kmr": "kmr-Latn", "sr": "sr-Cyrl"}  # fmt: skip


def main() -> None:
    """Run and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ntrex", type=Path, required=True)
    parser.add_argument("--bundle", default=None)
    parser.add_argument("--output", type=Path, default=ROOT / "tests" / "bench" / "results" / "main_job.md")
    options = parser.parse_args()
    table = pq.read_table(options.ntrex).to_pylist()
    with tempfile.TemporaryDirectory() as folder:
        archive, rows = Path(folder) / "ntrex.jsonl", Path(folder) / "rows.parquet"
        with archive.open("w", encoding="utf-8") as file:
            for number, row in enumerate(table):
                file.write(
                    json.dumps({"id": f"{row['lang']}:{number}", "text": row["text"]}, ensure_ascii=False) + "\n"
                )
        command = [sys.executable, "-m", "xjstance", "classify", str(archive), "-o", str(rows)]
        if options.bundle:
            command += ["--model", options.bundle]
        started = time.perf_counter()
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        seconds = time.perf_counter() - started
        assert done.returncode == 0, done.stderr
        found = pq.read_table(rows, columns=["id", "status", "language", "script", "stance", "model"]).to_pylist()
    named: dict[str, Counter[str]] = defaultdict(Counter)
    stances: Counter[str] = Counter(row["stance"] or row["status"] for row in found)
    for row in found:
        wanted = row["id"].split(":")[0]
        wanted = OTHER_NAMES.get(wanted, wanted)
        tag = row["language"] if row["language"] in ("und", "zxx") else None
        right = tag or ("right" if wanted in (row["language"], f"{row['language']}-{row['script']}") else "wrong")
        named[wanted][right] += 1
    lines = [
        "# The main job on real news sentences (NTREX)",
        f"`python tests/bench/bench_main_job.py --ntrex ntrex.parquet`, {date.today().isoformat()}, {found[0]['model']}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}.",
        "",
        f"{len(found):,} sentences in {len(named)} tags, {seconds:.0f} s, {len(found) / seconds:,.0f} sentences/s.",
        "",
        "| answer | sentences | share |",
        "|---|---:|---:|",
        *(f"| {name} | {n:,} | {n / len(found):.4f} |" for name, n in stances.most_common()),
        "",
        "| tag | right name | `und` | wrong name |",
        "|---|---:|---:|---:|",
        *(
            f"| {tag} | {c['right'] / c.total():.3f} | {(c['und'] + c['zxx']) / c.total():.3f} | {c['wrong'] / c.total():.3f} |"
            for tag, c in sorted(named.items())
        ),
        "",
        "## Summary as printed",
        "```",
        done.stderr.strip(),
        "```",
    ]
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[:16]))


if __name__ == "__main__":
    main()
