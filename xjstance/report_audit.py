"""Where the audited labels of a report come from: files, an annotation store, or both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xjstance.command_labels import open_store
from xjstance.inference.audited_labels import AuditedLabels, join_audits, read_audit
from xjstance.inference.prevalence_audit import PreparedAudit, prepare_audit
from xjstance.inference.prevalence_table import PredictionTable
from xjstance.labels.codebook import DEFAULT_CODEBOOK, Codebook
from xjstance.labels.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSources:
    """What the user named."""

    files: Sequence[Path] = ()
    store: str | None = None
    """A .db file, or postgresql://user@host/name."""
    queues: Sequence[str] = ()
    """Queues of the store; none: all that were drawn from the run."""
    accept_single: bool = False
    """Whether one person's label in the store is gold."""
    codebook: Path | None = None
    other_run: bool = False
    """Whether a sample of another scoring of the archive is accepted."""

    def __post_init__(self) -> None:
        if self.store is None and (self.queues or self.accept_single):
            raise ConfigError("--queue and --accept-single belong to --store")

    def prepare(self, table: PredictionTable) -> PreparedAudit | None:
        """The audit of a run; None where none was named.

        Raises: DataError: it does not fit the run. ConfigError: the store cannot be opened.
        """
        found = self._of_files(table)
        if self.store is not None:
            stored = self._of_store(table, self.store)
            found = stored if found is None else join_audits(found, stored)
        return None if found is None else prepare_audit(found, table, other_run=self.other_run)

    def _of_files(self, table: PredictionTable) -> AuditedLabels | None:
        if not self.files:
            return None
        book = Codebook.load(self.codebook or DEFAULT_CODEBOOK)
        fits = book if book.signature == table.codebook else None
        return read_audit(self.files, codebook=fits, labels=table.labels)

    def _of_store(self, table: PredictionTable, store: str) -> AuditedLabels:
        database = open_store(store)
        try:
            from xjstance.inference.store_audit import read_store_audit

            name = database.engine.url.render_as_string(hide_password=True) if "://" in store else Path(store).name
            return read_store_audit(database, source=name, frame=table.frame(), queues=self.queues,
                                    accept_single=self.accept_single, other_run=self.other_run)  # fmt: skip
        finally:
            database.close()
