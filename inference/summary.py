"""The summary of a run: a table of language x status x stance for standard error."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..labels.language_tags import print_tag
from .run_counts import RunCounts

if TYPE_CHECKING:
    from rich.table import Table

_OTHER_STATUSES = ("unrouted", "empty", "rejected")


def summary_table(counts: RunCounts, labels: tuple[str, ...], *, max_languages: int | None = 40) -> Table:
    """Rows by language, most frequent first; the languages beyond `max_languages` come as one row."""
    from rich.table import Table

    by_language: dict[str, Counter[str]] = {}
    for (language, script, status, stance), n in counts.by_group.items():
        tag = print_tag(language, script) or "(none)"
        by_language.setdefault(tag, Counter())[stance if status == "scored" else status] += n
    ordered = sorted(by_language.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    shown, rest = ordered[:max_languages], ordered[max_languages:] if max_languages is not None else []
    columns = (*labels, *_OTHER_STATUSES)

    table = Table(title=None, header_style="bold", pad_edge=False, show_footer=len(ordered) > 1)
    total: Counter[str] = sum((row for _, row in ordered), Counter())
    table.add_column("language", footer="all")
    table.add_column("articles", justify="right", footer=f"{total.total():,}")
    for name in columns:
        table.add_column(name, justify="right", footer=_cell(total[name]))
    for tag, row in shown:
        table.add_row(tag, f"{row.total():,}", *(_cell(row[name]) for name in columns))
    if rest:
        others: Counter[str] = sum((row for _, row in rest), Counter())
        table.add_row(f"{len(rest)} more", f"{others.total():,}", *(_cell(others[name]) for name in columns))
    return table


def _cell(n: int) -> str:
    return f"{n:,}" if n else "·"
