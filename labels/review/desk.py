"""What every route needs: the store, the settings, the clock, the templates, and who is asking."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData

from ..store.accounts import signed_in
from ..store.clock import Clock
from ..store.database import Database
from ..store.tables import AccountRow
from .settings import ReviewSettings

COOKIE = "xjstance_session"
_ROLES = ("reviewer", "adjudicator", "administrator")
_FOLDER = Path(__file__).parent


class SignInNeededError(Exception):
    """Nobody is signed in."""


class ForbiddenError(Exception):
    """Signed in, and not allowed to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is signed in."""

    account: AccountRow
    csrf: str
    token: str

    def may(self, role: str) -> bool:
        """Whether the role includes another one."""
        return _ROLES.index(self.account.role) >= _ROLES.index(role)


class Desk:
    """Held by the application."""

    def __init__(self, database: Database, settings: ReviewSettings, clock: Clock) -> None:
        self.database = database
        self.settings = settings
        self.clock = clock
        self.templates = Environment(
            loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip

    def page(self, template: str, /, *, person: Person | None = None, status: int = 200, **values: Any) -> HTMLResponse:
        """A rendered template; everything in it is escaped."""
        text = self.templates.get_template(f"{template}.html").render(person=person, **values)
        return HTMLResponse(text.encode("utf-8", "replace"), status_code=status)

    def message(self, text: str, *, person: Person | None = None, status: int = 400) -> HTMLResponse:
        """A page with one sentence."""
        return self.page("message", person=person, status=status, text=text)


def desk_of(request: Request) -> Desk:
    """The application's desk."""
    found: Desk = request.app.state.desk
    return found


def person_of(request: Request) -> Person:
    """Who asks.

    Raises: SignInNeededError: nobody is signed in.
    """
    token = request.cookies.get(COOKIE, "")
    desk = desk_of(request)
    if token:
        with desk.database.reading() as session:
            found = signed_in(session, token, now=desk.clock())
            if found is not None:
                session.expunge_all()
                return Person(account=found[0], csrf=found[1].csrf, token=token)
    raise SignInNeededError


def adjudicator(person: Annotated[Person, Depends(person_of)]) -> Person:
    """Who asks, if an adjudicator or administrator."""
    return _with_role(person, "adjudicator")


def administrator(person: Annotated[Person, Depends(person_of)]) -> Person:
    """Who asks, if an administrator."""
    return _with_role(person, "administrator")


def _with_role(person: Person, role: str) -> Person:
    if not person.may(role):
        raise ForbiddenError
    return person


async def read_form(request: Request) -> FormData:
    """The fields that were sent; files are not taken."""
    return await request.form(max_files=0, max_fields=50)


async def checked_form(request: Request, person: Annotated[Person, Depends(person_of)]) -> FormData:
    """The fields, if the page that sent them was made for this session.

    Raises: ForbiddenError: the token is missing or another session's.
    """
    form = await read_form(request)
    given = str(form.get("csrf", "")) or request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), person.csrf.encode()):
        raise ForbiddenError
    return form


DeskNow = Annotated[Desk, Depends(desk_of)]
Reviewer = Annotated[Person, Depends(person_of)]
Adjudicator = Annotated[Person, Depends(adjudicator)]
Administrator = Annotated[Person, Depends(administrator)]
Form = Annotated[FormData, Depends(checked_form)]
