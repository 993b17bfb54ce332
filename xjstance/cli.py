"""The command line: one command, its verbs, and what they have in common."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from xjstance import __version__
from xjstance.command_classify import classify
from xjstance.command_evaluate import evaluate
from xjstance.command_identify import identify
from xjstance.command_labels import labels_app
from xjstance.command_models import models_app
from xjstance.command_report import report
from xjstance.command_review import review
from xjstance.command_select import select
from xjstance.command_train import train

app = typer.Typer(
    name="xjstance",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="""Measure the stance of news articles toward the Chinese government's policies in Xinjiang: praising,
critical, neutral or unrelated, in 100 languages.

The unit is the article, the outlet, the language, the month: never a person. Out of scope: moderation, censorship,
sanctions, visa, employment or policing decisions, judging single authors, and any use of single labels that no human
has read.""",
)
app.command()(classify)
app.command()(identify)
app.command()(report)
app.command()(review)
app.command()(train)
app.command()(evaluate)
app.command()(select)
app.add_typer(labels_app, name="labels")
app.add_typer(models_app, name="models")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"xjstance {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Log more; print tracebacks of errors.")] = False,
) -> None:
    """Set up logging to standard error."""
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
