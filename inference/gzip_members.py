"""Bytes of a file made of gzip members (as WARC files are), with damaged members left out and reported."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

GZIP_START = b"\x1f\x8b\x08"
_BLOCK = 1 << 16
_MAX_REWIND = 16 << 20
"""Bytes of a damaged member that are looked at again."""
_REWIND_BUDGET = 256 << 20
"""Bytes in a file that are looked at again; bounds the time that a hostile file can take."""


class DamagedStretchError(Exception):
    """Bytes before this point are missing or cannot be trusted; reading may go on behind it."""


class PushbackBytes:
    """Lines and bytes of a plain or gzip file, in bounded memory; what was read can be put back."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._raw = source.read(_BLOCK)
        self._blocks = self._unzipped() if self._raw.startswith(GZIP_START) else self._plain()
        self._buffer = b""
        self._at = 0
        self._rewind_budget = _REWIND_BUDGET

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, fewer only at the end.

        Raises: DamagedStretchError: a damaged stretch lies before the end; the bytes before it are dropped.
        """
        pieces = []
        missing = size
        while missing > 0 and (self._at < len(self._buffer) or self._fill()):
            piece = self._buffer[self._at : self._at + missing]
            pieces.append(piece)
            missing -= len(piece)
            self._at += len(piece)
        return b"".join(pieces)

    def readline(self, limit: int) -> bytes:
        """The next line with its ending, cut at `limit` bytes; empty at the end.

        Raises: DamagedStretchError: as `read`.
        """
        while True:
            found = self._buffer.find(b"\n", self._at, self._at + limit)
            if found >= 0 or len(self._buffer) - self._at >= limit or not self._fill():
                break
        return self.read(min(limit, (found if found >= 0 else len(self._buffer)) + 1 - self._at))

    def put_back(self, content: bytes) -> None:
        """Let the next call read these bytes first."""
        self._buffer = content + self._buffer[self._at :]
        self._at = 0

    def _fill(self) -> bool:
        block = next(self._blocks, None)
        if block is None:
            return False
        if not block:
            self._buffer, self._at = b"", 0
            raise DamagedStretchError
        self._buffer = self._buffer[self._at :] + block
        self._at = 0
        return True

    def _plain(self) -> Iterator[bytes]:
        while self._raw:
            yield self._raw
            self._raw = self._source.read(_BLOCK)

    def _unzipped(self) -> Iterator[bytes]:
        """Decompressed blocks; an empty one stands where a damaged stretch was left out."""
        while self._skip_to_member():
            decoder = zlib.decompressobj(wbits=31)
            member = bytearray()
            is_sound = True
            while is_sound and not decoder.eof:
                if not self._raw and not self._fill_raw():
                    is_sound = False
                    break
                try:
                    block = decoder.decompress(self._raw, _BLOCK)
                except zlib.error:
                    is_sound = False
                    break
                rest = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                member += self._raw[: len(self._raw) - len(rest)]
                del member[: max(0, len(member) - _MAX_REWIND)]
                self._raw = rest
                if block:
                    yield block
            if not is_sound:
                self._rewind(bytes(member))
                yield b""

    def _rewind(self, member: bytes) -> None:
        """Go back to just behind the start of a damaged member: the next one may lie within its bytes."""
        if len(member) <= self._rewind_budget:
            self._rewind_budget -= len(member)
            self._raw = member + self._raw
        self._raw = self._raw[1:]

    def _skip_to_member(self) -> bool:
        while (found := self._raw.find(GZIP_START)) < 0:
            self._raw = self._raw[-2:]
            if not self._fill_raw():
                return False
        self._raw = self._raw[found:]
        return True

    def _fill_raw(self) -> bool:
        block = self._source.read(_BLOCK)
        self._raw += block
        return bool(block)
