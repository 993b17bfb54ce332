"""Compare addresses of source pages: whether two name one page, and whether a page is reserved."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .errors import DataError

_MIN_PATH = 12
"""Pages with a shorter path are told apart by their query as well."""


def source_key(url: str) -> str:
    """Sixteen hex digits that are equal for one page under its usual variants.

    Scheme, `www.`, `m.`, `amp.`, a closing slash, `/index.html`, `/amp` and (for paths of some length) the query do
    not count.
    """
    parts = urlsplit(url.strip() if "//" in url else f"//{url.strip()}")
    host = (parts.hostname or "").lower()
    for prefix in ("www.", "m.", "amp."):
        host = host.removeprefix(prefix)
    path = unquote(parts.path).lower().rstrip("/")
    for suffix in ("/index.html", "/amp"):
        path = path.removesuffix(suffix)
    query = parts.query.lower() if len(path) < _MIN_PATH else ""
    return hashlib.sha256(f"{host}{path}?{query}".encode()).hexdigest()[:16]


def read_reserved(path: Path) -> frozenset[str]:
    """Keys of pages that an independent evaluation reserves: one `source_key` a line.

    Raises: DataError: the file cannot be read.
    """
    try:
        return frozenset(path.read_text(encoding="ascii").split())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a list of source keys ({error})") from error
