"""`xjstance evaluate`: the figures of a bundle on labelled articles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def evaluate(
    bundle: Annotated[str, typer.Argument(help="Bundle folder or name.")],
    data: Annotated[Path, typer.Option(help="Labelled corpus: a .jsonl file or a folder of them.")],
    split: Annotated[str, typer.Option(help="train, development, test or all.")] = "development",
    by: Annotated[str, typer.Option(help="Breakdowns: language,group,genre,rule,theme,origin,length.")] = "group",
    origin: Annotated[str, typer.Option(help="brief, invented, converted or all.")] = "brief",
    draws: Annotated[int, typer.Option(min=10, help="Bootstrap draws.")] = 1_000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Macro-F1, both error directions, calibration, conformal coverage, each with n and an interval by story."""
    import numpy as np

    from xjstance.labels.errors import ConfigError, DataError
    from xjstance.labels.labelled_corpus import read_corpus
    from xjstance.models.bundle import Bundle

    try:
        from xjstance.training.evaluation import evaluate_bundle
    except ImportError as error:
        raise ConfigError(f"evaluation needs {error.name}; run `pip install 'xjstance[train]'`") from error

    found = Bundle.load(bundle)
    articles = [
        article
        for article in read_corpus(data, codebook=found.codebook)
        if split in ("all", article.split) and origin in ("all", article.origin)
    ]
    if not articles:
        raise DataError(f"{data}: no article of split {split!r} and origin {origin!r}")
    keys = [key for key in by.split(",") if key]
    report = evaluate_bundle(found, articles, rng=np.random.default_rng(seed), by=keys, n_draws=draws)
    report = {"bundle": found.signature, "split": split, "origin": origin} | report
    typer.echo(json.dumps(report, ensure_ascii=False) if as_json else _table(report))


def _table(report: dict[str, Any]) -> str:
    lines = []
    for key, value in report.items():
        if key.startswith("by_"):
            lines.append(f"{key.replace('_', ' ')}:")
            lines += [
                f"  {name:32s} macro-F1 {row['macro_f1']:.3f}  n {row['n']}{'  (too few)' * row['is_too_small']}"
                for name, row in value.items()
            ]
        elif key == "classes":
            lines += [
                f"{name:32s} precision {row['precision']:.3f}  recall {row['recall']:.3f}  n {row['n']}"
                for name, row in value.items()
            ]
        elif key == "confusion":
            lines.append(f"{key:32s} {value}")
        elif isinstance(value, list):
            lines.append(f"{key:32s} {value[0]:.3f}  [{value[1]:.3f}, {value[2]:.3f}]")
        else:
            lines.append(f"{key:32s} {value}")
    return "\n".join(lines)
