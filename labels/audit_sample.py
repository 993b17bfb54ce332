"""Audit samples: which articles a person reads, each with the probability with which it was drawn.

One queue format everywhere (`select`, `review`, `report`): JSONL or CSV with the columns of `QueueItem`. Without the
inclusion probability a read article cannot correct a share [HT52]; so it is written when the sample is drawn.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ConfigError, DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """One article in line for a reader."""

    id: str
    text_sha256: str
    frame: str
    """Hash of the run sampled from; see `frame_sha256`. A sample corrects only shares of its own frame."""
    stratum: str
    """Stratum it was drawn from; `all` where there is one."""
    inclusion_prob: float
    """Probability with which it came into the sample, above 0, at most 1. 0 marks an item that was not drawn at
    random (most uncertain, suspected error): it trains, but corrects nothing."""
    reason: str
    """Why it is here: `audit`, `uncertain`, `diverse`, `quota`, `disagreement`, `suspect`."""

    def __post_init__(self) -> None:
        if not 0 <= self.inclusion_prob <= 1:
            raise DataError(f"queue item {self.id!r}: inclusion_prob is {self.inclusion_prob}; it must be from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedArticle:
    """A queue item with the gold label that readers settled on."""

    item: QueueItem
    label: str


def frame_sha256(text_sha256s: Iterable[str], *, model: str, codebook: str) -> str:
    """Name of a frame: the contents that were scored, by which model, with which codebook; order does not count."""
    total = 0
    for value in text_sha256s:
        total = (total + int(value, 16)) % (1 << 256)
    return hashlib.sha256(f"{total:064x}|{model}|{codebook}".encode()).hexdigest()


def draw_audit_sample(ids: Sequence[str], text_sha256s: Sequence[str], strata: Sequence[str], *, frame: str,
                      sizes: Mapping[str, int], rng: np.random.Generator) -> list[QueueItem]:  # fmt: skip
    """A simple random sample without replacement in each stratum, in input order.

    Args: sizes: stratum -> articles to draw; a stratum with fewer articles is taken whole.
    Raises: ConfigError: a size for a stratum that is not there.
    """
    members: dict[str, list[int]] = {}
    for row, stratum in enumerate(strata):
        members.setdefault(stratum, []).append(row)
    if unknown := set(sizes) - set(members):
        raise ConfigError(f"no article is in stratum {min(unknown)!r}; there are {', '.join(sorted(members)[:20])}")
    drawn: list[tuple[int, float]] = []
    for stratum in sorted(sizes):
        rows = members[stratum]
        n = min(sizes[stratum], len(rows))
        chosen = rng.choice(len(rows), size=n, replace=False)
        drawn += [(rows[at], n / len(rows)) for at in chosen]
    return [
        QueueItem(id=ids[row], text_sha256=text_sha256s[row], frame=frame, stratum=strata[row], inclusion_prob=prob,
                  reason="audit")
        for row, prob in sorted(drawn)
    ]  # fmt: skip


def proportional_sizes(strata: Sequence[str], n: int, *, at_least: int = 2) -> dict[str, int]:
    """Sample sizes by stratum in proportion to their articles, none below `at_least` (or the stratum's size)."""
    counts: dict[str, int] = {}
    for stratum in strata:
        counts[stratum] = counts.get(stratum, 0) + 1
    total = sum(counts.values())
    return {name: min(count, max(at_least, math.ceil(n * count / total))) for name, count in sorted(counts.items())}


def write_queue(items: Iterable[QueueItem], path: Path) -> None:
    """Write a queue as .csv or .jsonl, by the ending.

    Raises: ConfigError: another ending.
    """
    names = [item.name for item in fields(QueueItem)]
    rows = [asdict(item) for item in items]
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
    else:
        raise ConfigError(f"{path}: a queue is written as .csv or .jsonl")


def read_queue(path: Path) -> list[QueueItem]:
    """Read a queue that `write_queue` wrote.

    Raises: DataError: a row is broken or a column is missing; the message holds file and row.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            if path.suffix == ".csv":
                rows: list[dict[str, Any]] = list(csv.DictReader(file))
            else:
                rows = [json.loads(line) for line in file if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as a queue ({error}); it is JSON lines or CSV") from error
    return [queue_item(row, where=f"{path}:{number}") for number, row in enumerate(rows, 1)]


def queue_item(row: Mapping[str, Any], *, where: str) -> QueueItem:
    """One item from its row; further columns are left alone.

    Raises: DataError: a column is missing or has the wrong form.
    """
    try:
        values = {item.name: row[item.name] for item in fields(QueueItem)}
        return QueueItem(**(values | {"inclusion_prob": float(values["inclusion_prob"])}))
    except KeyError as error:
        raise DataError(f"{where}: column {error.args[0]!r} is missing from the queue") from error
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: a value has the wrong form ({error})") from error
