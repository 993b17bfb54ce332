"""The article on one web page, by trafilatura; authors are dropped."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_PAGE_BYTES = 10 << 20
"""Larger pages are rejected unread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A web page as stored."""

    id: str
    """Record id in a WARC, path in a folder."""
    content: bytes
    """The HTML as it came."""
    charset: str | None = None
    """Encoding that the server named, if any."""
    url: str | None = None
    """Address that the page was fetched from, if known."""
    file: str
    """File that it lies in."""
    line: int | None = None
    """1-based number of the record in a WARC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """What was found on a page; the text is empty where there is no article."""

    title: str = ""
    text: str = ""
    date: str | None = None
    """Date of publication that the page names, ISO 8601."""
    outlet: str | None = None
    """Domain, without `www.`."""
    url: str | None = None
    """Address, from the page itself where the archive has none."""


def page_text(page: Page) -> PageText:
    """Title, text, date and outlet of a page."""
    import trafilatura

    content: bytes | str = page.content
    if page.charset is not None:
        content = _decoded(page.content, page.charset)
    found = trafilatura.bare_extraction(content, url=page.url, include_comments=False, with_metadata=True)
    if found is None or isinstance(found, dict) or not found.text:
        return PageText(url=page.url, outlet=_domain(page.url))
    url = page.url or found.url
    return PageText(title=found.title or "", text=found.text, date=found.date, outlet=_domain(url) or found.sitename,
                    url=url)  # fmt: skip


def _decoded(content: bytes, charset: str) -> bytes | str:
    """The page in the encoding that the server named, or as bytes where that is wrong, so that it is guessed."""
    try:
        return content.decode(codecs.lookup(charset).name)
    except (LookupError, UnicodeDecodeError, ValueError):
        return content


def _domain(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None
