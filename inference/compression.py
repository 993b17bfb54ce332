"""An open file or standard input as a stream of decompressed bytes, counting the bytes taken from the disk."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP_MAGIC, ZSTD_MAGIC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
BROKEN_STREAM_ERRORS = (OSError, EOFError, zlib.error)
"""Exceptions that mean a damaged, cut off or unreadable stream."""

_ZSTD_STEP = 2_048
"""Compressed bytes decoded at once: a block of 4 bytes can grow to 128 KiB, so one step stays below 64 MiB."""


class ByteCounter(Protocol):
    """Is told how many bytes were read."""

    def __call__(self, n_bytes: int) -> None: ...


class _Raw(io.RawIOBase):
    """A raw stream made from a function that returns the next bytes, at most as many as asked for; empty at the end."""

    def __init__(self, read: Callable[[int], bytes], close: Callable[[], None]) -> None:
        super().__init__()
        self._read, self._close = read, close

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        chunk = self._read(len(view))
        view[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._close()
        super().close()


def _buffered(read: Callable[[int], bytes], close: Callable[[], None]) -> io.BufferedReader:
    return io.BufferedReader(_Raw(read, close), buffer_size=1 << 18)


def _counted(source: BinaryIO, count: ByteCounter | None) -> io.BufferedReader:
    def read(size: int) -> bytes:
        chunk = source.read(size)
        if count is not None:
            count(len(chunk))
        return chunk

    close = (lambda: None) if source is sys.stdin.buffer else source.close
    return _buffered(read, close)


def _zstd(source: io.BufferedReader) -> io.BufferedReader:
    import zstandard

    decoder = zstandard.ZstdDecompressor().decompressobj()
    pending = bytearray()
    is_inside = False

    def read(size: int) -> bytes:
        nonlocal decoder, is_inside
        while not pending:
            step = source.read(_ZSTD_STEP)
            if not step:
                if is_inside:
                    raise EOFError("the zstd stream ends inside a frame")
                return b""
            while step:
                if decoder.eof:
                    decoder = zstandard.ZstdDecompressor().decompressobj()
                try:
                    pending.extend(decoder.decompress(step))
                except zstandard.ZstdError as error:
                    raise OSError(str(error)) from error
                is_inside = not decoder.eof
                step = decoder.unused_data if decoder.eof else b""
        chunk = bytes(pending[:size])
        del pending[:size]
        return chunk

    return _buffered(read, source.close)


def decompressed(source: BinaryIO, *, count: ByteCounter | None = None,
                 keep_gzip: bool = False) -> io.BufferedReader:  # fmt: skip
    """The bytes behind an open file: gzip and zstd are recognised by their first bytes, whatever the name says.

    Args: keep_gzip: leave gzip packed, for a reader that unpacks it member by member.

    Reading raises EOFError for a stream that ends early, and another of `BROKEN_STREAM_ERRORS` for a damaged one.
    """
    raw = _counted(source, count)
    head = raw.peek(4)[:4]
    if head.startswith(GZIP_MAGIC) and not keep_gzip:
        return _buffered(gzip.GzipFile(fileobj=raw, mode="rb").read1, raw.close)
    return _zstd(raw) if head == ZSTD_MAGIC else raw


def describe_broken_stream(error: Exception) -> str:
    """One clause: what is wrong with the stream, and how to mend it."""
    if isinstance(error, EOFError):
        return "the compressed file ends early (cut off while it was copied?); fetch it again"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be read ({error.strerror}); check the path and its permissions"
    return f"the compressed file is damaged ({str(error)[:120]}); fetch it again"
