"""Reading WARC records and HTTP responses, whole and damaged."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xjstance.inference.http_response import HttpResponse
from xjstance.inference.page_text import Page
from xjstance.inference.read_warc import read_warc
from xjstance.labels.records import RejectedRecord

BODY = b"<html><body><p>words</p></body></html>"


def record(name: str, body: bytes = BODY, *, status: str = "200 OK", content_type: str = "text/html; charset=utf-8",
           headers: str = "", kind: str = "response", length: int | None = None) -> bytes:  # fmt: skip
    block = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{headers}\r\n".encode() + body
    head = (f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{name}>\r\n"
            f"WARC-Target-URI: https://www.a.example/{name}\r\nContent-Type: application/http; msgtype=response\r\n"
            f"Content-Length: {len(block) if length is None else length}\r\n\r\n")  # fmt: skip
    return head.encode() + block + b"\r\n\r\n"


def read(content: bytes) -> tuple[list[str], list[RejectedRecord]]:
    items = list(read_warc(io.BytesIO(content), file="x.warc"))
    return ([item.id for item in items if isinstance(item, Page)],
            [item for item in items if isinstance(item, RejectedRecord)])  # fmt: skip


RECORDS = [record(name) for name in "abcdef"]


@pytest.mark.parametrize(
    "content",
    [b"".join(RECORDS), b"".join(map(gzip.compress, RECORDS)), gzip.compress(b"".join(RECORDS))],
    ids=["plain", "a member a record", "one member"],
)
def test_warc_gives_the_pages_in_order(content: bytes) -> None:
    assert read(content) == (list("abcdef"), [])


def test_warc_page_has_url_charset_and_number() -> None:
    [page] = read_warc(io.BytesIO(RECORDS[0]), file="x.warc")
    assert page == Page(id="a", content=BODY, charset="utf-8", url="https://www.a.example/a", file="x.warc", line=1)


@pytest.mark.parametrize(
    "skipped",
    [record("x", status="301 Moved"), record("x", status="404 Not Found"), record("x", content_type="image/png"),
     record("x", kind="request"), record("x", kind="metadata")],
)  # fmt: skip
def test_warc_leaves_out_what_is_no_page(skipped: bytes) -> None:
    assert read(RECORDS[0] + skipped + RECORDS[1]) == (["a", "b"], [])


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (record("x", length=len(BODY)), "does not end where its Content-Length says"),
        (record("x", length=700), "does not end where its Content-Length says"),
        (record("x", length=10**12), "cut off|does not end where"),
        (record("x").replace(b"Content-Length: ", b"Content-Length: x"), "Content-Length 'x"),
        (record("x")[:-60], "does not end where its Content-Length says"),
        (b"junk\n" * 40, "bytes that belong to no record"),
        (b"\0" * 500, "bytes that belong to no record"),
    ],
    ids=["short", "long", "endless", "no number", "cut", "junk", "nul"],
)
def test_warc_loses_only_the_damaged_record(damaged: bytes, reason: str) -> None:
    ids, rejected = read(b"".join(RECORDS[:3]) + damaged + b"".join(RECORDS[3:]))
    assert [name for name in ids if name != "x"] == list("abcdef")
    assert rejected and any(part in rejected[0].reason for part in reason.split("|"))


@pytest.mark.parametrize("cut", [20, 60, 150])
def test_warc_loses_only_the_damaged_gzip_member(cut: int) -> None:
    packed = list(map(gzip.compress, RECORDS))
    for damaged in (packed[2][:cut], packed[2][:cut] + b"\xff" * 30 + packed[2][cut + 30 :]):
        ids, rejected = read(b"".join([*packed[:2], damaged, *packed[3:]]))
        assert ids == ["a", "b", "d", "e", "f"]
        assert "a damaged or cut off gzip member" in rejected[0].reason


def test_warc_rejects_a_page_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xjstance.inference.read_warc.MAX_PAGE_BYTES", 1_000)
    monkeypatch.setattr("xjstance.inference.warc_records.MAX_RECORD_BYTES", 5_000)
    for size in (2_000, 200_000):
        ids, [rejected] = read(record("big", b"x" * size) + RECORDS[1])
        assert ids == ["b"] and rejected.id == "big" and "the page is larger than" in rejected.reason


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ("Content-Encoding: gzip\r\n", gzip.compress(BODY)),
        ("Content-Encoding: deflate\r\n", zlib.compress(BODY)),
        ("Content-Encoding: deflate\r\n", zlib.compress(BODY)[2:-4]),
        ("Content-Encoding: gzip\r\n", BODY),
        ("Content-Encoding: br\r\n", BODY),
        ("Transfer-Encoding: chunked\r\n", b"5\r\n" + BODY[:5] + b"\r\n%x;x=y\r\n" % len(BODY[5:]) + BODY[5:]
         + b"\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", BODY),
    ],
)  # fmt: skip
def test_warc_unpacks_bodies_and_leaves_unpacked_ones(headers: str, sent: bytes) -> None:
    [page] = read_warc(io.BytesIO(record("a", sent, headers=headers)), file="x.warc")
    assert isinstance(page, Page) and page.content == BODY


@pytest.mark.parametrize(
    ("headers", "sent"),
    [("Content-Encoding: gzip\r\n", gzip.compress(BODY)[:-12]), ("Content-Encoding: br\r\n", b"\x0b\x02\x80"),
     ("Content-Encoding: gzip\r\n", b"\0\1\2\3")],
)  # fmt: skip
def test_warc_rejects_a_body_that_cannot_be_unpacked(headers: str, sent: bytes) -> None:
    ids, [rejected] = read(record("a", sent, headers=headers) + RECORDS[1])
    assert ids == ["b"] and rejected.id == "a" and "the page cannot be unpacked" in rejected.reason


def test_http_body_never_grows_beyond_the_limit() -> None:
    bomb = HttpResponse(status=200, headers={"content-encoding": "gzip"}, sent=gzip.compress(bytes(30_000_000)))
    assert len(bomb.body(1_000)) == 1_001


@given(st.binary(max_size=300), st.booleans())
@settings(deadline=None)
def test_warc_survives_any_bytes_between_records(noise: bytes, is_packed: bool) -> None:
    first, last = (gzip.compress(r) if is_packed else r for r in (RECORDS[0], RECORDS[1]))
    ids, _ = read(first + noise + (b"" if is_packed else b"\r\n") + last)
    assert ids[0] == "a" and ids[-1] == "b"
