"""`xjstance identify`: language and script of each article, without a stance."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

_CHUNK = 512


def identify(
    archive: Annotated[list[str], typer.Argument(help="Files, folders or globs as for classify; - reads stdin.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="JSONL file; left out: standard output.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=COLUMN", help="Where a field is read, as text=body. Repeatable.")
    ] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Input is plain text: each line is one text.")] = False,
    identifier: Annotated[
        Path | None, typer.Option(help="Another identifier: a fastText file such as lid.176 or GlotLID.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines (the default).")] = False,
) -> None:
    """Name the language and script of each text: `und` where it is unknown, `zxx` where there is no language.

    One JSON object a line: id, language, script, tag, whether the tag is one of the 113 that models read, prob, shares
    (of the characters, where there are several languages), and what the archive's own language column says, with
    agrees true or false.
    """
    from xjstance.models.language_id import LanguageIdentifier

    _ = as_json
    model = LanguageIdentifier.load(identifier)
    rejected: list[Any] = []
    articles = _lines(archive) if lines else _articles(archive, column or [], rejected)
    rows = _rows(model, articles)
    if output is None:
        for row in rows:
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    else:
        from xjstance.inference.atomic_file import AtomicFile

        target = AtomicFile(output)
        try:
            for row in rows:
                target.file.write((json.dumps(row, ensure_ascii=False) + "\n").encode())
            target.commit()
        except BaseException:
            target.discard()
            raise
    for record in rejected[:5]:
        typer.echo(f"{record.file}:{record.line}: {record.reason}", err=True)
    if rejected:
        typer.echo(f"{len(rejected):,} records could not be read", err=True)
        raise typer.Exit(3)


def _articles(names: list[str], columns: list[str], rejected: list[Any]) -> Iterator[Any]:
    from xjstance.inference.archive import Archive
    from xjstance.inference.columns import ColumnMapping
    from xjstance.labels.records import Article

    for item in Archive.open(names, columns=ColumnMapping.parse(columns)):
        if isinstance(item, Article):
            yield item
        else:
            rejected.append(item)


def _lines(names: list[str]) -> Iterator[Any]:
    from xjstance.labels.errors import DataError
    from xjstance.labels.records import Article

    for name in names:
        try:
            with open(0 if name == "-" else name, encoding="utf-8", errors="replace", closefd=name != "-") as file:
                for number, line in enumerate(file, 1):
                    yield Article(id=f"{name}:{number}", text=line.rstrip("\n"))
        except OSError as error:
            raise DataError(f"{name}: cannot be read ({error.strerror}); check the path") from error


def _rows(model: Any, articles: Iterable[Any]) -> Iterator[dict[str, Any]]:
    from xjstance.models.article_text import ArticleText
    from xjstance.models.language_hint import agrees

    stream = iter(articles)
    while chunk := list(islice(stream, _CHUNK)):
        guesses = model.identify_many([ArticleText.of(article).content for article in chunk])
        for article, guess in zip(chunk, guesses, strict=True):
            row = {
                "id": article.id,
                "language": guess.language,
                "script": guess.script,
                "tag": guess.tag,
                "supported": guess.is_supported,
                "prob": round(guess.prob, 4),
                "shares": {tag: round(share, 4) for tag, share in guess.shares},
            }
            if article.language is not None:
                row |= {"hint": article.language, "agrees": agrees(guess, article.language)}
            yield row
