"""Audited labels for a report: read, checked against the run, and brought into the columns of the estimators."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..labels.audit_sample import AuditedArticle, queue_item
from ..labels.codebook import Codebook
from ..labels.errors import ConfigError, DataError
from .estimators import AuditSample
from .estimators_variance import AuditDesign
from .prevalence_source import quoted
from .prevalence_table import PredictionTable


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedLabels:
    """What readers settled on, and what of the queue they have not read."""

    articles: tuple[AuditedArticle, ...]
    unread: Mapping[str, int]
    """Stratum -> drawn articles without a label."""
    source: str
    """File or store, for messages and the method section."""
    codebook: str | None = None
    """Signature of the codebook that the readers followed, where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedAudit:
    """An audit that fits the run."""

    sample: AuditSample
    dimensions: Mapping[str, list[str | None]]
    """Dimension -> value of each audited article."""
    base_language: list[str | None]
    """Language without script of each audited article."""
    story: list[int | None]
    """Story of each audited article; None where it stands alone."""
    stance: np.ndarray
    """The classifier's label of each, int64 (audited,)."""
    strata: list[str]
    """Names of the strata, by their numbers in the design."""
    n_not_random: int
    n_unread: int
    source: str
    warnings: tuple[str, ...]


def read_audit(paths: Sequence[Path], *, codebook: Codebook | None, labels: Sequence[str]) -> AuditedLabels:
    """Read files of queue columns and `label` (JSONL or CSV); a row with an empty label has not been read yet.

    Args: codebook: maps other spellings by its aliases; without it the labels must be those of the run.

    Raises: DataError: a broken row, an unknown label, or one article with two labels or two probabilities.
    """
    found: dict[tuple[str, str], AuditedArticle] = {}
    unread: Counter[str] = Counter()
    signatures = set()
    for path in paths:
        for number, row in enumerate(_rows(path), 1):
            where = f"{path}:{number}"
            item = queue_item(row, where=where)
            if row.get("codebook"):
                signatures.add(str(row["codebook"]))
            label = str(row.get("label") or "").strip()
            if not label:
                unread[item.stratum] += 1
                continue
            if codebook is not None:
                label = codebook.labels[codebook.index(label, where=where)]
            if label not in labels:
                raise DataError(f"{where}: label {label!r} is none of the run's ({', '.join(labels)}); correct it")
            audited = AuditedArticle(item=item, label=label)
            earlier = found.setdefault((item.id, item.text_sha256), audited)
            if earlier.label != label:
                raise DataError(
                    f"{where}: article {item.id!r} has two labels ({earlier.label}, {label}); settle them first"
                )
            if earlier.item.inclusion_prob != item.inclusion_prob:
                raise DataError(
                    f"{where}: article {item.id!r} is in two samples (inclusion_prob "
                    f"{earlier.item.inclusion_prob:g}, {item.inclusion_prob:g}); overlapping samples cannot be added "
                    "up: report with one of them"
                )
    if len(signatures) > 1:
        raise DataError(
            f"{', '.join(map(str, paths))}: readers followed several codebooks ({', '.join(sorted(signatures))})"
        )
    names = ", ".join(path.name for path in paths)
    return AuditedLabels(articles=tuple(found.values()), unread=dict(unread), source=names,
                         codebook=next(iter(signatures), None))  # fmt: skip


def prepare_audit(audited: AuditedLabels, table: PredictionTable, *, other_run: bool = False) -> PreparedAudit:
    """Check an audit against the run and find its articles in the table.

    Args: other_run: accept a sample that was drawn from another scoring of the same archive.

    Raises: DataError: nothing drawn at random, another archive or codebook, or too few articles to say anything.
    """
    warnings = []
    random = [item for item in audited.articles if item.item.inclusion_prob > 0]
    n_other = len(audited.articles) - len(random)
    if not random:
        raise DataError(
            f"{audited.source}: none of its {len(audited.articles):,} labelled articles was drawn at random "
            "(inclusion_prob above 0), so they cannot correct a share; draw a sample with xjstance report --plan-audit"
        )
    if n_other:
        warnings.append(
            f"{n_other:,} labelled articles were not drawn at random; they correct nothing and were left out."
        )
    _check_codebook(audited, table)
    frame = table.frame()
    foreign = [item for item in random if item.item.frame != frame]
    if foreign and not other_run:
        raise DataError(
            f"{audited.source}: its sample was drawn from another run ({foreign[0].item.frame[:12]}, this one is "
            f"{frame[:12]}); a sample corrects only the archive it was drawn from. If only the model has "
            "changed since, add --audit-of-other-run"
        )
    rows = _find(random, table)
    lost = [item for item, row in zip(random, rows, strict=True) if row is None]
    if lost and (foreign or len(lost) == len(random)):
        raise DataError(
            f"{audited.source}: {len(lost):,} of {len(random):,} audited articles are not among the scored "
            f"rows (the first is {lost[0].item.id!r}); the sample belongs to another archive"
        )
    if foreign:
        warnings.append("The sample was drawn from another scoring of this archive; the articles are the same.")
    if lost:
        warnings.append(f"{len(lost):,} audited articles are not among the scored rows and were left out.")
    kept = [(item, row) for item, row in zip(random, rows, strict=True) if row is not None]
    if len(kept) < 2:
        raise DataError(f"{audited.source}: {len(kept)} usable audited article; a share needs many more")
    weights = _unread_factor(audited, random, warnings)
    return _prepared(kept, table, weights, audited, n_other, warnings)


def _prepared(kept: list[tuple[AuditedArticle, Mapping[str, Any]]], table: PredictionTable,
              weights: Mapping[str, float], audited: AuditedLabels, n_other: int,
              warnings: list[str]) -> PreparedAudit:  # fmt: skip
    labels = table.labels
    strata = sorted({item.item.stratum for item, _ in kept})
    counts = Counter(item.item.stratum for item, _ in kept)
    if single := [name for name in strata if counts[name] == 1]:
        warnings.append(f"{len(single)} strata have one audited article ({', '.join(single[:5])}); they were joined "
                        "with others to estimate the spread, and the intervals are wider for it.")  # fmt: skip
    gold = np.zeros((len(kept), len(labels)))
    gold[np.arange(len(kept)), [labels.index(item.label) for item, _ in kept]] = 1
    if (present := int((gold.sum(axis=0) > 0).sum())) == 1:
        warnings.append(f"All audited articles are {kept[0][0].label}: nothing is known about how the others look; "
                        "the intervals rest on the rule of three.")  # fmt: skip
    elif present < len(labels):
        absent = [label for at, label in enumerate(labels) if not gold[:, at].any()]
        warnings.append(f"No audited article is {' or '.join(absent)}; that share is bounded, not measured.")
    prob = np.array([min(item.item.inclusion_prob * weights[item.item.stratum], 1.0) for item, _ in kept])
    stories = [row["story"] for _, row in kept]
    design = AuditDesign(
        inclusion_prob=prob, stratum=np.array([strata.index(item.item.stratum) for item, _ in kept]),
        clusters={"story": _codes([f"s{story}" if story is not None else f"a{at}" for at, story in enumerate(stories)]),
                  "outlet": _codes([str(row["outlet"]) if row["outlet"] is not None else f"\0{at}"
                                    for at, (_, row) in enumerate(kept)])},
    )  # fmt: skip
    probs = np.array([[row[f"p{at}"] for at in range(len(labels))] for _, row in kept], dtype=np.float64)
    _check_total(prob, table, warnings)
    return PreparedAudit(
        sample=AuditSample(gold=gold, probs=probs / probs.sum(axis=1, keepdims=True), design=design),
        dimensions={name: [row[name] for _, row in kept] for name in table.dimensions},
        base_language=[row["base_language"] for _, row in kept], story=stories,
        stance=np.array([int(row["stance"]) for _, row in kept]), strata=strata, n_not_random=n_other,
        n_unread=sum(audited.unread.values()), source=audited.source, warnings=tuple(warnings),
    )  # fmt: skip


def _check_codebook(audited: AuditedLabels, table: PredictionTable) -> None:
    if audited.codebook is not None and audited.codebook != table.codebook:
        raise DataError(
            f"{audited.source}: readers followed codebook {audited.codebook}, the model {table.codebook}; labels of "
            "different codebooks do not mean the same"
        )


def _check_total(prob: np.ndarray, table: PredictionTable, warnings: list[str]) -> None:
    n = table.connection.execute("SELECT count(*) FROM article WHERE status = 'scored'").fetchall()[0][0]
    total = float(np.sum(1 / prob))
    error = float(np.sqrt(np.sum((1 - prob) / prob**2)))
    if abs(total - n) > max(4 * error, 0.02 * n):
        warnings.append(f"The sample stands for {total:,.0f} articles, the run scored {n:,}: part of the archive had "
                        "no chance of being drawn, or the probabilities are wrong. Shares of such parts are not "
                        "corrected.")  # fmt: skip


def _unread_factor(audited: AuditedLabels, random: list[AuditedArticle], warnings: list[str]) -> dict[str, float]:
    read = Counter(item.item.stratum for item in random)
    factors = {name: read[name] / (read[name] + audited.unread.get(name, 0)) for name in read}
    if audited.unread:
        warnings.append(f"{sum(audited.unread.values()):,} drawn articles have not been read; the read ones of the "
                        "stratum stand for them, which holds if readers did not choose.")  # fmt: skip
    return factors


def _find(articles: list[AuditedArticle], table: PredictionTable) -> list[Mapping[str, Any] | None]:
    """The table's row of each audited article (the first where an id is repeated), None where there is none."""
    import pyarrow as pa

    wanted = pa.table({"at": list(range(len(articles))), "id": [item.item.id for item in articles],
                       "sha": [item.item.text_sha256 for item in articles]})  # fmt: skip
    table.connection.register("wanted_audit", wanted)
    dimensions = "".join(f", a.{quoted(name)}" for name in table.dimensions)
    probs = "".join(f", a.p{at}" for at in range(len(table.labels)))
    cursor = table.connection.execute(f"""
        SELECT w.at, a.stance, a.base_language, a.story{dimensions}{probs} FROM wanted_audit w
        JOIN article a ON a.key = hash(w.id, w.sha) AND a.status = 'scored' ORDER BY w.at""")
    names = [item[0] for item in cursor.description]
    found: list[Mapping[str, Any] | None] = [None] * len(articles)
    for values in cursor.fetchall():
        if found[values[0]] is None:
            found[values[0]] = dict(zip(names, values, strict=True))
    table.connection.unregister("wanted_audit")
    return found


def _codes(values: Sequence[str]) -> np.ndarray:
    return np.unique(np.array(values, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64)


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
