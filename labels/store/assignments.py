"""Hand items out: each to as many people as it wants and no more, whoever asks at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from .clock import as_text, later
from .distinct import distinct_values
from .tables import AccountRow, AssignmentRow, ItemRow, ShownScoresRow

LEASE_HOURS = 24.0
"""An item that was opened and neither labelled nor skipped goes to somebody else after so long."""

_HELD = ("open", "done", "returned")
"""States that take one of the item's places."""


def next_item(session: Session, account: int, *, queue: int, tags: Sequence[str], now: datetime) -> int | None:
    """Number of the item that the person works on next; None when nothing is left. Needs a writing session.

    First what was sent back, then what is open in their hands, then the first free item in a language that they read.
    """
    session.execute(select(AccountRow.number).where(AccountRow.number == account).with_for_update())
    _release_overdue(session, queue, now)
    held = session.scalar(
        select(AssignmentRow.item)
        .join(ItemRow, ItemRow.number == AssignmentRow.item)
        .where(AssignmentRow.account == account, AssignmentRow.state.in_(("returned", "open")), ItemRow.queue == queue)
        .order_by(AssignmentRow.state.desc(), ItemRow.position)
        .limit(1)
    )
    if held is not None:
        return held
    item = _free_item(session, account, queue, tags_read(session, queue, tags))
    if item is None:
        return None
    _take(item)
    shown = session.get(ShownScoresRow, (queue, account))
    session.add(AssignmentRow(item=item.number, account=account, state="open", until=later(now, hours=LEASE_HOURS),
                              revealed=shown.model if shown else None))  # fmt: skip
    session.flush()
    return item.number


def note_shown_scores(session: Session, queue: int, account: int, model: str, *, now: datetime) -> None:
    """Write down that somebody saw the scores of a queue: what they are given from then on they do not judge blind."""
    if session.get(ShownScoresRow, (queue, account)) is None:
        session.add(ShownScoresRow(queue=queue, account=account, model=model, at=as_text(now)))


def keep_out(session: Session, item: int, account: int, *, now: datetime) -> bool:
    """Somebody wants to see what others said of an item. False: they are to label it first.

    True: it never comes to them to be labelled; or they labelled it, and what they say of it from now on is not blind.
    """
    wanted = select(AssignmentRow).where(AssignmentRow.item == item, AssignmentRow.account == account)
    held = session.scalars(wanted).one_or_none()
    if held is None:
        session.add(AssignmentRow(item=item, account=account, state="seen", until=as_text(now), saw_labels=True))
        return True
    if held.state in ("open", "returned"):
        return False
    held.saw_labels = True
    return True


def reads_here(session: Session, queue: int, account: int) -> bool:
    """Whether somebody labels in a queue."""
    wanted = (
        select(AssignmentRow.number)
        .join(ItemRow, ItemRow.number == AssignmentRow.item)
        .where(AssignmentRow.account == account, AssignmentRow.state != "seen", ItemRow.queue == queue)
    )
    return session.scalar(wanted.limit(1)) is not None


def tags_read(session: Session, queue: int, tags: Sequence[str]) -> Sequence[str] | None:
    """Tags of a queue that somebody reads (`ug` stands for all scripts of Uyghur); None: all."""
    if not tags:
        return None
    held = distinct_values(session, ItemRow.tag, ItemRow.queue == queue)
    return [one for one in held if any(one == tag or one.startswith(f"{tag}-") for tag in tags)]


def _free_item(session: Session, account: int, queue: int, tags: Sequence[str] | None) -> ItemRow | None:
    """The first item in line that has a place left, locked; one look down an index for each tag."""
    own = exists().where(AssignmentRow.item == ItemRow.number, AssignmentRow.account == account)
    free = select(ItemRow).where(ItemRow.queue == queue, ItemRow.is_open, ~own).order_by(ItemRow.position).limit(1)
    wanted = [free] if tags is None else [free.where(ItemRow.tag == tag) for tag in tags]
    found = [session.scalars(one.with_for_update(skip_locked=True)).one_or_none() for one in wanted]
    if any(found):
        return min(filter(None, found), key=lambda item: item.position)
    for one in wanted:  # all that is left may be in the hands of somebody who is choosing at this moment: wait for them
        if (item := session.scalars(one.with_for_update()).one_or_none()) is not None:
            return item
    return None


def _take(item: ItemRow) -> None:
    item.n_taken += 1
    item.is_open = item.n_taken < item.n_wanted


def set_state(session: Session, item: int, account: int, state: str, *, now: datetime) -> None:
    """Change the state of an assignment and the places of its item with it."""
    row = session.scalars(
        select(ItemRow).where(ItemRow.number == item).with_for_update().execution_options(populate_existing=True)
    ).one()
    held = session.scalars(
        select(AssignmentRow)
        .where(AssignmentRow.item == item, AssignmentRow.account == account)
        .execution_options(populate_existing=True)
    ).one()
    row.n_taken += (state in _HELD) - (held.state in _HELD)
    row.is_open = row.n_taken < row.n_wanted
    held.state = state
    if state == "open":
        held.until = later(now, hours=LEASE_HOURS)


def _release_overdue(session: Session, queue: int, now: datetime) -> None:
    overdue = session.execute(
        select(AssignmentRow.item, AssignmentRow.account)
        .join(ItemRow, ItemRow.number == AssignmentRow.item)
        .where(AssignmentRow.state == "open", AssignmentRow.until < as_text(now), ItemRow.queue == queue)
        .order_by(AssignmentRow.item)
    ).all()
    for item, account in overdue:
        changed = session.execute(
            update(AssignmentRow)
            .where(AssignmentRow.item == item, AssignmentRow.account == account, AssignmentRow.state == "open")
            .values(state="released")
        )
        if changed.rowcount:  # type: ignore[attr-defined]
            row = session.scalars(select(ItemRow).where(ItemRow.number == item).with_for_update()).one()
            row.n_taken -= 1
            row.is_open = row.n_taken < row.n_wanted
    session.flush()
