"""Read WARC files (.warc, .warc.gz): the HTML pages that were fetched with success."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from ..labels.records import RejectedRecord
from .columns import clean_surrogates
from .http_response import HttpResponse
from .page_text import MAX_PAGE_BYTES, Page
from .warc_records import WarcDamage, WarcRecord, warc_records

logger = logging.getLogger(__name__)

_HTML_TYPES = ("text/html", "application/xhtml+xml", "")


def read_warc(stream: BinaryIO, *, file: str) -> Iterator[Page | RejectedRecord]:
    """The pages of a WARC file, in order; `line` is the 1-based number of the record in the file.

    Redirects, errors, images and other records that hold no page are left out and counted in the log.
    """
    left_out: Counter[str] = Counter()
    for number, record in enumerate(warc_records(stream), start=1):
        if isinstance(record, WarcDamage):
            reason = f"holds {record.reason}; fetch it again (reading goes on with the next sound record)"
            yield RejectedRecord(file=file, line=number, reason=reason)
            continue
        item = _page(record, file, number)
        if isinstance(item, str):
            left_out[item] += 1
        else:
            yield item
    if left_out:
        logger.info("%s: left out %s", file, ", ".join(f"{n} {what}" for what, n in left_out.most_common()))


def _page(record: WarcRecord, file: str, number: int) -> Page | RejectedRecord | str:
    """The page of a record, why it is rejected, or (a string) why it holds none."""
    kind = record.headers.get("warc-type", "").lower()
    if kind not in ("response", "resource"):
        return f"records of type {kind[:20] or '(none)'}"
    url = clean_surrogates(record.headers.get("warc-target-uri", "")).strip("<> ") or None
    record_id = record.headers.get("warc-record-id", "").strip("<> ").removeprefix("urn:uuid:") or f"{file}:{number}"

    def rejected(reason: str) -> RejectedRecord:
        return RejectedRecord(file=file, line=number, reason=reason, id=record_id, metadata={"url": url})

    charset = None
    if kind == "response":
        response = HttpResponse.parse(record.block)
        if response is None:
            return "responses that are not HTTP"
        if response.status != 200:
            return f"responses with status {response.status}"
        content_type, charset = response.content_type, response.charset
        if content_type not in _HTML_TYPES:
            return "records that are no HTML"
        try:
            content = b"" if record.is_too_long else response.body(MAX_PAGE_BYTES)
        except ValueError as error:
            return rejected(f"the page cannot be unpacked ({error}); fetch it again")
    else:
        if record.headers.get("content-type", "").partition(";")[0].strip().lower() not in _HTML_TYPES:
            return "records that are no HTML"
        content = record.block
    if record.is_too_long or len(content) > MAX_PAGE_BYTES:
        return rejected(f"the page is larger than {MAX_PAGE_BYTES >> 20} MiB; leave it out")
    return Page(id=record_id, content=content, charset=charset, url=url, file=file, line=number)
