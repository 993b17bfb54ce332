"""`xjstance labels`: check a labelled corpus."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

labels_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Check, import and export labelled data.")


@labels_app.callback()
def labels() -> None:
    """Check, import and export labelled data."""


@labels_app.command("check")
def check(
    corpus: Annotated[Path, typer.Argument(help="A .jsonl file or a folder of them.")],
    codebook: Annotated[Path | None, typer.Option(help="Codebook file; left out: the default one.")] = None,
    reserved: Annotated[Path | None, typer.Option(help="File of source keys that no article may rest on.")] = None,
    identify: Annotated[bool, typer.Option(help="Compare each language with what the text says.")] = True,
    show: Annotated[int, typer.Option(min=0, help="Findings to print of each kind.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print every finding as one JSON object a line.")] = False,
) -> None:
    """Check schema, labels, sentences, copies, leakage between splits, sources, scripts, languages, balance.

    Exit status 1 if there is an error; warnings alone give 0.
    """
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
