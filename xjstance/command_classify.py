"""`xjstance classify`: a raw archive in, one labelled row an article out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def classify(
    archive: Annotated[
        list[str],
        typer.Argument(help="Files, folders, globs or URLs (JSONL, CSV, TSV, Parquet, HTML, WARC; plain, .gz or .zst); "
                       "- reads standard input."),
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
        str, typer.Option(metavar="A,B", help="Further columns to copy (date, outlet and url always are).")
    ] = "",
    file_format: Annotated[
        str | None, typer.Option("--format", help="jsonl, csv, tsv, parquet, html or warc; left out: by the ending.")
    ] = None,
    language: Annotated[str | None, typer.Option(metavar="TAG", help="The archive is all in this language.")] = None,
    language_hint: Annotated[
        str, typer.Option(help="What the archive's language column counts for: trust, check or ignore.")
    ] = "check",
    score_unknown: Annotated[bool, typer.Option(help="Read unknown languages too; never validated.")] = False,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Only articles from 2019, 2019-05 ... on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Only articles up to this date, included.")] = None,
    languages: Annotated[str, typer.Option(metavar="A,B", help="Only articles found to be in these.")] = "",
    gdelt: Annotated[
        list[Path] | None, typer.Option(metavar="LIST", help="GDELT list to join with the pages by URL. Repeatable.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(metavar="N", help="Dry run on N articles, with a forecast of the whole run's time.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 0,
    evidence: Annotated[int, typer.Option(metavar="K", min=0, help="Name K sentences that carry each label.")] = 0,
    max_windows: Annotated[
        int | None, typer.Option(min=1, help="Read at most so many windows an article; n_tokens_read shows it.")
    ] = None,
    max_text_chars: Annotated[int, typer.Option(min=1, help="Longer titles and texts are rejected.")] = 5_000_000,
    near_duplicates: Annotated[bool, typer.Option(help="Cluster edited copies into clusters.parquet first.")] = False,
    retry_rejected: Annotated[bool, typer.Option(help="Resuming a folder: read its rejected records again.")] = False,
    rejected: Annotated[
        Path | None, typer.Option(help="Where refused records go when rows go to standard output.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Worker processes or actors; left out: one a core (GPU).")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="local, or ray (extra ray): actors on this machine or a cluster.")
    ] = "local",
    ray_address: Annotated[
        str | None, typer.Option(help="Cluster for --engine ray: auto, HOST:PORT or ray://HOST:10001.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N (extra gpu).")] = "cpu",
    precision: Annotated[
        str | None, typer.Option(help="f32, bf16 or int8 (CPU); left out: by processor and bundle.")
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress bar and no summary.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines on standard output (the default there).")] = False,
) -> None:  # fmt: skip
    """Label every article of an archive with its stance toward the codebook's target.

    Reads everything, cuts nothing silently: n_tokens_read against n_tokens says what the model saw. Exit status 3
    means that some records were refused; they are listed with file, line and reason.
    """
    from xjstance.inference.columns import ColumnMapping
    from xjstance.labels.errors import ConfigError
    from xjstance.models.classifier import ScoringSettings
    from xjstance.scoring_run import ScoringRun

    if language_hint not in ("trust", "check", "ignore"):
        raise ConfigError(f"--language-hint {language_hint!r} is none of trust, check, ignore")
    if engine not in ("local", "ray"):
        raise ConfigError(f"--engine {engine!r} is none of local, ray")
    if ray_address is not None and engine != "ray":
        raise ConfigError("--ray-address belongs to --engine ray")
    if engine == "ray" and device.startswith("cuda:"):
        raise ConfigError(f"--device {device}: Ray gives each actor a GPU of its own; say --device cuda")
    if as_json and output is not None:
        raise ConfigError("--json prints to standard output; with -o, name the output .jsonl instead")
    if rejected is not None and output is not None:
        raise ConfigError(f"--rejected is for standard output; with -o {output} the refused records lie beside it")
    run = ScoringRun(
        names=archive,
        columns=ColumnMapping.parse(column or [], kept=_listed(keep_columns), max_text_chars=max_text_chars),
        settings=ScoringSettings(
            language=language,
            language_hint=language_hint,  # type: ignore[arg-type]
            score_unknown=score_unknown,
            evidence=evidence,
            max_windows=max_windows,
            precision=precision,
            device=device,
        ),
        model=model,
        output=output,
        rejected=rejected,
        file_format=file_format,
        since=since,
        until=until,
        languages=_listed(languages),
        gdelt=tuple(gdelt or ()),
        sample=sample,
        seed=seed,
        near_duplicates=near_duplicates,
        retry_rejected=retry_rejected,
        processes=processes,
        engine=engine,
        ray_address=ray_address,
        is_quiet=quiet,
    )
    if status := run().exit_status:
        raise typer.Exit(status)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
