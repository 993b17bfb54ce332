"""Labels out and in again: nothing lost, nobody mixed up, predictions never among the labels."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("alembic")

from tests.review_data import EMOJI, Desk, labels_in
from xjstance.__main__ import main
from xjstance.labels.codebook import Codebook
from xjstance.labels.exchange.corpus_export import corpus_version
from xjstance.labels.exchange.tasks import tasks_of, with_gold
from xjstance.labels.labelled_corpus import read_corpus, write_corpus
from xjstance.labels.records import LabelledArticle
from xjstance.labels.store import Database, all_annotations


@pytest.mark.parametrize("kind", ["argilla", "csv", "doccano", "label-studio"])
def test_round_trip_keeps_who_labelled_what(judged: Desk, tmp_path: Path, kind: str) -> None:
    file, other = tmp_path / "labels.out", str(tmp_path / "other.db")
    assert main(["labels", "export", judged.where, "-o", str(file), "--format", kind, "--with-text"]) == 0
    command = ["labels", "import", other, str(file), "--format", kind, "--queue", "again"]
    assert main(command) == 0
    assert main(command) == 0
    database = Database.open(other)
    assert labels_in(database) == labels_in(judged.database)
    with database.reading() as session:
        (first, *_) = all_annotations(session)
        assert first.origin == "labels.out, 2026-11-01T09:00:00.007000Z"
    database.close()


def test_texts_leave_only_under_a_flag(judged: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "labels.csv"
    for kind in ("argilla", "doccano", "label-studio", "corpus"):
        assert main(["labels", "export", judged.where, "-o", str(file), "--format", kind]) == 1
        assert "--with-text" in capsys.readouterr().err
    assert main(["labels", "export", judged.where, "-o", str(file), "--format", "csv"]) == 0
    content = file.read_text(encoding="utf-8")
    assert "first plane" not in content and "'=cmd()" in content and "'=1+1" in content


def test_label_studio_counts_utf16_and_keeps_predictions_apart(judged: Desk, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    assert main(["labels", "export", judged.where, "-o", str(file), "--format", "label-studio", "--with-text"]) == 0
    task = json.loads(file.read_text(encoding="utf-8"))[1]
    span = task["annotations"][0]["result"][1]["value"]
    assert span == {"start": 3, "end": 9, "text": "A \U0001f389 t", "labels": ["evidence"]}
    assert task["annotations"][0]["completed_by"] == {"email": "ant@reviewer.invalid"}
    assert [(one["model_version"], one["score"]) for one in task["predictions"]] == [("tiny@0123456789ab", 0.6)]


def test_files_made_by_the_other_tools_are_read(tmp_path: Path) -> None:
    studio = [{"id": 7, "data": {"text": "A text."}, "predictions": [],
               "annotations": [{"id": 1, "completed_by": 3, "was_cancelled": False, "result": [
                   {"type": "choices", "from_name": "s", "to_name": "text", "value": {"choices": ["neutral"]}}]},
                   {"id": 2, "completed_by": 4, "was_cancelled": True, "result": []}]}]  # fmt: skip
    (tmp_path / "studio.json").write_text(json.dumps(studio), encoding="utf-8")
    lines = [{"id": 1, "text": "A text.", "label": ["critical"], "username": "Jane@example.org", "Comments": ["why"]},
             {"id": 2, "text": "Other.", "label": ["neutral"], "Comments": []}]  # fmt: skip
    (tmp_path / "doccano.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    store = str(tmp_path / "reviews.db")
    for name, kind in (("studio.json", "label-studio"), ("doccano.jsonl", "doccano")):
        assert main(["labels", "import", store, str(tmp_path / name), "--format", kind, "--queue", kind]) == 0
    database = Database.open(store)
    found = [(one[0], one[2], one[3]) for one in labels_in(database)]
    database.close()
    assert [(one[0], one[2]) for one in found] == [("doccano-1", "critical"), ("doccano-2", "neutral"),
                                                   ("label-studio-7", "neutral")]  # fmt: skip
    assert not any("@" in str(one[1]) or "Jane" in str(one[1]) for one in found)


@pytest.mark.parametrize(("kind", "content", "message"), [
    ("doccano", '{"text": "x", "label": ["neutral", "critical"]}', "exactly one label"),
    ("doccano", '{"text": "x", "label": ["good"]}', "label 'good' is not in codebook"),
    ("doccano", "[1]", "is no line of doccano"), ("doccano", "nonsense", "is no line of doccano"),
    ("label-studio", "{}", "no list of tasks"), ("label-studio", '[{"x": 1}]', "task 1 has another form"),
    ("label-studio", "[", "is not JSON"), ("csv", "id,label\n1,neutral\n", "column 'title' is missing"),
    ("csv", "\udcff", "is not UTF-8"), ("xml", "", "none of argilla, csv"),
])  # fmt: skip
def test_broken_files_are_refused_with_file_and_place(tmp_path: Path, kind: str, content: str, message: str,
                                                      capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    file, store = tmp_path / "in.file", tmp_path / "reviews.db"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert main(["labels", "import", str(store), str(file), "--format", kind, "--queue", "q"]) == 1
    assert message in capsys.readouterr().err
    database = Database.open(store)
    assert labels_in(database) == []
    database.close()


def test_audit_file_is_what_the_report_reads(judged: Desk, tmp_path: Path) -> None:
    from xjstance.inference.audited_labels import read_audit

    file = tmp_path / "audit.jsonl"
    assert main(["labels", "export", judged.where, "-o", str(file), "--format", "audit"]) == 0
    book = Codebook.load()
    audit = read_audit([file], codebook=book, labels=book.labels)
    assert [(one.item.id, one.label, one.item.inclusion_prob) for one in audit.articles] == [
        ("a0", "critical", 0.25), ("a1", "neutral", 0.25),
    ]  # fmt: skip
    assert audit.unread == {"zh-Hans/critical": 1, "bo/critical": 1}
    assert audit.codebook == book.signature


def test_gold_takes_one_persons_label_only_if_told_so(judged: Desk) -> None:
    with judged.database.reading() as session:
        tasks = tasks_of(session, judged.queue, codebook="")
    assert [task.gold for task in with_gold(tasks, accept_single=False)] == ["critical", "neutral"]
    assert [task.gold for task in with_gold(tasks, accept_single=True)] == ["critical", "neutral", "neutral"]


def test_new_corpus_respects_the_splits_of_the_old_one(judged: Desk, tmp_path: Path) -> None:
    with judged.database.reading() as session:
        tasks = with_gold(tasks_of(session, judged.queue, codebook=Codebook.load().signature), accept_single=False)

    def old(name: str, split: str, title: str, text: str) -> LabelledArticle:
        return LabelledArticle(id=name, language="en", script="Latn", title=title, text=text, label="praising",
                               story=f"s-{name}", split=split)  # type: ignore[arg-type]  # fmt: skip

    base = [old("same", "test", tasks[0].title, tasks[0].text), old("copy", "test", "", EMOJI + " Updated."),
            old("far", "train", "Other", "Nothing in common with the others at all, nothing.")]  # fmt: skip
    made = corpus_version(base, tasks)
    assert (made.n_new, made.n_relabelled, made.n_joined) == (1, 1, 1)
    by_id = {one.id: one for one in made.articles}
    assert (by_id["same"].label, by_id["same"].split) == ("critical", "test")
    (new,) = [one for one in made.articles if one.id.startswith("review-")]
    assert (new.split, new.story, new.label, new.origin) == ("test", "s-copy", "neutral", "archived")
    assert "quotes only" in (new.adjudicated or "")
    write_corpus(made.articles, tmp_path / "corpus")
    assert sorted(one.id for one in read_corpus(tmp_path / "corpus")) == sorted(by_id)
    assert corpus_version([], tasks).articles == corpus_version([], tasks[::-1]).articles[::-1]


def test_page_of_a_test_article_goes_to_the_test_split_whatever_its_text(judged: Desk) -> None:
    with judged.database.reading() as session:
        tasks = with_gold(tasks_of(session, judged.queue, codebook=""), accept_single=True)
    urls = ["https://www.daily.example/news/2021/report.html?x=1", "http://[broken/", "https://daily.example/"]
    tasks = [replace(task, url=url) for task, url in zip(tasks, urls, strict=True)]
    base = [LabelledArticle(id="brief", language="en", script="Latn", title="", text="A brief in other words.",
                            label="neutral", story="s-brief", split="test",
                            source_url="http://m.daily.example/news/2021/report.html")]  # fmt: skip
    made = {one.source_url: one for one in corpus_version(base, tasks).articles[1:]}
    assert (made[urls[0]].story, made[urls[0]].split) == ("s-brief", "test")
    assert len({made[url].story for url in urls}) == 3


def test_corpus_is_not_written_over_another_one(judged: Desk, tmp_path: Path,
                                                capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    command = ["labels", "export", judged.where, "-o", str(tmp_path / "new"), "--format", "corpus", "--with-text"]
    assert main(command) == 0
    assert main(command) == 1
    assert "a folder of its own" in capsys.readouterr().err


def test_dataset_file_is_what_datasets_loads(judged: Desk, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    file = tmp_path / "labels.parquet"
    for more in ([], ["--with-text"]):
        assert main(["labels", "export", judged.where, "-o", str(file), "--format", "datasets", *more]) == 0
        cache = str(tmp_path / f"cache{len(more)}")
        rows = datasets.load_dataset("parquet", data_files=str(file), split="train", cache_dir=cache).to_list()
        assert [(one["id"], one["label"], one["label_source"]) for one in rows] == [
            ("a0", "critical", "agreed"), ("a1", "neutral", "adjudicated"), ("a2", None, None),
            ("a3", "neutral", "single"),
        ]  # fmt: skip
        assert ("text" in rows[0]) == bool(more)
    assert rows[1]["text"] == EMOJI and [one["reviewer"] for one in rows[1]["labels"]] == ["ant", "bee"]
    assert rows[0]["labels"][0]["spans"][1] == {"field": "text", "start": 2, "end": 7}


def archive_of(judged: Desk, file: Path) -> int:
    return main(["labels", "archive", judged.where, "-o", str(file), "--signed-by", "owl", "--statement", "All read."])


def test_audit_archive_is_signed_off_and_verifies(judged: Desk, tmp_path: Path,
                                                  capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    file = tmp_path / "audit.zip"
    assert archive_of(judged, file) == 0
    capsys.readouterr()
    assert main(["labels", "verify", str(file)]) == 0
    out = capsys.readouterr().out
    assert "signed off by owl" in out and "8 judgements, 3 gold labels, 1 not settled" in out
    with zipfile.ZipFile(file) as source:
        names = {one: source.read(one).decode() for one in source.namelist()}
    statement = json.loads(names["statement.json"])
    assert (statement["statement"], statement["reviewers"]) == ("All read.", ["ant", "bee", "owl"])
    assert json.loads(names["models.json"])[0]["model"] == "tiny@0123456789ab"
    assert list(json.loads(names["codebooks.json"])) == [Codebook.load().signature]
    assert statement["annotations_head"] in out and not any("first plane" in one for one in names.values())
    assert archive_of(judged, file) == 0  # signed again: another event, the same judgements
    assert main(["labels", "verify", str(file)]) == 0


@pytest.mark.parametrize(("name", "change"), [
    ("annotations.jsonl", (b'"label": "critical"', b'"label": "neutral"')),
    ("statement.json", (b"All read.", b"None read.")), ("events.jsonl", (b"main", b"other")),
    ("items.jsonl", (b"agreed", b"single")), ("codebooks.json", (b"critical", b"x")),
    ("models.json", (b"tiny", b"huge")),
])  # fmt: skip
@pytest.mark.parametrize("mends_manifest", [False, True])
def test_changed_audit_archive_is_refused(judged: Desk, tmp_path: Path, name: str, change: tuple[bytes, bytes],
                                          mends_manifest: bool) -> None:  # fmt: skip
    file, other = tmp_path / "audit.zip", tmp_path / "changed.zip"
    assert archive_of(judged, file) == 0
    with zipfile.ZipFile(file) as source:
        files = {one: source.read(one) for one in source.namelist()}
    before, files[name] = files[name], files[name].replace(change[0], change[1], 1)
    assert files[name] != before
    if mends_manifest:
        old, new = (hashlib.sha256(one).hexdigest().encode() for one in (before, files[name]))
        files["MANIFEST.sha256"] = files["MANIFEST.sha256"].replace(old, new)
    with zipfile.ZipFile(other, "w") as target:
        for one, content in files.items():
            target.writestr(one, content)
    assert main(["labels", "verify", str(other)]) == 1


def test_audit_archive_needs_somebody_who_may_sign(judged: Desk, tmp_path: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    for name, statement in (("ant", "All read."), ("nobody", "All read."), ("owl", " ")):
        command = ["labels", "archive", judged.where, "-o", str(tmp_path / "a.zip"), "--signed-by", name]
        assert main([*command, "--statement", statement]) == 1
    assert not (tmp_path / "a.zip").exists()
    for content in (b"nonsense", b""):
        (tmp_path / "b.zip").write_bytes(content)
        assert main(["labels", "verify", str(tmp_path / "b.zip")]) == 1
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as target:
        target.writestr("../../escape.txt", "x")
    assert main(["labels", "verify", str(tmp_path / "c.zip")]) == 1
    assert "its files are not those" in capsys.readouterr().err
