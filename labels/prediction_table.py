"""The output table: its columns in order, their types, and a prediction as one row of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .records import Evidence, Prediction, Status

if TYPE_CHECKING:
    import pyarrow as pa

STANDARD_METADATA = ("date", "outlet", "url")
"""Metadata columns that are always kept."""

_BEFORE_PROBS = ("id", "status", "reason", "text_sha256", "language", "script", "language_prob", "route", "stance")
_AFTER_PROBS = ("balance", "stance_set", "is_confident", "is_validated", "n_tokens", "n_tokens_read", "n_windows",
                "duplicate_of", "model", "codebook")  # fmt: skip
_TYPES = {
    "language_prob": "float", "balance": "float", "is_confident": "bool", "is_validated": "bool", "n_tokens": "int",
    "n_tokens_read": "int", "n_windows": "int", "stance_set": "list", "evidence": "evidence",
}  # fmt: skip


def column_names(labels: Sequence[str], *, metadata: Sequence[str] = (), with_evidence: bool = False) -> list[str]:
    """Names of all columns in output order; `metadata` are the columns kept beyond date, outlet and url."""
    names = [*_BEFORE_PROBS, *(f"p_{label}" for label in labels), *_AFTER_PROBS, *STANDARD_METADATA, *metadata]
    return [*names, "evidence"] if with_evidence else names


def to_row(prediction: Prediction, labels: Sequence[str], *, metadata: Sequence[str] = (),
           with_evidence: bool = False) -> dict[str, Any]:  # fmt: skip
    """A prediction as plain JSON-able values, keys in output order; absent values are None."""
    row: dict[str, Any] = {name: getattr(prediction, name) for name in _BEFORE_PROBS}
    probs: Sequence[float | None] = prediction.probs or [None] * len(labels)
    row.update({f"p_{label}": prob for label, prob in zip(labels, probs, strict=True)})
    row.update({name: getattr(prediction, name) for name in _AFTER_PROBS})
    row["stance_set"] = None if prediction.stance_set is None else list(prediction.stance_set)
    row.update({name: prediction.metadata.get(name) for name in (*STANDARD_METADATA, *metadata)})
    if with_evidence:
        row["evidence"] = [
            {"field": item.field, "start": item.start, "end": item.end, "score": item.score}
            for item in prediction.evidence or ()
        ]
    return row


def from_row(row: Mapping[str, Any], labels: Sequence[str], *, metadata: Sequence[str] = ()) -> Prediction:
    """The prediction that `to_row` made the row of (lists may be JSON or space-separated text, as CSV has them)."""
    probs = tuple(row[f"p_{label}"] for label in labels)
    stance_set, evidence = row["stance_set"], row.get("evidence")
    if isinstance(stance_set, str):
        stance_set = stance_set.split()
    if isinstance(evidence, str):
        evidence = json.loads(evidence)
    status: Status = row["status"]
    values = {name: row[name] for name in (*_BEFORE_PROBS, *_AFTER_PROBS) if name not in ("stance_set", "status")}
    return Prediction(
        **values,
        status=status,
        probs=None if probs[0] is None else tuple(float(prob) for prob in probs),
        stance_set=None if stance_set is None else tuple(stance_set),
        metadata={name: row.get(name) for name in (*STANDARD_METADATA, *metadata)},
        evidence=None if evidence is None else tuple(Evidence(**item) for item in evidence),
    )


def arrow_schema(labels: Sequence[str], *, metadata: Sequence[str] = (), with_evidence: bool = False) -> pa.Schema:
    """Arrow schema of the Parquet output; metadata columns are strings."""
    import pyarrow as pa

    kinds = {
        "float": pa.float64(), "bool": pa.bool_(), "int": pa.int64(), "list": pa.list_(pa.string()),
        "evidence": pa.list_(pa.struct([("field", pa.string()), ("start", pa.int64()), ("end", pa.int64()),
                                        ("score", pa.float64())])),
    }  # fmt: skip
    probs = {f"p_{label}" for label in labels}
    names = column_names(labels, metadata=metadata, with_evidence=with_evidence)
    return pa.schema(
        [(name, pa.float64() if name in probs else kinds.get(_TYPES.get(name, ""), pa.string())) for name in names]
    )


def to_arrow(predictions: Iterable[Prediction], labels: Sequence[str], *, metadata: Sequence[str] = (),
             with_evidence: bool = False) -> pa.Table:  # fmt: skip
    """Predictions as one Arrow table in `arrow_schema`; metadata values other than text are written as JSON."""
    import pyarrow as pa

    schema = arrow_schema(labels, metadata=metadata, with_evidence=with_evidence)
    text_columns = (*STANDARD_METADATA, *metadata)
    rows = []
    for prediction in predictions:
        row = to_row(prediction, labels, metadata=metadata, with_evidence=with_evidence)
        for name in text_columns:
            if row[name] is not None and not isinstance(row[name], str):
                row[name] = json.dumps(row[name], ensure_ascii=False, default=str)
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=schema)
