"""People: invitations, roles, languages; for administrators."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..errors import DataError
from ..store.accounts import add_account, invite, set_active
from ..store.tables import AccountRow
from .desk import Administrator, Desk, DeskNow, Form, Person

router = APIRouter()


@router.get("/people")
def people_page(desk: DeskNow, person: Administrator) -> Response:
    """Everybody, by pseudonym."""
    with desk.database.reading() as session:
        return _page(session, desk, person)


@router.post("/people")
def add_person(request: Request, desk: DeskNow, person: Administrator, form: Form) -> Response:
    """Add somebody and show the link that lets them in once."""
    languages = str(form.get("languages", "")).replace(",", " ").split()
    with desk.database.writing() as session:
        account = add_account(session, str(form.get("name", "")).strip(), str(form.get("role", "")),
                              languages=languages, by=person.account.name, now=desk.clock())  # fmt: skip
        token = invite(session, account, by=person.account.name, now=desk.clock())
        return _page(session, desk, person, link=_link(request, desk, token), name=account.name)


@router.post("/people/{number}/invite")
def invite_again(request: Request, number: int, desk: DeskNow, person: Administrator, form: Form) -> Response:
    """A new link, for somebody who lost the first one or the password."""
    with desk.database.writing() as session:
        account = _account(session, number)
        token = invite(session, account, by=person.account.name, now=desk.clock())
        return _page(session, desk, person, link=_link(request, desk, token), name=account.name)


@router.post("/people/{number}/active")
def change_active(number: int, desk: DeskNow, person: Administrator, form: Form) -> Response:
    """Keep somebody out (their labels stay), or let them in again."""
    if number == person.account.number:
        raise DataError("you cannot shut yourself out; another administrator can")
    with desk.database.writing() as session:
        set_active(session, _account(session, number), form.get("is_active") == "yes", by=person.account.name,
                   now=desk.clock())  # fmt: skip
    return RedirectResponse("/people", 303)


def _link(request: Request, desk: Desk, token: str) -> str:
    base = request.base_url.replace(scheme="https") if desk.settings.is_https else request.base_url
    return f"{base}invitation/{token}"


def _account(session: Session, number: int) -> AccountRow:
    account = session.get(AccountRow, number) if 0 < number < 2**31 else None
    if account is None:
        raise DataError("there is no such person")
    return account


def _page(session: Session, desk: Desk, person: Person, *, link: str = "", name: str = "") -> Response:
    people = session.scalars(select(AccountRow).order_by(AccountRow.name)).all()
    return desk.page("people", person=person, people=people, link=link, name=name)
