"""`xjstance review`: a scored archive or a queue into a store, and the page on which people judge it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xjstance.command_labels import open_store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xjstance.labels.records import Prediction
    from xjstance.labels.store import Database, WindowFinder


def review(
    predictions: Annotated[
        Path | None, typer.Argument(help="What classify -o wrote; left out: go on with what the store holds.")
    ] = None,
    archive: Annotated[
        list[str] | None, typer.Option(help="The archive that was scored: files, folders, globs. Repeatable.")
    ] = None,
    store: Annotated[str, typer.Option(help="A .db file, or postgresql://user@host/name.")] = "reviews.db",
    queue: Annotated[
        Path | None, typer.Option(help="Queue file (.jsonl, .csv) of select or report --plan-audit.")
    ] = None,
    select: Annotated[
        str,
        typer.Option(
            help="Without --queue: uncertain, audit (random sample), disagreement or all; suspect: labels of the store "
            "that are probably wrong (no PREDICTIONS needed)."
        ),
    ] = "uncertain",
    of: Annotated[str | None, typer.Option(help="For --select suspect: the queue whose labels are looked at.")] = None,
    refresh: Annotated[
        bool, typer.Option(help="PREDICTIONS are a new model's: add them to the store's articles; no new queue.")
    ] = False,
    size: Annotated[int | None, typer.Option(min=1, help="Articles in the queue.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the queue; left out: the kind or the file's name.")] = None,
    languages: Annotated[str, typer.Option(metavar="A,B", help="Only these, as ug or ug-Arab.")] = "",
    outlet: Annotated[list[str] | None, typer.Option(help="Only this outlet. Repeatable.")] = None,
    against: Annotated[Path | None, typer.Option(help="The other run, for --select disagreement.")] = None,
    double: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share that two people label; the rest is gold only with --accept-single."),
    ] = 1.0,
    open_predictions: Annotated[
        bool, typer.Option(help="Show the prediction before the own label: not blind.")
    ] = False,
    column: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=COLUMN", help="Where a field of the archive is read. Repeatable.")
    ] = None,
    file_format: Annotated[str | None, typer.Option("--format", help="Format of the archive; left out: found.")] = None,
    codebook: Annotated[Path | None, typer.Option(help="Codebook file; left out: the default one.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Bundle that scored, to show its windows; left out: the embedded one.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the drawn sample.")] = 0,
    administrator: Annotated[str, typer.Option(help="Pseudonym of the first person of a new store.")] = "admin",
    new_link: Annotated[bool, typer.Option(help="Print a new link for the administrator.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8765,
    served_as: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="Further host names that people use. Repeatable.")
    ] = None,
    https: Annotated[bool, typer.Option(help="People come by https, through a proxy of yours.")] = False,
    show_outlet: Annotated[bool, typer.Option(help="Show the outlet before the own label.")] = False,
    import_only: Annotated[bool, typer.Option(help="Import, and start no page.")] = False,
) -> None:
    """Audit predictions in a browser: blind, by keyboard, alone or with others.

    The texts come from the archive by id and hash; only those of the queue are kept. A new store prints a link that
    lets its administrator in once; the administrator invites the others.
    """
    database = open_store(store, may_make=True)
    try:
        if refresh:
            n = _refresh(database, predictions, name, codebook, model)
            typer.echo(f"the store has the new model's scores of {n:,} articles", err=True)
        elif select == "suspect":
            n = _suspects(database, of, name or "suspect", size, double, is_blind=not open_predictions)
            typer.echo(f"added {n:,} labels that are probably wrong to the queue", err=True)
        elif predictions is not None:
            n_added = _import(
                database, predictions, archive or [], queue, select, size, name, languages, outlet or [], against,
                double, not open_predictions, column or [], file_format, codebook, model, seed,
            )  # fmt: skip
            typer.echo(f"added {n_added:,} articles to the queue", err=True)
        link = _first_link(database, administrator, again=new_link)
        if link is not None:
            typer.echo(f"link for {administrator}, works once: http://{host}:{port}/invitation/{link}")
        if not import_only:
            _serve(database, host, port, served_as or [], is_https=https, shows_outlet=show_outlet)
    finally:
        database.close()


def _import(database: Database, predictions: Path, archive: list[str], queue: Path | None, select: str,
            size: int | None, name: str | None, languages: str, outlets: list[str], against: Path | None,
            double: float, is_blind: bool, column: list[str], file_format: str | None, codebook: Path | None,
            model: str | None, seed: int) -> int:  # fmt: skip
    import numpy as np

    from xjstance.inference.archive import Archive
    from xjstance.inference.columns import ColumnMapping
    from xjstance.inference.prevalence_source import PredictionSource
    from xjstance.labels.audit_sample import read_queue
    from xjstance.labels.codebook import DEFAULT_CODEBOOK, Codebook
    from xjstance.labels.errors import ConfigError, DataError
    from xjstance.labels.store import QueueSettings, add_queue
    from xjstance.labels.store.clock import utc_now
    from xjstance.review_import import Selection, join_texts, predictions_of, select_items

    if not archive:
        raise ConfigError("the texts are in the archive: name it with --archive")
    book = Codebook.load(codebook or DEFAULT_CODEBOOK)
    source = PredictionSource.open(predictions)
    if source.labels != book.labels:
        raise DataError(f"{predictions}: its labels ({', '.join(source.labels)}) are not those of codebook "
                        f"{book.id!r} ({', '.join(book.labels)}); give the codebook with --codebook")  # fmt: skip
    if queue is not None:
        items = read_queue(queue)
    else:
        chosen = Selection(kind=select, size=size, against=against, outlets=tuple(outlets),
                           languages=tuple(filter(None, languages.replace(" ", "").split(","))))  # fmt: skip
        items = select_items(source, chosen, rng=np.random.default_rng(seed))
    settings = QueueSettings(name=name or (queue.stem if queue else select), double_share=double, is_blind=is_blind)
    rows = predictions_of(source, [(item.id, item.text_sha256) for item in items])
    texts = Archive.open(archive, columns=ColumnMapping.parse(column), file_format=file_format)  # type: ignore[arg-type]
    return add_queue(database, join_texts(items, rows, texts), settings, codebook=book, now=utc_now(),
                     find_windows=_windows(model, rows.values()))  # fmt: skip


def _refresh(database: Database, predictions: Path | None, queue: str | None, codebook: Path | None,
             model: str | None) -> int:  # fmt: skip
    from xjstance.inference.prevalence_source import PredictionSource
    from xjstance.labels.codebook import DEFAULT_CODEBOOK, Codebook
    from xjstance.labels.errors import ConfigError
    from xjstance.labels.store.clock import utc_now
    from xjstance.labels.store.refresh import article_keys, refresh_predictions
    from xjstance.review_import import predictions_of

    if predictions is None:
        raise ConfigError("--refresh needs the new run: xjstance review NEW_PREDICTIONS --refresh --store STORE")
    with database.reading() as session:
        keys = article_keys(session, queue=queue)
    found = predictions_of(PredictionSource.open(predictions), keys)
    book = Codebook.load(codebook or DEFAULT_CODEBOOK)
    return refresh_predictions(database, found, codebook=book, queue=queue, now=utc_now(),
                               find_windows=_windows(model, found.values()))  # fmt: skip


def _windows(model: str | None, predictions: Iterable[Prediction]) -> WindowFinder:
    from xjstance.models.bundle import Bundle
    from xjstance.review_import import window_finder

    bundle = Bundle.load(model)
    others = {one.model for one in predictions if one.n_windows > 1 or one.n_tokens_read < one.n_tokens}
    if others := others - {bundle.signature}:
        names = ", ".join(sorted(filter(None, others)))
        typer.echo(f"scored by {names}, not by {bundle.signature}: the page cannot show where windows begin; name the "
                   "bundle that scored with --model", err=True)  # fmt: skip
    return window_finder(bundle)


def _suspects(database: Database, of: str | None, name: str, size: int | None, double: float, *,
              is_blind: bool) -> int:  # fmt: skip
    from xjstance.labels.store import QueueSettings
    from xjstance.labels.store.clock import utc_now
    from xjstance.labels.store.suspects import add_suspect_queue

    settings = QueueSettings(name=name, double_share=double, is_blind=is_blind)
    return add_suspect_queue(database, of, settings, size=size, now=utc_now())


def _first_link(database: Database, name: str, *, again: bool) -> str | None:
    from sqlalchemy import select

    from xjstance.labels.errors import DataError
    from xjstance.labels.store.accounts import add_account, invite
    from xjstance.labels.store.clock import utc_now
    from xjstance.labels.store.tables import AccountRow

    with database.writing() as session:
        is_empty = session.scalar(select(AccountRow.number).limit(1)) is None
        if is_empty:
            account = add_account(session, name, "administrator", by="command line", now=utc_now())
        elif again:
            found = session.scalars(select(AccountRow).where(AccountRow.name == name)).one_or_none()
            if found is None:
                raise DataError(f"nobody in the store is called {name!r}; name one with --administrator")
            account = found
        else:
            return None
        return invite(session, account, by="command line", now=utc_now())


def _serve(database: Database, host: str, port: int, served_as: list[str], *, is_https: bool,
           shows_outlet: bool) -> None:  # fmt: skip
    from xjstance.labels.errors import ConfigError

    try:
        import uvicorn

        from xjstance.labels.review.app import create_app
        from xjstance.labels.review.settings import ReviewSettings
    except ImportError as error:
        raise ConfigError(f"the review page needs {error.name}; run `pip install 'xjstance[review]'`") from error
    hosts = tuple(dict.fromkeys(("127.0.0.1", "localhost", host, *served_as)))
    settings = ReviewSettings(hosts=hosts, is_https=is_https, shows_outlet=shows_outlet)
    typer.echo(f"the page is at http://{host}:{port}/; stop it with Ctrl-C", err=True)
    uvicorn.run(create_app(database, settings), host=host, port=port, log_level="warning", access_log=False,
                server_header=False, proxy_headers=is_https, forwarded_allow_ips="127.0.0.1")  # fmt: skip
