"""Read HTML files, one article a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from ..labels.records import RejectedRecord
from .compression import BROKEN_STREAM_ERRORS, ByteCounter, decompressed, describe_broken_stream
from .page_text import MAX_PAGE_BYTES, Page


def read_html(files: Iterable[tuple[str, Callable[[], BinaryIO]]], *,
              count: ByteCounter | None = None) -> Iterator[Page | RejectedRecord]:  # fmt: skip
    """The pages of HTML files, each given by its name and by what opens it, in order; the name is the page's id."""
    for name, opened in files:
        try:
            with decompressed(opened(), count=count) as stream:
                content = stream.read(MAX_PAGE_BYTES + 1)
        except BROKEN_STREAM_ERRORS as error:
            yield RejectedRecord(file=name, line=None, reason=describe_broken_stream(error), id=name)
            continue
        if len(content) > MAX_PAGE_BYTES:
            reason = f"the page is larger than {MAX_PAGE_BYTES >> 20} MiB; leave it out"
            yield RejectedRecord(file=name, line=None, reason=reason, id=name)
        else:
            yield Page(id=name, content=content, file=name)
