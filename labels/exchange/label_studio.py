"""Label Studio JSON: tasks with annotations and, apart from them, predictions with scores.

Its offsets count UTF-16 units; ours code points: they are turned into each other here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast
from xml.sax.saxutils import quoteattr

from ..audit_sample import QueueItem, queue_item
from ..errors import DataError
from ..records import TextField, content_sha256
from ..store.annotation import Span
from .tasks import Task, TaskLabel, TaskPrediction

_CONFIG = """<View>
  <Text name="title" value="$title"/>
  <Labels name="title_evidence" toName="title"><Label value="evidence"/></Labels>
  <Text name="text" value="$text"/>
  <Labels name="evidence" toName="text"><Label value="evidence"/></Labels>
  <Choices name="stance" toName="text" choice="single">{choices}</Choices>
</View>
"""
_EVIDENCE = {"title": "title_evidence", "text": "evidence"}

_MAIL = "@reviewer.invalid"
"""Label Studio names people by mail address; these lead nowhere."""


def write_label_studio(tasks: Iterable[Task], path: Path, *, labels: Sequence[str]) -> int:
    """Write the tasks, and beside them (`.config.xml`) the labelling interface of a project that they fit.

    Returns: the number of tasks.
    """
    found = [_raw(task) for task in tasks]
    path.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8", errors="replace")
    choices = "".join(f"<Choice value={quoteattr(label)}/>" for label in labels)
    path.with_suffix(".config.xml").write_text(_CONFIG.replace("{choices}", choices), encoding="utf-8")
    return len(found)


def _raw(task: Task) -> dict[str, Any]:
    data = {**asdict(task.item), "title": task.title, "text": task.text, "language": task.tag, "date": task.date,
            "outlet": task.outlet, "url": task.url, "codebook": task.codebook}  # fmt: skip
    annotations = []
    for one in task.labels:
        result = [_choice(one.label)]
        for span in one.spans:
            whole = task.title if span.field == "title" else task.text
            result.append({
                "from_name": _EVIDENCE[span.field], "to_name": span.field, "type": "labels",
                "value": {"start": _units(whole[: span.start]), "end": _units(whole[: span.end]),
                          "text": whole[span.start : span.end], "labels": ["evidence"]},
            })  # fmt: skip
        meta = {"confidence": one.confidence, "note": one.note, "is_flagged": one.is_flagged, "is_blind": one.is_blind}
        result[0]["meta"] = {"text": [json.dumps(meta, ensure_ascii=False)]}
        annotations.append(
            {"completed_by": {"email": f"{one.reviewer}{_MAIL}"}, "created_at": one.at, "result": result}
        )
    predictions = [
        {"model_version": one.model, "score": one.score, "result": [_choice(one.stance)]} for one in task.predictions
    ]
    return {"data": data, "annotations": annotations, "predictions": predictions}


def _choice(label: str) -> dict[str, Any]:
    return {"from_name": "stance", "to_name": "text", "type": "choices", "value": {"choices": [label]}}


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _points(text: str, units: int) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "replace"))


def read_label_studio(path: Path) -> list[Task]:
    """Read an export (JSON) of a project with one choice and, if wished, evidence spans.

    Raises: DataError: not such a file; the message names file and task.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: is not JSON ({error})") from error
    if not isinstance(raw, list):
        raise DataError(f"{path}: is no list of tasks; export as JSON, not JSON-MIN")
    found = []
    for number, one in enumerate(raw, 1):
        try:
            found.append(_task(one, where=f"{path}: task {number}"))
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            raise DataError(f"{path}: task {number} has another form ({error!r}); export as JSON") from error
    return found


def _task(raw: dict[str, Any], *, where: str) -> Task:
    data = raw["data"]
    title, text = str(data.get("title") or ""), str(data["text"])
    if "text_sha256" in data:
        item = queue_item(data, where=where)
    else:
        item = QueueItem(id=str(data.get("id") or f"label-studio-{raw.get('id', where)}"), frame="", stratum="all",
                         text_sha256=content_sha256(title, text), inclusion_prob=0.0, reason="imported")  # fmt: skip
    labels = [label for one in raw.get("annotations", ()) if (label := _label(one, title, text)) is not None]
    predictions = [
        TaskPrediction(model=str(one.get("model_version") or "unknown"), score=float(one.get("score") or 0),
                       stance=str(result["value"]["choices"][0]))
        for one in raw.get("predictions", ()) if isinstance(one, dict)
        for result in one.get("result", ()) if result.get("type") == "choices"
    ]  # fmt: skip
    return Task(item=item, tag=str(data.get("language") or "und"), title=title, text=text, date=data.get("date"),
                outlet=data.get("outlet"), url=data.get("url"), labels=tuple(labels), predictions=tuple(predictions),
                codebook=str(data.get("codebook") or ""))  # fmt: skip


def _label(raw: dict[str, Any], title: str, text: str) -> TaskLabel | None:
    if raw.get("was_cancelled"):
        return None
    choices = [one for one in raw["result"] if one.get("type") == "choices"]
    if not choices:
        return None
    by = raw.get("completed_by")
    name = str(by["email"]) if isinstance(by, dict) else str(by or "label-studio")
    more = (choices[0].get("meta") or {}).get("text") or ["{}"]
    try:
        meta = json.loads(more[0])
    except ValueError:
        meta = {"note": str(more[0])}
    spans = []
    for one in raw["result"]:
        if one.get("type") == "labels":
            field = "title" if one.get("to_name") == "title" else "text"
            whole = title if field == "title" else text
            start, end = (_points(whole, int(one["value"][name])) for name in ("start", "end"))
            spans.append(Span(field=cast("TextField", field), start=start, end=end))
    return TaskLabel(
        reviewer=name.removesuffix(_MAIL), label=str(choices[0]["value"]["choices"][0]),
        at=str(raw.get("created_at") or ""), confidence=meta.get("confidence"), note=str(meta.get("note") or ""),
        spans=tuple(spans), is_flagged=bool(meta.get("is_flagged")), is_blind=bool(meta.get("is_blind", True)),
    )  # fmt: skip
