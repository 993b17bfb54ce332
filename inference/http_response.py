"""An HTTP response as a WARC record holds it: status, headers, and the unpacked body."""

from __future__ import annotations

import zlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response; the body is as sent until `body` unpacks it."""

    status: int
    headers: dict[str, str]
    """Names in lower case; of repeated ones the last."""
    sent: bytes

    @classmethod
    def parse(cls, block: bytes) -> HttpResponse | None:
        """The response in a block, None where it is none."""
        head, blank, sent = block.partition(b"\r\n\r\n")
        if not blank:
            head, blank, sent = block.partition(b"\n\n")
        first, *lines = head.decode("latin-1").splitlines() or [""]
        version, _, rest = first.partition(" ")
        status = rest.strip()[:3]
        if not version.startswith("HTTP/") or not (status.isascii() and status.isdigit()):
            return None
        headers = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        return cls(status=int(status), headers=headers, sent=sent)

    @property
    def content_type(self) -> str:
        """Media type in lower case, empty where the server named none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """Encoding that the server named."""
        for parameter in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'") or None
        return None

    def body(self, max_bytes: int) -> bytes:
        """The unpacked body, at most one byte more than `max_bytes`.

        Raises: ValueError: it is packed in an unknown way, or the packing is damaged.
        """
        content = self.sent
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            content = _unchunked(content)
        encoding = self.headers.get("content-encoding", "").strip().lower()
        if encoding in ("gzip", "x-gzip", "deflate"):
            return _inflated(content, max_bytes + 1)
        if encoding in ("", "identity") or b"<" in content[:1_000]:  # many crawlers store the unpacked page
            return content[: max_bytes + 1]
        raise ValueError(f"content encoding {encoding!r} is not supported")


def _unchunked(content: bytes) -> bytes:
    """The body behind chunked transfer coding, or the content as it is where it is stored unpacked."""
    pieces: list[bytes] = []
    rest = content
    while True:
        head, end, rest = rest.partition(b"\r\n")
        size = head.partition(b";")[0].strip()
        if not end or not size or len(size) > 8 or any(digit not in b"0123456789abcdefABCDEF" for digit in size):
            return b"".join(pieces) or content
        n_bytes = int(size, 16)
        if n_bytes == 0:
            return b"".join(pieces)
        pieces.append(rest[:n_bytes])
        rest = rest[n_bytes + 2 :]


def _inflated(content: bytes, max_bytes: int) -> bytes:
    """At most `max_bytes` behind gzip or deflate; the content as it is where it is stored unpacked."""
    for wbits in (47, -15):  # gzip or zlib by its header, then raw deflate
        decoder = zlib.decompressobj(wbits=wbits)
        try:
            unpacked = decoder.decompress(content, max_bytes)
        except zlib.error:
            continue
        if not decoder.eof and len(unpacked) < max_bytes:
            raise ValueError("the compressed page is cut off")
        return unpacked
    if b"<" in content[:1_000]:
        return content[:max_bytes]
    raise ValueError("the compressed page is damaged")
