"""The rows that `classify` wrote, as DuckDB reads them: one file, or a folder of parts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..labels.errors import ConfigError, DataError

if TYPE_CHECKING:
    import duckdb

_NEEDED = ("id", "status", "text_sha256", "language", "script", "stance", "is_confident", "is_validated",
           "duplicate_of", "model", "codebook")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionSource:
    """Where the rows of one run lie."""

    path: Path
    """What the user named."""
    files: tuple[Path, ...]
    """The files with rows, in order."""
    columns: tuple[str, ...]
    """All their columns."""
    labels: tuple[str, ...]
    """Labels in codebook order, from the columns `p_<label>`."""
    clusters: Path | None = None
    """clusters.parquet of near-duplicates, where the run wrote one."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """run.json, where there is one."""
    n_rejected_without_row: int = 0
    """Refused records that had no id, and so no row."""

    @classmethod
    def open(cls, path: Path, *, clusters: Path | None = None) -> PredictionSource:
        """Find the files and check their columns.

        Raises: DataError: no rows, or columns are missing. ConfigError: a form that cannot be read.
        """
        files, run_path, rejected, own_clusters = _files_of(path)
        connection = connect()
        try:
            columns = tuple(row[0] for row in connection.sql(f"DESCRIBE {relation_sql(files)}").fetchall())
        except Exception as error:
            raise DataError(f"{path}: cannot be read as predictions ({first_line(error)}); give the output of "
                            "xjstance classify") from error  # fmt: skip
        finally:
            connection.close()
        labels = tuple(name[2:] for name in columns if name.startswith("p_"))
        if missing := [name for name in _NEEDED if name not in columns] or ([] if len(labels) > 1 else ["p_<label>"]):
            raise DataError(f"{path}: column {missing[0]!r} is missing; give the output of xjstance classify")
        run = _read_json(run_path)
        return cls(path=path, files=files, columns=columns, labels=labels, clusters=clusters or own_clusters, run=run,
                   n_rejected_without_row=_count_without_row(rejected))  # fmt: skip

    @property
    def sql(self) -> str:
        """What follows FROM; its name is `s`."""
        return f"({relation_sql(self.files)}) s"

    def text(self, column: str) -> str:
        """A text column as SQL: no empty text, and without the apostrophe that guards cells of a CSV file."""
        if column not in self.columns:
            return "NULL::VARCHAR"
        value = f"CAST(s.{quoted(column)} AS VARCHAR)"
        if self.files[0].suffix == ".csv":
            value = f"regexp_replace({value}, '^''([=+@\t\r\n＝＋－＠-])', '\1')"
        return f"NULLIF({value}, '')"


def connect(database: str = ":memory:", *, memory_mb: int = 1_000, threads: int | None = None) -> Any:
    """A DuckDB connection that stays below a memory limit and needs no network.

    Raises: ConfigError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise ConfigError("reports need duckdb; run pip install duckdb") from error
    connection: duckdb.DuckDBPyConnection = duckdb.connect(database)
    connection.execute(f"SET memory_limit = '{memory_mb}MB'")
    for command in ("SET preserve_insertion_order = false", "SET autoinstall_known_extensions = false",
                    "SET autoload_known_extensions = false", "SET enable_progress_bar = false"):  # fmt: skip
        connection.execute(command)
    if threads:
        connection.execute(f"SET threads = {threads}")
    return connection


def quoted(name: str) -> str:
    """A column name as SQL takes it, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def file_literal(path: Path) -> str:
    """A file's name as an SQL literal in which no character is a wildcard."""
    return literal(re.sub(r"[*?[]", r"[\g<0>]", str(path)))


def relation_sql(files: tuple[Path, ...]) -> str:
    """SELECT of all rows of the files."""
    names = "[" + ", ".join(file_literal(file) for file in files) + "]"
    ending = files[0].suffix
    if ending == ".parquet":
        return f"SELECT * FROM read_parquet({names}, union_by_name = true)"
    if ending == ".jsonl":
        return f"SELECT * FROM read_json({names}, format = 'newline_delimited', sample_size = 20480)"
    return f"SELECT * FROM read_csv({names}, header = true, sample_size = 20480, all_varchar = true)"


def _files_of(path: Path) -> tuple[tuple[Path, ...], Path, Path, Path | None]:
    if path.is_dir():
        files = tuple(sorted(path.glob("part-*.parquet")))
        if not files:
            raise DataError(f"{path}: holds no part-*.parquet; give the folder or file that classify -o wrote")
        clusters = path / "clusters.parquet"
        return files, path / "run.json", path / "rejected.jsonl", clusters if clusters.exists() else None
    if path.suffix not in (".parquet", ".jsonl", ".csv"):
        raise ConfigError(f"{path}: predictions are a folder of parts, or a .parquet, .jsonl or .csv file")
    if not path.exists():
        raise DataError(f"{path}: is not there; give the folder or file that classify -o wrote")
    clusters = path.with_name(f"{path.name}.clusters.parquet")
    return ((path,), path.with_name(f"{path.name}.run.json"), path.with_name(f"{path.name}.rejected.jsonl"),
            clusters if clusters.exists() else None)  # fmt: skip


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _count_without_row(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open(encoding="utf-8", errors="replace") as file:
        n = 0
        for line in file:
            try:
                n += json.loads(line).get("id") is None
            except ValueError:
                continue
    return n


def first_line(error: Exception) -> str:
    """What an error says first."""
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
