"""Bring labels that were made elsewhere into a store: as the labels of people who cannot sign in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from ..codebook import Codebook
from ..errors import DataError
from ..records import Article
from ..store.accounts import add_account
from ..store.annotations import Judgement, add_annotation
from ..store.clock import as_text
from ..store.database import Database
from ..store.queues import QueuedArticle, QueueSettings, add_queue
from ..store.tables import AccountRow, ArticleRow, AssignmentRow, ItemRow, QueueRow
from .tasks import Task, TaskLabel


def import_labels(database: Database, tasks: Sequence[Task], settings: QueueSettings, *, codebook: Codebook,
                  source: str, now: datetime) -> int:  # fmt: skip
    """Add a queue with its articles and labels; returns the labels added. Imported again, it adds nothing.

    Labels of unknown blindness count as blind only if the file says so. Predictions in the file are left out: they
    come from `xjstance review`.

    Raises: DataError: a text that does not fit its hash, a label outside the codebook, another codebook's labels.
    """
    for task in tasks:
        if task.codebook and task.codebook != codebook.signature:
            raise DataError(
                f"{source}: article {task.item.id!r} follows codebook {task.codebook}, not {codebook.signature}; give "
                "that codebook with --codebook"
            )
        for one in task.labels:
            codebook.index(one.label, where=f"{source}: article {task.item.id!r}")
    queued = [
        QueuedArticle(item=task.item, article=Article(id=task.item.id, title=task.title, text=task.text,
                                                      language=task.tag, date=task.date, outlet=task.outlet,
                                                      url=task.url, source=source))
        for task in tasks
    ]  # fmt: skip
    add_queue(database, queued, settings, codebook=codebook, now=now)
    n = 0
    with database.writing() as session:
        queue = session.scalars(select(QueueRow.number).where(QueueRow.name == settings.name)).one()
        people: dict[str, AccountRow] = {}
        for task in tasks:
            item = session.scalars(
                select(ItemRow).join(ArticleRow, ArticleRow.number == ItemRow.article)
                .where(ItemRow.queue == queue, ArticleRow.id == task.item.id,
                       ArticleRow.text_sha256 == task.item.text_sha256)
            ).one()  # fmt: skip
            for one in task.labels:
                name = pseudonym(one.reviewer)
                account = people.get(name) or session.scalars(select(AccountRow).where(AccountRow.name == name)).first()
                if account is None:
                    account = add_account(session, name, "reviewer", by=f"import of {source}", now=now)
                    account.is_active = False
                people[name] = account
                key = f"{queue}\n{item.number}\n{name}\n{one.at}\n{one.label}"
                held = select(AssignmentRow).where(AssignmentRow.item == item.number,
                                                   AssignmentRow.account == account.number)  # fmt: skip
                if session.scalars(held).first() is not None:
                    continue
                session.add(AssignmentRow(item=item.number, account=account.number, state="released",
                                          until=as_text(now)))  # fmt: skip
                session.flush()
                request_id = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
                add_annotation(session, item.number, account, _judgement(one, codebook, source, request_id), now=now)
                n += 1
    return n


def pseudonym(name: str) -> str:
    """A name as a pseudonym of the store; what does not fit (mail addresses) becomes a hash."""
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]{1,30}", name):
        return name
    return f"imported-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _judgement(one: TaskLabel, codebook: Codebook, source: str, request_id: str) -> Judgement:
    return Judgement(
        kind="label", request_id=request_id, label=codebook.labels[codebook.index(one.label)],
        confidence=one.confidence, spans=one.spans, note=one.note, is_flagged=one.is_flagged,  # type: ignore[arg-type]
        shown_labels=not one.is_blind, origin=f"{source}, {one.at or 'no time'}",
    )  # fmt: skip
