"""Who gets which article next: as many people as it wants, in line, in their languages. On SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

from sqlalchemy import select

from tests.review_data import Desk, queued
from xjstance.labels.store import all_annotations, standing
from xjstance.labels.store.assignments import next_item
from xjstance.labels.store.tables import ItemRow


@pytest.fixture
def store(empty_store: Desk) -> Desk:
    """Empty, on each database."""
    return empty_store


def test_each_item_goes_to_as_many_people_as_it_wants(store: Desk) -> None:
    store.add([queued(n) for n in range(10)], double_share=0.2)
    for name in ("ant", "bee", "cat"):
        store.hire(name)
    given_to: Counter[int] = Counter()
    while taken := [(name, item) for name in store.people if (item := store.take(name)) is not None]:
        for name, item in taken:
            store.judge(name, item, "neutral")
            given_to[item] += 1
    with store.database.reading() as session:
        wanted = {item.number: item.n_wanted for item in session.scalars(select(ItemRow))}
    assert sorted(wanted.values()) == [1] * 8 + [2] * 2
    assert given_to == wanted


def test_skipped_item_goes_to_somebody_else_but_not_back(store: Desk) -> None:
    store.add([queued(0)], double_share=0)
    store.hire("ant")
    store.hire("bee")
    item = store.take("ant") or 0
    assert store.take("bee") is None
    store.judge("ant", item, kind="skip")
    assert store.take("ant") is None
    assert store.take("bee") == item


def test_item_held_too_long_is_given_on_and_its_late_label_is_kept(store: Desk) -> None:
    store.add([queued(0)], double_share=0)
    store.hire("ant")
    store.hire("bee")
    item = store.take("ant") or 0
    store.clock.forward(hours=25)
    assert store.take("bee") == item
    store.judge("bee", item, "neutral")
    store.judge("ant", item, "critical")
    with store.database.reading() as session:
        assert len(standing(all_annotations(session))[item]) == 2


def test_languages_that_a_person_reads_steer_the_queue(store: Desk) -> None:
    store.add([queued(0, tag="ar"), queued(1, tag="ug-Arab"), queued(2, tag="zh-Hans")])
    store.hire("ant", languages=("ug", "zh-Hant"))
    item = store.take("ant") or 0
    store.judge("ant", item, "neutral")
    with store.database.reading() as session:
        assert session.get_one(ItemRow, item).tag == "ug-Arab"
    assert store.take("ant") is None


def test_rare_language_is_found_at_its_place_in_line(store: Desk) -> None:
    tags = ["zh-Hans", "ug-Arab", "zh-Hans", "ug-Latn", "ug-Arab", "bo"]
    store.add([queued(number, tag=tag) for number, tag in enumerate(tags)], double_share=0)
    store.hire("ant", languages=("bo", "ug"))
    store.hire("bee", languages=("dz",))
    found = []
    while (item := store.take("ant")) is not None:
        store.judge("ant", item, "neutral")
        with store.database.reading() as session:
            found.append(session.get_one(ItemRow, item).tag)
    assert found == ["ug-Arab", "ug-Latn", "ug-Arab", "bo"]
    assert store.take("bee") is None


def test_last_item_is_waited_for_while_somebody_else_is_choosing(store: Desk) -> None:
    store.add([queued(0)])
    store.hire("ant")
    store.hire("bee")
    found: list[int | None] = []
    with store.database.writing() as session:  # ant has chosen, and has not gone on yet
        assert next_item(session, store.people["ant"].number, queue=store.queue, tags=(), now=store.clock())
        waiting = threading.Thread(target=lambda: found.append(store.take("bee")))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
    waiting.join()
    assert found == [store.take("ant")]


def test_concurrent_people_lose_nothing_and_get_nothing_twice(store: Desk) -> None:
    store.add([queued(n) for n in range(12)], double_share=0.5)
    names = ["ant", "bee", "cat", "dog"]
    for name in names:
        store.hire(name)
    done: list[tuple[str, int]] = []
    errors: list[Exception] = []

    def work(name: str) -> None:
        try:
            while (item := store.take(name)) is not None:
                store.judge(name, item, "neutral", request_id=f"{name}-{item}")
                done.append((name, item))
        except Exception as error:  # noqa: BLE001 (a thread must hand its error over)
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(done) == len(set(done)) == 18
    with store.database.reading() as session:
        found = all_annotations(session)
        assert [one.number for one in found] == list(range(1, 19))
        assert all(row.n_taken == row.n_wanted for row in session.scalars(select(ItemRow)))
    store.labels()  # checks the chains
