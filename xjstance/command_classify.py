"""`xjstance classify`: a raw archive in, one labelled row an article out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from xjstance.inference.classify_archive import RunResult
    from xjstance.models.classifier import ScoringSettings, StanceClassifier


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierLoader:
    """Loads the classifier in each worker process; picklable."""

    source: str | None
    settings: ScoringSettings
    n_threads: int

    def __call__(self) -> StanceClassifier:
        """A fresh classifier."""
        from xjstance.models.classifier import StanceClassifier

        return StanceClassifier.load(self.source, settings=self.settings, n_threads=self.n_threads)


def classify(
    archive: Annotated[
        list[str],
        typer.Argument(help="Files, folders or globs (JSONL, CSV, TSV, Parquet; plain, .gz or .zst); - reads stdin."),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="NAME.parquet, .jsonl or .csv is one file; NAME without an ending is a "
                     "folder of Parquet parts that can be resumed; left out: JSONL on standard output."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Bundle folder or name; left out: the embedded one.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=COLUMN", help="Where a field is read, as text=body. Repeatable.")
    ] = None,
    keep_columns: Annotated[
        str | None, typer.Option(metavar="A,B", help="Further columns to copy (date, outlet and url always are).")
    ] = None,
    language: Annotated[str | None, typer.Option(metavar="TAG", help="The archive is all in this language.")] = None,
    language_hint: Annotated[
        str, typer.Option(help="What the archive's language column counts for: trust, check or ignore.")
    ] = "check",
    score_unknown: Annotated[bool, typer.Option(help="Read unknown languages too; never validated.")] = False,
    evidence: Annotated[int, typer.Option(metavar="K", min=0, help="Name K sentences that carry each label.")] = 0,
    max_windows: Annotated[
        int | None, typer.Option(min=1, help="Read at most so many windows an article; n_tokens_read shows it.")
    ] = None,
    rejected: Annotated[
        Path | None, typer.Option(help="Where refused records go when rows go to standard output.")
    ] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Worker processes; left out: one a core.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N (extra gpu).")] = "cpu",
    precision: Annotated[str | None, typer.Option(help="f32 or bf16; left out: by processor and bundle.")] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress bar and no summary.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on standard output (the default there).")] = False,
) -> None:  # fmt: skip
    """Label every article of an archive with its stance toward the codebook's target.

    Reads everything, cuts nothing silently: n_tokens_read against n_tokens says what the model saw. Exit status 3
    means that some records were refused; they are listed with file, line and reason.
    """
    from xjstance.labels.errors import ConfigError
    from xjstance.models.classifier import ScoringSettings

    if language_hint not in ("trust", "check", "ignore"):
        raise ConfigError(f"--language-hint {language_hint!r} is none of trust, check, ignore")
    if as_json and output is not None:
        raise ConfigError("--json prints to standard output; with -o, name the output .jsonl instead")
    if rejected is not None and output is not None:
        raise ConfigError(f"--rejected is for standard output; with -o {output} the refused records lie beside it")
    settings = ScoringSettings(
        language=language,
        language_hint=language_hint,  # type: ignore[arg-type]
        score_unknown=score_unknown,
        evidence=evidence,
        max_windows=max_windows,
        precision=precision,
        device=device,
    )
    kept = [name.strip() for name in (keep_columns or "").split(",") if name.strip()]
    labels, result = _run(archive, output, rejected, model, settings, column or [], kept, processes, is_quiet=quiet)
    _report(result, labels, is_quiet=quiet)
    if result.exit_status:
        raise typer.Exit(result.exit_status)


def _run(names: list[str], output: Path | None, rejected: Path | None, model: str | None, settings: ScoringSettings,
         columns: list[str], kept: list[str], processes: int | None, *,
         is_quiet: bool) -> tuple[tuple[str, ...], RunResult]:  # fmt: skip
    from xjstance.inference.archive import Archive
    from xjstance.inference.classify_archive import classify_archive
    from xjstance.inference.columns import ColumnMapping
    from xjstance.inference.progress import ProgressBar
    from xjstance.inference.protocol import ModelIdentity
    from xjstance.models.bundle import Bundle
    from xjstance.models.processor import choose_precision

    archive = Archive.open(names, columns=ColumnMapping.parse(columns, kept=kept))
    bundle = Bundle.load(model)
    if settings.device == "cpu":
        chosen = choose_precision(bundle.manifest.precisions, wanted=settings.precision)
        settings = replace(settings, precision=chosen)
    identity = ModelIdentity(labels=bundle.codebook.labels, model=bundle.signature, codebook=bundle.codebook.signature)
    n_processes = processes or (_n_cores() if settings.device == "cpu" else 1)
    with ProgressBar(archive, is_visible=not is_quiet and sys.stderr.isatty()) as progress:
        result = classify_archive(
            archive,
            ClassifierLoader(source=model, settings=settings, n_threads=1),
            identity=identity,
            output=output,
            rejected=rejected,
            with_evidence=settings.evidence > 0,
            settings=asdict(settings),
            n_processes=n_processes,
            on_progress=progress,
        )
    return identity.labels, result


def _report(result: RunResult, labels: tuple[str, ...], *, is_quiet: bool) -> None:
    from rich.console import Console

    from xjstance.inference.summary import summary_table

    say: Callable[..., Any] = Console(stderr=True, highlight=False, soft_wrap=True).print
    counts = result.counts
    if not is_quiet:
        say(summary_table(counts, labels))
        rate = counts.n_rows / result.seconds if result.seconds else 0.0
        statuses = ", ".join(f"{n:,} {status}" for status, n in counts.by_status.items() if n) or "no article"
        say(f"{statuses}; {counts.n_duplicates:,} exact copies, {counts.n_repeated_ids:,} repeated ids; "
            f"{counts.n_tokens_read:,} of {counts.n_tokens:,} tokens read; "
            f"{result.seconds:.1f} s, {rate:,.1f} articles/s")  # fmt: skip
        if result.output is not None:
            say(f"rows: {result.output}")
    if counts.n_rejected:
        where = f"; all are in {result.rejected}" if result.rejected else "; --rejected FILE lists all"
        say(f"{counts.n_rejected:,} records were rejected{where}", markup=False)
        for line in counts.first_rejected:
            say(f"  {line}", markup=False)


def _n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
