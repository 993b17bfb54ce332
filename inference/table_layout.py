"""Which columns the output of a run has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..labels.prediction_table import arrow_schema, column_names, to_arrow, to_row
from ..labels.records import Prediction

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLayout:
    """Labels, kept metadata and evidence decide the columns."""

    labels: tuple[str, ...]
    """Label names in codebook order."""
    metadata: tuple[str, ...] = ()
    """Metadata columns beyond date, outlet and url."""
    with_evidence: bool = False
    """Whether there is a column `evidence`."""

    @property
    def columns(self) -> list[str]:
        """Column names in output order."""
        return column_names(self.labels, metadata=self.metadata, with_evidence=self.with_evidence)

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the columns."""
        return arrow_schema(self.labels, metadata=self.metadata, with_evidence=self.with_evidence)

    def row(self, prediction: Prediction) -> dict[str, Any]:
        """One row as plain values."""
        return to_row(prediction, self.labels, metadata=self.metadata, with_evidence=self.with_evidence)

    def table(self, predictions: Iterable[Prediction]) -> pa.Table:
        """Rows as an Arrow table."""
        return to_arrow(predictions, self.labels, metadata=self.metadata, with_evidence=self.with_evidence)
