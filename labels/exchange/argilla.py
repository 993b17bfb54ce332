"""Argilla 2 records (JSON): fields, the model's suggestion, and each person's response under a UUID.

What `dataset.records.from_json` takes, for a dataset with the text fields `title` (not required) and `text`, a label
question `stance` and a text question `note` (not required). A server takes responses only of users that it knows:
`people` in the metadata says whose ids these are. Argilla's own file leaves out whether a response is a draft.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..audit_sample import queue_item
from ..errors import DataError
from ..store.annotation import Span
from .tasks import Task, TaskLabel, TaskPrediction

_PEOPLE = uuid.UUID("5a8c6a0e-6f0b-4f7e-9d56-0d3c7c1c1d11")
"""Namespace of the UUIDs that stand for pseudonyms."""


def write_argilla(tasks: Iterable[Task], path: Path) -> int:
    """Write the records; returns their number."""
    found = [_record(task) for task in tasks]
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8", errors="replace")
    return len(found)


def _record(task: Task) -> dict[str, Any]:
    responses: dict[str, list[dict[str, Any]]] = {"stance": [], "note": []}
    people: dict[str, dict[str, Any]] = {}
    for one in task.labels:
        user = str(uuid.uuid5(_PEOPLE, one.reviewer))
        responses["stance"].append({"value": one.label, "user_id": user, "status": "submitted"})
        if one.note:
            responses["note"].append({"value": one.note, "user_id": user, "status": "submitted"})
        people[user] = {"reviewer": one.reviewer, "at": one.at, "confidence": one.confidence,
                        "is_flagged": one.is_flagged, "is_blind": one.is_blind,
                        "spans": [asdict(span) for span in one.spans]}  # fmt: skip
    suggestions = {}
    if task.predictions:
        last = task.predictions[-1]
        suggestions["stance"] = {"value": last.stance, "score": last.score, "agent": last.model}
    return {
        "id": f"{task.item.text_sha256[:16]}-{task.item.id}", "fields": {"title": task.title, "text": task.text},
        "metadata": {**asdict(task.item), "article_id": task.item.id, "language": task.tag, "date": task.date,
                     "outlet": task.outlet, "url": task.url, "codebook": task.codebook,
                     "people": json.dumps(people, ensure_ascii=False)},
        "suggestions": suggestions, "responses": {name: given for name, given in responses.items() if given},
        "vectors": {},
    }  # fmt: skip


def read_argilla(path: Path) -> list[Task]:
    """Read records that `write_argilla` or `dataset.records.to_json` wrote.

    Raises: DataError: not such a file; the message names file and record.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: is not JSON ({error})") from error
    if not isinstance(raw, list):
        raise DataError(f"{path}: is no list of records")
    found = []
    for number, one in enumerate(raw, 1):
        try:
            found.append(_task(one, where=f"{path}: record {number}"))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise DataError(f"{path}: record {number} has another form ({error!r})") from error
    return found


def _task(raw: dict[str, Any], *, where: str) -> Task:
    meta, fields, responses = raw["metadata"], raw["fields"], raw.get("responses") or {}
    people = json.loads(meta.get("people") or "{}")
    notes = {one["user_id"]: str(one["value"]) for one in responses.get("note", ())}
    labels = []
    for one in responses.get("stance", ()):
        if one.get("status", "submitted") != "submitted":
            continue
        known = people.get(one["user_id"], {})
        labels.append(TaskLabel(
            reviewer=str(known.get("reviewer") or one["user_id"]), label=str(one["value"]),
            at=str(known.get("at") or ""), confidence=known.get("confidence"), note=notes.get(one["user_id"], ""),
            spans=tuple(Span(**span) for span in known.get("spans", ())), is_flagged=bool(known.get("is_flagged")),
            is_blind=bool(known.get("is_blind")),
        ))  # fmt: skip
    said = (raw.get("suggestions") or {}).get("stance")
    predictions = (
        (TaskPrediction(model=str(said.get("agent") or "unknown"), stance=str(said["value"]),
                        score=float(said.get("score") or 0)),) if said else ()
    )  # fmt: skip
    return Task(
        item=queue_item({**meta, "id": meta["article_id"]}, where=where), tag=str(meta.get("language") or "und"),
        title=str(fields.get("title") or ""), text=str(fields["text"]), date=meta.get("date"),
        outlet=meta.get("outlet"), url=meta.get("url"), labels=tuple(labels), predictions=predictions,
        codebook=str(meta.get("codebook") or ""),
    )  # fmt: skip
