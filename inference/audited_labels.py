"""Audited labels as they come from files: one or several drawn samples, and what readers settled on."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..labels.audit_sample import AuditedArticle, QueueItem, queue_item
from ..labels.codebook import Codebook
from ..labels.errors import ConfigError, DataError

Identity = tuple[str, str]
"""Id and text_sha256 of an article."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSample:
    """One sample as it was drawn, read or not; each article once."""

    name: str
    """File or queue, for messages."""
    items: tuple[QueueItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedLabels:
    """What readers settled on, and what was drawn."""

    samples: tuple[DrawnSample, ...]
    labels: Mapping[Identity, str]
    """Gold label of each article that has one; it counts in every sample that drew the article."""
    source: str
    """Files or store, for messages and the method section."""
    codebook: str | None = None
    """Signature of the codebook that the readers followed, where it is known."""
    warnings: tuple[str, ...] = ()
    provenance: str | None = None
    """State of the store that was read."""

    @property
    def articles(self) -> tuple[AuditedArticle, ...]:
        """The labelled items of all samples; an article drawn twice comes twice."""
        return tuple(AuditedArticle(item=item, label=self.labels[identity(item)])
                     for sample in self.samples for item in sample.items if identity(item) in self.labels)  # fmt: skip

    @property
    def unread(self) -> dict[str, int]:
        """Stratum -> items without a label."""
        return dict(Counter(item.stratum for sample in self.samples for item in sample.items
                            if identity(item) not in self.labels))  # fmt: skip


def identity(item: QueueItem) -> Identity:
    """Which article an item is."""
    return item.id, item.text_sha256


def read_audit(paths: Sequence[Path], *, codebook: Codebook | None, labels: Sequence[str]) -> AuditedLabels:
    """Read files of queue columns and `label` (JSONL or CSV); a row with an empty label has not been read yet.

    Args: codebook: maps other spellings by its aliases; without it the labels must be those of the run.

    Raises: DataError: a broken row, an unknown label, one article with two labels, or twice in one file with two
        probabilities.
    """
    settled: dict[Identity, str] = {}
    samples = []
    signatures: set[str] = set()
    for path in paths:
        items: dict[Identity, QueueItem] = {}
        for number, row in enumerate(_rows(path), 1):
            where = f"{path}:{number}"
            if not isinstance(row, Mapping):
                raise DataError(f"{where}: is no JSON object with the queue's columns and `label`")
            item = queue_item(row, where=where)
            earlier = items.setdefault(identity(item), item)
            if earlier.inclusion_prob != item.inclusion_prob:
                raise DataError(
                    f"{where}: article {item.id!r} is in this file twice (inclusion_prob {earlier.inclusion_prob:g}, "
                    f"{item.inclusion_prob:g}), so the file mixes overlapping samples; give each sample as a file of "
                    "its own"
                )
            if row.get("codebook"):
                signatures.add(str(row["codebook"]))
            label = str(row.get("label") or "").strip()
            if not label:
                continue
            if codebook is not None:
                label = codebook.labels[codebook.index(label, where=where)]
            if label not in labels:
                raise DataError(f"{where}: label {label!r} is none of the run's ({', '.join(labels)}); correct it")
            if settled.setdefault(identity(item), label) != label:
                raise DataError(
                    f"{where}: article {item.id!r} has two labels ({settled[identity(item)]}, {label}); settle them "
                    "first"
                )
        samples.append(DrawnSample(name=path.name, items=tuple(items.values())))
    if len(signatures) > 1:
        raise DataError(
            f"{', '.join(map(str, paths))}: readers followed several codebooks ({', '.join(sorted(signatures))})"
        )
    return AuditedLabels(samples=tuple(samples), labels=settled, source=", ".join(path.name for path in paths),
                         codebook=next(iter(signatures), None))  # fmt: skip


def join_audits(first: AuditedLabels, second: AuditedLabels) -> AuditedLabels:
    """The samples of both, as of a pilot in a file and a later sample in a store.

    Raises: DataError: an article has two labels, or readers followed two codebooks.
    """
    for key in first.labels.keys() & second.labels.keys():
        if first.labels[key] != second.labels[key]:
            raise DataError(
                f"article {key[0]!r} is {first.labels[key]} in {first.source} and {second.labels[key]} in "
                f"{second.source}; settle it first"
            )
    if None not in (first.codebook, second.codebook) and first.codebook != second.codebook:
        raise DataError(f"readers of {first.source} followed codebook {first.codebook}, those of {second.source} "
                        f"{second.codebook}; labels of different codebooks do not mean the same")  # fmt: skip
    return replace(
        first, samples=(*first.samples, *second.samples), labels={**first.labels, **second.labels},
        source=f"{first.source}, {second.source}", codebook=first.codebook or second.codebook,
        warnings=(*first.warnings, *second.warnings), provenance=first.provenance or second.provenance,
    )  # fmt: skip


def _rows(path: Path) -> Iterable[Mapping[str, Any]]:
    if path.suffix not in (".csv", ".jsonl"):
        raise ConfigError(f"{path}: audited labels are a .jsonl or .csv file with the queue's columns and `label`")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix == ".csv":
                return list(csv.DictReader(file))
            return [json.loads(line) for line in file if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as audited labels ({error}); it is JSON lines or CSV") from error
