"""Read HTML files, one article a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..labels.records import RejectedRecord
from .compression import BROKEN_STREAM_ERRORS, ByteCounter, describe_broken_stream, open_bytes
from .page_text import MAX_PAGE_BYTES, Page


def read_html(paths: Iterable[Path], *, count: ByteCounter | None = None) -> Iterator[Page | RejectedRecord]:
    """The pages of HTML files, in order; the id of a page is the path of its file."""
    for path in paths:
        name = str(path)
        try:
            with open_bytes(path, count=count) as stream:
                content = stream.read(MAX_PAGE_BYTES + 1)
        except BROKEN_STREAM_ERRORS as error:
            yield RejectedRecord(file=name, line=None, reason=describe_broken_stream(error), id=name)
            continue
        if len(content) > MAX_PAGE_BYTES:
            reason = f"the page is larger than {MAX_PAGE_BYTES >> 20} MiB; leave it out"
            yield RejectedRecord(file=name, line=None, reason=reason, id=name)
        else:
            yield Page(id=name, content=content, file=name)
