"""Reading Parquet with columns of any type."""

from __future__ import annotations

import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xjstance.inference.columns import ColumnMapping
from xjstance.inference.read_parquet import read_parquet
from xjstance.labels.errors import DataError
from xjstance.labels.records import Article, RejectedRecord


def read(table: pa.Table, folder: Path, columns: ColumnMapping | None = None) -> list[Article | RejectedRecord]:
    pq.write_table(table, folder / "x.parquet")
    return rows_of(folder / "x.parquet", columns)


def rows_of(path: Path, columns: ColumnMapping | None = None) -> list[Article | RejectedRecord]:
    with path.open("rb") as source:
        return list(read_parquet(source, file="x.parquet", columns=columns or ColumnMapping()))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())])
def test_parquet_reads_every_kind_of_text(tmp_path: Path, kind: pa.DataType) -> None:
    texts = pa.array(["words", "新疆", "words"]).cast(kind)
    items = read(pa.table({"id": [1, 2, 3], "text": texts}), tmp_path)
    assert [(item.id, item.text, item.source) for item in items if isinstance(item, Article)] == [
        ("1", "words", "x.parquet:1"), ("2", "新疆", "x.parquet:2"), ("3", "words", "x.parquet:3"),
    ]  # fmt: skip


def test_parquet_rejects_null_and_numbers_by_row(tmp_path: Path) -> None:
    items = read(pa.table({"id": ["a", "b"], "text": ["words", None]}), tmp_path)
    assert isinstance(items[0], Article) and isinstance(items[1], RejectedRecord)
    assert (items[1].line, items[1].id) == (2, "b") and "is null" in items[1].reason
    [number] = read(pa.table({"text": [1.5]}), tmp_path)
    assert isinstance(number, RejectedRecord) and "a number (1.5)" in number.reason


def test_parquet_turns_dates_to_iso_and_nested_values_to_json(tmp_path: Path) -> None:
    table = pa.table({"text": ["w"], "date": [datetime.date(2019, 1, 2)], "outlet": [{"name": "o"}], "topics": [["a"]]})
    [article] = read(table, tmp_path, ColumnMapping(kept=("topics",)))
    assert isinstance(article, Article)
    assert (article.date, article.outlet, article.metadata) == ("2019-01-02", '{"name": "o"}', {"topics": '["a"]'})


def test_parquet_rejects_only_the_row_with_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    bad = pa.StringArray.from_buffers(2, pa.py_buffer(b"\0\0\0\0\4\0\0\0\x08\0\0\0"), pa.py_buffer(b"caf\xe9good"))
    items = read(pa.table({"id": ["a", "b"], "text": bad}), tmp_path)
    assert isinstance(items[0], RejectedRecord) and items[0].id == "a" and "not UTF-8" in items[0].reason
    assert isinstance(items[1], Article) and items[1].text == "good"


def test_parquet_without_text_column_names_the_columns(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no column 'text' \(columns: body\); name the text with --column text=body"):
        read(pa.table({"body": ["w"]}), tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\0" * 100 + b"PAR1", b"plain text"])
def test_parquet_that_is_none_is_refused_as_a_whole(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(DataError, match="is no Parquet file"):
        rows_of(tmp_path / "x.parquet")


def test_parquet_damaged_inside_keeps_the_rows_before(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": [f"words {at}" for at in range(4_000)]}), path, row_group_size=2_000,
                   compression="zstd", use_dictionary=False)  # fmt: skip
    content = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    content[start : start + 200] = b"\xff" * 200
    path.write_bytes(content)
    read_before = []
    with pytest.raises(DataError, match="cannot be read behind row"), path.open("rb") as source:
        for item in read_parquet(source, file="x.parquet", columns=ColumnMapping()):
            read_before.append(item)
    assert len(read_before) >= 1_024
