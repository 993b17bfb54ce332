"""Writing rows: Parquet, JSONL, CSV, standard output; whole files or none."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_classifier import IDENTITY, LABELS, make_fake
from xjstance.inference.archive import Archive
from xjstance.inference.atomic_file import AtomicFile, write_atomically
from xjstance.inference.classify_archive import RunResult, classify_archive
from xjstance.inference.columns import ColumnMapping
from xjstance.inference.outcome import Outcome
from xjstance.inference.output_stdout import StdoutSink
from xjstance.inference.table_layout import TableLayout
from xjstance.inference.write_tables import csv_cell
from xjstance.labels.errors import ConfigError, DataError
from xjstance.labels.prediction_table import from_row
from xjstance.labels.records import Article

LINES = [
    {"id": "a", "text": "words", "url": "=cmd()", "topic": "-1"},
    {"id": "b", "text": None},
    {"id": "c", "text": "boom"},
    {"id": "d", "text": "", "topic": "plain"},
    {"id": "e", "text": "words", "title": ""},
]


def run(folder: Path, output: Path | None, **options: object) -> RunResult:
    content = "\n".join([*map(json.dumps, LINES), "{broken"])
    (folder / "in.jsonl").write_text(content)
    archive = Archive.open([str(folder / "in.jsonl")], columns=ColumnMapping(kept=("topic",)))
    return classify_archive(archive, make_fake, identity=IDENTITY, output=output, **options)  # type: ignore[arg-type]


def read_back(path: Path) -> list[dict[str, object]]:
    if path.suffix == ".parquet":
        rows: list[dict[str, object]] = pq.read_table(path).to_pylist()
        return rows
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_output_file_holds_rows_in_input_order_and_side_files(tmp_path: Path, ending: str) -> None:
    output = tmp_path / "new" / f"out.{ending}"
    result = run(tmp_path, output)
    rows = read_back(output)
    assert list(rows[0]) == TableLayout(labels=LABELS, metadata=("topic",)).columns
    assert [(row["id"], row["status"]) for row in rows] == [
        ("a", "scored"), ("b", "rejected"), ("c", "rejected"), ("d", "empty"), ("e", "scored"),
    ]  # fmt: skip
    assert rows[4]["duplicate_of"] == "a"
    assert [row["topic"] for row in rows] == (["'-1", "", "", "plain", ""] if ending == "csv" else
                                              ["-1", None, None, "plain", None])  # fmt: skip
    rejected = [json.loads(line) for line in output.with_name(f"out.{ending}.rejected.jsonl").read_text().splitlines()]
    assert [(line["line"], line["id"]) for line in rejected] == [(2, "b"), (3, "c"), (6, None)]
    record = json.loads(output.with_name(f"out.{ending}.run.json").read_text())
    assert record["counts"]["by_status"] == {"scored": 2, "unrouted": 0, "empty": 1, "rejected": 2}
    assert record["counts"]["rejected_records"] == 3
    assert record["counts"]["duplicates"] == 1
    assert result.exit_status == 3
    assert [line.split(": ")[0].rpartition("/")[2] for line in result.counts.first_rejected] == [
        "in.jsonl:2", "in.jsonl:3", "in.jsonl:6"]  # fmt: skip
    assert sorted(path.name for path in output.parent.iterdir()) == sorted(
        f"out.{ending}{side}" for side in ("", ".rejected.jsonl", ".run.json"))  # fmt: skip


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_output_formats_say_the_same(tmp_path: Path, ending: str) -> None:
    run(tmp_path, tmp_path / "out.jsonl")
    run(tmp_path, tmp_path / f"out.{ending}")
    expected = [from_row(row, LABELS) for row in read_back(tmp_path / "out.jsonl")]
    for row, prediction in zip(read_back(tmp_path / f"out.{ending}"), expected, strict=True):
        assert row["stance"] == (prediction.stance or ("" if ending == "csv" else None))
        if prediction.probs is not None:
            assert tuple(float(str(row[f"p_{label}"])) for label in LABELS) == prediction.probs


def test_output_replaces_an_earlier_file_only_when_complete(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    output.write_text("earlier")

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, output, on_progress=interrupt)
    assert output.read_text() == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.csv"]
    run(tmp_path, output)
    assert output.read_text().startswith("id,status")


def test_output_with_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the ending must be one of .parquet, .jsonl, .csv"):
        run(tmp_path, tmp_path / "out.xlsx")


def test_output_never_overwrites_the_archive(tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to("in.jsonl")
    for name in ("in.jsonl", "link.jsonl"):
        with pytest.raises(ConfigError, match="is a file of the archive itself"):
            run(tmp_path, tmp_path / name)


def test_output_below_a_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot be written \(.*\); free some space or check") as caught:
        run(tmp_path, tmp_path / "file" / "out.csv")
    assert "\n" not in str(caught.value)


@contextmanager
def largest_file(n_bytes: int) -> Iterator[None]:
    """Let the system refuse to write more than this into a file, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
@pytest.mark.parametrize("n_bytes", [0, 150, 1_000])
def test_output_on_a_full_disk_leaves_nothing(tmp_path: Path, ending: str, n_bytes: int) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, LINES)))
    archive = Archive.open([str(tmp_path / "in.jsonl")])
    with largest_file(n_bytes), pytest.raises(DataError, match=r"cannot be written \(.*\); free some space"):
        classify_archive(archive, make_fake, identity=IDENTITY, output=tmp_path / f"out.{ending}")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_atomic_file_refuses_a_second_writer(tmp_path: Path) -> None:
    first = AtomicFile(tmp_path / "x")
    with pytest.raises(DataError, match="another run is writing it"):
        AtomicFile(tmp_path / "x")
    first.discard()
    write_atomically(tmp_path / "x", b"whole")
    assert (tmp_path / "x").read_bytes() == b"whole"


def test_stdout_gives_json_lines_and_the_rejected_file(tmp_path: Path) -> None:
    stream = io.BytesIO()
    sink = StdoutSink(TableLayout(labels=LABELS), rejected=tmp_path / "no.jsonl", stream=stream)
    [prediction] = make_fake().classify_articles([Article(id="a", text="新疆")])
    assert sink.take(Outcome(prediction=prediction))
    sink.finish(b"")
    row = json.loads(stream.getvalue())
    assert row["id"] == "a" and list(row) == TableLayout(labels=LABELS).columns
    assert (tmp_path / "no.jsonl").read_bytes() == b""


def test_stdout_stops_quietly_when_the_pipe_closes() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    [prediction] = make_fake().classify_articles([Article(id="a", text="words")])
    with os.fdopen(write_end, "wb", buffering=0) as stream:
        assert not StdoutSink(TableLayout(labels=LABELS), stream=stream).take(Outcome(prediction=prediction))


@given(st.text(min_size=1, max_size=9))
def test_csv_cell_never_starts_a_formula(text: str) -> None:
    cell = csv_cell(text)
    assert isinstance(cell, str)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in (text, f"'{text}")


@pytest.mark.parametrize(
    ("value", "cell"),
    [(-0.25, -0.25), (True, "true"), (None, ""), (["praising", "neutral"], "praising neutral"), ([], ""),
     ("=1+1", "'=1+1"), ([{"field": "text"}], '[{"field": "text"}]')],
)  # fmt: skip
def test_csv_cell_keeps_numbers_and_joins_lists(value: object, cell: object) -> None:
    assert csv_cell(value) == cell
