"""The store: append-only, chained, nothing lost, nothing given twice. The same tests on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DatabaseError

from tests.review_data import TEXTS, Desk, desk, queued
from xjstance.labels.codebook import Codebook
from xjstance.labels.errors import ConfigError, DataError
from xjstance.labels.store import (
    ConflictError,
    Database,
    Span,
    all_annotations,
    broken_links,
    judged_items,
    standing,
)
from xjstance.labels.store.database import MIGRATIONS
from xjstance.labels.store.distinct import distinct_values
from xjstance.labels.store.tables import AccountRow, ArticleRow, Base, ItemRow, PredictionRow, ScoreRow


@pytest.fixture
def store(empty_store: Desk) -> Desk:
    """Empty, on each database."""
    return empty_store


def broken(store: Desk) -> list[str]:
    with store.database.reading() as session:
        return list(broken_links(session))


def test_migrations_make_the_tables_that_the_code_describes(store: Desk) -> None:
    with store.database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_older_store_is_brought_to_todays_tables(tmp_path: Path) -> None:
    where = tmp_path / "reviews.db"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with create_engine(f"sqlite:///{where}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(text("INSERT INTO accounts VALUES (1, 'ant', 'reviewer', NULL, '[]', 1, '2026')"))
    with desk(str(where)) as store:
        store.add([queued(0)])
        with store.database.reading() as session:
            store.people["ant"] = session.get_one(AccountRow, 1)
        store.judge("ant", store.take("ant") or 0, "critical")
        assert store.labels() == ["critical"]


def test_label_is_read_back_as_it_was_given(store: Desk) -> None:
    store.add([queued(0)])
    store.hire("ant")
    item = store.take("ant")
    assert item is not None
    span = Span(field="text", start=2, end=9)
    store.judge("ant", item, "critical", confidence="low", spans=(span,), note="ملاحظة\n\x00 \ud800", is_flagged=True)
    with store.database.reading() as session:
        (found,) = all_annotations(session)
    assert (found.number, found.reviewer, found.label, found.confidence) == (1, "ant", "critical", "low")
    assert (found.spans, found.note, found.is_flagged) == ((span,), "ملاحظة\n\x00 \ud800", True)
    assert found.codebook == Codebook.load().signature
    assert found.is_blind and found.at == "2026-11-01T09:00:00.004000Z"
    assert broken(store) == []


def test_undo_and_correction_are_new_rows(store: Desk) -> None:
    store.add([queued(0)])
    store.hire("ant")
    item = store.take("ant") or 0
    store.judge("ant", item, "critical")
    store.judge("ant", item, kind="retract")
    with store.database.reading() as session:
        assert standing(all_annotations(session)) == {}
    assert store.take("ant") == item
    store.judge("ant", item, "neutral")
    store.judge("ant", item, "praising")
    with store.database.reading() as session:
        found = all_annotations(session)
        assert [one.label for one in found] == ["critical", None, "neutral", "praising"]
        assert standing(found)[item]["ant"].label == "praising"


def test_request_sent_twice_is_written_once(store: Desk) -> None:
    store.add([queued(0), queued(1)])
    store.hire("ant")
    item = store.take("ant") or 0
    assert store.judge("ant", item, "critical", request_id="same", after=0) == 1
    assert store.judge("ant", item, "critical", request_id="same", after=0) == 1
    other = store.take("ant") or 0
    with pytest.raises(DataError, match="another article"):
        store.judge("ant", other, "critical", request_id="same")


def test_second_tab_is_refused_and_writes_nothing(store: Desk) -> None:
    store.add([queued(0)])
    store.hire("ant")
    item = store.take("ant") or 0
    store.judge("ant", item, "critical", after=0)
    with pytest.raises(ConflictError, match="meanwhile"):
        store.judge("ant", item, "neutral", after=0)
    assert store.judge("ant", item, "neutral", after=1) == 2


def test_refused_judgements_write_nothing(store: Desk) -> None:
    store.add([queued(0)])
    store.hire("ant")
    store.hire("bee")
    item = store.take("ant") or 0
    for more, wanted in (
        ({"label": "good"}, "is none of the codebook's"),
        ({"label": "neutral", "spans": (Span(field="title", start=0, end=999),)}, "beyond the title"),
        ({"kind": "retract"}, "no judgement of yours"),
        ({"label": "neutral", "note": "x" * 10_001}, "at most 10,000"),
    ):
        with pytest.raises(DataError, match=wanted):
            store.judge("ant", item, **more)
    with pytest.raises(DataError, match="not given to this person"):
        store.judge("bee", item, "neutral")
    with store.database.reading() as session:
        assert all_annotations(session) == []


def test_database_refuses_to_change_or_delete_a_judgement(store: Desk) -> None:
    store.add([queued(0)])
    store.hire("ant")
    store.judge("ant", store.take("ant") or 0, "critical")
    for statement in ("UPDATE annotations SET label = 'praising'", "DELETE FROM annotations", "DELETE FROM events"):
        with pytest.raises(DatabaseError, match="append-only"), store.database.writing() as session:
            session.execute(text(statement))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("UPDATE annotations SET content = replace(content, 'critical', 'praising') WHERE number = 2", "2 was changed"),
        ("UPDATE annotations SET label = 'praising' WHERE number = 2", "columns of row 2 differ"),
        ("UPDATE annotations SET account = 2 WHERE number = 2", "columns of row 2 differ"),
        ("UPDATE annotations SET request_id = 'x' WHERE number = 2", "2 was changed"),
        ("DELETE FROM annotations WHERE number = 2", "row 2 is missing"),
        ("DELETE FROM annotations WHERE number = 3", "last rows are missing: the head counts 3"),
        ("UPDATE events SET kind = 'x' WHERE number = 1", "events: row 1 was changed"),
    ],
)
def test_tampering_is_visible(tmp_path: Path, damage: str, message: str) -> None:
    with desk(str(tmp_path / "reviews.db")) as store:
        store.add([queued(n) for n in range(3)])
        store.hire("ant")
        store.hire("bee")
        for _ in range(3):
            store.judge("ant", store.take("ant") or 0, "critical")
        assert broken(store) == []
        with sqlite3.connect(tmp_path / "reviews.db") as raw:
            for table in ("annotations", "events"):
                raw.execute(f"DROP TRIGGER {table}_no_update")
                raw.execute(f"DROP TRIGGER {table}_no_delete")
            raw.execute(damage)
        raw.close()
        assert message in "\n".join(broken(store))


def test_different_values_of_a_column_come_in_order(store: Desk) -> None:
    with store.database.reading() as session:
        assert distinct_values(session, ItemRow.tag, ItemRow.queue == 1) == []
    store.add([queued(number) for number in range(30)])
    store.add([queued(40, tag="xh")], name="other")
    with store.database.reading() as session:
        assert list(distinct_values(session, ItemRow.tag, ItemRow.queue == 1)) == sorted(TEXTS)


def test_large_import_is_counted_for_the_planner(store: Desk) -> None:
    store.add([queued(number) for number in range(500)])
    with store.database.reading() as session:
        found = "SELECT stat FROM sqlite_stat1 WHERE idx = 'items_by_tag'"
        if not store.database.is_sqlite:
            found = "SELECT n_distinct FROM pg_stats WHERE tablename = 'items' AND attname = 'tag'"
        assert session.execute(text(found)).scalars().all()


def test_scores_survive_the_next_model_and_are_no_labels(store: Desk) -> None:
    store.add([queued(0)])
    store.add([queued(0, probs=(0.7, 0.1, 0.1, 0.1), model="next@ba9876543210")])
    store.add([queued(0, probs=(0.2, 0.2, 0.2, 0.4), model="next@ba9876543210")])
    with store.database.reading() as session:
        assert {row.model: row.stance for row in session.scalars(select(PredictionRow))} == {
            "tiny@0123456789ab": "critical", "next@ba9876543210": "praising",
        }  # fmt: skip
        assert len(session.scalars(select(ScoreRow)).all()) == 8
        assert all_annotations(session) == []
        (item,) = judged_items(session)
    assert (item.source, item.gold) == (None, None)


def test_text_that_is_not_the_scored_one_adds_nothing(store: Desk) -> None:
    good, bad = queued(0), queued(1)
    bad = replace(bad, article=replace(bad.article, text="another text", source="archive.jsonl:7"))
    with pytest.raises(DataError, match=r"article 'a1'.*archive\.jsonl:7"):
        store.add([good, bad])
    with store.database.reading() as session:
        assert session.scalars(select(ArticleRow)).all() == []


def test_gold_is_agreed_or_decided(store: Desk) -> None:
    store.add([queued(n) for n in range(3)])
    for name, role in (("ant", "reviewer"), ("bee", "reviewer"), ("owl", "adjudicator")):
        store.hire(name, role)
    items = []
    for labels in (("critical", "critical"), ("critical", "neutral"), ("neutral", None)):
        for name, label in zip(("ant", "bee"), labels, strict=True):
            item = store.take(name) or 0
            if label:
                store.judge(name, item, label)
        items.append(item)
    with store.database.reading() as session:
        assert [(one.source, one.gold, one.is_disputed) for one in judged_items(session)] == [
            ("agreed", "critical", False), (None, None, True), ("single", "neutral", False),
        ]  # fmt: skip
    store.judge("owl", items[1], "praising", kind="decision", note="quotes", shown_labels=True)
    with store.database.reading() as session:
        assert [one.gold for one in judged_items(session)][1] == "praising"
    store.judge("owl", items[1], kind="return", note="read the last paragraph")
    with store.database.reading() as session:
        assert [one.source for one in judged_items(session)][1] is None


def test_agreement_counts_only_what_was_judged_blind(store: Desk) -> None:
    store.add([queued(0)])
    store.hire("ant")
    item = store.take("ant") or 0
    store.judge("ant", item, "critical")
    store.judge("ant", item, "neutral", shown_model="tiny@0123456789ab")
    with store.database.reading() as session:
        found = all_annotations(session)
    assert standing(found)[item]["ant"].label == "neutral"
    assert standing(found, blind_only=True)[item]["ant"].label == "critical"


def test_address_that_cannot_be_opened_is_an_error_without_the_password(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_text("This is not a database, it is a text that is long enough." * 20, encoding="utf-8")
    with pytest.raises(DataError, match="is not a store"):
        Database.open(tmp_path / "no.db")
    with pytest.raises(ConfigError, match="cannot be opened"):
        Database.open(tmp_path / "missing" / "reviews.db")
    with pytest.raises(ConfigError) as caught:
        Database.open("postgresql://ann:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)


def test_new_store_is_its_owners_alone(tmp_path: Path) -> None:
    with desk(str(tmp_path / "reviews.db")) as store:
        store.add([queued(0)])
        assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("reviews.db*")} == {0}


@settings(max_examples=60, deadline=None)
@given(name=st.text(max_size=40), body=st.text(alphabet=st.characters(), max_size=200))
def test_any_text_survives_the_columns(name: str, body: str) -> None:
    from xjstance.labels.store.tables import AnyText, PackedText

    dialect = create_engine("sqlite://").dialect
    for kind, value in ((AnyText(), name), (PackedText(), body), (AnyText(), "\0\ud800"), (AnyText(), "\ufdd0x")):
        held = kind.process_bind_param(value, dialect)
        assert kind.process_result_value(held, dialect) == value


_KILLED = """
import sys
from tests.review_data import desk
with desk(sys.argv[1]) as store:
    from sqlalchemy import select
    from xjstance.labels.store.tables import AccountRow, QueueRow
    with store.database.reading() as session:
        store.people = {row.name: row for row in session.scalars(select(AccountRow))}
        store.queue = session.scalars(select(QueueRow.number)).one()
    while (item := store.take("ant")) is not None:
        number = store.judge("ant", item, "critical", request_id=f"ant-{item}")
        print(number, flush=True)
"""


def test_acknowledged_labels_survive_kill_9(tmp_path: Path) -> None:
    where = str(tmp_path / "reviews.db")
    with desk(where) as store:
        store.add([queued(n) for n in range(200)], double_share=0)
        store.hire("ant")
        child = subprocess.Popen([sys.executable, "-c", _KILLED, where], stdout=subprocess.PIPE, text=True,
                                 cwd=Path(__file__).parent.parent)  # fmt: skip
        assert child.stdout is not None
        seen = [int(child.stdout.readline()) for _ in range(5)]
        child.kill()
        seen += [int(line) for line in child.stdout if line.endswith("\n")]
        child.stdout.close()
        child.wait()
        with store.database.reading() as session:
            found = [one.number for one in all_annotations(session)]
        assert set(seen) <= set(found)
        assert len(seen) <= len(found) <= len(seen) + 1
        assert broken(store) == []


def test_command_line_checks_a_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from xjstance.__main__ import main

    where = tmp_path / "reviews.db"
    assert main(["labels", "check", str(where)]) == 1
    assert "there is no such store" in capsys.readouterr().err
    with desk(str(where)) as store:
        store.add([queued(0)])
        store.hire("ant")
        store.judge("ant", store.take("ant") or 0, "critical")
    assert main(["labels", "check", str(where)]) == 0
    assert capsys.readouterr().out.startswith("annotations: 1 rows, head ")
    with sqlite3.connect(where) as raw:
        raw.execute("DROP TRIGGER annotations_no_delete")
        raw.execute("DELETE FROM annotations")
    raw.close()
    assert main(["labels", "check", str(where)]) == 1
    assert "last rows are missing" in capsys.readouterr().out
