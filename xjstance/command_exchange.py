"""What `xjstance labels export` and `import` do."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from xjstance.labels.codebook import DEFAULT_CODEBOOK, Codebook
from xjstance.labels.errors import ConfigError, DataError
from xjstance.labels.exchange.argilla import read_argilla, write_argilla
from xjstance.labels.exchange.audit_archive import ArchiveSummary, verify_audit_archive, write_audit_archive
from xjstance.labels.exchange.corpus_export import corpus_version
from xjstance.labels.exchange.csv_file import read_csv, write_csv
from xjstance.labels.exchange.dataset_file import write_dataset
from xjstance.labels.exchange.doccano import read_doccano, write_doccano
from xjstance.labels.exchange.import_labels import import_labels
from xjstance.labels.exchange.label_studio import read_label_studio, write_label_studio
from xjstance.labels.exchange.tasks import tasks_of, with_gold
from xjstance.labels.labelled_corpus import read_corpus, write_corpus
from xjstance.labels.store import Database, QueueSettings, judged_items
from xjstance.labels.store.clock import as_text, utc_now
from xjstance.labels.store.hash_chain import add_event
from xjstance.labels.store.tables import CodebookRow, QueueRow

FORMATS = ("argilla", "audit", "corpus", "csv", "datasets", "doccano", "label-studio")


def export_labels(database: Database, output: Path, file_format: str, *, queue: str | None, with_text: bool,
                  accept_single: bool, base: Path | None) -> str:  # fmt: skip
    """Write the file; returns what was done, in words.

    Raises: ConfigError: an unknown format, or one that needs texts. DataError: no such queue, or nothing to export.
    """
    if file_format not in FORMATS:
        raise ConfigError(f"--format {file_format!r} is none of {', '.join(FORMATS)}")
    if file_format in ("argilla", "corpus", "doccano", "label-studio") and not with_text:
        raise ConfigError(f"--format {file_format} holds the articles' texts: say --with-text if you may pass them on")
    if file_format == "corpus" and output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigError(f"{output}: is there already; a new version of a corpus wants a folder of its own")
    with database.reading() as session:
        row = _queue(session, queue)
        name, signature = row.name, row.codebook
        codebook = Codebook.from_dict(session.get_one(CodebookRow, signature).content, where=signature)
        if file_format == "audit":
            message = _audit(session, row, output, accept_single=accept_single)
        else:
            tasks = tasks_of(session, row.number, codebook=signature)
            if file_format == "csv":
                message = f"{write_csv(tasks, output, with_text=with_text):,} labels"
            elif file_format == "datasets":
                message = f"{write_dataset(tasks, output, with_text=with_text):,} articles"
            elif file_format == "argilla":
                message = f"{write_argilla(tasks, output):,} records"
            elif file_format == "doccano":
                message = f"{write_doccano(tasks, output):,} labels"
            elif file_format == "label-studio":
                n_tasks = write_label_studio(tasks, output, labels=codebook.labels)
                message = f"{n_tasks:,} tasks; the project's labelling interface is in {output.stem}.config.xml"
            else:
                gold = with_gold(tasks, accept_single=accept_single)
                made = corpus_version(read_corpus(base, codebook=codebook) if base else [], gold)
                write_corpus(made.articles, output)
                message = (f"{len(made.articles):,} articles: {made.n_new:,} new ({made.n_joined:,} near-copies of old "
                           f"ones, put into their splits), {made.n_relabelled:,} relabelled")  # fmt: skip
    with database.writing() as session:
        add_event(session, "export", {"queue": name, "format": file_format, "file": output.name, "what": message},
                  at=as_text(utc_now()))  # fmt: skip
    return f"{output}: {message}"


def _queue(session: Session, name: str | None) -> QueueRow:
    queues = session.scalars(select(QueueRow).order_by(QueueRow.number)).all()
    chosen = [queue for queue in queues if name in (None, queue.name)]
    if len(chosen) != 1:
        names = ", ".join(repr(queue.name) for queue in queues) or "none"
        raise DataError(f"name one queue with --queue; in the store there are: {names}")
    return chosen[0]


def _audit(session: Session, queue: QueueRow, output: Path, *, accept_single: bool) -> str:
    """Queue columns, `label` and `codebook`; unread articles with an empty label, as `report --audit` counts them."""
    n = n_all = 0
    with output.open("w", encoding="utf-8") as file:
        for judged in judged_items(session, queue=queue.number):
            is_gold = judged.source is not None and (accept_single or judged.source != "single")
            label = judged.gold if is_gold else ""
            n, n_all = n + is_gold, n_all + 1
            line = asdict(judged.item) | {"label": label, "source": judged.source, "codebook": queue.codebook}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return f"{n:,} gold labels of {n_all:,} articles"


def import_file(database: Database, file: Path, file_format: str, *, queue: str, codebook: Path | None) -> int:
    """Labels from a file into the store; returns how many were added."""
    readers = {"argilla": read_argilla, "csv": read_csv, "doccano": read_doccano, "label-studio": read_label_studio}
    if file_format not in readers:
        raise ConfigError(f"--format {file_format!r} is none of {', '.join(readers)}")
    try:
        tasks = readers[file_format](file)
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    book = Codebook.load(codebook or DEFAULT_CODEBOOK)
    return import_labels(database, tasks, QueueSettings(name=queue), codebook=book, source=file.name, now=utc_now())


def archive_store(database: Database, output: Path, *, signed_by: str, statement: str) -> str:
    """Sign a store off and write its audit archive; returns what is in it, in words."""
    made = write_audit_archive(database, output, signed_by=signed_by, statement=statement, now=utc_now())
    return _in_words(output, made)


def verify_archive(file: Path) -> str:
    """Check an audit archive; returns what is in it, in words."""
    return _in_words(file, verify_audit_archive(file))


def _in_words(file: Path, found: ArchiveSummary) -> str:
    return (f"{file}: signed off by {found.signed_by} at {found.at}; {found.n_annotations:,} judgements, "
            f"{found.n_gold:,} gold labels, {found.n_disputed:,} not settled; head {found.head}")  # fmt: skip
