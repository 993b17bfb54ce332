"""Contents and ids met so far, in a temporary table on the disk, so that copies are found in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b

from ..labels.prediction_table import from_row, to_row
from ..labels.records import Article, Prediction, content_sha256
from .temporary_tables import open_temporary_tables

EMPTY_SHA256 = content_sha256("", "")
"""What the row of a rejected record without content has as `text_sha256`."""


def content_key(article: Article) -> bytes | None:
    """What copies have in common: the content's hash and where the title ends; None for an article without content.

    The title's length counts because evidence offsets point into title and text apart.
    """
    if not article.title.strip() and not article.text.strip():
        return None
    return bytes.fromhex(article.sha256) + len(article.title).to_bytes(4, "big")


class SeenContent:
    """First copies by content, with their predictions, and how often an id came again."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self.n_repeated_ids = 0
        self._table = open_temporary_tables(
            "content (key BLOB PRIMARY KEY) WITHOUT ROWID",
            "predicted (key BLOB PRIMARY KEY, row TEXT) WITHOUT ROWID",
            "ids (key BLOB PRIMARY KEY) WITHOUT ROWID",
        )

    def close(self) -> None:
        """Drop the table."""
        self._table.close()

    def is_new(self, key: bytes) -> bool:
        """Whether this content comes for the first time; it has come from now on."""
        return self._table.execute("INSERT OR IGNORE INTO content VALUES (?)", (key,)).rowcount == 1

    def count_id(self, article_id: str) -> None:
        """Take note of an id."""
        key = blake2b(article_id.encode(), digest_size=16).digest()
        if self._table.execute("INSERT OR IGNORE INTO ids VALUES (?)", (key,)).rowcount == 0:
            self.n_repeated_ids += 1

    def store(self, key: bytes, prediction: Prediction) -> None:
        """Keep the prediction of a first copy."""
        row = to_row(prediction, self._labels, with_evidence=prediction.evidence is not None)
        self.store_row(key, json.dumps(row))

    def store_row(self, key: bytes, row: str) -> None:
        """Keep the prediction of a first copy, given as its row in JSON."""
        self._table.execute("INSERT OR REPLACE INTO predicted VALUES (?, ?)", (key, row))

    def prediction(self, key: bytes) -> Prediction | None:
        """Prediction of the first copy, None before it is there."""
        found = self._table.execute("SELECT row FROM predicted WHERE key = ?", (key,)).fetchone()
        return None if found is None else from_row(json.loads(found[0]), self._labels)
