"""`xjstance labels`: check a labelled corpus."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
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
