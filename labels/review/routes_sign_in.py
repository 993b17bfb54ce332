"""Signing in by password or by a link that works once, and signing out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from starlette.datastructures import FormData

from ..errors import DataError
from ..store.accounts import (
    end_all_sessions,
    end_session,
    invited,
    may_try,
    note_failure,
    start_session,
    use_invitation,
)
from ..store.tables import AccountRow
from .desk import COOKIE, Desk, DeskNow, Form, Reviewer, read_form
from .passwords import hash_password, is_right

router = APIRouter()
OpenForm = Annotated[FormData, Depends(read_form)]


@router.get("/sign-in")
def sign_in_page(desk: DeskNow) -> Response:
    """Ask for name and password."""
    return desk.page("sign_in", problem="")


@router.post("/sign-in")
def sign_in(request: Request, desk: DeskNow, form: OpenForm) -> Response:
    """Check the password; a fresh session each time, whatever cookie came along."""
    name, password = str(form.get("name", ""))[:100], str(form.get("password", ""))
    address = request.client.host if request.client else "?"
    keys = (f"name:{name}", f"address:{address}")
    with desk.database.writing() as session:
        if not may_try(session, keys, now=desk.clock()):
            return desk.page("sign_in", status=429, problem="Too many wrong passwords. Try again in 15 minutes.")
        account = session.scalars(select(AccountRow).where(AccountRow.name == name.replace("\0", ""))).one_or_none()
        stored = account.password_hash if account and account.is_active else None
    is_good = is_right(password, stored)
    with desk.database.writing() as session:
        if not is_good or account is None:
            note_failure(session, keys, now=desk.clock())
            return desk.page("sign_in", status=403, problem="Name or password is wrong.")
        end_session(session, request.cookies.get(COOKIE, ""))
        token = start_session(session, account, now=desk.clock())
    return _with_cookie(RedirectResponse("/", 303), token, desk)


@router.get("/invitation/{token}")
def invitation_page(token: str, desk: DeskNow) -> Response:
    """Greet somebody who was invited; opening the page does not use the link up."""
    with desk.database.reading() as session:
        account = invited(session, token, now=desk.clock())
        if account is None:
            return desk.message("This link was used, is too old, or was never valid. Ask for a new one.", status=404)
        return desk.page("invitation", token=token, name=account.name, problem="")


@router.post("/invitation/{token}")
def accept_invitation(request: Request, token: str, desk: DeskNow, form: OpenForm) -> Response:
    """Use the link up: set a password if one is given, and sign in."""
    password = str(form.get("password", ""))
    with desk.database.writing() as session:
        account = invited(session, token, now=desk.clock())
        if account is None:
            return desk.message("This link was used, is too old, or was never valid. Ask for a new one.", status=404)
        if password:
            try:
                account.password_hash = hash_password(password)
                end_all_sessions(session, account)
            except DataError as error:
                return desk.page("invitation", status=400, token=token, name=account.name, problem=str(error))
        use_invitation(session, token, now=desk.clock())
        end_session(session, request.cookies.get(COOKIE, ""))
        cookie = start_session(session, account, now=desk.clock())
    return _with_cookie(RedirectResponse("/", 303), cookie, desk)


@router.post("/sign-out")
def sign_out(desk: DeskNow, person: Reviewer, form: Form) -> Response:
    """End the session."""
    with desk.database.writing() as session:
        end_session(session, person.token)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _with_cookie(response: Response, token: str, desk: Desk) -> Response:
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=desk.settings.is_https, path="/")
    return response
