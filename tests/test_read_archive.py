"""Opening archives: files, folders, globs, compression, whole files that cannot be read."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from xjstance.inference.archive import Archive
from xjstance.labels.errors import ConfigError, DataError
from xjstance.labels.records import Article, RejectedRecord


def lines(*ids: str) -> bytes:
    return b"".join(b'{"id": "%s", "text": "words of %s"}\n' % (name.encode(), name.encode()) for name in ids)


def read(*names: Path | str) -> tuple[list[str], list[RejectedRecord]]:
    items = list(Archive.open([str(name) for name in names]))
    return ([item.id for item in items if isinstance(item, Article)],
            [item for item in items if isinstance(item, RejectedRecord)])  # fmt: skip


def test_archive_reads_a_folder_in_the_order_of_names_without_side_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.jsonl.gz").write_bytes(gzip.compress(lines("b1")))
    (tmp_path / "a.csv.zst").write_bytes(zstandard.compress(b"id,text\na1,words\n"))
    (tmp_path / "c.tsv").write_bytes(b"id\ttext\nc1\twords, more\n")
    pq.write_table(pa.table({"id": ["d1"], "text": ["words"]}), tmp_path / "d.parquet")
    for name in ("run.json", "x.parquet.rejected.jsonl", ".hidden.jsonl", "readme.md"):
        (tmp_path / name).write_bytes(lines("never"))
    assert read(tmp_path) == (["a1", "c1", "d1", "b1"], [])


def test_archive_takes_globs_and_names_each_file_once(tmp_path: Path) -> None:
    for name in ("2019", "2020"):
        (tmp_path / f"{name}.jsonl").write_bytes(lines(name))
    assert read(tmp_path / "*.jsonl", tmp_path / "2019.jsonl")[0] == ["2019", "2020"]


@pytest.mark.parametrize(
    "packed", [lines("a"), gzip.compress(lines("a")), zstandard.compress(lines("a")), b"id,text\na,words\n"]
)
def test_archive_reads_standard_input_of_any_kind(monkeypatch: pytest.MonkeyPatch, packed: bytes) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(packed)))
    assert read("-") == (["a"], [])


def test_archive_of_standard_input_is_never_read_twice() -> None:
    with pytest.raises(ConfigError, match="can be read only once"):
        Archive.open(["-"]).again()


def test_archive_reads_parquet_from_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["d1"], "text": ["words"]}), tmp_path / "d.parquet")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO((tmp_path / "d.parquet").read_bytes())))
    assert read("-") == (["d1"], [])


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_archive_keeps_what_came_before_a_cut_off_file_ends(tmp_path: Path, ending: str) -> None:
    content = b"".join(lines(os.urandom(8).hex()) for _ in range(5_000))
    packed = gzip.compress(content) if ending == "gz" else zstandard.compress(content)
    (tmp_path / f"a.jsonl.{ending}").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "b.jsonl").write_bytes(lines("b"))
    ids, [*_, rejected] = read(tmp_path)
    assert len(ids) > 1_000 and ids[-1] == "b"
    assert rejected.file.endswith(f"a.jsonl.{ending}") and rejected.line is None
    assert "ends early" in rejected.reason and "was read" in rejected.reason


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jsonl.gz", b"\x1f\x8b\x08\0nonsense nonsense", "is damaged"),
        ("a.jsonl.zst", b"\x28\xb5\x2f\xfdnonsense nonsense", "is damaged"),
        ("a.parquet", b"nonsense", "is no Parquet file"),
        ("a.csv", b"id,body\n1,words\n", "has no column 'text'"),
        ("a.jsonl", "{}".encode("utf-16"), "is UTF-16"),
    ],
)
def test_archive_rejects_an_unreadable_file_and_reads_the_next(tmp_path: Path, name: str, content: bytes,
                                                               reason: str) -> None:  # fmt: skip
    (tmp_path / name).write_bytes(content)
    (tmp_path / "b.jsonl").write_bytes(lines("b"))
    ids, [rejected] = read(tmp_path)
    assert ids == ["b"]
    assert rejected.line is None and rejected.id is None and reason in rejected.reason


def test_archive_rejects_a_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").symlink_to(tmp_path / "gone")
    (tmp_path / "b.jsonl").write_bytes(lines("b"))
    ids, [rejected] = read(tmp_path)
    assert ids == ["b"] and "cannot be read (No such file" in rejected.reason


def test_archive_with_no_input_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        Archive.open([str(tmp_path / "gone.jsonl")])
    with pytest.raises(DataError, match="no file matches"):
        Archive.open([str(tmp_path / "*.jsonl")])
    with pytest.raises(DataError, match="no file of a known format"):
        Archive.open([str(tmp_path)])


def test_archive_reads_urls_of_other_file_systems() -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    table = io.BytesIO()
    pq.write_table(pa.table({"id": ["d1"], "text": ["words"]}), table)
    for name, content in (("a.jsonl.gz", gzip.compress(lines("a1"))), ("d.parquet", table.getvalue()), ("e.txt", b"x")):
        memory.pipe(f"/news/{name}", content)
    assert read("memory://news") == (["a1", "d1"], [])
    archive = Archive.open(["memory://news/*.gz"])
    assert [item.source for item in archive if isinstance(item, Article)] == ["memory://news/a.jsonl.gz:1"]
    assert not archive.is_stream and archive.bytes_read == archive.total_bytes
    with pytest.raises(DataError, match=r"memory://gone/x\.jsonl: no file matches"):
        Archive.open(["memory://gone/x.jsonl"])
    with pytest.raises(DataError, match="nonsense://x"):
        Archive.open(["nonsense://x"])


def test_archive_counts_the_bytes_it_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines("a") * 500))
    pq.write_table(pa.table({"text": ["words"] * 50}), tmp_path / "d.parquet")
    archive = Archive.open([str(tmp_path)])
    list(archive)
    assert archive.bytes_read == archive.total_bytes


def test_archive_warns_of_an_empty_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"")
    assert read(tmp_path) == ([], [])
    assert "a.jsonl: holds no record" in caplog.text
