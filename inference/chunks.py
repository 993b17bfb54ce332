"""Cut the stream of an archive into parts, and parts into chunks, the same way every time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..labels.errors import ConfigError
from ..labels.records import Article, RejectedRecord
from .seen_content import SeenContent, content_key


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSizes:
    """How an archive is cut; the sizes are part of what makes two runs equal bit for bit."""

    part_articles: int = 4_096
    """Records in a part: what is done again after a kill; about 90 s of work on two cores."""
    chunk_articles: int = 256
    """Articles that a worker gets at once: its look-ahead for batches of equal length."""
    chunk_chars: int = 4_000_000
    """A chunk ends early at this many characters, so that memory does not depend on the longest texts."""

    def __post_init__(self) -> None:
        for name in ("part_articles", "chunk_articles", "chunk_chars"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more, not {getattr(self, name)}")


@dataclass(slots=True, kw_only=True)
class Slot:
    """One record in its place in the input."""

    item: Article | RejectedRecord
    position: int | None = None
    """Place among the chunk's articles to score; None for a copy and for a rejected record."""
    key: bytes | None = None
    """Content key of an article that has content."""


@dataclass(slots=True, kw_only=True)
class Chunk:
    """Consecutive records of one part, scored by one worker at once."""

    number: int
    slots: list[Slot] = field(default_factory=list)
    articles: list[Article] = field(default_factory=list)
    """The articles that have to be scored, in input order."""

    def describe(self) -> str:
        """Which records these are, for messages."""
        if not self.articles:
            return f"chunk {self.number} (no article)"
        first, last = self.articles[0], self.articles[-1]
        return (f"chunk {self.number} ({len(self.articles)} articles, {first.id!r} at {first.source or '?'} "
                f"to {last.id!r} at {last.source or '?'})")  # fmt: skip


def cut_into_chunks(items: Iterable[Article | RejectedRecord], seen: SeenContent,
                    sizes: ChunkSizes) -> Iterator[Chunk]:  # fmt: skip
    """Chunks in input order; none crosses a part; copies of earlier contents take no place among the articles."""
    chunk = Chunk(number=0)
    n_in_part = n_chars = 0
    for item in items:
        slot = Slot(item=item)
        chunk.slots.append(slot)
        if isinstance(item, Article):
            seen.count_id(item.id)
            slot.key = content_key(item)
            if slot.key is None or seen.is_new(slot.key):
                slot.position = len(chunk.articles)
                chunk.articles.append(item)
            n_chars += len(item.title) + len(item.text)
        elif item.id is not None:
            seen.count_id(item.id)
        n_in_part += 1
        is_full = len(chunk.articles) >= sizes.chunk_articles or n_chars >= sizes.chunk_chars
        if is_full or n_in_part == sizes.part_articles:
            yield chunk
            chunk = Chunk(number=chunk.number + 1)
            n_chars = 0
            n_in_part %= sizes.part_articles
    if chunk.slots:
        yield chunk
