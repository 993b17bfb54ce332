"""Pages a second from a WARC file: records alone, then with the article found on each page.

    python tests/bench/bench_warc.py --pages 1000 --json tests/bench/results/warc.json

The pages are made here: an article of log-normal length inside navigation, scripts, teasers and a footer, about 60 kB
each, one gzip member a record as crawlers write them. Poisonous ones are mixed in: deep nesting, giant attributes, cut
compression, pages above the size limit.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from xjstance.inference.archive import Archive
from xjstance.inference.page_text import Page
from xjstance.inference.read_warc import read_warc
from xjstance.labels.records import Article, RejectedRecord

_LETTERS = "abcdefghijklmnoprstuvw"
POOL = ["".join(random.Random(at).choices(_LETTERS, k=2 + at % 9)) for at in range(4_000)]


def words(rng: np.random.Generator, n: int) -> str:
    return " ".join(POOL[at] for at in rng.integers(0, len(POOL), n))


def page(rng: np.random.Generator) -> bytes:
    """One page as news sites serve it."""
    paragraphs = "".join(f"<p>{words(rng, 45).capitalize()}.</p>" for _ in range(max(2, int(rng.lognormal(2, 0.6)))))
    links = "".join(f'<li><a href="/{words(rng, 1)}/{at}">{words(rng, 3)}</a></li>' for at in range(120))
    teasers = "".join(f'<div class="teaser"><h3><a href="/t{at}">{words(rng, 8)}</a></h3><img src="/i{at}.jpg" alt="">'
                      f"<span>{words(rng, 12)}</span></div>" for at in range(40))  # fmt: skip
    script = f"<script>var data = {json.dumps({'k' + str(at): words(rng, 20) for at in range(150)})};</script>"
    return (f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{words(rng, 8)}</title>"
            f"<meta property='og:title' content='{words(rng, 8)}'>{script}</head><body><header><nav><ul>{links}</ul>"
            f"</nav></header><main><article><h1>{words(rng, 8)}</h1><time datetime='2019-05-04'>4 May</time>"
            f"{paragraphs}</article><aside>{teasers}</aside></main><footer><ul>{links}</ul></footer></body></html>"
            ).encode()  # fmt: skip


def poison(rng: np.random.Generator) -> bytes:
    """One page that tries to hang or bloat its reader."""
    kind = int(rng.integers(5))
    if kind == 0:
        return b"<html><body>" + b"<div>" * 50_000 + b"words" + b"</div>" * 50_000
    if kind == 1:
        return b"<html><body><p title='" + b"x" * 5_000_000 + b"'>words</p>"
    if kind == 2:
        return b"<html><body>" + b"<table><tr><td>" * 5_000 + b"words"
    if kind == 3:
        return b"<html><body><p>" + b"&lt;" * 1_000_000
    return b"<" * 11_000_000


def record(number: int, body: bytes) -> bytes:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body
    lines = ["WARC/1.0", "WARC-Type: response", f"WARC-Record-ID: <urn:uuid:{number}>",
             f"WARC-Target-URI: https://site.example/{number}", "Content-Type: application/http",
             f"Content-Length: {len(block)}", "", ""]  # fmt: skip
    return gzip.compress("\r\n".join(lines).encode() + block + b"\r\n\r\n", compresslevel=6)


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1_000)
    parser.add_argument("--poison", type=int, default=10)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    bodies = [page(rng) for _ in range(options.pages)]
    mean_bytes = sum(map(len, bodies)) / len(bodies)
    for at in rng.choice(options.pages, options.poison, replace=False):
        bodies.insert(int(at), poison(rng))
    report: dict[str, object] = {"pages": options.pages, "poisonous": options.poison}
    report["mean_page_bytes"] = round(mean_bytes)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "x.warc.gz"
        path.write_bytes(b"".join(record(number, body) for number, body in enumerate(bodies)))
        clock = time.monotonic()
        with path.open("rb") as file:
            n_pages = sum(isinstance(item, Page) for item in read_warc(file, file="x"))
        report["records_a_s"] = round(n_pages / (time.monotonic() - clock))
        for n_processes in (1, 2):
            clock = time.monotonic()
            items = list(Archive.open([str(path)], n_page_processes=n_processes))
            seconds = time.monotonic() - clock
            report[f"{n_processes}_process" + "es" * (n_processes > 1)] = {
                "pages_a_s": round(len(items) / seconds, 1), "seconds": round(seconds, 1),
                "articles": sum(isinstance(item, Article) and bool(item.text) for item in items),
                "rejected": [item.reason for item in items if isinstance(item, RejectedRecord)],
            }  # fmt: skip
    report |= {"seed": options.seed, "python": platform.python_version(), "cores": os.cpu_count(),
               "load_1_min": os.getloadavg()[0]}  # fmt: skip
    sys.stdout.write(json.dumps(report) + "\n")
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
