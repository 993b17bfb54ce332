"""A hash chain over rows: who changes, deletes or inserts one has to recompute every later one, and the head shows it.

Each row's hash covers its content and the hash before it. Whoever keeps the head's hash elsewhere (every export holds
it) can prove later that nothing before it was touched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .tables import AccountRow, AnnotationRow, ChainRow, EventRow

FIRST = "0" * 64
"""What stands before the first row."""

Chained = AnnotationRow | EventRow


def chained_sha256(previous: str, content: Mapping[str, Any]) -> str:
    """Hash of a row: of the hash before it and its content in canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def lock_head(session: Session, name: str) -> ChainRow:
    """Head of a chain, locked until the transaction ends: additions come one after the other."""
    return session.scalars(select(ChainRow).where(ChainRow.name == name).with_for_update()).one()


def add_event(session: Session, kind: str, content: Mapping[str, Any], *, at: str) -> None:
    """Write down an act beside the labelling."""
    head = lock_head(session, "events")
    head.n += 1
    held = {"number": head.n, "kind": kind, "at": at, "content": dict(content)}
    digest = chained_sha256(head.sha256, held)
    session.add(EventRow(number=head.n, kind=kind, content=dict(content), at=at, previous_sha256=head.sha256,
                         sha256=digest))  # fmt: skip
    head.sha256 = digest


def broken_links(session: Session) -> Iterator[str]:
    """What is wrong with the chains, in words; nothing where all is as it was written."""
    for name, model in (("annotations", AnnotationRow), ("events", EventRow)):
        yield from _broken(session, name, model)


def _broken(session: Session, name: str, model: type[AnnotationRow] | type[EventRow]) -> Iterator[str]:
    previous, n = FIRST, 0
    names = {account.number: account.name for account in session.scalars(select(AccountRow))}
    rows: Iterator[Chained] = iter(
        session.scalars(select(model).order_by(model.number).execution_options(yield_per=1_000))
    )
    for row in rows:
        n += 1
        if row.number != n:
            yield f"{name}: row {n} is missing; the next one is {row.number}"
            n = row.number
        if row.previous_sha256 != previous:
            yield f"{name}: row {row.number} does not follow the row before it"
        if row.sha256 != chained_sha256(row.previous_sha256, _content(row)):
            yield f"{name}: row {row.number} was changed after it was written"
        if isinstance(row, AnnotationRow) and _columns_differ(row, names.get(row.account)):
            yield f"{name}: the columns of row {row.number} differ from what was hashed"
        previous = row.sha256
    head = session.get(ChainRow, name)
    if (head.n if head else 0) != n or (head.sha256 if head else FIRST) != previous:
        yield f"{name}: the last rows are missing: the head counts {head.n if head else 0} rows, there are {n}"


def _content(row: Chained) -> dict[str, Any]:
    if isinstance(row, AnnotationRow):
        return {**row.content, "request_id": row.request_id}
    return {"number": row.number, "kind": row.kind, "at": row.at, "content": row.content}


def _columns_differ(row: AnnotationRow, name: str | None) -> bool:
    held = row.content
    return (row.number, row.item, name, row.kind, row.label, row.at) != (
        held["number"], held["item"], held["reviewer"], held["kind"], held["label"], held["at"],
    )  # fmt: skip
