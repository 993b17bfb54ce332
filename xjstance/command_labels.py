"""`xjstance labels`: check a labelled corpus."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xjstance.labels.agreement import Agreement
    from xjstance.labels.store import Database

labels_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Check, import and export labelled data.")


@labels_app.callback()
def labels() -> None:
    """Check, import and export labelled data."""


@labels_app.command("check")
def check(
    corpus: Annotated[Path, typer.Argument(help="A .jsonl file or a folder of them; or a store of reviews.")],
    codebook: Annotated[Path | None, typer.Option(help="Codebook file; left out: the default one.")] = None,
    reserved: Annotated[Path | None, typer.Option(help="File of source keys that no article may rest on.")] = None,
    identify: Annotated[bool, typer.Option(help="Compare each language with what the text says.")] = True,
    show: Annotated[int, typer.Option(min=0, help="Findings to print of each kind.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print every finding as one JSON object a line.")] = False,
) -> None:
    """Check schema, labels, sentences, copies, leakage between splits, sources, scripts, languages, balance.

    Of a store of reviews (a .db file or postgresql://...): whether any judgement was changed or removed.

    Exit status 1 if there is an error; warnings alone give 0.
    """
    if is_store(corpus):
        _check_store(corpus)
        return
    from xjstance.labels.codebook import DEFAULT_CODEBOOK, Codebook
    from xjstance.labels.corpus_checks import check_corpus
    from xjstance.labels.labelled_corpus import corpus_sha256, read_corpus
    from xjstance.labels.normalise import normalise
    from xjstance.labels.source_url import read_reserved
    from xjstance.models.language_id import LanguageIdentifier

    book = Codebook.load(codebook or DEFAULT_CODEBOOK)
    articles = read_corpus(corpus, codebook=book)
    identifier = LanguageIdentifier.load() if identify else None
    findings = check_corpus(
        articles, book,
        identify=None if identifier is None
        else lambda texts: [guess.tag for guess in identifier.identify_many([normalise(text).text for text in texts])],
        reserved=read_reserved(reserved) if reserved else frozenset(),
    )  # fmt: skip
    if as_json:
        for finding in findings:
            typer.echo(json.dumps(asdict(finding), ensure_ascii=False))
    else:
        tags = {(article.language, article.script) for article in articles}
        typer.echo(f"{len(articles):,} articles, {len(tags)} tags, {len({a.story for a in articles}):,} stories, "
                   f"sha256 {corpus_sha256(articles)[:12]}")  # fmt: skip
        counts = Counter((finding.level, finding.check) for finding in findings)
        for (level, name), count in sorted(counts.items()):
            typer.echo(f"{level}: {name}: {count}")
            members = [finding for finding in findings if (finding.level, finding.check) == (level, name)]
            for finding in members[:show]:
                typer.echo(f"    {finding.where}: {finding.message}")
    has_error = any(finding.level == "error" for finding in findings)
    if not as_json:
        typer.echo("errors found" if has_error else "no errors")
    if has_error:
        raise typer.Exit(1)


@labels_app.command("agreement")
def agreement(
    store: Annotated[str, typer.Argument(help="Store of reviews: a .db file or postgresql://...")],
    queue: Annotated[str | None, typer.Option(help="Name of the queue; left out: each one.")] = None,
    resamples: Annotated[int, typer.Option(min=0, help="Bootstrap samples of articles.")] = 1_000,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Agreement between reviewers: alpha, Fleiss, Cohen, AC1; over all, by label, language and pair.

    Only labels given blind count, on articles with two or more.
    """
    import numpy as np
    from sqlalchemy import select

    from xjstance.labels.errors import DataError
    from xjstance.labels.store.store_agreement import store_agreement
    from xjstance.labels.store.tables import QueueRow

    database = open_store(store)
    try:
        with database.reading() as session:
            wanted = select(QueueRow).order_by(QueueRow.number)
            queues = session.scalars(wanted if queue is None else wanted.where(QueueRow.name == queue)).all()
            if not queues:
                raise DataError(f"{store}: there is no queue {queue!r}" if queue else f"{store}: there is no queue yet")
            for row in queues:
                groups = store_agreement(session, row, n_resamples=resamples, rng=np.random.default_rng(seed))
                for group in groups:
                    _print_agreement(row.name, group, as_json=as_json)
                if not groups:
                    typer.echo(f"{row.name}: no article has two blind labels yet", err=True)
    finally:
        database.close()


def _print_agreement(queue: str, group: Agreement, *, as_json: bool) -> None:
    for found in group.coefficients:
        numbers = [None if math.isnan(value) else round(value, 4) for value in (found.value, found.low, found.high)]
        if as_json:
            typer.echo(json.dumps({"queue": queue, "group": group.group, "articles": group.n_articles,
                                   "labels": group.n_labels, "coefficient": found.name, "value": numbers[0],
                                   "low": numbers[1], "high": numbers[2]}, ensure_ascii=False))  # fmt: skip
        else:
            shown = ["-" if number is None else f"{number:.3f}" for number in numbers]
            typer.echo(f"{queue}\t{group.group}\t{group.n_articles}\t{found.name}\t{shown[0]}\t{shown[1]}..{shown[2]}")


def is_store(where: str | Path) -> bool:
    """Whether a name is that of a store of reviews: a .db file or a PostgreSQL address."""
    text = str(where)
    return text.startswith(("postgresql:", "postgres:")) or Path(text).suffix in (".db", ".sqlite", ".sqlite3")


def open_store(where: str | Path, *, may_make: bool = False) -> Database:
    """Open a store.

    Raises: ConfigError: the extra is not installed. DataError: there is no such file, and it is not to be made.
    """
    from xjstance.labels.errors import ConfigError, DataError

    try:
        from xjstance.labels.store import Database
    except ImportError as error:
        raise ConfigError(f"reviews need {error.name}; run `pip install 'xjstance[review]'`") from error
    text = re.sub(r"^(postgres(?:ql)?):/+", r"\1://", str(where))
    if "://" not in text and not may_make and not Path(text).exists():
        raise DataError(f"{text}: there is no such store; xjstance review makes one")
    return Database.open(text)


def _check_store(where: str | Path) -> None:
    from xjstance.labels.store import broken_links
    from xjstance.labels.store.tables import ChainRow

    database = open_store(where)
    try:
        with database.reading() as session:
            found = list(broken_links(session))
            for name in ("annotations", "events"):
                head = session.get_one(ChainRow, name)
                typer.echo(f"{name}: {head.n:,} rows, head {head.sha256}")
    finally:
        database.close()
    for message in found:
        typer.echo(f"error: {message}")
    typer.echo("errors found" if found else "no errors")
    if found:
        raise typer.Exit(1)


@labels_app.command("export")
def export(
    store: Annotated[str, typer.Argument(help="Store of reviews: a .db file or postgresql://...")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File; for corpus a folder.")],
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            help="audit (for report), corpus (for train), argilla, csv, datasets (Parquet), doccano, label-studio.",
        ),
    ],
    queue: Annotated[str | None, typer.Option(help="Name of the queue; may be left out where there is one.")] = None,
    with_text: Annotated[bool, typer.Option(help="Write the articles' texts too.")] = False,
    accept_single: Annotated[bool, typer.Option(help="Take one person's label as gold.")] = False,
    base: Annotated[Path | None, typer.Option(help="For corpus: the corpus that it is a new version of.")] = None,
) -> None:
    """Export labels: of each person (csv, doccano, label-studio), or gold (audit, corpus).

    Gold is adjudicated or agreed. A new corpus keeps every split of the old one; near-copies go where their originals
    are.
    """
    from xjstance.command_exchange import export_labels

    database = open_store(store)
    try:
        message = export_labels(database, output, file_format, queue=queue, with_text=with_text,
                                accept_single=accept_single, base=base)  # fmt: skip
    finally:
        database.close()
    typer.echo(message, err=True)


@labels_app.command("archive")
def archive(
    store: Annotated[str, typer.Argument(help="Store of reviews: a .db file or postgresql://...")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The archive, a .zip file.")],
    signed_by: Annotated[str, typer.Option(help="Pseudonym of the adjudicator or administrator who signs it off.")],
    statement: Annotated[str, typer.Option(help="What was checked, and what the archive stands for.")],
) -> None:
    """Sign the store off and write who did what when, under which models and codebooks, as one zip; no texts."""
    from xjstance.command_exchange import archive_store

    database = open_store(store)
    try:
        message = archive_store(database, output, signed_by=signed_by, statement=statement)
    finally:
        database.close()
    typer.echo(message, err=True)


@labels_app.command("verify")
def verify(file: Annotated[Path, typer.Argument(help="What labels archive wrote.")]) -> None:
    """Check an audit archive by itself: files, chain of judgements, sign-off; exit status 1 if anything was changed."""
    from xjstance.command_exchange import verify_archive

    typer.echo(verify_archive(file))


@labels_app.command("import")
def import_(
    store: Annotated[str, typer.Argument(help="Store of reviews: a .db file or postgresql://...")],
    file: Annotated[Path, typer.Argument(help="What another tool, or labels export, wrote.")],
    file_format: Annotated[str, typer.Option("--format", help="argilla, csv, doccano or label-studio.")],
    queue: Annotated[str, typer.Option(help="Name of the queue that they go into.")],
    codebook: Annotated[Path | None, typer.Option(help="Codebook file; left out: the default one.")] = None,
) -> None:
    """Import labels made elsewhere, each under its person's pseudonym; imported again, they add nothing."""
    from xjstance.command_exchange import import_file

    database = open_store(store, may_make=True)
    try:
        n = import_file(database, file, file_format, queue=queue, codebook=codebook)
    finally:
        database.close()
    typer.echo(f"added {n:,} labels", err=True)
