"""`xjstance evaluate`: the figures of a bundle on labelled articles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from xjstance.labels.records import LabelledArticle
    from xjstance.models.bundle import Bundle


def evaluate(
    bundle: Annotated[str, typer.Argument(help="Bundle folder or name.")],
    data: Annotated[Path, typer.Option(help="Labelled corpus: a .jsonl file or a folder of them.")],
    split: Annotated[str, typer.Option(help="train, development, test or all.")] = "development",
    by: Annotated[
        str, typer.Option(metavar="A,B", help="Breakdowns: language,group,script,genre,rule,theme,origin,length.")
    ] = "group",
    origin: Annotated[str, typer.Option(help="brief, invented, converted or all.")] = "brief",
    against: Annotated[str | None, typer.Option(help="Another bundle on the same articles, compared in pairs.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="NAME.html is one page with plots, NAME.json all figures.")
    ] = None,
    draws: Annotated[int, typer.Option(min=10, help="Bootstrap draws.")] = 1_000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:  # fmt: skip
    """Macro-F1, both error directions, calibration, conformal coverage, abstention: with n and intervals by story."""
    import numpy as np

    from xjstance.labels.errors import ConfigError, DataError
    from xjstance.labels.labelled_corpus import corpus_sha256, read_corpus
    from xjstance.models.bundle import Bundle

    try:
        from xjstance.training.evaluation import KEYS, bundle_answers, evaluate_bundle
    except ImportError as error:
        raise ConfigError(f"evaluation needs {error.name}; run `pip install 'xjstance[train]'`") from error

    if output is not None and output.suffix not in (".html", ".json"):
        raise ConfigError(f"{output}: an evaluation is written as .html or .json")
    keys = [key.strip() for key in by.split(",") if key.strip()]
    if unknown := [key for key in keys if key not in KEYS]:
        raise ConfigError(f"--by {unknown[0]!r} is unknown; choose from {', '.join(sorted(KEYS))}")
    found = Bundle.load(bundle)
    other = None if against is None else _other(against, found)
    articles = [
        article
        for article in read_corpus(data, codebook=found.codebook)
        if split in ("all", article.split) and origin in ("all", article.origin)
    ]
    if not articles:
        raise DataError(f"{data}: no article of split {split!r} and origin {origin!r}")
    answers = bundle_answers(found, articles)
    report = evaluate_bundle(found, articles, rng=np.random.default_rng(seed), by=keys, n_draws=draws, answers=answers)
    report = {
        "bundle": found.signature, "codebook": found.codebook.signature, "split": split, "origin": origin,
        "data_sha256": corpus_sha256(articles), "seed": seed, "draws": draws,
    } | report  # fmt: skip
    if other is not None:
        report["against"] = _compare(answers.probs, found, other, articles, seed=seed, draws=draws)
    if output is not None:
        _write(report, output, found.codebook.labels)
    if as_json or output is None:
        typer.echo(json.dumps(report, ensure_ascii=False) if as_json else "\n".join(_table(report)))


def _other(name: str, bundle: Bundle) -> Bundle:
    from xjstance.labels.errors import ConfigError
    from xjstance.models.bundle import Bundle

    other = Bundle.load(name)
    if other.codebook.sha256 != bundle.codebook.sha256:
        raise ConfigError(f"{name}: follows codebook {other.codebook.signature}, {bundle.signature} "
                          f"follows {bundle.codebook.signature}; labels of different codebooks do not mean the "
                          "same")  # fmt: skip
    return other


def _compare(probs: Any, bundle: Bundle, other: Bundle, articles: Sequence[LabelledArticle], *, seed: int,
             draws: int) -> dict[str, Any]:  # fmt: skip
    import numpy as np

    from xjstance.training.comparison import compare_probs
    from xjstance.training.evaluation import bundle_probs

    codebook = bundle.codebook
    return {"bundle": other.signature} | compare_probs(
        probs, bundle_probs(other, articles), articles, codebook.labels, positive=codebook.positive,
        negative=codebook.negative, rng=np.random.default_rng(seed), n_draws=draws,
    )  # fmt: skip


def _write(report: Mapping[str, Any], output: Path, labels: Sequence[str]) -> None:
    from xjstance.inference.atomic_file import write_atomically
    from xjstance.training.evaluation_html import evaluation_page

    if output.suffix == ".html":
        text = evaluation_page(report, labels=labels)
    else:
        text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    write_atomically(output, text.encode())
    typer.echo(f"evaluation: {output}", err=True)


def _table(report: Mapping[str, Any]) -> list[str]:
    lines = []
    for key, value in report.items():
        if key.startswith("by_"):
            lines.append(f"{key.replace('_', ' ')}:")
            lines += [
                f"  {name:32s} macro-F1 {_number(row['macro_f1'])} {_range(row['macro_f1_interval']):16s} n {row['n']}"
                f"{'  (too few)' * row['is_too_small']}"
                for name, row in value.items()
            ]
        elif key == "classes":
            for name, row in value.items():
                lines.append(
                    f"{name:32s} precision {_number(row['precision'])} {_range(row['precision_interval'])}  recall "
                    f"{_number(row['recall'])} {_range(row['recall_interval'])}  n {row['n']}"
                )
        elif key == "against":
            lines.append(f"against {value['bundle']} ({value['n_same_label']} of {value['n']} labels the same):")
            for name, row in value["figures"].items():
                difference = row["difference"]
                lines.append(f"  {name:30s} {_number(row['value'])} - {_number(row['other'])} = "
                             f"{_number(difference[0])} {_range(difference[1:])}  p {_number(row['p'])}")  # fmt: skip
        elif key == "abstention":
            lines.append("error of the surest:")
            lines += [f"  {100 * row['share']:3.0f} % (n {row['n']}){'':16s} {_number(row['risk'][0])} "
                      f"{_range(row['risk'][1:])}" for row in value]  # fmt: skip
        elif key in ("conformal", "confident"):
            for name in [name for name in value if f"{name}_interval" in value]:
                lines.append(f"{f'{key} {name}'.replace('_', ' '):32s} {_number(value[name])} "
                             f"{_range(value[f'{name}_interval'])}")  # fmt: skip
        elif f"{key}_interval" in report:
            lines.append(f"{key:32s} {_number(value)} {_range(report[f'{key}_interval'])}")
        elif key == "confusion":
            lines.append(f"{key:32s} {value}")
        elif isinstance(value, list) and len(value) == 3:
            lines.append(f"{key:32s} {_number(value[0])} {_range(value[1:])}")
        elif not key.endswith("_interval") and key != "reliability":
            lines.append(f"{key:32s} {value}")
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _range(values: Sequence[float | None]) -> str:
    return "" if values[0] is None else f"[{values[0]:.3f}, {values[1]:.3f}]"
