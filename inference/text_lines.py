"""Cut a stream of bytes into numbered lines with bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ..labels.errors import DataError

MAX_LINE_BYTES = 32 << 20
"""Longest line that is kept in memory, in bytes."""

_BOM = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a file, with its ending."""

    number: int
    """1-based."""
    content: bytes
    """The bytes; only the first `MAX_LINE_BYTES` of a line that is too long."""
    is_too_long: bool = False


def numbered_lines(stream: BinaryIO) -> Iterator[Line]:
    r"""The lines of a stream, cut at \n, without a byte order mark.

    Raises: DataError: the stream is UTF-16 by its byte order mark.
    """
    number = 0
    while content := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number == 1:
            if content[:2] in _OTHER_ENCODINGS:
                raise DataError(f"is {_OTHER_ENCODINGS[content[:2]]}, not UTF-8; convert it to UTF-8")
            content = content.removeprefix(_BOM)
        is_too_long = len(content) > MAX_LINE_BYTES
        if is_too_long and not content.endswith(b"\n"):
            while (rest := stream.readline(1 << 20)) and not rest.endswith(b"\n"):
                pass
        yield Line(number=number, content=content, is_too_long=is_too_long)
