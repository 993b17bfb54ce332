"""The real server in a process of its own, over a store that the test fills."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from tests.review_data import Clock, Desk
from xjstance.labels.store import Database, all_annotations, broken_links
from xjstance.labels.store.accounts import start_session
from xjstance.labels.store.annotation import Annotation

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """A store, its desk, and the server on it."""

    where: str
    desk: Desk
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server and wait until it listens."""
        command = [sys.executable, "-m", "xjstance", "review", "--store", self.where, "--port", str(self.port)]
        self.process = subprocess.Popen([*command, *self.options], cwd=ROOT, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)  # fmt: skip
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    raise RuntimeError(f"the server ended with {self.process.wait(timeout=0.05)}") from None

    def kill(self) -> None:
        """End the server as a power cut would: no signal that it could handle."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def token(self, name: str) -> str:
        """A signed-in session's cookie."""
        with self.desk.database.writing() as session:
            return start_session(session, self.desk.people[name], now=self.desk.clock())

    def annotations(self) -> list[Annotation]:
        """All that was written in the desk's queue; the chain is checked."""
        with self.desk.database.reading() as session:
            assert list(broken_links(session)) == []
            return all_annotations(session, queue=self.desk.queue)


@contextlib.contextmanager
def site(where: str, *, starts: bool = True, options: tuple[str, ...] = ()) -> Iterator[Site]:
    """An empty store with a server on it."""
    database = Database.open(where)
    found = Site(where=where, options=options,
                 desk=Desk(database=database, clock=Clock(now=datetime.now(timezone.utc))))  # fmt: skip
    try:
        if starts:
            found.start()
        yield found
    finally:
        found.kill()
        database.close()
