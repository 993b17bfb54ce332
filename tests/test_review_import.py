"""From a scored archive to a queue: joined by id and hash, or refused with the first id."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

from sqlalchemy import select

from tests.review_data import TEXTS, desk, queued
from xjstance.__main__ import main
from xjstance.inference.prevalence_source import PredictionSource
from xjstance.labels.audit_sample import frame_sha256, write_queue
from xjstance.labels.codebook import Codebook
from xjstance.labels.errors import ConfigError, DataError
from xjstance.labels.prediction_table import to_row
from xjstance.labels.store import Database
from xjstance.labels.store.tables import AccountRow, ArticleRow, ItemRow, PredictionRow, QueueRow
from xjstance.models.article_text import ArticleText
from xjstance.models.bundle import Bundle
from xjstance.models.windows import windows
from xjstance.review_import import Selection, select_items

LABELS = Codebook.load().labels


def write_run(folder: Path, n: int = 20, *, name: str = "run", shift: int = 0) -> tuple[Path, Path]:
    """Predictions as JSONL and the archive that they are of; the higher the number, the surer."""
    run, archive = folder / f"{name}.jsonl", folder / "archive.jsonl"
    with run.open("w", encoding="utf-8") as rows, archive.open("w", encoding="utf-8") as texts:
        for number in range(n):
            probs = [0.24 - 0.01 * number] * 4
            probs[(number + shift * (number % 5 == 0)) % 4] = 1 - 3 * probs[0]
            one = queued(number, probs=tuple(probs), outlet=f"o{number % 3}.example", model=f"{name}@0123456789ab")
            assert one.prediction is not None
            row = to_row(one.prediction, LABELS, with_evidence=True)
            rows.write(json.dumps(row | {"outlet": one.article.outlet}) + "\n")
            texts.write(json.dumps({"id": one.article.id, "title": one.article.title, "text": one.article.text,
                                    "outlet": one.article.outlet}) + "\n")  # fmt: skip
    return run, archive


def items_of(store: Path) -> list[tuple[str, float, str]]:
    database = Database.open(store)
    try:
        with database.reading() as session:
            rows = session.execute(
                select(ArticleRow.id, ItemRow.inclusion_prob, ItemRow.reason)
                .join(ItemRow, ItemRow.article == ArticleRow.number)
                .order_by(ItemRow.position)
            ).all()
            return [(row[0], row[1], row[2]) for row in rows]
    finally:
        database.close()


def test_least_certain_come_first_with_texts_and_scores(tmp_path: Path) -> None:
    run, archive = write_run(tmp_path)
    store = tmp_path / "reviews.db"
    command = ["review", str(run), "--archive", str(archive), "--store", str(store), "--size", "3", "--import-only"]
    assert main(command) == 0
    assert items_of(store) == [("a0", 0.0, "uncertain"), ("a1", 0.0, "uncertain"), ("a2", 0.0, "uncertain")]
    database = Database.open(store)
    with database.reading() as session:
        article = session.scalars(select(ArticleRow).where(ArticleRow.id == "a1")).one()
        assert (article.tag, article.title) == ("ug-Arab", TEXTS["ug-Arab"][0])
        assert len(session.scalars(select(ArticleRow)).all()) == 3
        (queue,) = session.scalars(select(QueueRow))
        assert (queue.name, queue.model, queue.is_blind) == ("uncertain", "run@0123456789ab", True)
        prediction = session.scalars(select(PredictionRow).where(PredictionRow.article == article.number)).one()
        assert prediction.details["evidence"] == [{"field": "text", "start": 0, "end": 20, "score": 1.0}]
        (account,) = session.scalars(select(AccountRow))
        assert (account.name, account.role, account.password_hash) == ("admin", "administrator", None)
    database.close()
    assert main(command) == 0
    assert len(items_of(store)) == 3


def test_sample_carries_the_probabilities_and_the_frame_of_the_report(tmp_path: Path) -> None:
    from xjstance.inference.prevalence_source import connect
    from xjstance.inference.prevalence_table import build_table

    run, _ = write_run(tmp_path)
    source = PredictionSource.open(run)
    items = select_items(source, Selection(kind="audit", size=8), rng=np.random.default_rng(1))
    assert {item.reason for item in items} == {"audit"}
    assert all(0 < item.inclusion_prob <= 1 for item in items)
    connection = connect()
    frame = build_table(source, connection).frame()
    connection.close()
    assert {item.frame for item in items} == {frame}
    shas = [json.loads(line)["text_sha256"] for line in run.read_text(encoding="utf-8").splitlines()]
    assert frame == frame_sha256(shas, model="run@0123456789ab", codebook=Codebook.load().signature)


def test_selections_by_language_outlet_and_disagreement(tmp_path: Path) -> None:
    run, _ = write_run(tmp_path)
    other, _ = write_run(tmp_path, name="other", shift=1)
    source, rng = PredictionSource.open(run), np.random.default_rng(0)
    uyghur = select_items(source, Selection(kind="all", languages=("ug",)), rng=rng)
    assert [item.id for item in uyghur] == ["a1", "a11"]
    outlet = select_items(source, Selection(kind="uncertain", outlets=("o1.example",), size=2), rng=rng)
    assert [item.id for item in outlet] == ["a1", "a4"]
    differing = select_items(source, Selection(kind="disagreement", against=other), rng=rng)
    assert [item.id for item in differing] == ["a0", "a5", "a10", "a15"]


def test_impossible_selections_are_refused(tmp_path: Path) -> None:
    for wrong in ({"kind": "audit"}, {"kind": "audit", "size": 3, "outlets": ("o",)}, {"kind": "best"},
                  {"kind": "disagreement"}):  # fmt: skip
        with pytest.raises(ConfigError):
            Selection(**wrong)
    run, _ = write_run(tmp_path)
    with pytest.raises(DataError, match="no scored article"):
        select_items(PredictionSource.open(run), Selection(kind="all", languages=("fr",)), rng=np.random.default_rng(0))


@pytest.mark.parametrize(("change", "message"), [("text", "article 'a1': its text in the archive"),
                                                 ("drop", "article 'a1' is not in the archive")])  # fmt: skip
def test_mismatch_names_the_first_id_and_adds_nothing(tmp_path: Path, change: str, message: str,
                                                      capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    run, archive = write_run(tmp_path)
    lines = archive.read_text(encoding="utf-8").splitlines()
    if change == "drop":
        lines[1:3] = []
    else:
        lines[1:3] = [line.replace('"text": "', '"text": "X ') for line in lines[1:3]]
    archive.write_text("\n".join(lines) + "\n", encoding="utf-8")
    store = tmp_path / "reviews.db"
    command = ["review", str(run), "--archive", str(archive), "--store", str(store), "--select", "all", "--import-only"]
    assert main(command) == 1
    assert message in capsys.readouterr().err
    assert items_of(store) == []


def test_queue_file_of_another_verb_is_taken_as_it_is(tmp_path: Path) -> None:
    run, archive = write_run(tmp_path)
    items = select_items(PredictionSource.open(run), Selection(kind="audit", size=6), rng=np.random.default_rng(1))
    write_queue(items, tmp_path / "plan.csv")
    store = tmp_path / "reviews.db"
    assert main(["review", str(run), "--archive", str(archive), "--store", str(store), "--queue",
                 str(tmp_path / "plan.csv"), "--import-only"]) == 0  # fmt: skip
    assert items_of(store) == [(item.id, item.inclusion_prob, "audit") for item in items]


def test_next_models_scores_come_beside_the_earlier_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, archive = write_run(tmp_path)
    store = str(tmp_path / "reviews.db")
    assert main(["review", str(run), "--archive", str(archive), "--store", store, "--size", "5", "--import-only"]) == 0
    newer, _ = write_run(tmp_path, name="newer", shift=1)
    command = ["review", str(newer), "--store", store, "--refresh", "--import-only"]
    assert main(command) == main(command) == 0
    assert "new model's scores of 5 articles" in capsys.readouterr().err
    database = Database.open(store)
    with database.reading() as session:
        models = [row.model for row in session.scalars(select(PredictionRow))]
        assert sorted(set(models)) == ["newer@0123456789ab", "run@0123456789ab"] and len(models) == 10
        assert session.scalars(select(QueueRow.model)).all() == ["newer@0123456789ab"]
        assert len(session.scalars(select(ItemRow)).all()) == 5
    database.close()
    assert main(["review", "--store", store, "--refresh", "--import-only"]) == 1
    assert "needs the new run" in capsys.readouterr().err


def test_labels_that_are_probably_wrong_are_read_again(tmp_path: Path) -> None:
    with desk(str(tmp_path / "reviews.db")) as store:
        store.hire("ant")
        probs = [(0.9, 0.05, 0.03, 0.02), (0.05, 0.9, 0.03, 0.02), (0.6, 0.3, 0.05, 0.05), (0.97, 0.01, 0.01, 0.01)]
        store.add([queued(number, probs=one) for number, one in enumerate(probs)], double_share=0)
        for label in ("praising", "critical", "praising", "critical"):
            store.judge("ant", store.take("ant") or 0, label)
    where = str(tmp_path / "reviews.db")
    command = ["review", "--store", where, "--select", "suspect", "--of", "main", "--import-only"]
    assert main(command) == main(command) == 0
    database = Database.open(where)
    with database.reading() as session:
        queue = session.scalars(select(QueueRow.number).where(QueueRow.name == "suspect")).one()
        wanted = select(ArticleRow.id, ItemRow.reason, ItemRow.inclusion_prob).where(ItemRow.queue == queue)
        rows = session.execute(wanted.join(ItemRow, ItemRow.article == ArticleRow.number)).all()
        assert [tuple(row) for row in rows] == [("a3", "suspect", 0.0)]
    database.close()


def test_windows_come_from_the_bundle_that_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = Bundle.load()
    one = queued(0, tag="en", text="Both sides spoke in the debate. " * 100)
    cut = windows(ArticleText.of(one.article), bundle.tokenizer, max_tokens=bundle.manifest.max_tokens)
    n_tokens = sum(len(window.token_ids) for window in cut)
    assert one.prediction is not None and len(cut) > 1
    article = {"id": one.article.id, "title": one.article.title, "text": one.article.text}
    (tmp_path / "archive.jsonl").write_text(json.dumps(article) + "\n", encoding="utf-8")
    for model, said in (("old@0123456789ab", "scored by old@0123456789ab"), (bundle.signature, "")):
        prediction = replace(one.prediction, model=model, n_windows=len(cut), n_tokens=n_tokens, n_tokens_read=n_tokens)
        row = to_row(prediction, LABELS, with_evidence=True)
        (tmp_path / "run.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
        assert main(["review", str(tmp_path / "run.jsonl"), "--archive", str(tmp_path / "archive.jsonl"), "--store",
                     str(tmp_path / "reviews.db"), "--import-only"]) == 0  # fmt: skip
        assert said in (err := capsys.readouterr().err) and bool(said) == ("--model" in err)
    database = Database.open(tmp_path / "reviews.db")
    with database.reading() as session:
        found = {row.model: row.details["windows"] for row in session.scalars(select(PredictionRow))}
    database.close()
    assert found["old@0123456789ab"] == []
    assert [tuple(start.values()) for start in found[bundle.signature]][:1] == [("title", 0)]
    assert len(found[bundle.signature]) == len(cut)
