"""Folders of part files: resume, growth, refusal of mixtures, retried rejections."""

from __future__ import annotations

import json
import resource
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_classifier import IDENTITY, FakeClassifier, make_fake
from xjstance.inference.archive import Archive
from xjstance.inference.chunks import ChunkSizes
from xjstance.inference.classify_archive import RunResult, classify_archive
from xjstance.inference.columns import ColumnMapping
from xjstance.inference.protocol import ModelIdentity
from xjstance.inference.run_counts import RunCounts
from xjstance.labels.errors import DataError
from xjstance.labels.records import Article, Prediction

SIZES = ChunkSizes(part_articles=8, chunk_articles=3, chunk_chars=10_000)


class KilledError(Exception):
    """Stands for the end of the process in the middle of a run."""


def lines(first: int, last: int) -> str:
    """Records first to last - 1: mostly articles, each fifth a copy, each ninth broken, each eleventh fails."""
    written = []
    for at in range(first, last):
        if at % 9 == 8:
            written.append("{broken" if at % 2 else json.dumps({"id": f"n{at}", "text": None}))
        else:
            text = "boom " + str(at % 3) if at % 11 == 10 else f"text {at % 5 if at % 5 == 0 else at}"
            written.append(json.dumps({"id": f"a{at}", "text": text, "date": "2019"}))
    return "".join(f"{line}\n" for line in written)


def run(folder: Path, *, stop_after: int | None = None, model: str = IDENTITY.model, retry_rejected: bool = False,
        settings: dict[str, object] | None = None, columns: ColumnMapping | None = None,
        factory: type[FakeClassifier] | None = None, name: str = "out") -> RunResult:  # fmt: skip
    n_taken = 0

    def count(_: RunCounts) -> None:
        nonlocal n_taken
        n_taken += 1
        if n_taken == stop_after:
            raise KilledError

    archive = Archive.open([str(folder / "in")], columns=columns)
    identity = ModelIdentity(labels=IDENTITY.labels, model=model, codebook=IDENTITY.codebook)
    return classify_archive(
        archive, factory or make_fake, identity=identity, output=folder / name, sizes=SIZES,
        settings=settings or {"seed": 1}, on_progress=count, retry_rejected=retry_rejected,
    )  # fmt: skip


def write(folder: Path, name: str, content: str) -> None:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / name).write_text(content)


def contents(folder: Path) -> dict[str, object]:
    """Bytes of all files; of run.json only what does not depend on the clock."""
    found: dict[str, object] = {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}
    if "run.json" in found:
        record = json.loads((folder / "run.json").read_text())
        found["run.json"] = {name: value for name, value in record.items() if name not in ("started", "seconds")}
    return found


def rows(folder: Path) -> list[dict[str, object]]:
    parts = sorted(folder.glob("part-*.parquet"))
    found: list[dict[str, object]] = pa.concat_tables([pq.read_table(path) for path in parts]).to_pylist()
    return found


def test_parts_are_fixed_slices_with_side_files(tmp_path: Path) -> None:
    write(tmp_path, "x.jsonl", lines(0, 30))
    result = run(tmp_path)
    assert sorted(contents(tmp_path / "out")) == [
        "manifest.json", "part-00000.parquet", "part-00001.parquet", "part-00002.parquet", "part-00003.parquet",
        "rejected.jsonl", "run.json",
    ]  # fmt: skip
    assert [row["id"] for row in rows(tmp_path / "out")] == [
        f"n{at}" if at % 9 == 8 else f"a{at}" for at in range(30) if at not in (17,)
    ]
    refused = [json.loads(line)["line"] for line in (tmp_path / "out" / "rejected.jsonl").read_text().splitlines()]
    assert refused == [9, 11, 18, 22, 27]
    assert (result.exit_status, result.counts.n_rejected) == (3, 5)


@pytest.mark.slow
@given(st.lists(st.integers(1, 40), max_size=4))
@settings(deadline=None, max_examples=40)
def test_parts_after_any_interruptions_equal_an_uninterrupted_run(
    tmp_path_factory: pytest.TempPathFactory, stops: Sequence[int]
) -> None:
    tmp_path = tmp_path_factory.mktemp("run")
    write(tmp_path, "x.jsonl", lines(0, 61))
    whole = run(tmp_path, name="whole")
    for stop in stops:
        try:
            run(tmp_path, stop_after=stop)
        except KilledError:
            assert not (tmp_path / "out" / "run.json").exists()
    resumed = run(tmp_path)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert resumed.counts == whole.counts


def test_parts_of_a_finished_run_are_read_and_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "x.jsonl", lines(0, 30))
    run(tmp_path)
    before = contents(tmp_path / "out")

    class NeverCalled(FakeClassifier):
        def classify_articles(self, articles: Sequence[Article]) -> list[Prediction]:
            raise AssertionError

    assert run(tmp_path, factory=NeverCalled).exit_status == 3
    assert contents(tmp_path / "out") == before


def test_parts_grow_by_new_articles_alone(tmp_path: Path) -> None:
    write(tmp_path, "b.jsonl", lines(0, 20))
    run(tmp_path)
    before = contents(tmp_path / "out")
    write(tmp_path, "a.jsonl", json.dumps({"id": "early", "text": "a new file before"}))
    write(tmp_path, "b.jsonl", lines(0, 20) + json.dumps({"id": "late", "text": "text 1"}))
    scored: list[str] = []

    class Noting(FakeClassifier):
        def classify_articles(self, articles: Sequence[Article]) -> list[Prediction]:
            scored.extend(article.id for article in articles)
            return super().classify_articles(articles)

    result = run(tmp_path, factory=Noting)
    assert scored == ["early"]
    after = contents(tmp_path / "out")
    assert all(after[name] == content for name, content in before.items() if name.startswith("part-"))
    last_two = [(row["id"], row["duplicate_of"]) for row in rows(tmp_path / "out")[-2:]]
    assert last_two == [("early", None), ("late", "a1")]
    assert result.counts.n_rows == len(rows(tmp_path / "out"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "other@ffff"}, 'model was "fake@0123456789ab", is "other@ffff"'),
        ({"settings": {"seed": 2}}, "settings.seed was 1, is 2"),
        ({"columns": ColumnMapping(columns={"text": "body"})}, 'read_from.text was "text", is "body"'),
    ],
)
def test_parts_refuse_another_model_or_setting(tmp_path: Path, options: dict[str, object], said: str) -> None:
    write(tmp_path, "x.jsonl", lines(0, 10))
    run(tmp_path)
    before = contents(tmp_path / "out")
    with pytest.raises(DataError, match="never mixed: choose a new output folder") as caught:
        run(tmp_path, **options)  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert contents(tmp_path / "out") == before


def test_parts_refuse_another_archive(tmp_path: Path) -> None:
    write(tmp_path, "x.jsonl", lines(0, 10))
    run(tmp_path)
    write(tmp_path, "x.jsonl", lines(100, 110))
    with pytest.raises(DataError, match="none of its 10 finished records is in this input"):
        run(tmp_path)


@pytest.mark.parametrize("n_bytes", [0, 900, 6_000])
def test_parts_on_a_full_disk_keep_what_is_finished(tmp_path: Path, n_bytes: int) -> None:
    write(tmp_path, "x.jsonl", lines(0, 40))
    run(tmp_path, name="whole")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        with pytest.raises(DataError, match=r"cannot be written \(.*\); free some space"):
            run(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list((tmp_path / "out").glob(".part*"))
    run(tmp_path)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_parts_refuse_a_folder_of_other_files(tmp_path: Path) -> None:
    write(tmp_path, "x.jsonl", lines(0, 10))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("")
    with pytest.raises(DataError, match=r"holds other files \(thesis.docx\)"):
        run(tmp_path)


def test_parts_refuse_a_second_run_at_once(tmp_path: Path) -> None:
    write(tmp_path, "x.jsonl", lines(0, 10))

    class Nested(FakeClassifier):
        def classify_articles(self, articles: Sequence[Article]) -> list[Prediction]:
            with pytest.raises(DataError, match="another run is writing this folder"):
                run(tmp_path)
            return super().classify_articles(articles)

    assert run(tmp_path, factory=Nested).counts.n_rows > 0


def test_parts_that_are_damaged_are_named(tmp_path: Path) -> None:
    write(tmp_path, "x.jsonl", lines(0, 10))
    run(tmp_path)
    part = tmp_path / "out" / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"part-00000.parquet: the part is damaged .* delete it and run the same"):
        run(tmp_path)
    part.unlink()
    run(tmp_path)
    assert sorted(str(row["id"]) for row in rows(tmp_path / "out")) == sorted(
        [*(f"a{at}" for at in range(8)), "n8", "a9"])  # fmt: skip


def test_parts_retry_rejected_reads_mended_records_again(tmp_path: Path) -> None:
    write(tmp_path, "x.jsonl", lines(0, 12))
    run(tmp_path)
    write(tmp_path, "x.jsonl", lines(0, 12).replace("null", '"mended"').replace("boom", "calm"))
    result = run(tmp_path, retry_rejected=True)
    assert (result.exit_status, result.counts.by_status["rejected"]) == (0, 0)
    assert [row["id"] for row in rows(tmp_path / "out")] == [*(f"a{at}" for at in range(8)), "a9", "a11", "n8", "a10"]
    assert (tmp_path / "out" / "rejected.jsonl").read_text() == ""


def test_parts_keep_vanished_articles_and_warn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, "x.jsonl", lines(0, 7))
    run(tmp_path)
    write(tmp_path, "x.jsonl", lines(0, 5))
    assert run(tmp_path).counts.n_rows == 7
    assert "2 finished records are not in the input any more" in caplog.text


def test_parts_remove_leftovers_of_a_killed_run(tmp_path: Path) -> None:
    write(tmp_path, "x.jsonl", lines(0, 7))
    run(tmp_path)
    (tmp_path / "out" / ".part-00007.parquet.partial").write_bytes(b"half")
    run(tmp_path)
    assert not list((tmp_path / "out").glob(".part-*"))
