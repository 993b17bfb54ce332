"""Leave out articles by date and language before they are scored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..labels.errors import ConfigError
from ..labels.records import Article, RejectedRecord

LanguageOf = Callable[[Sequence[Article]], Sequence[str]]
"""Names the language of articles as BCP-47 tags, in order."""

_DATE = re.compile(r"\s*(\d{4})(?:[-/.]?(\d\d))?(?:[-/.]?(\d\d))?(?!\d{3}$)")
_BATCH = 256


def date_key(text: str | None, *, is_late: bool = False) -> tuple[int, int, int] | None:
    """Year, month and day of a date as archives write it, None where there is none.

    Args: is_late: what is left out counts as the end of the year or month, else as its beginning.
    """
    found = _DATE.match(text or "")
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    month = month or (12 if is_late else 1)
    day = day or (31 if is_late else 1)
    if year is None or not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return year, month, day


@dataclass(slots=True, kw_only=True)
class ArchiveFilter:
    """Which articles of an archive are wanted; counts the ones that it leaves out."""

    since: str | None = None
    """Earliest date: `2019`, `2019-05` or `2019-05-31`; articles without a date are left out."""
    until: str | None = None
    """Latest date, included, in the same forms."""
    languages: tuple[str, ...] = ()
    """BCP-47 tags; `ug` stands for all its scripts; none means all languages."""
    language_of: LanguageOf | None = None
    """Identifies languages; without it the archive's own hints count."""
    n_undated: int = 0
    n_outside_dates: int = 0
    n_other_languages: int = 0

    def __post_init__(self) -> None:
        for name, value in (("--since", self.since), ("--until", self.until)):
            if value is not None and date_key(value) is None:
                raise ConfigError(f"{name} {value!r} is no date; write it as 2019, 2019-05 or 2019-05-31")

    def __call__(self, items: Iterable[Article | RejectedRecord]) -> Iterator[Article | RejectedRecord]:
        """The wanted articles, and all rejected records, in order."""
        self.n_undated = self.n_outside_dates = self.n_other_languages = 0
        dated = (item for item in items if isinstance(item, RejectedRecord) or self._has_wanted_date(item))
        if not self.languages:
            yield from dated
            return
        held: list[Article | RejectedRecord] = []
        for item in dated:
            held.append(item)
            if len(held) == _BATCH:
                yield from self._in_wanted_languages(held)
                held = []
        yield from self._in_wanted_languages(held)

    def _has_wanted_date(self, article: Article) -> bool:
        if self.since is None and self.until is None:
            return True
        latest, earliest = date_key(article.date, is_late=True), date_key(article.date)
        if latest is None or earliest is None:
            self.n_undated += 1
            return False
        since, until = date_key(self.since), date_key(self.until, is_late=True)
        is_wanted = (since is None or latest >= since) and (until is None or earliest <= until)
        self.n_outside_dates += not is_wanted
        return is_wanted

    def _in_wanted_languages(self, items: list[Article | RejectedRecord]) -> Iterator[Article | RejectedRecord]:
        articles = [item for item in items if isinstance(item, Article)]
        if self.language_of is None:
            tags: Sequence[str] = [article.language or "und" for article in articles]
        else:
            tags = self.language_of(articles)
        wanted = iter([any(tag == name or tag.startswith(f"{name}-") for name in self.languages) for tag in tags])
        for item in items:
            if isinstance(item, RejectedRecord) or next(wanted):
                yield item
            else:
                self.n_other_languages += 1
