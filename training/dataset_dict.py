"""The labelled corpus as a `datasets.DatasetDict`: one table a split, labels as a ClassLabel in codebook order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from ..labels.codebook import Codebook
from ..labels.errors import ConfigError
from ..labels.labelled_corpus import CORPUS, read_corpus
from ..labels.records import LabelledArticle, Split

_TEXT_COLUMNS = ("id", "language", "script", "title", "text", "story", "origin", "genre", "theme", "rule", "pair",
                 "source_url", "outlet", "date", "codebook")  # fmt: skip


def load_dataset_dict(path: Path | str = CORPUS, *, codebook: Codebook | None = None) -> Any:
    """`DatasetDict` of a corpus file or folder, splits in the order train, development, test.

    Raises: DataError, CodebookError: see `read_corpus`; ConfigError: `datasets` is not installed.
    """
    codebook = codebook or Codebook.load()
    return to_dataset_dict(read_corpus(path, codebook=codebook), codebook)


def to_dataset_dict(articles: Sequence[LabelledArticle], codebook: Codebook) -> Any:
    """`DatasetDict` of articles; columns: the corpus's fields, `label` a ClassLabel, `sentences` a list of records.

    Splits without articles are left out. Rows are in id order.
    """
    try:
        from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
    except ImportError as error:
        raise ConfigError(f"this needs {error.name}; run `pip install 'xjstance[train]'`") from error
    kinds = {"field": "string", "start": "int64", "end": "int64", "voice": "string", "content": "string"}
    sentence = {name: Value(kind) for name, kind in kinds.items()}
    features = Features(
        {name: Value("string") for name in _TEXT_COLUMNS}
        | {"label": ClassLabel(names=list(codebook.labels)), "sentences": [sentence]}
    )
    tables = {}
    for split in get_args(Split):
        members = sorted((article for article in articles if article.split == split), key=lambda article: article.id)
        if members:
            rows = [_row(article, codebook) for article in members]
            tables[split] = Dataset.from_list(rows, features=features)
    return DatasetDict(tables)


def _row(article: LabelledArticle, codebook: Codebook) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(article, name) for name in _TEXT_COLUMNS}
    label = codebook.index(article.label, where=article.id)
    return row | {"label": label, "sentences": [asdict(sentence) for sentence in article.sentences]}
