"""A report as plain data: every number that the page, the tables and the charts show, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

import numpy as np

from ..labels.codebook import Codebook
from ..labels.errors import ConfigError
from .estimators_margins import margins
from .estimators_variance import variance_floor
from .prevalence import SIMULATED_FROM, Prevalence, PrevalenceCell, PrevalenceSettings, estimate_cut
from .prevalence_audit import PreparedAudit
from .prevalence_contrasts import Contrast, pairs, trend
from .prevalence_cuts import Cut, printed_key
from .prevalence_errors import Rate, error_directions, estimate_confusion
from .prevalence_source import quoted
from .prevalence_table import PredictionTable
from .prevalence_units import independent_units
from .report_words import LIMITS, METHODS, OUT_OF_SCOPE
from .run_record import installed_versions

FORMAT = 1
"""Version of the JSON's form."""
_MAX_OUTLETS = 50
"""Outlets that the volume lists, the largest first."""
_MAX_INPUTS = 100
"""Files of the archive that the method section names."""
_MAX_STRATA = 200
"""Strata of the audit that it lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """What a report shall hold."""

    cuts: tuple[Cut, ...]
    settings: PrevalenceSettings
    compare: tuple[tuple[str, str], ...] = ()
    """Pairs of printed cell keys of the cuts."""
    error_dimensions: tuple[str, ...] = ("language",)
    """Dimensions whose groups get both error directions; the outlet group where an outlet table names one."""
    title: str = "Stance by language, outlet and month"


def build_report(table: PredictionTable, request: ReportRequest, *, audit: PreparedAudit | None = None,
                 codebook: Codebook | None = None,
                 known_errors: Mapping[str, Any] | None = None) -> dict[str, Any]:  # fmt: skip
    """All numbers of a report.

    Args:
        codebook: the codebook in words, if it is at hand; must have the signature of the run to be printed.
        known_errors: figures of the model's own test, shown where no audit corrects.

    Raises: ConfigError: a cut or a comparison that is not there.
    """
    settings, labels = request.settings, table.labels
    told: list[str] = []
    if audit is not None and not settings.units:
        units, told = independent_units(table, audit)
        settings = replace(settings, units=units)
        request = replace(request, settings=settings)
    prevalences = [estimate_cut(table, cut, audit, settings) for cut in request.cuts]
    book = codebook if codebook is not None and codebook.signature == table.codebook else None
    positive, negative = (book.positive, book.negative) if book else (labels[0], labels[1])
    return {
        "format": FORMAT, "title": request.title, "is_corrected": audit is not None, "labels": list(labels),
        "positive": positive, "negative": negative,
        "generated": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "settings": {"level": settings.level, "method": settings.method, "units": list(settings.units),
                     "min_articles": settings.min_articles, "min_audited": settings.min_audited,
                     "few_of_label": settings.few_of_label},
        "run": _run(table), "volume": _volume(table),
        "audit": _audit(audit, table) if audit else None,
        "cuts": [cut_to_dict(item, labels, audit, settings, positive, negative) for item in prevalences],
        "contrasts": _contrasts(prevalences, request, audit, labels),
        "errors": _errors(audit, request, labels, positive, negative) if audit else None,
        "known_errors": dict(known_errors) if known_errors else None,
        "codebook": book.to_dict() if book else None,
        "warnings": [*told, *_few_audited(settings, audit), *_warnings(table, audit, book, prevalences)],
        "method": METHODS[settings.method] if audit else METHODS["uncorrected"],
        "limits": list(LIMITS), "out_of_scope": OUT_OF_SCOPE,
        "versions": installed_versions() | {"duckdb": version("duckdb")},
    }  # fmt: skip


def cut_to_dict(prevalence: Prevalence, labels: Sequence[str], audit: PreparedAudit | None,
                settings: PrevalenceSettings, positive: str, negative: str) -> dict[str, Any]:  # fmt: skip
    """A cut with its cells as plain values."""
    cut = prevalence.cut
    at = (labels.index(positive), labels.index(negative))
    return {"name": cut.name, "by": list(cut.by), "without": [list(pair) for pair in cut.without],
            "is_corrected": prevalence.is_corrected,
            "cells": [_cell(cell, labels, audit, settings, at) for cell in prevalence.cells]}  # fmt: skip


def _cell(cell: PrevalenceCell, labels: Sequence[str], audit: PreparedAudit | None, settings: PrevalenceSettings,
          at: tuple[int, int]) -> dict[str, Any]:  # fmt: skip
    frame, estimate = cell.frame, cell.estimate
    found: dict[str, Any] = {
        "key": list(cell.key), "name": printed_key(cell.key), "counting": cell.counting,
        "articles": frame.n_articles, "stories": round(frame.n_stories, 3), "audited": cell.n_audited,
        "is_validated": frame.is_validated, "confident": _number(frame.confident), "suppressed": cell.suppressed,
        "few": list(cell.few), "tuning": None, "effective": None, "units": None, "balance": None,
    }  # fmt: skip
    is_too_small = cell.suppressed is not None and frame.n_articles < settings.min_articles
    found["shares"] = {
        label: {"share": None, "low": None, "high": None, "std_error": None, "audited": None, "unit": None,
                "uncorrected": None if is_too_small else _number(frame.stances[place]),
                "mean_prob": None if is_too_small else _number(frame.probs[place])}
        for place, label in enumerate(labels)
    }  # fmt: skip
    if estimate is None or audit is None:
        return found
    for place, label in enumerate(labels):
        found["shares"][label] |= {
            "share": _number(estimate.shares[place]), "low": _number(estimate.low[place]),
            "high": _number(estimate.high[place]), "std_error": _number(estimate.std_error[place]),
            "audited": estimate.n_by_label[place],
            "unit": estimate.unit[place],
        }  # fmt: skip
    design = audit.sample.design
    influence = (estimate.influence[:, at[0]] - estimate.influence[:, at[1]])[:, None]
    ends = margins(influence, design, units=settings.units, level=settings.level,
                   floor=variance_floor(estimate.cell_weight, design))  # fmt: skip
    balance = float(estimate.shares[at[0]] - estimate.shares[at[1]])
    return found | {
        "tuning": _number(estimate.tuning), "effective": round(estimate.n_effective, 1), "units": estimate.n_units,
        "balance": {"value": _number(balance), "low": _number(max(balance - float(ends.below[0]), -1.0)),
                    "high": _number(min(balance + float(ends.above[0]), 1.0))},
    }  # fmt: skip


def _contrasts(prevalences: Sequence[Prevalence], request: ReportRequest, audit: PreparedAudit | None,
               labels: Sequence[str]) -> list[dict[str, Any]]:  # fmt: skip
    if audit is None:
        return []
    found: list[tuple[str, Contrast]] = []
    design, settings = audit.sample.design, request.settings
    left = list(request.compare)
    for prevalence in prevalences:
        if prevalence.cut.by in (("month",), ("year",)):
            slope = trend(prevalence, design, settings)
            if slope is not None:
                found.append((prevalence.cut.name, slope))
        names = {printed_key(cell.key) for cell in prevalence.cells}
        here = [pair for pair in left if set(pair) <= names]
        left = [pair for pair in left if pair not in here]
        found += [(prevalence.cut.name, item) for item in pairs(prevalence, here, design, settings)]
    if left:
        raise ConfigError(f"--compare {left[0][0]}:{left[0][1]}: no cut has both cells ({', '.join(left[0])}); the "
                          "cells of --by language are tags as en or zh-Hans, those of month 2019-07")  # fmt: skip
    return [{"cut": cut, "name": item.name, "counting": item.counting, "unit": item.unit,
             "labels": {label: {"estimate": _number(item.estimate[at]), "low": _number(item.low[at]),
                                "high": _number(item.high[at])} for at, label in enumerate(labels)}}
            for cut, item in found]  # fmt: skip


def _errors(audit: PreparedAudit, request: ReportRequest, labels: Sequence[str], positive: str,
            negative: str) -> dict[str, Any]:  # fmt: skip
    confusion = estimate_confusion(audit, labels, request.settings)
    groups = [item for place, dimension in enumerate(request.error_dimensions)
              for item in error_directions(audit, dimension, labels, request.settings, positive=positive,
                                           negative=negative) if item.group != "all" or place == 0]  # fmt: skip
    return {
        "confusion": confusion.shares.round(6).tolist(), "counts": confusion.counts.astype(int).tolist(),
        "accuracy": _rate(confusion.accuracy),
        "recall": {label: _rate(rate) for label, rate in confusion.recall.items()},
        "precision": {label: _rate(rate) for label, rate in confusion.precision.items()},
        "directions": [{"dimension": item.dimension, "group": item.group, "audited": item.n_audited,
                        f"{positive}_as_{negative}": _rate(item.positive_as_negative),
                        f"{negative}_as_{positive}": _rate(item.negative_as_positive),
                        "accuracy": _rate(item.accuracy)} for item in groups],
    }  # fmt: skip


def _rate(rate: Rate) -> dict[str, Any]:
    return {"share": _number(rate.share), "low": _number(rate.low), "high": _number(rate.high),
            "audited": rate.n_audited}  # fmt: skip


def _run(table: PredictionTable) -> dict[str, Any]:
    run = table.source.run
    return {"predictions": table.source.path.name, "files": len(table.source.files), "model": table.model,
            "codebook": table.codebook, "frame": table.frame(), "started": run.get("started"),
            "settings": run.get("settings"), "versions": run.get("versions"),
            "inputs": list(run.get("inputs") or [])[:_MAX_INPUTS],
            "language_column": (run.get("counts") or {}).get("language_column"),
            "stories_by": "near-duplicates" if table.has_near_duplicates else "exact copies"}  # fmt: skip


def _volume(table: PredictionTable) -> dict[str, Any]:
    rows = table.connection.execute(
        f"SELECT {quoted('tag')}, status, count(*) FROM article GROUP BY ALL ORDER BY count(*) DESC, tag, status"
    ).fetchall()
    languages: dict[str, dict[str, int]] = {}
    total = dict.fromkeys(("scored", "unrouted", "empty", "rejected"), 0)
    for tag, status, n in rows:
        languages.setdefault(tag or "(none)", {})[status] = n
        total[status] = total.get(status, 0) + n
    outlets = table.connection.execute(f"""SELECT outlet, count(*), count(*) FILTER (status = 'scored'),
        count(*) OVER () FROM article WHERE outlet IS NOT NULL GROUP BY outlet
        ORDER BY 2 DESC, 1 LIMIT {_MAX_OUTLETS}""").fetchall()
    ordered = sorted(languages.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))
    return {"by_status": total | {"lost": table.source.n_rejected_without_row},
            "by_language": [{"language": tag, **counts} for tag, counts in ordered],
            "n_outlets": outlets[0][3] if outlets else 0,
            "by_outlet": [{"outlet": row[0], "articles": row[1], "scored": row[2]}
                          for row in outlets]}  # fmt: skip


def _audit(audit: PreparedAudit, table: PredictionTable) -> dict[str, Any]:
    gold, design = audit.sample.gold, audit.sample.design
    counts = np.bincount(design.stratum, minlength=len(audit.strata))
    stands_for = np.bincount(design.stratum, weights=design.weight, minlength=len(audit.strata))
    return {"source": audit.source, "provenance": audit.provenance, "audited": len(gold), "unread": audit.n_unread,
            "not_random": audit.n_not_random, "strata": len(audit.strata),
            "by_label": dict(zip(table.labels, gold.sum(axis=0).astype(int).tolist(), strict=True)),
            "stories": len(np.unique(design.clusters["story"])),
            "outlets": len(np.unique(design.clusters["outlet"])),
            "design": [{"stratum": name, "audited": int(counts[at]),
                        "stands for articles": round(float(stands_for[at]), 1)}
                       for at, name in enumerate(audit.strata[:_MAX_STRATA])]}  # fmt: skip


def _warnings(table: PredictionTable, audit: PreparedAudit | None, book: Codebook | None,
              prevalences: Sequence[Prevalence]) -> list[str]:  # fmt: skip
    found = list(audit.warnings) if audit else [
        "No audited sample was given: every share in this report is uncorrected, that is, what the classifier said. "
        "Such shares are biased even where the classifier is mostly right."
    ]  # fmt: skip
    if table.n_undated:
        found.append(f"{table.n_undated:,} scored articles have no date that can be read; they form a cell of their "
                     "own in cuts by month or year.")  # fmt: skip
    if not table.has_near_duplicates:
        found.append("Only exact copies were counted as one story; edited wire copies count apart (classify with "
                     "--near-duplicates to join them).")  # fmt: skip
    for name, value in dict.fromkeys(pair for item in prevalences for pair in item.cut.without):
        if table.count_of(name, value) == 0:
            found.append(f"No scored article has {name}={value}, so leaving it out changes nothing; is it spelt so?")
    if book is None:
        found.append(f"The text of codebook {table.codebook} was not at hand; name its file with --codebook.")
    for item in prevalences:
        cells = [cell for cell in item.cells if cell.counting == "as_published"]
        if kept := sum(cell.suppressed is not None for cell in cells):
            found.append(
                f"Cut {item.cut.name}: {kept:,} of {len(cells):,} cells are suppressed; the tables give the reason."
            )
    return found


def _few_audited(settings: PrevalenceSettings, audit: PreparedAudit | None) -> list[str]:
    if audit is None or settings.min_audited >= SIMULATED_FROM:
        return []
    return [f"Cells are shown from {settings.min_audited:,} audited articles on; how often intervals hold was "
            f"simulated from {SIMULATED_FROM} on."]  # fmt: skip


def _number(value: float | np.floating[Any] | None) -> float | None:
    return None if value is None else round(float(value), 6)
