"""Passwords, hashed with argon2id."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import DataError

MIN_CHARS, MAX_CHARS = 10, 200

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("nobody has this password")


def hash_password(password: str) -> str:
    """Salted hash of a new password.

    Raises: DataError: too short or too long.
    """
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        raise DataError(f"a password has {MIN_CHARS} to {MAX_CHARS} characters; this one has {len(password)}")
    return _HASHER.hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Whether it is the password; takes as long where there is none, so that names cannot be found out by time."""
    try:
        return _HASHER.verify(stored or _NOBODY, password[:MAX_CHARS]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
