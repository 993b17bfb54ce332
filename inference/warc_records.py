"""Records of a WARC file (ISO 28500), read so that a damaged one costs no other.

An own reader of 100 lines, because the libraries at hand stop at the first damaged record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .gzip_members import DamagedStretchError, PushbackBytes

MAX_RECORD_BYTES = 16 << 20
"""Longer records (videos, dumps) are passed over without being held in memory."""

_START = re.compile(rb"WARC/1\.[0-9]\r?\n")
_LONGEST_START = 11
_WHOLE_HEADER = re.compile(rb"WARC/1\.[0-9]\r\n(?:[A-Za-z-]+: [^\r\n]*\r\n){4}")
"""A record's header inside the block of another one: the block has swallowed the next record."""
_END = b"\r\n\r\n"
_MAX_LINE = 16_384
_MAX_HEADERS = 200
_HEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcRecord:
    """One record: its headers with lower-case names, and its block."""

    headers: dict[str, str]
    block: bytes
    """Only the first 64 KiB of a record above `MAX_RECORD_BYTES`."""
    is_too_long: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcDamage:
    """A place where records were lost."""

    reason: str


def warc_records(stream: BinaryIO) -> Iterator[WarcRecord | WarcDamage]:
    """Records in order, and in their places what was wrong between them; reading goes on with the next sound record."""
    source = PushbackBytes(stream)
    is_in_junk = False
    while True:
        try:
            line = source.readline(_MAX_LINE)
            if not line:
                return
            start = _START.search(line)
            if (line[: start.start()] if start else line).strip() and not is_in_junk:
                is_in_junk = True
                yield WarcDamage(reason="bytes that belong to no record")
            if start is None:
                if len(line) == _MAX_LINE:
                    source.put_back(line[-_LONGEST_START:])
                continue
            is_in_junk = False
            record = _record(source)
            is_in_junk = isinstance(record, WarcDamage)
            yield record
        except DamagedStretchError:
            yield WarcDamage(reason="a damaged or cut off gzip member")


def _record(source: PushbackBytes) -> WarcRecord | WarcDamage:
    """The record whose first line has just been read."""
    headers = _headers(source)
    size = headers.get("content-length", "")
    if not (size.isascii() and size.isdigit()) or len(size) > 18:
        return WarcDamage(reason=f"a record with Content-Length {size[:20]!r}")
    n_bytes = int(size)
    if n_bytes > MAX_RECORD_BYTES:
        return _pass_over(source, headers, n_bytes)
    block = source.read(n_bytes)
    if len(block) < n_bytes:
        source.put_back(_from_next_record(block))
        return WarcDamage(reason="a record that is cut off")
    ending = source.read(len(_END))
    if not ending.strip() and not _WHOLE_HEADER.search(block):
        return WarcRecord(headers=headers, block=block)
    source.put_back(_from_next_record(block + ending))
    return WarcDamage(reason="a record that does not end where its Content-Length says")


def _headers(source: PushbackBytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADERS):
        line = source.readline(_MAX_LINE)
        if start := _START.search(line):
            source.put_back(line[start.start() :])
            return {}
        if not line.strip():
            return headers
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return {}


def _pass_over(source: PushbackBytes, headers: dict[str, str], n_bytes: int) -> WarcRecord | WarcDamage:
    """Skip a long block; a record that starts inside it shows that the length is wrong."""
    head = source.read(_HEAD_BYTES)
    source.put_back(head)
    tail = b""
    while n_bytes > 0:
        chunk = source.read(min(n_bytes, 1 << 20))
        if not chunk:
            return WarcDamage(reason="a record that is cut off")
        n_bytes -= len(chunk)
        window = tail + chunk
        if found := _START.search(window):
            source.put_back(window[found.start() :])
            return WarcDamage(reason="a record that does not end where its Content-Length says")
        tail = window[-_LONGEST_START:]
    return WarcRecord(headers=headers, block=head, is_too_long=True)


def _from_next_record(content: bytes) -> bytes:
    """The bytes from the next record on, or the last ones, in which its first line may begin."""
    found = _START.search(content)
    return content[found.start() :] if found else content[1 - _LONGEST_START :]
