"""The report corrects by the annotation store as by the exported audit file, and refuses a store that does not fit."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

import numpy as np
from sqlalchemy import create_engine, text

from tests.review_data import Desk, desk
from xjstance.__main__ import main
from xjstance.inference.prevalence_source import PredictionSource
from xjstance.labels.audit_sample import QueueItem, read_queue
from xjstance.labels.codebook import Codebook
from xjstance.labels.records import Article
from xjstance.labels.store import QueuedArticle
from xjstance.review_import import Selection, select_items

LABELS = ("praising", "critical", "neutral", "unrelated")
MODEL = "made@0123456789ab"
N = 240


def article(number: int) -> Article:
    """One article of the archive."""
    return Article(id=f"a{number}", title="Report", text=f"Officials and activists spoke. {number}",
                   date=f"20{19 + number % 2}-03-05", outlet=f"daily{number % 40}.example")  # fmt: skip


def gold_of(item: QueueItem) -> str:
    """What readers say of an article: never `unrelated`."""
    return LABELS[int(item.text_sha256[-6:], 16) % 3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Predictions and a queue that was drawn from them."""

    predictions: Path
    queue: Path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    rows = []
    for number in range(N):
        one = article(number)
        stance = int(one.sha256[:6], 16) % 4
        probs = [0.1] * 4
        probs[stance] = 0.7
        rows.append({
            "id": one.id, "status": "scored", "reason": None, "text_sha256": one.sha256, "language": "en",
            "script": "Latn", "stance": LABELS[stance], **{f"p_{label}": prob for label, prob in
                                                           zip(LABELS, probs, strict=True)},
            "is_confident": True, "is_validated": True, "duplicate_of": None, "model": MODEL,
            "codebook": Codebook.load().signature, "date": one.date, "outlet": one.outlet, "url": None,
        })  # fmt: skip
    predictions, queue = tmp_path / "run.parquet", tmp_path / "queue.jsonl"
    pq.write_table(pa.Table.from_pylist(rows, schema=_schema()), predictions)
    assert main(["report", str(predictions), "--by", "year", "--plan-audit", str(queue), "--half-width", "0.2",
                 "--seed", "1"]) == 0  # fmt: skip
    return Run(predictions=predictions, queue=queue)


def _schema() -> pa.Schema:
    texts = ("id", "status", "reason", "text_sha256", "language", "script", "stance", "duplicate_of", "model",
             "codebook", "date", "outlet", "url")  # fmt: skip
    return pa.schema([*((name, pa.string()) for name in texts), *((f"p_{label}", pa.float64()) for label in LABELS),
                      ("is_confident", pa.bool_()), ("is_validated", pa.bool_())])  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Desk]:
    with desk(str(tmp_path / "reviews.db")) as found:
        for name in ("ada", "bo"):
            found.hire(name)
        found.hire("judge", "adjudicator")
        yield found


def bring_in(store: Desk, items: list[QueueItem], name: str = "queue") -> None:
    """What `xjstance review --queue` does."""
    store.add([QueuedArticle(item=item, article=article(int(item.id[1:]))) for item in items], name=name)


def read_all(store: Desk, items: list[QueueItem], *, by: tuple[str, ...] = ("ada", "bo"),
             disputed: frozenset[str] = frozenset()) -> dict[str, int]:  # fmt: skip
    """Each person labels every item; returns item numbers by article id."""
    known = {item.id: item for item in items}
    numbers: dict[str, int] = {}
    with store.database.reading() as session:
        from xjstance.labels.store import judged_items

        numbers = {one.item.id: one.number for one in judged_items(session, queue=store.queue)}
    by_number = {number: known[name] for name, number in numbers.items()}
    for name in by:
        for _ in items:
            taken = store.take(name)
            assert taken is not None
            item = by_number[taken]
            label = "unrelated" if item.id in disputed and name == "bo" else gold_of(item)
            store.judge(name, taken, label)
    return numbers


def report(run: Run, output: Path, *options: str) -> int:
    return main(["report", str(run.predictions), "-q", "--by", "year", "-o", str(output), *options])


def numbers_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_store_gives_the_same_numbers_as_its_exported_audit(run: Run, store: Desk, tmp_path: Path) -> None:
    items = read_queue(run.queue)
    bring_in(store, items)
    disputed = [item.id for item in items[:3]]
    numbers = read_all(store, items, disputed=frozenset(disputed))
    store.judge("judge", numbers[disputed[0]], "unrelated", kind="decision", note="sport")
    where = str(tmp_path / "reviews.db")
    audit = tmp_path / "audit.jsonl"
    assert main(["labels", "export", where, "-o", str(audit), "--format", "audit"]) == 0
    assert report(run, tmp_path / "a.json", "--store", where) == 0
    assert report(run, tmp_path / "b.json", "--audit", str(audit)) == 0
    first, second = numbers_of(tmp_path / "a.json"), numbers_of(tmp_path / "b.json")
    for name in ("cuts", "errors", "contrasts"):
        assert first[name] == second[name]
    assert first["audit"]["audited"] == len(items) - 2
    assert first["audit"]["unread"] == 2
    assert first["audit"]["by_label"]["unrelated"] == 1
    assert first["audit"]["source"] == "reviews.db (queue 'queue')"
    assert "chain head" in first["audit"]["provenance"]
    assert any("2 audited articles are disputed" in text for text in first["warnings"])
    assert report(run, tmp_path / "page.html", "--store", where) == 0
    assert "state of the store" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_one_persons_label_counts_only_if_asked_for(run: Run, store: Desk, tmp_path: Path,
                                                     capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    items = read_queue(run.queue)
    bring_in(store, items)
    read_all(store, items, by=("ada",))
    where = str(tmp_path / "reviews.db")
    assert report(run, tmp_path / "a.json", "--store", where) == 1
    assert "has a gold label yet" in capsys.readouterr().err
    assert report(run, tmp_path / "b.json", "--store", where, "--accept-single") == 0
    assert numbers_of(tmp_path / "b.json")["audit"]["audited"] == len(items)


def test_store_of_another_run_is_refused_in_words(run: Run, store: Desk, tmp_path: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    items = [replace(item, frame="f" * 64) for item in read_queue(run.queue)]
    bring_in(store, items)
    read_all(store, items)
    where = str(tmp_path / "reviews.db")
    assert report(run, tmp_path / "a.json", "--store", where) == 1
    said = capsys.readouterr().err
    assert f"queue 'queue': {len(items)} articles from run ffffffffffff" in said
    assert "corrects only the archive, model and codebook it was drawn from" in said
    assert report(run, tmp_path / "b.json", "--store", where, "--audit-of-other-run") == 0
    assert any("another scoring" in text for text in numbers_of(tmp_path / "b.json")["warnings"])


def test_store_without_a_random_sample_is_refused(run: Run, store: Desk, tmp_path: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    items = [replace(item, inclusion_prob=0.0) for item in read_queue(run.queue)[:5]]
    bring_in(store, items, "uncertain")
    where = str(tmp_path / "reviews.db")
    assert report(run, tmp_path / "a.json", "--store", where) == 1
    assert "none of its 5 articles was drawn at random" in capsys.readouterr().err
    assert report(run, tmp_path / "a.json", "--store", where, "--queue", "other") == 1
    assert "there is no queue 'other'; there are uncertain" in capsys.readouterr().err
    assert report(run, tmp_path / "a.json", "--queue", "uncertain") == 1
    assert "belong to --store" in capsys.readouterr().err
    assert report(run, tmp_path / "a.json", "--store", str(tmp_path / "none.db")) == 1
    assert "there is no such store" in capsys.readouterr().err


def test_queue_of_another_codebook_is_refused(run: Run, tmp_path: Path, store: Desk,
                                               capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    rows = pq.read_table(run.predictions)
    other = pa.array(["other@2+aaaaaaaaaaaa"] * len(rows))
    pq.write_table(rows.set_column(rows.column_names.index("codebook"), "codebook", other), run.predictions)
    assert main(["report", str(run.predictions), "--plan-audit", str(run.queue), "--half-width", "0.2"]) == 0
    items = read_queue(run.queue)
    bring_in(store, items)
    read_all(store, items)
    assert report(run, tmp_path / "a.json", "--store", str(tmp_path / "reviews.db")) == 1
    assert "readers followed codebook xinjiang@1" in capsys.readouterr().err


def test_pilot_and_later_sample_are_used_together(run: Run, store: Desk, tmp_path: Path,
                                                  capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    pilot = select_items(PredictionSource.open(run.predictions), Selection(kind="audit", size=60),
                         rng=np.random.default_rng(3))  # fmt: skip
    bring_in(store, pilot, "pilot")
    read_all(store, pilot)
    later = read_queue(run.queue)
    bring_in(store, later, "later")
    read_all(store, later)
    where = str(tmp_path / "reviews.db")
    assert report(run, tmp_path / "a.json", "--store", where) == 0
    found = numbers_of(tmp_path / "a.json")
    n_both = len({item.id for item in pilot} & {item.id for item in later})
    assert n_both > 0
    assert found["audit"]["audited"] == len(pilot) + len(later)
    assert any(f"{n_both} articles are in several" in text for text in found["warnings"])
    assert report(run, tmp_path / "b.json", "--store", where, "--queue", "later") == 0
    assert numbers_of(tmp_path / "b.json")["audit"]["audited"] == len(later)
    capsys.readouterr()
    again = [replace(item, stratum=later[0].stratum, inclusion_prob=0.99) for item in pilot]
    bring_in(store, again, "later")
    assert report(run, tmp_path / "c.json", "--store", where, "--queue", "later") == 1
    assert "mixes two samples" in capsys.readouterr().err


def test_postgresql_store_is_read_by_its_address(run: Run, tmp_path: Path) -> None:
    where = os.environ.get("XJSTANCE_TEST_POSTGRES", "")
    if not where:
        pytest.skip("XJSTANCE_TEST_POSTGRES holds no URL of a PostgreSQL database")
    engine = create_engine("postgresql+psycopg://" + where.partition("://")[2])
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    with desk(where) as opened:
        for name in ("ada", "bo"):
            opened.hire(name)
        items = read_queue(run.queue)
        bring_in(opened, items)
        read_all(opened, items)
    assert report(run, tmp_path / "a.json", "--store", where.replace("+psycopg", "")) == 0
    assert numbers_of(tmp_path / "a.json")["audit"]["audited"] == len(items)
