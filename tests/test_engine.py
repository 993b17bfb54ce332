"""The local engine: order, copies, rejected articles, worker processes, failures."""

from __future__ import annotations

import itertools
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_classifier import IDENTITY, fail_to_load, make_fake
from xjstance.inference.chunks import ChunkSizes, cut_into_chunks
from xjstance.inference.engine_local import score
from xjstance.inference.seen_content import SeenContent
from xjstance.labels.errors import ModelError
from xjstance.labels.records import Article, Prediction, RejectedRecord

SMALL = ChunkSizes(part_articles=10, chunk_articles=4, chunk_chars=10_000)


def articles(n: int) -> list[Article]:
    return [Article(id=f"a{at}", text=f"text number {at}", date="2019-01-02", source=f"x.jsonl:{at + 1}")
            for at in range(n)]  # fmt: skip


def scored(items: list[Article | RejectedRecord], *, n_processes: int = 1,
           rejected: list[RejectedRecord] | None = None) -> list[Prediction]:  # fmt: skip
    on_rejected = (lambda record: None) if rejected is None else rejected.append
    return list(
        score(items, make_fake, identity=IDENTITY, n_processes=n_processes, sizes=SMALL, on_rejected=on_rejected)
    )


def test_score_keeps_input_order_and_metadata() -> None:
    rows = scored([*articles(23)])
    assert [row.id for row in rows] == [f"a{at}" for at in range(23)]
    assert rows[5].metadata == {"date": "2019-01-02", "outlet": None, "url": None}


@pytest.mark.slow
def test_score_is_the_same_bits_with_worker_processes() -> None:
    items: list[Article | RejectedRecord] = [*articles(47), Article(id="copy", text="text number 3"), *articles(60)]
    assert scored(items, n_processes=2) == scored(items, n_processes=1)


def test_score_copies_the_first_of_equal_contents() -> None:
    items: list[Article | RejectedRecord] = [
        Article(id="one", text="same words", url="https://a.example"),
        *articles(20),
        Article(id="two", text="same words", url="https://b.example"),
    ]
    first, *_, last = scored(items)
    assert (first.duplicate_of, last.duplicate_of) == (None, "one")
    assert last.probs == first.probs
    assert last.metadata["url"] == "https://b.example"


def test_score_never_calls_empty_articles_copies() -> None:
    rows = scored([Article(id="one"), Article(id="two"), Article(id="three", text=" \n")])
    assert [(row.status, row.duplicate_of) for row in rows] == [("empty", None)] * 3


def test_score_rejects_only_the_article_that_raises() -> None:
    items: list[Article | RejectedRecord] = [*articles(3), Article(id="bad", text="boom", source="x.jsonl:9"),
                                             *articles(6)[3:]]  # fmt: skip
    rejected: list[RejectedRecord] = []
    rows = scored(items, rejected=rejected)
    assert [row.status for row in rows] == ["scored"] * 3 + ["rejected"] + ["scored"] * 3
    assert rows[3].reason is not None and "the text says boom" in rows[3].reason
    assert [(record.file, record.line, record.id) for record in rejected] == [("x.jsonl", 9, "bad")]


def test_score_makes_a_row_of_a_rejected_record_only_if_it_has_an_id() -> None:
    rejected: list[RejectedRecord] = []
    rows = scored([RejectedRecord(file="x", line=1, reason="no text", id="r1", metadata={"url": "u"}),
                   RejectedRecord(file="x", line=2, reason="not JSON")], rejected=rejected)  # fmt: skip
    [row] = rows
    assert (row.id, row.status, row.reason, row.metadata["url"]) == ("r1", "rejected", "no text", "u")
    assert [record.line for record in rejected] == [1, 2]


@pytest.mark.slow
def test_score_names_the_chunk_of_a_worker_that_died() -> None:
    items: list[Article | RejectedRecord] = [*articles(9), Article(id="fatal", text="die", source="x.jsonl:10"),
                                             *articles(30)[10:]]  # fmt: skip
    with pytest.raises(ModelError, match=r"ended \(signal 9\).*'a8' at x.jsonl:9 to 'fatal' at x.jsonl:10"):
        scored(items, n_processes=2)


_WAITING_RUN = """
from tests.fake_classifier import IDENTITY, make_fake
from xjstance.inference.chunks import ChunkSizes
from xjstance.inference.engine_local import score
from xjstance.labels.records import Article
articles = [Article(id=str(at), text=f"wait {at}") for at in range(4)]
list(score(articles, make_fake, identity=IDENTITY, n_processes=2, sizes=ChunkSizes(chunk_articles=1)))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="Linux tells of the end of other processes")
def test_score_leaves_no_busy_worker_behind_when_it_is_killed() -> None:
    root = Path(__file__).parents[1]
    process = subprocess.Popen([sys.executable, "-c", _WAITING_RUN], cwd=root, stdout=subprocess.PIPE,
                               env={**os.environ, "PYTHONPATH": str(root)})  # fmt: skip
    assert process.stdout is not None
    workers = [os.pidfd_open(int(process.stdout.readline())) for _ in range(2)]
    process.kill()
    process.wait()
    process.stdout.close()
    try:
        for worker in workers:
            assert select.select([worker], [], [], 30)[0], "a worker outlived its parent"
    finally:
        for worker in workers:
            os.close(worker)


@pytest.mark.slow
def test_score_raises_what_a_worker_could_not_load() -> None:
    with pytest.raises(ModelError, match="hash differs; fetch the bundle again"):
        list(score(articles(30), fail_to_load, identity=IDENTITY, n_processes=2, sizes=SMALL))


def test_score_refuses_a_model_that_changed_since_the_run_began() -> None:
    other = replace(IDENTITY, model="fake@ffffffffffff")
    with pytest.raises(ModelError, match="the run began with fake@ffffffffffff"):
        list(score(articles(3), make_fake, identity=other))


def test_score_stops_on_a_broken_model() -> None:
    with pytest.raises(ModelError, match="the fake model is broken"):
        scored([*articles(2), Article(id="x", text="no model")])


@pytest.mark.slow
def test_score_reads_only_a_bounded_stretch_ahead() -> None:
    n_read = 0

    def endless() -> Iterator[Article]:
        nonlocal n_read
        for at in itertools.count():
            n_read += 1
            yield Article(id=str(at), text=f"text {at}")

    rows = score(endless(), make_fake, identity=IDENTITY, n_processes=2, sizes=SMALL)
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert n_read <= 4 * (2 * 3 + 3)


@given(st.lists(st.integers(0, 6), max_size=40), st.integers(1, 7), st.integers(1, 5))
@settings(deadline=None)
def test_chunks_hold_every_record_once_and_cross_no_part(contents: list[int], part: int, chunk: int) -> None:
    items = [Article(id=str(at), text=f"t{content}") for at, content in enumerate(contents)]
    sizes = ChunkSizes(part_articles=part, chunk_articles=chunk, chunk_chars=12)
    seen = SeenContent(IDENTITY.labels)
    chunks = list(cut_into_chunks(items, seen, sizes))
    seen.close()
    ids = [[slot.item.id for slot in cut.slots] for cut in chunks]
    assert list(itertools.chain(*ids)) == [item.id for item in items]
    assert all(len({int(name or 0) // part for name in names}) == 1 for names in ids)
    assert sum(len(cut.articles) for cut in chunks) == len(set(contents))


def test_score_counts_an_id_that_comes_again() -> None:
    seen = SeenContent(IDENTITY.labels)
    list(cut_into_chunks([*articles(3), *articles(2)], seen, SMALL))
    assert seen.n_repeated_ids == 2
    seen.close()
