"""The database behind a store: SQLite in WAL mode by default, PostgreSQL by URL; its tables come from migrations."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from ..errors import ConfigError, DataError

MIGRATIONS = Path(__file__).parent / "migrations"
SYNCHRONOUS = "FULL"
"""SQLite waits for the disk at each commit: a label that was acknowledged survives a power cut."""
_WAIT_MS = 30_000
"""How long a writer waits for another one (SQLite)."""


class Database:
    """Opens sessions. Writers of SQLite take the lock at once, so that none fails half way."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing = engine.execution_options(is_writing=True)
        self._turn: AbstractContextManager[Any] = threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()
        """Writers of one process line up here: SQLite itself makes them sleep and try again, without an order."""

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file."""
        return self.engine.dialect.name == "sqlite"

    @classmethod
    def open(cls, where: str | Path) -> Database:
        """Open a path or URL; a new or older one is brought to today's tables.

        Raises: ConfigError: no such driver or no server. DataError: not a store, or one from a newer version.
        """
        text = str(where)
        url = text if "://" in text else f"sqlite:///{text}"
        if url.startswith(("postgresql://", "postgres://")):
            url = "postgresql+psycopg://" + url.partition("://")[2]
        try:
            made = make_url(url)
            engine = create_engine(made, pool_size=10, max_overflow=30, pool_pre_ping=made.drivername != "sqlite")
        except ModuleNotFoundError as error:
            raise ConfigError(f"the store needs {error.name}; run pip install 'psycopg[binary]'") from error
        except ArgumentError as error:
            raise ConfigError(f"{_hidden(text)}: is no address of a store; give a file or postgresql://...") from error
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            _make_private(made.database)
        database = cls(engine)
        try:
            database._migrate()
        except OperationalError as error:
            engine.dispose()
            raise ConfigError(f"{_hidden(text)}: the store cannot be opened ({_line(error)})") from error
        except SQLAlchemyError as error:
            engine.dispose()
            raise DataError(f"{_hidden(text)}: is not a store of this program ({_line(error)})") from error
        except DataError:
            engine.dispose()
            raise
        return database

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        script = ScriptDirectory.from_config(config)
        with self._writing.begin() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
            if current == script.get_current_head():
                return
            known = {revision.revision for revision in script.walk_revisions()}
            if current is not None and current not in known:
                raise DataError(f"the store has tables of a newer version ({current}); update xjstance")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state and writes nothing."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are on the disk when the block ends, or not made at all."""
        with self._turn, Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def refresh_statistics(self) -> None:
        """After many rows came in: without having counted them, both databases plan a page over a large queue badly."""
        if self.is_sqlite:
            with self._turn, self._writing.begin() as connection:
                connection.exec_driver_sql("ANALYZE")
            return
        with self.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("VACUUM (ANALYZE) articles, items, predictions, scores")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _make_private(path: str | None) -> None:
    """A new store is its owner's alone: it holds articles and hashes of passwords."""
    if path and path != ":memory:":
        with suppress(OSError):  # it is there already, or SQLite says better what is wrong
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    settings = ("journal_mode = WAL", f"synchronous = {SYNCHRONOUS}", f"busy_timeout = {_WAIT_MS}", "foreign_keys = ON")
    for pragma in settings:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _hidden(text: str) -> str:
    """An address without its password."""
    try:
        return make_url(text).render_as_string(hide_password=True) if "://" in text else text
    except ArgumentError:
        return text.partition("://")[0] + "://..."


def _line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
