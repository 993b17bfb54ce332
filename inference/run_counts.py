"""What a run counted: rows by status, language and stance, rejected records, copies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..labels.language_tags import print_tag
from ..labels.records import Prediction, RejectedRecord
from .rejected_file import describe_rejected

COUNTED_COLUMNS = ("language", "script", "status", "stance", "duplicate_of", "n_tokens", "n_tokens_read")
"""Columns of the output that a run counts."""

_MAX_PAIRS = 10_000
"""Different pairs of languages that are counted: the column is the archive's, and may hold anything."""
_N_NAMED = 5
"""Rejected records that standard error names."""


@dataclass(slots=True, kw_only=True)
class RunCounts:
    """Grows with every outcome."""

    by_group: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """Rows by (language, script, status, stance); what is not there is an empty string."""
    n_rejected: int = 0
    """Rejected records, rows or not."""
    n_duplicates: int = 0
    """Rows that copy an earlier content."""
    n_repeated_ids: int = 0
    """Rows whose id had come before."""
    n_near_duplicates: int | None = None
    """Contents that are an edited copy of an earlier one; None where that was not asked for."""
    n_clusters: int | None = None
    """Clusters of more than one content."""
    n_hints: int = 0
    """Articles of this run, without copies, whose language column can be compared with the identified language."""
    n_hints_against: int = 0
    """Those where the two differ, whichever was believed."""
    hints_against: Counter[str] = field(default_factory=Counter)
    """`column's value: language of the row` -> how often they differ, as the row came out."""
    n_tokens: int = 0
    n_tokens_read: int = 0
    first_rejected: list[str] = field(default_factory=list)
    """`file:line: reason` of the first five."""

    def add_row(self, prediction: Prediction) -> None:
        """Count a row."""
        self.add({name: getattr(prediction, name) for name in COUNTED_COLUMNS})

    def add_hint(self, hint: str | None, prediction: Prediction) -> None:
        """Compare the archive's language column with what the text was found to be in."""
        if prediction.hint_agrees is None:
            return
        self.n_hints += 1
        if not prediction.hint_agrees:
            self.n_hints_against += 1
            tag = print_tag(prediction.language or "", prediction.script or "")
            pair = f"{hint} in the column, row {tag}"
            if pair in self.hints_against or len(self.hints_against) < _MAX_PAIRS:
                self.hints_against[pair] += 1

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row given as a mapping with (at least) the columns `COUNTED_COLUMNS`."""
        group = (row["language"] or "", row["script"] or "", row["status"], row["stance"] or "")
        self.by_group[group] += 1
        self.n_duplicates += row["duplicate_of"] is not None
        self.n_tokens += row["n_tokens"]
        self.n_tokens_read += row["n_tokens_read"]

    def add_rejected(self, record: RejectedRecord) -> None:
        """Count a rejected record."""
        self.n_rejected += 1
        if len(self.first_rejected) < _N_NAMED:
            self.first_rejected.append(describe_rejected(record))

    @property
    def n_rows(self) -> int:
        """All rows."""
        return sum(self.by_group.values())

    @property
    def by_status(self) -> dict[str, int]:
        """Rows by status, in the order of the statuses."""
        counts = dict.fromkeys(("scored", "unrouted", "empty", "rejected"), 0)
        for (_, _, status, _), n in self.by_group.items():
            counts[status] += n
        return counts

    @property
    def by_stance(self) -> dict[str, int]:
        """Scored rows by stance, most frequent first."""
        counts: Counter[str] = Counter()
        for (_, _, _, stance), n in self.by_group.items():
            if stance:
                counts[stance] += n
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def to_dict(self) -> dict[str, object]:
        """For run.json: totals, then rows by language tag, status and stance."""
        languages: dict[str, dict[str, int]] = {}
        for (language, script, status, stance), n in sorted(self.by_group.items()):
            by_stance = languages.setdefault(print_tag(language, script) or "none", {})
            by_stance[stance or status] = by_stance.get(stance or status, 0) + n
        return {
            "rows": self.n_rows, "by_status": self.by_status, "by_stance": self.by_stance,
            "rejected_records": self.n_rejected, "duplicates": self.n_duplicates,
            "repeated_ids": self.n_repeated_ids, "tokens": self.n_tokens, "tokens_read": self.n_tokens_read,
            "language_column": {"compared": self.n_hints, "differ": self.n_hints_against,
                                "pairs": dict(self.hints_against.most_common(50))},
            "near_duplicates": self.n_near_duplicates, "clusters": self.n_clusters, "by_language": languages,
        }  # fmt: skip
