"""Join a GDELT list with fetched pages by URL, and count by language what could not be had."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from ..labels.errors import DataError
from ..labels.records import Article, RejectedRecord
from .gdelt_list import GdeltEntry, read_gdelt_list
from .temporary_tables import open_temporary_tables

_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|yclid|mc_[ce]id")


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRow:
    """What became of the listed articles of one language."""

    language: str
    """BCP-47 tag as the list has it, `und` where it names none."""
    n_listed: int
    n_read: int
    """Articles with a page and a text on it."""
    n_without_text: int
    """Pages on which no article was found, or that were refused."""

    @property
    def n_missing(self) -> int:
        """Listed articles without a page."""
        return self.n_listed - self.n_read - self.n_without_text


class GdeltJoin:
    """Listed articles by address, in a temporary table on the disk."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Read the lists.

        Raises: DataError: a list cannot be read, or names no article at all.
        """
        self.rejected: list[RejectedRecord] = []
        self.n_unlisted = 0
        """Pages whose address is in no list; they are left out."""
        self._table = open_temporary_tables(
            "entry (number INTEGER PRIMARY KEY, content TEXT, state INTEGER)",
            "address (key BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID",
        )
        self._listed: Counter[str] = Counter()
        try:
            for path in paths:
                self._read(path)
            if not self._listed:
                raise DataError(f"{', '.join(map(str, paths))}: lists no article; check that it is a GDELT list")
        except DataError:
            self.close()
            raise

    def _read(self, path: Path) -> None:
        for item in read_gdelt_list(path):
            if isinstance(item, RejectedRecord):
                self.rejected.append(item)
            else:
                self._add(item)

    def _add(self, entry: GdeltEntry) -> None:
        key = _key(entry.url)
        if self._table.execute("SELECT 1 FROM address WHERE key = ?", (key,)).fetchone():
            return
        number = self._table.execute(
            "INSERT INTO entry (content, state) VALUES (?, 0)", (json.dumps(asdict(entry)),)
        ).lastrowid
        for url in (entry.url, *entry.other_urls):
            self._table.execute("INSERT OR IGNORE INTO address VALUES (?, ?)", (_key(url), number))
        self._listed[entry.language or "und"] += 1

    def join(self, items: Iterable[Article | RejectedRecord]) -> Iterator[Article | RejectedRecord]:
        """The listed articles among the pages, with the list's date, outlet and language; the others are left out.

        The list's own rejected entries come first; records without an address pass, as they can stand in no list.
        """
        yield from self.rejected
        for item in items:
            url = item.url if isinstance(item, Article) else item.metadata.get("url")
            if not isinstance(url, str):
                if isinstance(item, RejectedRecord):
                    yield item
                else:
                    self.n_unlisted += 1
                continue
            found = self._table.execute(
                "SELECT number, content FROM entry JOIN address USING (number) WHERE key = ?", (_key(url),)
            ).fetchone()
            if found is None:
                self.n_unlisted += 1
                continue
            has_text = isinstance(item, Article) and bool(item.text.strip())
            self._table.execute("UPDATE entry SET state = max(state, ?) WHERE number = ?", (1 + has_text, found[0]))
            yield _with_entry(item, json.loads(found[1])) if isinstance(item, Article) else item

    def losses(self) -> list[LossRow]:
        """Listed, read, textless and missing articles by language, most listed first."""
        states: Counter[tuple[str, int]] = Counter()
        for content, state in self._table.execute("SELECT content, state FROM entry"):
            states[json.loads(content)["language"] or "und", state] += 1
        return [
            LossRow(language=language, n_listed=n, n_read=states[language, 2], n_without_text=states[language, 1])
            for language, n in sorted(self._listed.items(), key=lambda pair: (-pair[1], pair[0]))
        ]

    def close(self) -> None:
        """Drop the table."""
        self._table.close()


def _with_entry(article: Article, entry: dict[str, str | None]) -> Article:
    return replace(
        article,
        title=article.title or entry["title"] or "",
        date=entry["date"] or article.date,
        outlet=entry["outlet"] or article.outlet,
        language=article.language or entry["language"],
    )


def address_key(url: str) -> str:
    """An address without what does not tell pages apart: scheme, `www.`, fragment, tracking, a last slash."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.")
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return url.strip()
    query = urlencode([pair for pair in parse_qsl(parts.query, keep_blank_values=True)
                       if not _TRACKING.fullmatch(pair[0])])  # fmt: skip
    return f"{host}{port}{parts.path.rstrip('/')}{'?' if query else ''}{query}"


def _key(url: str) -> bytes:
    return blake2b(address_key(url).encode("utf-8", "surrogatepass"), digest_size=16).digest()
