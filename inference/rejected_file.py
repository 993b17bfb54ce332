"""The rejected file: one JSON line for each record that could not be used."""

from __future__ import annotations

import json

from ..labels.records import RejectedRecord


def rejected_line(record: RejectedRecord) -> bytes:
    """The record as a line of rejected.jsonl: file, line, id, reason."""
    values = {"file": record.file, "line": record.line, "id": record.id, "reason": record.reason}
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"


def describe_rejected(record: RejectedRecord) -> str:
    """The record as one line for people: `file:line: reason`."""
    place = record.file if record.line is None else f"{record.file}:{record.line}"
    return f"{place}: {record.reason}"
