"""Labelled articles from anybody's table: JSON lines, CSV, Parquet or a `datasets` data set, by a mapping in TOML.

```toml
source = "press-stance 1.2"            # goes into the bundle's record, as does the licence
licence = "CC BY 4.0"
development_fraction = 0.15            # used where no split column is mapped; whole stories, by their names
test_fraction = 0.25
[columns]                              # ours = theirs; text and label are needed
text = "body"
label = "opinion"
language = "lang"
[labels]                               # theirs = ours, where they differ from the codebook's names and aliases
pro = "praising"
[splits]                               # theirs = ours
validation = "development"
[defaults]                             # for columns that are not there
language = "de"
```
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from ..labels.codebook import Codebook
from ..labels.errors import ConfigError, DataError
from ..labels.language_tags import split_tag, supported_tag
from ..labels.records import LabelledArticle, Split, content_sha256
from ..labels.toml_file import read_toml

COLUMNS = ("id", "title", "text", "label", "language", "story", "split", "source_url", "outlet", "date", "genre",
           "theme")  # fmt: skip
"""Fields that can be mapped. There is none for an author."""
_DEFAULTS: Mapping[str, str] = {"title": "", "genre": "other", "theme": "other"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataMapping:
    """What the columns and values of a foreign table mean."""

    columns: Mapping[str, str]
    """Our field -> their column."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Their label -> ours."""
    splits: Mapping[str, str] = field(default_factory=dict)
    """Their split -> ours."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Our field -> value where no column is mapped, or the cell is empty."""
    development_fraction: float = 0.15
    test_fraction: float = 0.25
    source: str = ""
    licence: str = ""
    hub_config: str | None = None
    """Name of the data set's configuration, for a data set read by `datasets`."""

    def __post_init__(self) -> None:
        for name in ("columns", "defaults"):
            if unknown := set(getattr(self, name)) - set(COLUMNS):
                raise ConfigError(f"mapping: [{name}] has {min(unknown)!r}; fields are {', '.join(COLUMNS)}")
        for name in ("text", "label"):
            if name not in self.columns:
                raise ConfigError(f"mapping: [columns] needs {name}: which column holds it")
        if "language" not in self.columns and "language" not in self.defaults:
            raise ConfigError("mapping: name the language column under [columns], or the language under [defaults]")
        if wrong := set(self.splits.values()) - set(get_args(Split)):
            raise ConfigError(f"mapping: [splits] leads to {min(wrong)!r}; ours are {', '.join(get_args(Split))}")
        if not 0 < self.development_fraction < self.development_fraction + self.test_fraction < 1:
            raise ConfigError("mapping: development_fraction and test_fraction must be above 0 and leave some to train")

    @classmethod
    def load(cls, path: Path) -> DataMapping:
        """Read a TOML file.

        Raises: ConfigError: unreadable, an unknown key, or a field missing.
        """
        raw = read_toml(path, error=ConfigError)
        known = {item.name for item in fields(cls)}
        if unknown := set(raw) - known:
            raise ConfigError(f"{path}: unknown key {min(unknown)!r}; known are {', '.join(sorted(known))}")
        try:
            return cls(**raw)
        except TypeError as error:
            raise ConfigError(f"{path}: {error}; see training/mapped_data.py for an example") from error


def read_mapped(source: Path | str, mapping: DataMapping, *, codebook: Codebook) -> list[LabelledArticle]:
    """All articles of a table.

    Args: source: a .jsonl, .csv, .tsv or .parquet file; anything else is given to `datasets.load_dataset` (a folder,
        or the name of a data set that was fetched before).
    Raises: DataError: a row without text or in a language outside the supported ones, an id used twice, a story in
        two splits; CodebookError: a label that is neither in the codebook nor mapped. Messages hold file and row.
    """
    found, stories = [], dict[str, tuple[str, str]]()
    ids: set[str] = set()
    for where, row in _rows(source, mapping):
        article = _article(row, mapping, codebook, where)
        if article.id in ids:
            raise DataError(f"{where}: id {article.id!r} was there before; ids must differ (leave the column out to "
                            "have them made of the content)")  # fmt: skip
        ids.add(article.id)
        split, first = stories.setdefault(article.story, (article.split, where))
        if split != article.split:
            raise DataError(f"{where}: story {article.story!r} is in split {article.split}, but at {first} in {split}")
        found.append(article)
    if not found:
        raise DataError(f"{source}: has no rows")
    return found


def _article(row: Mapping[str, Any], mapping: DataMapping, codebook: Codebook, where: str) -> LabelledArticle:
    values = {name: _value(row, name, mapping, where) for name in COLUMNS}
    title, text = values["title"] or "", values["text"]
    if not text:
        raise DataError(f"{where}: has no text; remove the row")
    sha256 = content_sha256(title, text)
    raw_label = values["label"] or ""
    label = codebook.labels[codebook.index(mapping.labels.get(raw_label, raw_label), where=where)]
    tag = supported_tag((values["language"] or "").replace("_", "-"))
    if tag is None:
        raise DataError(f"{where}: language {values['language']!r} is no supported tag; examples: en, zh-Hant, ug-Arab")
    language, script = split_tag(tag)
    name = values["id"] or sha256[:16]
    story = values["story"] or name
    return LabelledArticle(
        id=name, language=language, script=script, title=title, text=text, label=label, story=story,
        split=_split(values["split"], story, mapping, where), source_url=values["source_url"],
        outlet=values["outlet"], date=values["date"], genre=values["genre"] or "other",
        theme=values["theme"] or "other", codebook=f"{codebook.id}@{codebook.version}",
    )  # fmt: skip


def _value(row: Mapping[str, Any], name: str, mapping: DataMapping, where: str) -> str | None:
    column = mapping.columns.get(name)
    if column is not None and column not in row:
        raise DataError(f"{where}: has no column {column!r} for {name}; it has {', '.join(sorted(map(str, row)))}")
    cell = row[column] if column is not None else None
    if cell in (None, ""):
        return mapping.defaults.get(name, _DEFAULTS.get(name))
    return str(cell)


def _split(raw: str | None, story: str, mapping: DataMapping, where: str) -> Split:
    if raw is not None:
        name = mapping.splits.get(raw, raw)
        if name not in get_args(Split):
            raise DataError(f"{where}: split {raw!r} is none of {', '.join(get_args(Split))}; map it under [splits]")
        return name  # type: ignore[return-value]
    place = int(hashlib.sha256(f"split:{story}".encode("utf-8", "surrogatepass")).hexdigest()[:12], 16) / 16**12
    if place < mapping.test_fraction:
        return "test"
    return "development" if place < mapping.test_fraction + mapping.development_fraction else "train"


def _rows(source: Path | str, mapping: DataMapping) -> Iterator[tuple[str, Mapping[str, Any]]]:
    path = Path(source)
    readers = {".jsonl": _json_rows, ".csv": _csv_rows, ".tsv": _csv_rows, ".parquet": _parquet_rows}
    if path.is_file():
        if path.suffix not in readers:
            raise DataError(f"{path}: ends with none of {', '.join(readers)}; convert it")
        yield from readers[path.suffix](path)
    else:
        yield from _dataset_rows(str(source), mapping)


def _json_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise DataError(f"{path}:{number}: is not JSON ({error})") from error
                if not isinstance(row, dict):
                    raise DataError(f"{path}:{number}: is a JSON {type(row).__name__}, not an object")
                yield f"{path}:{number}", row


def _csv_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        for row in reader:
            yield f"{path}:{reader.line_num}", {name: cell for name, cell in row.items() if name is not None}


def _parquet_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import pyarrow.parquet as pq

    number = 0
    for batch in pq.ParquetFile(path).iter_batches(1_024):
        for row in batch.to_pylist():
            number += 1
            yield f"{path}:row {number}", row


def _dataset_rows(name: str, mapping: DataMapping) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rows of a data set; integer class labels become their names, and a split column is added where none is."""
    try:
        import datasets
    except ImportError as error:
        raise ConfigError(f"{name}: is no file; data sets need `pip install 'xjstance[train]'`") from error
    try:
        whole = datasets.load_dataset(name, mapping.hub_config)
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: is neither a file nor a data set that `datasets` can load ({error})") from error
    for split, table in whole.items():
        names = {
            column: feature.names for column, feature in table.features.items()
            if isinstance(feature, datasets.ClassLabel)
        }  # fmt: skip
        for number, row in enumerate(table, 1):
            readable = {c: names[c][v] if c in names and isinstance(v, int) and v >= 0 else v for c, v in row.items()}
            yield f"{name}[{split}]:row {number}", {"split": str(split)} | readable
