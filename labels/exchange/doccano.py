"""doccano JSONL: one line a person and article, `label` a list of one; the rest are its metadata columns."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ..audit_sample import QueueItem, queue_item
from ..errors import DataError
from ..records import content_sha256
from ..store.annotation import Span
from .tasks import Task, TaskLabel


def write_doccano(tasks: Iterable[Task], path: Path) -> int:
    """Write the labels; returns the lines. `text` is title, a blank line, text, as the model reads it."""
    n = 0
    with path.open("w", encoding="utf-8", errors="replace") as file:
        for task in tasks:
            for one in task.labels:
                n += 1
                meta = {**asdict(task.item), "article_id": task.item.id, "title": task.title, "language": task.tag,
                        "date": task.date, "outlet": task.outlet, "url": task.url, "username": one.reviewer,
                        "at": one.at, "confidence": one.confidence, "is_flagged": one.is_flagged,
                        "is_blind": one.is_blind, "spans": [asdict(span) for span in one.spans],
                        "codebook": task.codebook}  # fmt: skip
                content = f"{task.title}\n\n{task.text}" if task.title else task.text
                line = {
                    **meta,
                    "id": n,
                    "text": content,
                    "label": [one.label],
                    "Comments": [one.note] if one.note else [],
                }
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return n


def read_doccano(path: Path) -> list[Task]:
    """Read doccano's export of a text classification project, ours or one made there.

    Raises: DataError: a line is no JSON object, or has no text, or not exactly one label; file and line are named.
    """
    found: dict[tuple[str, str], Task] = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path}:{number}"
            try:
                raw = json.loads(line)
                labels = raw.get("label", raw.get("labels"))
                text = raw["text"]
            except (ValueError, KeyError, AttributeError) as error:
                raise DataError(f"{where}: is no line of doccano ({error})") from error
            if not isinstance(text, str) or not isinstance(labels, list) or len(labels) != 1:
                raise DataError(f"{where}: a text and exactly one label are wanted, the labels are {labels!r}")
            task = _task(raw, text, str(labels[0]), where)
            key = (task.item.id, task.item.text_sha256)
            found[key] = replace(found[key], labels=(*found[key].labels, *task.labels)) if key in found else task
    return list(found.values())


def _task(raw: dict[str, Any], content: str, label: str, where: str) -> Task:
    title = str(raw.get("title") or "")
    text = content.removeprefix(f"{title}\n\n") if title else content
    item = (
        queue_item({**raw, "id": raw["article_id"]}, where=where)
        if "article_id" in raw
        else QueueItem(id=f"doccano-{raw.get('id', where)}", text_sha256=content_sha256(title, text), frame="",
                       stratum="all", inclusion_prob=0.0, reason="imported")
    )  # fmt: skip
    comments = raw.get("Comments") or raw.get("comments") or []
    try:
        spans = tuple(Span(**span) for span in raw.get("spans") or ())
    except TypeError as error:
        raise DataError(f"{where}: spans are no list of field, start, end ({error})") from error
    one = TaskLabel(
        reviewer=str(raw.get("username") or "doccano"), label=label, at=str(raw.get("at") or ""),
        confidence=raw.get("confidence"), note="\n".join(map(str, comments)), spans=spans,
        is_flagged=bool(raw.get("is_flagged")), is_blind=bool(raw.get("is_blind", True)),
    )  # fmt: skip
    return Task(
        item=item, tag=str(raw.get("language") or "und"), title=title, text=text, date=raw.get("date"),
        outlet=raw.get("outlet"), url=raw.get("url"), labels=(one,), codebook=str(raw.get("codebook") or ""),
    )  # fmt: skip
