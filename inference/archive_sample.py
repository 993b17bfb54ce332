"""A stratified sample of an archive for a dry run, and from its time a forecast for the whole."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice

from ..labels.errors import ConfigError
from ..labels.records import Article, RejectedRecord
from .archive_filter import LanguageOf

_LENGTH_BORDERS = (1_000, 4_000, 16_000)
"""Classes of length in characters: what an article costs depends on its length most of all."""
_BATCH = 256


@dataclass(slots=True)
class _Stratum:
    n_articles: int = 0
    n_chars: int = 0
    drawn: list[tuple[int, int, int]] = field(default_factory=list)
    """Heap of (negative priority, number in the archive, characters), at most as many as are wanted in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSample:
    """Which articles of an archive a dry run reads."""

    numbers: frozenset[int]
    """Positions in the archive, rejected records counted too."""
    n_articles: int
    """Articles in the whole archive."""
    n_chars: int
    """Characters in the whole archive."""
    n_sample_chars: int
    """Characters in the sample."""
    n_strata: int
    """Languages times classes of length that occur."""

    @classmethod
    def draw(cls, items: Iterable[Article | RejectedRecord], n: int, *, seed: int,
             language_of: LanguageOf | None = None) -> ArchiveSample:  # fmt: skip
        """A sample in proportion to each language and class of length, at least one article of each where n suffices.

        The same archive and seed give the same sample.

        Raises: ConfigError: n is not positive.
        """
        if n < 1:
            raise ConfigError(f"--sample {n}: the sample must hold one article or more")
        strata: dict[tuple[str, int], _Stratum] = {}
        numbered = ((number, item) for number, item in enumerate(items) if isinstance(item, Article))
        while batch := list(islice(numbered, _BATCH)):
            articles = [article for _, article in batch]
            tags = _hints(articles) if language_of is None else language_of(articles)
            for (number, article), tag in zip(batch, tags, strict=True):
                n_chars = len(article.title) + len(article.text)
                length_class = sum(n_chars >= border for border in _LENGTH_BORDERS)
                stratum = strata.setdefault((tag, length_class), _Stratum())
                stratum.n_articles += 1
                stratum.n_chars += n_chars
                entry = (-_priority(seed, number, article), number, n_chars)
                if len(stratum.drawn) < n:
                    heapq.heappush(stratum.drawn, entry)
                else:
                    heapq.heappushpop(stratum.drawn, entry)
        chosen = [
            entry
            for (_, stratum), size in zip(sorted(strata.items()), _sizes(strata, n), strict=True)
            for entry in sorted(stratum.drawn, reverse=True)[:size]
        ]
        return cls(
            numbers=frozenset(number for _, number, _ in chosen),
            n_articles=sum(stratum.n_articles for stratum in strata.values()),
            n_chars=sum(stratum.n_chars for stratum in strata.values()),
            n_sample_chars=sum(n_chars for _, _, n_chars in chosen),
            n_strata=len(strata),
        )

    def __call__(self, items: Iterable[Article | RejectedRecord]) -> Iterator[Article | RejectedRecord]:
        """The sample's articles, in the order of the archive."""
        return (item for number, item in enumerate(items) if number in self.numbers)

    def forecast_s(self, sample_s: float) -> float:
        """Time for the whole archive by the time for the sample, in proportion to the characters."""
        return sample_s * self.n_chars / self.n_sample_chars if self.n_sample_chars else 0.0


def _hints(articles: Sequence[Article]) -> list[str]:
    return [article.language or "und" for article in articles]


def _priority(seed: int, number: int, article: Article) -> int:
    content = f"{seed}|{number}|{article.id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big")


def _sizes(strata: dict[tuple[str, int], _Stratum], n: int) -> list[int]:
    """Articles to draw from each stratum, in sorted order of the strata: largest remainders, one each first."""
    counts = [stratum.n_articles for _, stratum in sorted(strata.items())]
    total = sum(counts)
    n = min(n, total)
    by_size = sorted(range(len(counts)), key=lambda at: (-counts[at], at))
    sizes = [0] * len(counts)
    for at in by_size[:n]:
        sizes[at] = 1
    wanted = [n * count / total for count in counts] if total else []
    while sum(sizes) < n:
        open_strata = [at for at in by_size if sizes[at] < counts[at]]
        at = max(open_strata, key=lambda at: (wanted[at] - sizes[at], counts[at], -at))
        missing = n - sum(sizes)
        sizes[at] += max(1, min(missing, counts[at] - sizes[at], int(wanted[at] - sizes[at])))
    return sizes
