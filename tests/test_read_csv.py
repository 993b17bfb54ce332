"""Reading CSV and TSV."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xjstance.inference.columns import ColumnMapping
from xjstance.inference.read_csv import read_csv
from xjstance.labels.errors import DataError
from xjstance.labels.records import Article, RejectedRecord


def read(content: bytes, *, columns: ColumnMapping | None = None,
         delimiter: str | None = None) -> list[Article | RejectedRecord]:  # fmt: skip
    return list(read_csv(io.BytesIO(content), file="x.csv", columns=columns or ColumnMapping(), delimiter=delimiter))


def texts(items: list[Article | RejectedRecord]) -> list[str]:
    return [item.text for item in items if isinstance(item, Article)]


def rejected(items: list[Article | RejectedRecord]) -> list[tuple[int | None, str | None, str]]:
    return [(item.line, item.id, item.reason) for item in items if isinstance(item, RejectedRecord)]


def test_csv_reads_quotes_newlines_marks_and_crlf() -> None:
    items = read(b'\xef\xbb\xbfid,text,date\r\n1,"two\r\nlines, ""quoted""",2019\r\n\r\n2,plain,\r\n')
    assert texts(items) == ['two\r\nlines, "quoted"', "plain"]
    assert [(item.source, item.date) for item in items if isinstance(item, Article)] == [("x.csv:2", "2019"),
                                                                                        ("x.csv:5", None)]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_finds_the_delimiter_of_the_header(delimiter: str) -> None:
    assert texts(read(f"id{delimiter}text\n1{delimiter}words\n".encode())) == ["words"]


def test_csv_without_text_column_names_columns_and_option() -> None:
    with pytest.raises(DataError, match=r"no column 'text' \(columns: id, Body\); .* --column text=Body"):
        read(b"id,author,Body\n1,A,words\n")


def test_csv_with_a_column_twice_is_refused() -> None:
    with pytest.raises(DataError, match="'text' twice"):
        read(b"id,text,text\n1,a,b\n")


def test_csv_rejects_rows_that_do_not_fit_the_header() -> None:
    items = read(b"id,text\n1,words, more, words\n2\n3,good\n")
    assert texts(items) == ["good"]
    assert [(line, given_id) for line, given_id, _ in rejected(items)] == [(2, "1"), (3, "2")]


def test_csv_rejects_only_the_row_with_bytes_that_are_not_utf8() -> None:
    items = read(b"id,text\n1,caf\xe9\n2,good\n")
    assert texts(items) == ["good"]
    assert rejected(items) == [(2, "1", "column 'text' is not UTF-8; convert the file to UTF-8")]


def test_csv_reads_on_behind_a_quote_that_is_never_closed() -> None:
    items = read(b'id,text\n1,good one\n2,"open\n3,good two\n4,good three\n')
    assert texts(items) == ["good one", "good two", "good three"]
    assert [line for line, _, _ in rejected(items)] == [3]


def test_csv_takes_bounded_time_for_many_open_quotes() -> None:
    items = read(b"id,text\n" + b'1,"x""\n' * 1_001)
    assert len(items) < 2_000


def test_csv_replaces_nul() -> None:
    assert texts(read(b"id,text\n1,a\0b\n")) == ["a\ufffdb"]


def test_csv_with_nothing_in_it_gives_nothing() -> None:
    assert read(b"") == read(b"\n\n") == read(b"id,text\n") == []


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")), max_size=6))
def test_csv_returns_every_text_that_the_csv_module_wrote(values: list[str]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows([["id", "text"], *([str(at), value] for at, value in enumerate(values))])
    assert texts(read(buffer.getvalue().encode())) == values


@given(st.binary(max_size=200))
def test_csv_survives_any_bytes_without_quotes(noise: bytes) -> None:
    items = read(b"id,text\n1,good\n" + noise.replace(b'"', b"") + b"\n2,good\n")
    assert texts(items).count("good") >= 2
