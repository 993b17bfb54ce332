"""The report's DuckDB file, kept for analysts: every article of the run and every table of the report.

| table or view | rows | columns |
|---|---|---|
| `prediction` | articles of the run | id, text_sha256, status, stance, p_<label>, is_confident, is_validated, story (null: told by no other article), base_language, and the dimensions: language (tag), script, outlet, month, year, kept columns, columns of the outlet table |
| `audited` | audited articles, once for each sample that drew them | id, text_sha256, gold, stratum, inclusion_prob, weight |
| `shares`, `balance`, `volume`, `outlets`, `contrasts`, `confusion`, `error_directions`, `changes` | as in the folder `tables/` | as there; a table without rows is left out |
| `changed_article` | with `--against`: articles whose label or status changed | id, earlier, later, earlier_prob, later_prob |
| `about` | one a fact | name, value: model, codebook, frame, settings, versions |
| `article` | what `prediction` is a view of | key, stance as a number, p0, p1 ...; see `prevalence_table` |
"""  # noqa: E501

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..labels.errors import ConfigError, DataError
from .atomic_file import cannot_write, not_a_folder
from .compare_runs import CHANGED_ARTICLES
from .prevalence_source import connect, literal, quoted
from .report_tables import TABLES

if TYPE_CHECKING:
    from .prevalence_audit import PreparedAudit
    from .prevalence_table import PredictionTable

SCHEMA = 1
"""Version of the tables above; in `about` as `schema`."""


@contextmanager
def kept_database(path: Path) -> Iterator[Any]:
    """A connection to a new database that is there under its name once the block ends well, and not at all otherwise.

    Raises: ConfigError: another ending. DataError: the place cannot be written.
    """
    if path.suffix not in (".duckdb", ".db"):
        raise ConfigError(f"--database {path}: name it NAME.duckdb")
    if path.is_dir():
        raise DataError(f"{path}: is a folder; choose another name with --database")
    if path.exists() and not path.is_file():
        raise not_a_folder(path)
    partial = path.with_name(f".{path.name}.partial")
    leftovers = (partial, partial.with_name(f"{partial.name}.wal"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)
        connection = connect(str(partial))
    except OSError as error:
        raise cannot_write(path, error) from error
    is_whole = False
    try:
        yield connection
        connection.execute("CHECKPOINT")
        is_whole = True
    finally:
        connection.close()
        try:
            if is_whole:
                partial.replace(path)
            for leftover in leftovers:
                leftover.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error


def write_tables(table: PredictionTable, report: Mapping[str, Any], audit: PreparedAudit | None) -> None:
    """Add the readable view, the audit and the report's tables; the table must have been built with ids."""
    connection = table.connection
    stances = " ".join(f"WHEN {at} THEN {literal(label)}" for at, label in enumerate(table.labels))
    probs = ", ".join(f"p{at} AS {quoted('p_' + label)}" for at, label in enumerate(table.labels))
    dimensions = ", ".join(quoted(name) for name in table.dimensions)
    connection.execute(f"""CREATE VIEW prediction AS
        SELECT id, text_sha256, status, CASE stance {stances} END AS stance, {probs}, is_confident, is_validated, story,
          base_language, {dimensions} FROM article""")
    for name, rows_of in TABLES.items():
        _write(connection, name, rows_of(report))
    if report.get("against"):
        connection.execute(f"CREATE TABLE changed_article AS {CHANGED_ARTICLES} ORDER BY id")
    if audit is not None:
        design, gold = audit.sample.design, audit.sample.gold.argmax(axis=1)
        names = [audit.strata[at] for at in design.stratum]
        _write(connection, "audited", [
            {"id": key[0], "text_sha256": key[1], "gold": table.labels[gold[at]], "stratum": names[at],
             "inclusion_prob": float(design.inclusion_prob[at]), "weight": float(design.weight[at])}
            for at, key in enumerate(audit.keys)
        ])  # fmt: skip
    about = {"schema": SCHEMA, "title": report["title"], "generated": report["generated"],
             "is_corrected": report["is_corrected"], **report["run"], "report_settings": report["settings"],
             "audit": report["audit"], "warnings": report["warnings"],
             "report_versions": report["versions"]}  # fmt: skip
    _write(connection, "about", [
        {"name": name, "value": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}
        for name, value in about.items()
    ])  # fmt: skip


def _write(connection: Any, name: str, rows: list[dict[str, Any]]) -> None:
    import pyarrow as pa

    if not rows:
        return
    connection.register("rows_to_write", pa.Table.from_pylist(rows))
    connection.execute(f"CREATE TABLE {quoted(name)} AS SELECT * FROM rows_to_write")
    connection.unregister("rows_to_write")
