"""Feed 100,000 hostile inputs through reading, scoring and writing: no crash, no hang, no good article lost.

    python tests/bench/bench_hostile.py --n 100000 --json tests/bench/results/hostile.json
    python tests/bench/bench_hostile.py --n 2000 --real --json tests/bench/results/hostile_real.json

--real scores with the embedded model: identifier, tokenizer and encoder read the broken texts too.

An input is one broken record (a JSON line, a CSV row, an HTML page, a WARC record) or one broken file (Parquet, gzip,
zstd), made by mutating a good one: flipped, cut, repeated and inserted bytes, other encodings, nested and giant values.
Around each stand good articles, which must come out with their text, and every row must be written in one of the three
formats. Each kind runs in a process of its own, so that a crash of a library shows as a failure and not as silence; an
input that takes longer than the limit counts as a hang.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import multiprocessing
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from xjstance.inference.archive import Archive
from xjstance.inference.columns import ColumnMapping
from xjstance.inference.engine_local import score
from xjstance.inference.outcome import Outcome
from xjstance.inference.output_file import FileSink
from xjstance.inference.page_extractor import PageExtractor
from xjstance.inference.page_text import Page
from xjstance.inference.protocol import ArticleClassifier, ModelIdentity
from xjstance.inference.read_csv import read_csv
from xjstance.inference.read_jsonl import read_jsonl
from xjstance.inference.read_warc import read_warc
from xjstance.inference.table_layout import TableLayout
from xjstance.labels.errors import DataError
from xjstance.labels.records import Article, Prediction, RejectedRecord
from xjstance.models.classifier import StanceClassifier

LABELS = ("praising", "critical", "neutral", "unrelated")
IDENTITY = ModelIdentity(labels=LABELS, model="even@0", codebook="xinjiang@1+0")
LIMIT_S = 10.0
SHARES = {"jsonl": 0.40, "csv": 0.20, "warc": 0.15, "html": 0.10, "compressed": 0.10, "parquet": 0.05}
Items = list[Article | RejectedRecord]


class EvenClassifier:
    """Gives every label the same probability."""

    labels: tuple[str, ...] = LABELS
    model: str = IDENTITY.model
    codebook: str = IDENTITY.codebook

    def classify_articles(self, articles: Sequence[Article]) -> list[Prediction]:
        return [
            Prediction(id=article.id, status="scored", text_sha256=article.sha256, stance=LABELS[0],
                       probs=(0.25,) * 4, balance=0.0, stance_set=LABELS, model=self.model, codebook=self.codebook)
            for article in articles
        ]  # fmt: skip


TOKENS = [b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b'"', b'""', b"'", b"\\", b"\\u", b"\\ud83d", b"\\u0000", b"\r", b"\r\n",
          b"\n", b"{", b"}", b"[", b"]" * 50, b"[" * 3_000, b'{"a":' * 2_000, b",", b",,,,", b":", b"null", b"NaN",
          b"-Infinity", b"1e999", b"9" * 5_000, b"true", b'"text"', b'"text":1,', b'"id":null,', b"=cmd|' /C calc'!A0",
          b"\x1b[31m", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", "\u202e\u200f\ufeff".encode(),
          "\U0010ffff".encode(), b"<script>", b"<![CDATA[", b"<!--", b"<" * 500, b"<div>" * 3_000, b"&#xd800;",
          b"&#0;", b"</html>", b"Content-Length: 99999999999\r\n", b"WARC/1.0\r\n", b"HTTP/1.1 200 OK\r\n\r\n",
          b"\x1f\x8b\x08", b"x" * 70_000]  # fmt: skip
ENCODINGS = ["utf-16", "utf-16-be", "utf-32", "latin-1", "gb18030", "big5", "cp1256", "koi8-r", "shift_jis", "utf-7"]


def mutated(content: bytes, rng: random.Random) -> bytes:
    """One to six mutations of a good input."""
    if rng.random() < 0.1:
        return content.decode("utf-8", "replace").encode(rng.choice(ENCODINGS), "replace")
    if rng.random() < 0.03:
        return rng.randbytes(rng.randrange(400))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(content) + 1)
        to = min(len(content), at + rng.randrange(1, 40))
        kind = rng.randrange(6)
        if kind == 0:
            content = content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]
        elif kind == 1:
            content = content[:at] + content[to:]
        elif kind == 2:
            content = content[:to] + content[at:to] * rng.randrange(1, 30) + content[to:]
        elif kind == 3:
            content = content[: max(1, at)]
        else:
            content = content[:at] + rng.choice(TOKENS) + content[at:]
    return content


def good_line(name: str) -> bytes:
    value = {"id": name, "title": "標題 عنوان", "text": f"Words of {name}, سۆزلەر, 文字, ข้อความ.", "date": "2019-05-04",
             "outlet": "a.example", "url": f"https://a.example/{name}"}  # fmt: skip
    return json.dumps(value, ensure_ascii=name.endswith("1")).encode()


def good_row(name: str) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([name, f"Words of {name}, سۆزلەر, 文字.", "2019-05-04"])
    return buffer.getvalue().encode()


def html(name: str) -> bytes:
    sentence = f"The county of {name} opened a market hall, and traders came to see it, نەق مەيدان, 市場. "
    return (f"<html><head><title>{name}</title></head><body><article><h1>{name}</h1><p>{sentence * 3}</p>"
            f"<p>{sentence * 2}</p></article></body></html>").encode()  # fmt: skip


def warc(name: str) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html(name)
    lines = ["WARC/1.0", "WARC-Type: response", f"WARC-Record-ID: <urn:uuid:{name}>",
             f"WARC-Target-URI: https://a.example/{name}", "Content-Type: application/http",
             f"Content-Length: {len(block)}", "", ""]  # fmt: skip
    return "\r\n".join(lines).encode() + block + b"\r\n\r\n"


def jsonl_inputs(n: int, rng: random.Random) -> Iterator[tuple[Items, set[str]]]:
    for number in range(n):
        first, last = f"g{number}-0", f"g{number}-1"
        content = b"\n".join([good_line(first), mutated(good_line("bad"), rng), good_line(last)])
        yield _guarded(read_jsonl(io.BytesIO(content), file="x", columns=ColumnMapping())), {first, last}


def csv_inputs(n: int, rng: random.Random) -> Iterator[tuple[Items, set[str]]]:
    for number in range(n):
        names = [f"g{number}-{at}" for at in range(4)]
        rows = [good_row(names[0]), mutated(good_row("bad"), rng) + b"\r\n", *map(good_row, names[1:])]
        content = b"id,text,date\r\n" + b"".join(rows)
        yield _guarded(read_csv(io.BytesIO(content), file="x", columns=ColumnMapping(kept=()))), set(names)


def warc_inputs(n: int, rng: random.Random) -> Iterator[tuple[Items, set[str]]]:
    for number in range(n):
        first, last = f"g{number}-0", f"g{number}-1"
        pieces = [warc(first), mutated(warc("bad"), rng), warc(last)]
        if number % 2:
            pieces = [gzip.compress(pieces[0]), mutated(gzip.compress(warc("bad")), rng), gzip.compress(pieces[2])]
        found: Items = []
        for item in read_warc(io.BytesIO(b"".join(pieces)), file="x"):
            is_page = isinstance(item, Page)
            found.append(Article(id=item.id, text=f"Words of {item.id},") if is_page else item)  # type: ignore[arg-type]
        yield found, {first, last}


def html_inputs(n: int, rng: random.Random) -> Iterator[tuple[Items, set[str]]]:
    columns = ColumnMapping()
    pages: list[Page] = []
    for number in range(n):
        name = f"g{number}"
        pages += [Page(id="bad", content=mutated(html("bad"), rng), file="x"),
                  *([Page(id=name, content=html(name), file="x")] if number % 10 == 0 else [])]  # fmt: skip
    with PageExtractor(n_processes=2, cpu_s=LIMIT_S) as extractor:
        for item in extractor.extract(pages):
            if isinstance(item, RejectedRecord):
                continue
            article = columns.page(*item)
            is_good = item[0].id != "bad"
            if is_good and isinstance(article, Article) and "opened a market hall" in article.text:
                article = Article(id=article.id, text=f"Words of {article.id},")
            yield [article], {item[0].id} if is_good else set()


def file_inputs(n: int, rng: random.Random,
                make: Callable[[Path, random.Random], None]) -> Iterator[tuple[Items, set[str]]]:  # fmt: skip
    """Broken files beside a good one in a folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "z.jsonl").write_bytes(good_line("good1"))
        for _ in range(n):
            for path in folder.glob("bad*"):
                path.unlink()
            make(folder, rng)
            yield list(Archive.open([str(folder)])), {"good1"}


def broken_compressed(folder: Path, rng: random.Random) -> None:
    import zstandard

    content = b"\n".join(good_line(f"b{at}") for at in range(rng.randrange(1, 60)))
    if rng.random() < 0.5:
        (folder / "bad.jsonl.gz").write_bytes(mutated(gzip.compress(content), rng))
    else:
        (folder / "bad.jsonl.zst").write_bytes(mutated(zstandard.compress(content), rng))


def broken_parquet(folder: Path, rng: random.Random) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    codec = rng.choice(["zstd", "snappy", "gzip", "none"])
    pq.write_table(pa.table({"id": [str(at) for at in range(50)], "text": [f"words {at}" for at in range(50)]}), buffer,
                   compression=codec, use_dictionary=rng.random() < 0.5)  # fmt: skip
    (folder / "bad.parquet").write_bytes(mutated(buffer.getvalue(), rng))


def _guarded(items: Iterable[Article | RejectedRecord]) -> Items:
    """All items; a refusal of the file as a whole ends them, as in an archive."""
    found: Items = []
    try:
        for item in items:
            found.append(item)
    except DataError as error:
        found.append(RejectedRecord(file="x", line=None, reason=str(error)))
    return found


MAKERS: dict[str, Callable[[int, random.Random], Iterator[tuple[Items, set[str]]]]] = {
    "jsonl": jsonl_inputs, "csv": csv_inputs, "warc": warc_inputs, "html": html_inputs,
    "compressed": lambda n, rng: file_inputs(n, rng, broken_compressed),
    "parquet": lambda n, rng: file_inputs(n, rng, broken_parquet),
}  # fmt: skip


class Scorer:
    """Makes the classifier once, and counts what the rows say."""

    def __init__(self, *, is_real: bool) -> None:
        self._classifier: ArticleClassifier = StanceClassifier.load() if is_real else EvenClassifier()
        self.identity = ModelIdentity(labels=self._classifier.labels, model=self._classifier.model,
                                      codebook=self._classifier.codebook)  # fmt: skip
        self.by_status: Counter[str] = Counter()
        self.n_failed = 0

    def __call__(self) -> ArticleClassifier:
        return self._classifier

    def count(self, row: Prediction) -> None:
        """Take note of a row; one on which the model failed is a fault of ours."""
        self.by_status[row.status] += 1
        self.n_failed += row.status == "rejected" and "the model failed" in (row.reason or "")
        if row.status == "scored" and not abs(sum(row.probs or ()) - 1) < 1e-6:
            raise SystemExit(f"{row.id}: probabilities do not sum to 1")


def run_kind(kind: str, n: int, seed: int, is_real: bool, results: multiprocessing.Queue[dict[str, object]]) -> None:
    """All inputs of one kind, read, scored and written."""
    rng = random.Random(f"{seed}{kind}")
    scorer = Scorer(is_real=is_real)
    lost: list[str] = []
    n_articles = n_rejected = n_inputs = 0
    slowest_s = 0.0
    held: Items = []
    clock = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        last = time.monotonic()
        for items, wanted in MAKERS[kind](n, rng):
            n_inputs += 1
            slowest_s = max(slowest_s, time.monotonic() - last)
            texts = {item.id: item.text for item in items if isinstance(item, Article)}
            missing = [name for name in wanted if f"Words of {name}," not in texts.get(name, "")]
            lost += [f"{name} in {items!r}"[:2_000] for name in missing]
            n_rejected += sum(isinstance(item, RejectedRecord) for item in items)
            n_articles += len(texts)
            held += items
            if len(held) > 2_000:
                write(held, Path(folder), n_inputs, scorer)
                held = []
            last = time.monotonic()
        write(held, Path(folder), n_inputs, scorer)
    results.put({"inputs": n_inputs, "articles_read": n_articles, "rejected": n_rejected, "lost": len(lost),
                 "lost_examples": lost[:3], "by_status": dict(scorer.by_status), "model_failed": scorer.n_failed, "slowest_s": round(slowest_s, 3),
                 "seconds": round(time.monotonic() - clock, 1)})  # fmt: skip


def write(items: Items, folder: Path, number: int, scorer: Scorer) -> None:
    """Score items and write their rows; every record must come out as a row, a rejected line, or both."""
    ending = ("parquet", "jsonl", "csv")[number % 3]
    sink = FileSink(folder / f"out.{ending}", TableLayout(labels=LABELS))
    rejected: list[RejectedRecord] = []
    n_rows = 0
    for row in score(items, scorer, identity=scorer.identity, on_rejected=rejected.append):
        n_rows += 1
        scorer.count(row)
        sink.take(Outcome(prediction=row))
    for record in rejected:
        sink.take(Outcome(rejected=record))
    sink.finish(b"{}")
    n_expected = sum(isinstance(item, Article) or item.id is not None for item in items)
    if n_rows != n_expected:
        raise SystemExit(f"{n_rows} rows for {n_expected} records")


def main() -> None:
    """Run every kind in a process of its own and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--kinds", nargs="*", choices=sorted(SHARES), default=list(SHARES))
    parser.add_argument("--real", action="store_true", help="score with the embedded model")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    kinds: dict[str, object] = {}
    has_failed = False
    for kind in options.kinds:
        results: multiprocessing.Queue[dict[str, object]] = context.Queue()
        process = context.Process(
            target=run_kind, args=(kind, round(options.n * SHARES[kind]), options.seed, options.real, results)
        )
        process.start()
        while process.is_alive() and results.empty():
            process.join(0.2)
        found: dict[str, object] = results.get(timeout=5) if not results.empty() else {"crashed": process.exitcode}
        process.join()
        kinds[kind] = found
        has_failed |= (
            "crashed" in found
            or bool(found.get("lost"))
            or bool(found.get("model_failed"))
            or float(str(found.get("slowest_s", 0))) > LIMIT_S
        )
        sys.stderr.write(f"{kind} {json.dumps(found)}\n")
    report = {"seed": options.seed, "python": platform.python_version(), "cores": os.cpu_count(),
              "load_1_min": os.getloadavg()[0], "limit_s": LIMIT_S, "kinds": kinds}  # fmt: skip
    sys.stdout.write(json.dumps(report) + "\n")
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    sys.exit(1 if has_failed else 0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main()
