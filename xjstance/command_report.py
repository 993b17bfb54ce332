"""`xjstance report`: shares by language, outlet and month with intervals, from predictions and an audited sample."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from xjstance.inference.prevalence_audit import PreparedAudit
    from xjstance.inference.prevalence_cuts import Cut
    from xjstance.inference.prevalence_table import PredictionTable
    from xjstance.labels.codebook import Codebook


def report(
    predictions: Annotated[Path, typer.Argument(help="Folder or .parquet, .jsonl, .csv file that classify -o wrote.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="NAME.html is the page, NAME.json all numbers; NAME without an ending is a "
                     "folder with page, numbers, tables and charts; left out: JSON on standard output."),
    ] = None,
    audit: Annotated[
        list[Path] | None,
        typer.Option(help="Audited labels: JSONL or CSV, the queue's columns and `label`. Repeatable."),
    ] = None,
    store: Annotated[
        str | None, typer.Option(help="Audited labels from the store of xjstance review: a .db file, or postgresql://...")
    ] = None,
    queue: Annotated[
        list[str] | None, typer.Option(help="Queue of the store; left out: all drawn from this run. Repeatable.")
    ] = None,
    accept_single: Annotated[bool, typer.Option(help="Take one person's label in the store as gold.")] = False,
    by: Annotated[
        str, typer.Option(metavar="A,B*C", help="Cuts: language,month is two, language*month one, crossed.")
    ] = "language,month",
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="DIM=VALUE", help="Show every cut once more without these, as language=zh. Repeatable."),
    ] = None,
    outlets: Annotated[
        Path | None, typer.Option(help="Table with a column `outlet` and others (country, ownership, group) to cut by.")
    ] = None,
    compare: Annotated[
        list[str] | None, typer.Option(metavar="A:B", help="Difference of two cells, as en:zh-Hans. Repeatable.")
    ] = None,
    level: Annotated[float, typer.Option(help="Coverage of the intervals.")] = 0.95,
    method: Annotated[str, typer.Option(help="Estimator: ppi, dsl or classical.")] = "ppi",
    units: Annotated[
        str, typer.Option(help="Independent units: auto, or article,story,outlet as far as they count.")
    ] = "auto",
    min_articles: Annotated[int, typer.Option(help="Suppress cells with fewer articles.")] = 30,
    min_audited: Annotated[int, typer.Option(help="Suppress cells with fewer audited articles.")] = 30,
    like: Annotated[
        str | None, typer.Option(help="aspi2022: volume and stance by language, months, top outlets, in one go.")
    ] = None,
    plan_audit: Annotated[
        Path | None, typer.Option(help="Write a queue of articles to audit (.jsonl or .csv) for the wanted width.")
    ] = None,
    half_width: Annotated[float, typer.Option(help="Wanted half-width of the shares, for --plan-audit.")] = 0.03,
    seed: Annotated[int, typer.Option(help="Seed of the drawn sample, for --plan-audit.")] = 0,
    against: Annotated[
        Path | None, typer.Option(help="Predictions of another run on the same archive: what changed.")
    ] = None,
    audit_of_other_run: Annotated[
        bool, typer.Option(help="Accept a sample drawn from another scoring of the same archive.")
    ] = False,
    database: Annotated[
        Path | None, typer.Option(help="Keep a DuckDB file, NAME.duckdb, of all articles and tables, to query.")
    ] = None,
    codebook: Annotated[Path | None, typer.Option(help="Codebook file; left out: the default one if it fits.")] = None,
    clusters: Annotated[Path | None, typer.Option(help="clusters.parquet, if it does not lie with the rows.")] = None,
    title: Annotated[str, typer.Option(help="Title of the page.")] = "Stance by language, outlet and month",
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print no warnings.")] = False,
) -> int:  # fmt: skip
    """Report shares of the stances, corrected by an audited random sample, with intervals.

    Without --audit or --store all shares are uncorrected, and every heading says so. --plan-audit tells how many
    articles to read for a wanted width and writes the queue.
    """
    from xjstance.inference.prevalence_source import PredictionSource
    from xjstance.inference.prevalence_table import build_table
    from xjstance.report_audit import AuditSources

    sources = AuditSources(files=tuple(audit or ()), store=store, queues=tuple(queue or ()), codebook=codebook,
                           accept_single=accept_single, other_run=audit_of_other_run)  # fmt: skip
    cuts = _cuts(by, like, without or [])
    pairs = _pairs(compare or [])
    source = PredictionSource.open(predictions, clusters=clusters)
    known = {name for cut in cuts for name in (*cut.by, *(pair[0] for pair in cut.without))}
    with _database(database) as connection:
        table = build_table(source, connection, outlets=outlets, with_ids=database is not None,
                            dimensions=sorted(known - _columns_of(outlets, connection)))  # fmt: skip
        prepared = sources.prepare(table)
        if plan_audit is not None:
            return _plan(table, plan_audit, cuts, half_width=half_width, level=level, seed=seed, pilot=prepared)
        found = _build(table, cuts, pairs, prepared, level, method, units, min_articles, min_audited, codebook, title)
        if against is not None:
            from xjstance.inference.compare_runs import compare_runs

            found["against"] = compare_runs(table, PredictionSource.open(against))
        if database is not None:
            from xjstance.inference.report_database import write_tables

            write_tables(table, found, prepared)
    return _write(found, output, is_quiet=quiet)


@contextmanager
def _database(path: Path | None) -> Iterator[Any]:
    """A DuckDB file that is kept under its name, or one that goes with the run."""
    from xjstance.inference.prevalence_source import connect
    from xjstance.inference.report_database import kept_database

    if path is not None:
        with kept_database(path) as connection:
            yield connection
        return
    with tempfile.TemporaryDirectory(prefix="xjstance-") as folder:
        connection = connect(str(Path(folder) / "report.duckdb"))
        try:
            yield connection
        finally:
            connection.close()


def _cuts(by: str, like: str | None, without: list[str]) -> tuple[Cut, ...]:
    from xjstance.inference.prevalence_cuts import Cut
    from xjstance.labels.errors import ConfigError

    if like not in (None, "aspi2022"):
        raise ConfigError(f"--like {like!r} is unknown; there is aspi2022")
    wanted = [*(Cut.parse("language,month,outlet,language*month") if like else ()), *Cut.parse(by)]
    cuts = (Cut(), *dict.fromkeys(cut for cut in wanted if cut.by))
    left_out = []
    for text in without:
        name, sign, value = text.partition("=")
        if not sign or not name or not value:
            raise ConfigError(f"--without {text!r}: write DIMENSION=VALUE, as language=zh or outlet=example.org")
        left_out.append((name, value))
    if like and not left_out:
        left_out = [("language", "zh")]
    if left_out:
        cuts = (*cuts, *(Cut(by=cut.by, without=tuple(left_out)) for cut in cuts if len(cut.by) < 2))
    return cuts


def _pairs(texts: list[str]) -> tuple[tuple[str, str], ...]:
    from xjstance.labels.errors import ConfigError

    found = []
    for text in texts:
        first, sign, second = text.partition(":")
        if not sign or not first or not second:
            raise ConfigError(f"--compare {text!r}: write two cells, as en:zh-Hans or 2019-07:2020-07")
        found.append((first.strip(), second.strip()))
    return tuple(found)


def _columns_of(outlets: Path | None, connection: Any) -> set[str]:
    from xjstance.inference.prevalence_table import outlet_columns

    return set(outlet_columns(connection, outlets))


def _build(table: PredictionTable, cuts: tuple[Cut, ...], pairs: tuple[tuple[str, str], ...],
           audit: PreparedAudit | None, level: float, method: str, units: str, min_articles: int, min_audited: int,
           codebook: Path | None, title: str) -> dict[str, Any]:  # fmt: skip
    from xjstance.inference.prevalence import PrevalenceSettings
    from xjstance.inference.report import ReportRequest, build_report
    from xjstance.labels.errors import ConfigError

    chosen = () if units == "auto" else tuple(dict.fromkeys(unit.strip() for unit in units.split(",")))
    if wrong := [unit for unit in chosen if unit not in ("article", "story", "outlet")]:
        raise ConfigError(f"--units {wrong[0]!r} is none of auto, article, story, outlet")
    settings = PrevalenceSettings(level=level, method=method, min_articles=min_articles,  # type: ignore[arg-type]
                                  min_audited=min_audited, units=chosen)  # fmt: skip
    groups = tuple(name for name in ("group", "ownership", "country") if name in table.dimensions)
    request = ReportRequest(cuts=cuts, settings=settings, compare=pairs, title=title,
                            error_dimensions=("language", *groups))  # fmt: skip
    return build_report(
        table, request, audit=audit, codebook=_codebook(codebook), known_errors=_known_errors(table.model)
    )


def _codebook(path: Path | None) -> Codebook:
    from xjstance.labels.codebook import DEFAULT_CODEBOOK, Codebook

    return Codebook.load(path or DEFAULT_CODEBOOK)


def _known_errors(model: str) -> Mapping[str, Any] | None:
    """Test figures of the embedded bundle, if it is the one that scored."""
    from xjstance.labels.errors import StanceError
    from xjstance.models.bundle import Bundle

    try:
        bundle = Bundle.load(None)
    except StanceError:
        return None
    figures = bundle.manifest.record.get("evaluation") if bundle.signature == model else None
    return figures if isinstance(figures, Mapping) else None


def _plan(table: PredictionTable, path: Path, cuts: tuple[Cut, ...], *, half_width: float, level: float, seed: int,
          pilot: PreparedAudit | None) -> int:  # fmt: skip
    import numpy as np

    from xjstance.inference.audit_plan import describe_plan, draw_plan, plan_audit
    from xjstance.labels.audit_sample import write_queue

    plan = plan_audit(table, cuts, half_width=half_width, level=level, pilot=pilot)
    items = draw_plan(table, plan, rng=np.random.default_rng(seed))
    write_queue(items, path)
    for line in describe_plan(plan):
        typer.echo(line, err=True)
    typer.echo(f"queue: {path} ({len(items):,} articles)", err=True)
    return 0


def _write(found: dict[str, Any], output: Path | None, *, is_quiet: bool) -> int:
    import json

    from xjstance.inference.report_files import write_report

    lacks: tuple[str, ...] = ()
    if output is None:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        lacks = write_report(found, output)
    if not is_quiet:
        for warning in (*found["warnings"], *lacks):
            typer.echo(f"warning: {warning}", err=True)
        if output is not None:
            typer.echo(f"report: {output}", err=True)
    return 0
