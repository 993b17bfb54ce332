"""Tables on the disk that live as long as a run: for what grows with the archive and must not fill the memory."""

from __future__ import annotations

import sqlite3

_CACHE_KIB = 32_768
"""Memory for one set of tables; the rest lies in SQLite's own temporary file, which goes when the run ends."""


def open_temporary_tables(*tables: str) -> sqlite3.Connection:
    """A private database with these tables, each given as SQL behind CREATE TABLE.

    All is one transaction that never ends: nothing here has to survive, and a commit a statement costs a hundred times
    the statement.
    """
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    for command in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", f"PRAGMA cache_size = -{_CACHE_KIB}",
                    *(f"CREATE TABLE {table}" for table in tables), "BEGIN"):  # fmt: skip
        database.execute(command)
    return database
