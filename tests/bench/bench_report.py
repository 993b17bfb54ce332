"""Time and memory of a report over many predictions.

    PYTHONPATH=. python tests/simulated_run.py -o build/simulated
    PYTHONPATH=. python tests/bench/bench_report.py --base build/simulated --copies 21 --work build/many \\
        -o tests/bench/results/report.json

The base run is written so many times with other ids and hashes (each copy a part set of its own), an audit of 2,000 is
drawn, and `xjstance report` runs in a process of its own, whose peak memory the system tells.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def write_copies(base: Path, folder: Path, n_copies: int) -> int:
    """Write the copies; returns the number of rows."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    number = n_rows = 0
    for copy in range(n_copies):
        for path in sorted(base.glob("part-*.parquet")):
            table = pq.read_table(path)
            table = table.set_column(table.schema.get_field_index("id"), "id", _with_tail(table["id"], copy))
            table = table.set_column(table.schema.get_field_index("text_sha256"), "text_sha256",
                                     _with_tail(table["text_sha256"], copy))  # fmt: skip
            pq.write_table(table, folder / f"part-{number:05}.parquet", compression="zstd")
            number, n_rows = number + 1, n_rows + table.num_rows
    clusters = pq.read_table(base / "clusters.parquet")
    with pq.ParquetWriter(folder / "clusters.parquet", clusters.schema) as writer:
        for copy in range(n_copies):
            columns = [_with_tail(clusters["text_sha256"], copy), _with_tail(clusters["cluster_id"], copy), clusters["size"]]
            writer.write_table(pa.table(columns, schema=clusters.schema))
    return n_rows


def _with_tail(values: pa.ChunkedArray, copy: int) -> pa.ChunkedArray:
    """Texts with the last two characters replaced by the copy's number."""
    return pc.binary_join_element_wise(pc.utf8_slice_codeunits(values, 0, -2), f"{copy:02x}", "")


def draw(folder: Path, path: Path, n: int) -> None:
    """An audit in which the classifier is right in four of five."""
    sys.path.insert(0, str(Path.cwd()))
    from xjstance.inference.prevalence_source import PredictionSource, connect
    from xjstance.inference.prevalence_table import build_table

    rng = np.random.default_rng(1)
    source = PredictionSource.open(folder)
    connection = connect(str(path.with_suffix(".duckdb")))
    table = build_table(source, connection)
    [(n_scored,)] = connection.execute("SELECT count(*) FROM article WHERE status = 'scored'").fetchall()
    rows = connection.execute(f"""SELECT {source.text('id')}, s.text_sha256, s.stance FROM {source.sql}
        WHERE status = 'scored' USING SAMPLE reservoir({n} ROWS) REPEATABLE (1)""").fetchall()  # fmt: skip
    frame = table.frame()
    with path.open("w", encoding="utf-8") as file:
        for identity, sha, stance in rows:
            label = stance if rng.random() < 0.8 else source.labels[rng.integers(4)]
            file.write(json.dumps({"id": identity, "text_sha256": sha, "frame": frame, "stratum": "all", "label": label,
                                   "inclusion_prob": n / n_scored, "reason": "audit"}) + "\n")  # fmt: skip
    connection.close()
    path.with_suffix(".duckdb").unlink()


def main() -> None:
    """Write the copies, report, print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=21)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--by", default="language,month")
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    n_rows = write_copies(arguments.base, arguments.work, arguments.copies)
    audit = arguments.work.parent / f"{arguments.work.name}-audit.jsonl"
    draw(arguments.work, audit, 2_000)
    command = [sys.executable, "-m", "xjstance", "report", str(arguments.work), "--audit", str(audit), "--by",
               arguments.by, "-q", "-o", str(arguments.work.parent / f"{arguments.work.name}.html")]  # fmt: skip
    seconds, cpu = [], []
    for _ in range(arguments.runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run(command, check=True)
        seconds.append(round(time.perf_counter() - started, 1))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append(round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1))
        print(f"{n_rows:,} rows: {seconds[-1]} s, CPU {cpu[-1]} s, load {os.getloadavg()[0]:.1f}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    record = {"rows": n_rows, "by": arguments.by, "seconds": seconds, "cpu_seconds": cpu, "peak_mib": round(peak),
              "cores": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version(),
              "date": datetime.now(timezone.utc).date().isoformat()}  # fmt: skip
    print(json.dumps(record))
    if arguments.output:
        arguments.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
