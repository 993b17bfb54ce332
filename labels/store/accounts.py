"""People by pseudonym: roles, invitations that work once, sessions that end, logins that cannot be guessed quickly."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ..errors import DataError
from .clock import as_text, later
from .hash_chain import add_event
from .tables import AccountRow, FailedLoginRow, InvitationRow, SessionRow

Role = Literal["reviewer", "adjudicator", "administrator"]
"""Each role may do what the ones before it may."""

INVITATION_HOURS = 72.0
SESSION_HOURS = 12.0
MAX_FAILED_LOGINS = {"name": 5, "address": 20}
"""Wrong passwords for a name, and from an address, within `FAILED_LOGIN_HOURS`; then the answer is no."""
FAILED_LOGIN_HOURS = 0.25

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{1,30}")
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?")


def token_sha256(token: str) -> str:
    """What is stored in the place of a secret link or cookie."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def add_account(session: Session, name: str, role: str, *, languages: Sequence[str] = (), by: str,
                now: datetime) -> AccountRow:  # fmt: skip
    """Add a person.

    Raises: DataError: the name is taken or is no pseudonym; an unknown role; something that is no language tag.
    """
    if not _NAME.fullmatch(name):
        raise DataError(f"{name!r} is no pseudonym: 2 to 31 small letters, digits, - and _ are wanted, no real name")
    if role not in get_args(Role):
        raise DataError(f"role {role!r} is none of {', '.join(get_args(Role))}")
    if wrong := [tag for tag in languages if not _TAG.fullmatch(tag)]:
        raise DataError(f"{wrong[0]!r} is no language tag; write en, ug-Arab, ...")
    if session.scalar(select(AccountRow.number).where(AccountRow.name == name)) is not None:
        raise DataError(f"{name!r} is taken; choose another pseudonym")
    account = AccountRow(name=name, role=role, languages=list(languages), is_active=True, added_at=as_text(now))
    session.add(account)
    session.flush()
    add_event(session, "account", {"name": name, "role": role, "languages": list(languages), "by": by},
              at=as_text(now))  # fmt: skip
    return account


def invite(session: Session, account: AccountRow, *, by: str, now: datetime) -> str:
    """A secret that lets the person in once; earlier ones stop to work."""
    session.execute(delete(InvitationRow).where(InvitationRow.account == account.number,
                                                InvitationRow.used_at.is_(None)))  # fmt: skip
    token = secrets.token_urlsafe(32)
    session.add(InvitationRow(token_sha256=token_sha256(token), account=account.number,
                              expires_at=later(now, hours=INVITATION_HOURS)))  # fmt: skip
    add_event(session, "invitation", {"name": account.name, "by": by}, at=as_text(now))
    return token


def invited(session: Session, token: str, *, now: datetime) -> AccountRow | None:
    """Whom a link is for; None if it was used, is too old, or never was."""
    row = session.get(InvitationRow, token_sha256(token))
    if row is None or row.used_at is not None or row.expires_at <= as_text(now):
        return None
    account = session.get_one(AccountRow, row.account)
    return account if account.is_active else None


def use_invitation(session: Session, token: str, *, now: datetime) -> None:
    """The link has done its work."""
    session.get_one(InvitationRow, token_sha256(token), with_for_update=True).used_at = as_text(now)


def set_active(session: Session, account: AccountRow, is_active: bool, *, by: str, now: datetime) -> None:
    """Let a person in, or end all their sessions and keep them out; their labels stay."""
    account.is_active = is_active
    if not is_active:
        end_all_sessions(session, account)
    add_event(session, "active", {"name": account.name, "is_active": is_active, "by": by}, at=as_text(now))


def start_session(session: Session, account: AccountRow, *, now: datetime) -> str:
    """Sign in: a fresh secret for the cookie."""
    session.execute(delete(SessionRow).where(SessionRow.expires_at <= as_text(now)))
    token = secrets.token_urlsafe(32)
    session.add(SessionRow(token_sha256=token_sha256(token), account=account.number, csrf=secrets.token_hex(32),
                           started_at=as_text(now), expires_at=later(now, hours=SESSION_HOURS)))  # fmt: skip
    return token


def signed_in(session: Session, token: str, *, now: datetime) -> tuple[AccountRow, SessionRow] | None:
    """Whose cookie it is; None if the session has ended."""
    row = session.get(SessionRow, token_sha256(token))
    if row is None or row.expires_at <= as_text(now):
        return None
    account = session.get_one(AccountRow, row.account)
    return (account, row) if account.is_active else None


def end_all_sessions(session: Session, account: AccountRow) -> None:
    """Sign somebody out everywhere."""
    session.execute(delete(SessionRow).where(SessionRow.account == account.number))


def end_session(session: Session, token: str) -> None:
    """Sign out."""
    session.execute(delete(SessionRow).where(SessionRow.token_sha256 == token_sha256(token)))


def may_try(session: Session, keys: Sequence[str], *, now: datetime) -> bool:
    """Whether a password may be tried for a name and from an address."""
    since = later(now, hours=-FAILED_LOGIN_HOURS)
    session.execute(delete(FailedLoginRow).where(FailedLoginRow.at < since))
    return all(
        (session.scalar(select(func.count()).where(FailedLoginRow.key == _key(key))) or 0)
        < MAX_FAILED_LOGINS[key.partition(":")[0]]
        for key in keys
    )


def note_failure(session: Session, keys: Sequence[str], *, now: datetime) -> None:
    """Count a wrong password."""
    session.add_all([FailedLoginRow(key=_key(key), at=as_text(now)) for key in keys])


def _key(text: str) -> str:
    kind, _, value = text.partition(":")
    return f"{kind}:{token_sha256(value)}"


def signing_account(session: Session, name: str) -> AccountRow:
    """The person who signs a store off.

    Raises: DataError: nobody has that name, or it is not an adjudicator or administrator.
    """
    account = session.scalars(select(AccountRow).where(AccountRow.name == name)).one_or_none()
    if account is None or account.role == "reviewer" or not account.is_active:
        raise DataError(f"{name!r} cannot sign off: an adjudicator or administrator of the store is wanted")
    return account
