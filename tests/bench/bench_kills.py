"""Kill a run with SIGKILL at random moments, let the same command go on, and compare with a run that was left alone.

    python tests/bench/bench_kills.py --kills 200 --json tests/bench/results/kills.json
    python tests/bench/bench_kills.py --kills 20 --records 150 --real --json tests/bench/results/kills_real.json

--real scores the sample archive's texts with the embedded model; else a stand-in works 2 ms on an article.

Each trial starts a fresh output folder, kills the run at moments drawn over its whole length, start-up included, until
it once gets through, and then compares every byte of the folder (run.json without its clock) with the uninterrupted
folder. Worker processes that outlive a killed run count as a failure.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from xjstance.inference.archive import Archive
from xjstance.inference.chunks import ChunkSizes
from xjstance.inference.classify_archive import classify_archive
from xjstance.inference.protocol import ModelIdentity
from xjstance.labels.errors import StanceError
from xjstance.labels.records import Article, Prediction
from xjstance.models.bundle import Bundle
from xjstance.models.classifier import StanceClassifier

LABELS = ("praising", "critical", "neutral", "unrelated")
SAMPLE = Path(__file__).parents[2] / "examples" / "archive.jsonl"
IDENTITY = ModelIdentity(labels=LABELS, model="busy@0", codebook="xinjiang@1+0")


ORPHAN_S = 20.0
"""A worker that is there so long after its parent was killed counts as left behind."""


class BusyClassifier:
    """Works about 2 ms on an article; its probabilities depend on the batch, so that another batching would show."""

    labels: tuple[str, ...] = LABELS
    model: str = IDENTITY.model
    codebook: str = IDENTITY.codebook

    def classify_articles(self, articles: Sequence[Article]) -> list[Prediction]:
        batch = hashlib.sha256("".join(article.sha256 for article in articles).encode()).digest()
        return [self._classify(article, batch[0] * 1e-9) for article in articles]

    def _classify(self, article: Article, batch_bit: float) -> Prediction:
        if "boom" in article.text:
            raise ValueError("the text says boom")
        digest = hashlib.pbkdf2_hmac("sha256", article.sha256.encode(), b"", 4_000)
        weights = [byte + 1 + batch_bit for byte in digest[:4]]
        probs = tuple(weight / sum(weights) for weight in weights)
        best = LABELS[probs.index(max(probs))]
        return Prediction(
            id=article.id, status="scored", text_sha256=article.sha256, stance=best, probs=probs,
            balance=probs[0] - probs[1], stance_set=(best,), model=self.model, codebook=self.codebook,
        )  # fmt: skip


def real_identity() -> ModelIdentity:
    """The embedded model's."""
    bundle = Bundle.load()
    return ModelIdentity(labels=bundle.codebook.labels, model=bundle.signature, codebook=bundle.codebook.signature)


def write_archive(path: Path, n_records: int, rng: random.Random, *, is_real: bool) -> None:
    """Articles, one in ten a copy, one in thirty broken, one in fifty on which the stand-in fails."""
    lines = []
    sample = [json.loads(line)["text"] for line in SAMPLE.read_text(encoding="utf-8").splitlines()] if is_real else []
    for at in range(n_records):
        draw = rng.random()
        number = rng.randrange(at + 1) if draw < 0.1 else at
        text = (
            f"{sample[number % len(sample)]} {number}"
            if is_real
            else f"text {number}" + (" boom" if draw > 0.98 else "")
        )
        lines.append("{broken" if 0.5 < draw < 0.53 else json.dumps({"id": f"a{at}", "text": text}))
    path.write_text("\n".join(lines) + "\n")


def work(archive: Path, output: Path, n_processes: int, *, is_real: bool) -> int:
    """One run, in the process that is to be killed."""
    sizes = ChunkSizes(part_articles=25, chunk_articles=7)
    try:
        return classify_archive(Archive.open([str(archive)]), StanceClassifier.load if is_real else BusyClassifier,
                                identity=real_identity() if is_real else IDENTITY, output=output, sizes=sizes,
                                n_processes=n_processes).exit_status  # fmt: skip
    except StanceError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def contents(folder: Path) -> dict[str, object]:
    """Digest of each visible file; of run.json what does not depend on the clock."""
    found: dict[str, object] = {}
    for path in sorted(folder.iterdir()):
        if path.name == "run.json":
            record = json.loads(path.read_text())
            found[path.name] = {name: value for name, value in record.items() if name not in ("started", "seconds")}
        elif not path.name.startswith("."):
            found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def descendants(process_id: int) -> list[int]:
    """Ids of the processes that a process has started."""
    try:
        children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in children]


def is_running(process_id: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def main() -> None:
    """Run the trials and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--records", type=int, default=600)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--real", action="store_true", help="score with the embedded model")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--work", nargs=2, type=Path, metavar=("ARCHIVE", "OUTPUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        sys.exit(work(options.work[0], options.work[1], options.processes, is_real=options.real))
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        report = run_trials(Path(name), options.kills, options.records, options.processes, rng, is_real=options.real)
    report |= {"seed": options.seed, "python": platform.python_version(), "cores": os.cpu_count(),
               "load_1_min": os.getloadavg()[0]}  # fmt: skip
    sys.stdout.write(json.dumps(report) + "\n")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    if report["unequal_trials"] or report["orphans"]:
        sys.exit(1)


def run_trials(folder: Path, n_kills: int, n_records: int, n_processes: int, rng: random.Random, *,
               is_real: bool) -> dict[str, object]:  # fmt: skip
    """Trials until so many kills have hit a running process."""
    archive = folder / "archive.jsonl"
    write_archive(archive, n_records, rng, is_real=is_real)
    command = [
        sys.executable,
        __file__,
        "--processes",
        str(n_processes),
        *(["--real"] if is_real else []),
        "--work",
        str(archive),
    ]
    times = []
    for name in ("whole", "again") if is_real else ("whole", "again", "third"):
        clock = time.monotonic()
        status = subprocess.run([*command, str(folder / name)], check=False).returncode
        times.append(time.monotonic() - clock)
        if status != 3 or contents(folder / name) != contents(folder / "whole"):
            raise SystemExit(f"the uninterrupted run ended with {status}, or two of them differ")
    whole_s = max(times)
    whole = contents(folder / "whole")
    done = {"kills": 0, "trials": 0, "unequal_trials": 0, "orphans": 0}
    moments = []
    slowest_end_s = 0.0
    while done["kills"] < n_kills:
        done["trials"] += 1
        output = folder / f"trial{done['trials']}"
        while True:
            process = subprocess.Popen([*command, str(output)], stderr=subprocess.DEVNULL)
            moment_s = rng.uniform(0, whole_s)
            is_enough = done["kills"] >= n_kills  # a machine that has slowed down meanwhile must get through at last
            try:
                process.wait(timeout=None if is_enough else moment_s)
            except subprocess.TimeoutExpired:
                children = descendants(process.pid)
                process.send_signal(signal.SIGKILL)
                process.wait()
                done["kills"] += 1
                moments.append(moment_s)
                clock = time.monotonic()
                while any(map(is_running, children)) and time.monotonic() < clock + ORPHAN_S:
                    time.sleep(0.01)
                slowest_end_s = max(slowest_end_s, time.monotonic() - clock)
                done["orphans"] += sum(map(is_running, children))
                continue
            break
        if process.returncode != 3 or contents(output) != whole:
            done["unequal_trials"] += 1
    return {**done, "model": real_identity().model if is_real else IDENTITY.model, "records": n_records, "parts": len(list((folder / "whole").glob("part-*"))),
            "processes": n_processes, "slowest_worker_end_s": round(slowest_end_s, 2), "uninterrupted_s": round(whole_s, 2),
            "kill_moments_s": [round(min(moments), 3), round(max(moments), 3)]}  # fmt: skip


if __name__ == "__main__":
    main()
