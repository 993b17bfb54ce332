"""Reading JSONL: what is an article, what is rejected and why."""

from __future__ import annotations

import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xjstance.inference.columns import ColumnMapping, as_language_hint
from xjstance.inference.compression import decompressed
from xjstance.inference.read_jsonl import read_jsonl
from xjstance.labels.errors import ConfigError, DataError
from xjstance.labels.records import Article, RejectedRecord

GOOD = b'{"id": "good", "text": "words"}\n'


def read(content: bytes, columns: ColumnMapping | None = None) -> list[Article | RejectedRecord]:
    return list(read_jsonl(io.BytesIO(content), file="x.jsonl", columns=columns or ColumnMapping()))


def only_rejected(content: bytes, columns: ColumnMapping | None = None) -> RejectedRecord:
    """The rejected first line of a stream whose second line is good."""
    bad, good = read(content + b"\n" + GOOD, columns)
    assert isinstance(good, Article) and good.id == "good"
    assert isinstance(bad, RejectedRecord) and (bad.file, bad.line) == ("x.jsonl", 1)
    return bad


def test_jsonl_gives_all_fields_and_drops_the_author() -> None:
    line = {"id": 7, "title": "T", "text": "body", "language": "zh_Hans", "date": 20190102, "outlet": "o", "url": "u",
            "author": "A. Person"}  # fmt: skip
    [article] = read(json.dumps(line).encode(), ColumnMapping())
    assert article == Article(id="7", title="T", text="body", language="zh-Hans", date="20190102", outlet="o", url="u",
                              source="x.jsonl:1")  # fmt: skip


def test_jsonl_maps_and_keeps_columns() -> None:
    columns = ColumnMapping.parse(["text=body", "id=key"], kept=["topic"])
    [article] = read(b'{"key": "k", "body": "words", "topic": {"a": [1]}, "text": "other"}', columns)
    assert isinstance(article, Article)
    assert (article.id, article.text, article.metadata) == ("k", "words", {"topic": '{"a": [1]}'})


def test_jsonl_without_id_takes_the_content_hash() -> None:
    [article] = read(b'{"text": "words"}')
    assert isinstance(article, Article) and article.id == article.sha256[:16]


@pytest.mark.parametrize(
    ("line", "reason", "record_id"),
    [
        (b'{"id": "a", "text": "cut', "is not JSON (Unterminated string starting at: character 21)", None),
        (b'{"id": "a", "body": "words"}', "no column 'text' (columns: id, body); name the text with --column", "a"),
        (b'{"id": "a", "text": null}', "column 'text' is null, not text", "a"),
        (b'{"id": "a", "text": 17}', "column 'text' is a number (17), not text", "a"),
        (b'{"id": "a", "text": true}', "a truth value (true)", "a"),
        (b'{"id": "a", "text": {"p": "words"}}', "column 'text' is an object, not text", "a"),
        (b'{"id": "a", "text": ["words"]}', "column 'text' is a list, not text", "a"),
        (b'{"id": "a", "text": "x", "title": {}}', "column 'title' is an object", "a"),
        (b'{"id": "a", "text": "x", "text": "y"}', "the key 'text' comes more than once", "a"),
        (b'{"id": "a", "text": "caf\xe9"}', "is not UTF-8 (byte 0xe9 at byte 25 of the line)", "a"),
        (b'{"id": "caf\xe9", "text": "x"}', "is not UTF-8", None),
        (b'"words"', "is JSON but no object", None),
        (b"null", "is JSON but no object", None),
        (b"[" * 100_000, "", None),
        (b'{"text": ' + b"1" * 5_000 + b"}", "is not usable JSON", None),
        (b'{"id": "' + b"i" * 70_000 + b'", "text": "x"}', "column 'id' has 70,000 characters", None),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_jsonl_rejects_a_bad_line_and_reads_on(line: bytes, reason: str, record_id: str | None) -> None:
    if line.startswith(b"["):
        bad = next(item for item in read(GOOD + line + b"\n" + GOOD) if isinstance(item, RejectedRecord))
        assert "is not usable JSON" in bad.reason
        return
    bad = only_rejected(line)
    assert reason in bad.reason
    assert bad.id == record_id


def test_jsonl_names_the_limit_for_a_text_that_is_too_long() -> None:
    bad = only_rejected(b'{"id": "a", "text": "' + b"x" * 101 + b'"}', ColumnMapping(max_text_chars=100))
    assert "has 101 characters, the limit for one article is 100; split it" in bad.reason


def test_jsonl_skips_a_line_that_does_not_fit_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xjstance.inference.text_lines.MAX_LINE_BYTES", 200)
    bad = only_rejected(b'{"text": "' + b"x" * 5_000_000 + b'"}')
    assert "longer than" in bad.reason


def test_jsonl_reads_marks_blank_lines_controls_and_half_emoji() -> None:
    content = b'\xef\xbb\xbf{"text": "a\tb"}\r\n\r\n  \n{"text": "\\ud83d cut"}\n{"text": "nul \\u0000"}'
    texts = [item.text for item in read(content) if isinstance(item, Article)]
    assert texts == ["a\tb", "\ufffd cut", "nul \0"]


def test_jsonl_rejected_record_keeps_its_metadata_as_text() -> None:
    bad = only_rejected(b'{"id": 3, "text": null, "date": 2019, "outlet": "o"}')
    assert (bad.id, bad.metadata) == ("3", {"date": "2019", "outlet": "o", "url": None})


def test_jsonl_reasons_can_always_be_written() -> None:
    bad = only_rejected(b'{"id": "a", "b\\ud83d": "half an emoji as a column"}')
    assert "columns: id, b\ufffd" in bad.reason and bad.reason.encode()


@pytest.mark.parametrize(("content", "reason"), [(b"\xff\xfe{\0", "is UTF-16"), (b'[{"text": ""}]', "is a JSON array")])
def test_jsonl_refuses_other_files_as_a_whole(content: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read(content)


@pytest.mark.parametrize(
    ("assignments", "kept", "message"),
    [
        (["text"], [], "write FIELD=COLUMN"),
        (["words=body"], [], "'words' is not one of id, title, text"),
        (["text=a", "text=b"], [], "'text' is mapped twice"),
        (["outlet=author_name"], [], "names persons or accounts"),
        ([], ["byline"], "names persons or accounts"),
        ([], ["stance"], "the output has such a column already"),
    ],
)
def test_columns_refuse_mistakes_and_persons(assignments: list[str], kept: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ColumnMapping.parse(assignments, kept=kept)


@given(st.lists(st.text(), max_size=8))
def test_jsonl_returns_every_text_as_written(texts: list[str]) -> None:
    content = b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)
    assert [item.text for item in read(content) if isinstance(item, Article)] == texts


@given(st.binary(max_size=300))
def test_jsonl_survives_any_bytes_and_keeps_the_good_line(noise: bytes) -> None:
    items = read(GOOD + noise + b"\n" + GOOD)
    assert [item.id for item in items if isinstance(item, Article)].count("good") >= 2


@given(st.binary(max_size=4_000), st.integers(1, 64))
def test_decompressed_gives_back_what_was_compressed(content: bytes, level: int) -> None:
    import zstandard

    half = len(content) // 2
    frames = zstandard.compress(content[:half], level=level % 19 + 1) + zstandard.compress(content[half:])
    assert decompressed(io.BytesIO(frames)).read() == content
    assert decompressed(io.BytesIO(gzip.compress(content))).read() == content


@pytest.mark.parametrize(
    ("value", "hint"),
    [("en_US", "en-US"), ("English", "English"), ("Chinese (Simplified)", "chinese-Hans"), ("uig_Arab", "uig-Arab"),
     ("Klingon", None), ("in the morning", None), ("", None), (3, None)],
)  # fmt: skip
def test_language_column_may_hold_tags_codes_and_names(value: object, hint: str | None) -> None:
    assert as_language_hint(value) == hint
