"""CSV: one row a person and article; cells that a spreadsheet would run as formulas are escaped."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from ..audit_sample import queue_item
from ..errors import DataError
from ..store.annotation import Span
from .tasks import Task, TaskLabel

_NAMES = ("id", "text_sha256", "frame", "stratum", "inclusion_prob", "reason", "language", "date", "outlet", "url",
          "reviewer", "label", "at", "confidence", "note", "spans", "is_flagged", "is_blind", "codebook")  # fmt: skip
_RISKY = re.compile(r"'*[=+@\t\r\n＝＋－＠-]")


def write_csv(tasks: Iterable[Task], path: Path, *, with_text: bool) -> int:
    """Write the labels; returns the rows."""
    n = 0
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_NAMES, *(("title", "text") if with_text else ())])
        for task in tasks:
            item = task.item
            for one in task.labels:
                row = [item.id, item.text_sha256, item.frame, item.stratum, repr(item.inclusion_prob), item.reason,
                       task.tag, task.date, task.outlet, task.url, one.reviewer, one.label, one.at, one.confidence,
                       one.note, json.dumps([asdict(span) for span in one.spans]), str(one.is_flagged).lower(),
                       str(one.is_blind).lower(), task.codebook]  # fmt: skip
                writer.writerow([_guarded(cell) for cell in (*row, *((task.title, task.text) if with_text else ()))])
                n += 1
    return n


def read_csv(path: Path) -> list[Task]:
    """Read what `write_csv` wrote, or another table with the same columns; `title` and `text` are needed.

    Raises: DataError: a column is missing or a value has the wrong form; the message holds file and row.
    """
    found: dict[tuple[str, str], Task] = {}
    csv.field_size_limit(50_000_000)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, raw in enumerate(csv.DictReader(file), 1):
            where = f"{path}:{number}"
            row = {name: _bare(value or "") for name, value in raw.items() if isinstance(value, str) or value is None}
            if missing := [name for name in ("title", "text", "reviewer", "label") if name not in row]:
                raise DataError(f"{where}: column {missing[0]!r} is missing; export with --with-text")
            try:
                spans = tuple(Span(**span) for span in json.loads(row.get("spans") or "[]"))
            except (ValueError, TypeError, AttributeError) as error:
                raise DataError(f"{where}: spans are no list of field, start, end ({error})") from error
            label = TaskLabel(
                reviewer=row["reviewer"], label=row["label"], at=row.get("at", ""), note=row.get("note", ""),
                confidence=row.get("confidence") or None, spans=spans, is_flagged=row.get("is_flagged") == "true",
                is_blind=row.get("is_blind", "true") == "true",
            )  # fmt: skip
            item = queue_item(row, where=where)
            task = Task(item=item, tag=row.get("language", "und"), title=row["title"], text=row["text"],
                        date=row.get("date") or None, outlet=row.get("outlet") or None, url=row.get("url") or None,
                        labels=(label,), codebook=row.get("codebook", ""))  # fmt: skip
            key = (item.id, item.text_sha256)
            earlier = found.get(key)
            found[key] = task if earlier is None else _joined(earlier, label)
    return list(found.values())


def _joined(task: Task, label: TaskLabel) -> Task:
    return replace(task, labels=(*task.labels, label))


def _guarded(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _RISKY.match(cell) else cell


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell[1:]) else cell
