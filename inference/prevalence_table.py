"""One narrow DuckDB table of a run's rows, on disk, from which every cut of a report is counted.

Table `article` (temporary; analysts can make the same one from the part files):

| column | what |
|---|---|
| key | hash of id and text_sha256, to find audited articles |
| status, stance, tag, language | as classify wrote them; tag is language and script as printed |
| is_confident, is_validated | as classify wrote them |
| p0, p1, ... | probabilities in codebook order |
| story | number of the story, null where no other article tells it |
| dimensions | text: language (tag), script, outlet, month, year, kept columns, columns of the outlet table |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..labels.audit_sample import frame_sha256
from ..labels.errors import ConfigError, DataError
from ..labels.language_tags import print_tag
from .prevalence_source import PredictionSource, file_literal, first_line, literal, quoted

BUILT_IN = ("language", "script", "outlet", "month", "year")
"""Dimensions that every run has."""

_PERSONAL = ("author", "byline", "user", "username", "account", "screen_name", "writer", "journalist")
"""Words of columns that no report is grouped by (responsible use: the unit is never a person)."""

_MONTH = r"""CASE WHEN regexp_matches({0}, '^\d{{4}}-(0[1-9]|1[0-2])') THEN substr({0}, 1, 7)
 WHEN regexp_matches({0}, '^\d{{4}}(0[1-9]|1[0-2])[0-3]\d') THEN substr({0}, 1, 4) || '-' || substr({0}, 5, 2)
 WHEN regexp_matches({0}, '^\d{{4}}/(0[1-9]|1[0-2])/') THEN replace(substr({0}, 1, 7), '/', '-') END"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionTable:
    """The narrow table of one run."""

    connection: Any
    """DuckDB connection that holds `article`."""
    source: PredictionSource
    labels: tuple[str, ...]
    dimensions: tuple[str, ...]
    model: str
    """Signature of the bundle; several are joined by +."""
    codebook: str
    n_undated: int
    """Scored rows without a date that can be read."""
    has_near_duplicates: bool
    """Whether stories come from near-duplicates; else only exact copies are joined."""

    def frame(self) -> str:
        """Hash of what was scored, as audit queues carry it; see `frame_sha256`."""
        parts = ", ".join(f"sum(CAST('0x' || substr(text_sha256, {at}, 8) AS UBIGINT))" for at in range(1, 65, 8))
        row = self.connection.execute(f"SELECT {parts} FROM {self.source.sql} WHERE status = 'scored'").fetchall()[0]
        total = sum(int(part or 0) << (32 * (7 - place)) for place, part in enumerate(row)) % (1 << 256)
        return frame_sha256([f"{total:064x}"], model=self.model, codebook=self.codebook)


    def count_of(self, dimension: str, value: str) -> int:
        """Scored articles with a value; a language without script stands for all its scripts."""
        test = f"{quoted(dimension)} = {literal(value)}"
        if dimension == "language":
            test += f" OR base_language = {literal(value)}"
        sql = f"SELECT count(*) FROM article WHERE status = 'scored' AND ({test})"
        return int(self.connection.execute(sql).fetchall()[0][0])


def build_table(source: PredictionSource, connection: Any, *, dimensions: Sequence[str] = (),
                outlets: Path | None = None, with_ids: bool = False) -> PredictionTable:  # fmt: skip
    """Read the rows once into `article`.

    Args: dimensions: beyond the built-in ones: kept columns, or columns of the outlet table.
        outlets: CSV or Parquet with a column `outlet` and others (country, ownership, group).
        with_ids: keep id and text_sha256 too, for a database that outlives the report.

    Raises: DataError: a column is missing or the rows mix codebooks. ConfigError: a dimension that names persons.
    """
    signatures = connection.execute(
        f"SELECT {source.text('model')} m, {source.text('codebook')} c, count(*) FROM {source.sql} "
        "WHERE status = 'scored' GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    if not signatures:
        raise DataError(f"{source.path}: no article was scored, so there is nothing to report")
    codebooks = sorted({str(row[1]) for row in signatures})
    if len(codebooks) > 1:
        raise DataError(
            f"{source.path}: its rows follow several codebooks ({', '.join(codebooks)}); report each run alone"
        )
    joined = outlet_columns(connection, outlets)
    wanted = {**_built_in(source), **_further(source, dimensions, joined)}
    _language_names(connection, source)
    story_sql, story_join = _story(connection, source)
    probs = ", ".join(f"TRY_CAST({quoted('p_' + label)} AS FLOAT) AS p{at}" for at, label in enumerate(source.labels))
    case = " ".join(f"WHEN {literal(label)} THEN {at}" for at, label in enumerate(source.labels))
    columns = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in wanted.items())
    outlet_join = f"LEFT JOIN outlet_table t ON t.outlet = {source.text('outlet')}" if joined else ""
    ids = f"{source.text('id')} AS id, CAST(s.text_sha256 AS VARCHAR) AS text_sha256, " if with_ids else ""
    connection.execute(f"""CREATE OR REPLACE TABLE article AS
        SELECT {ids}hash({source.text("id")}, CAST(s.text_sha256 AS VARCHAR)) AS key, status,
          CAST(CASE stance {case} END AS UTINYINT) AS stance,
          names.tag, s.language AS base_language, TRY_CAST(is_confident AS BOOLEAN) AS is_confident,
          TRY_CAST(is_validated AS BOOLEAN) AS is_validated, {probs}, {story_sql} AS story, {columns}
        FROM {source.sql} {outlet_join} {story_join}
        LEFT JOIN language_names names ON names.language IS NOT DISTINCT FROM s.language
          AND names.script IS NOT DISTINCT FROM s.script""")
    _check_rows(connection, source)
    undated = connection.execute("SELECT count(*) FROM article WHERE status = 'scored' AND month IS NULL").fetchall()[
        0
    ][0]
    return PredictionTable(
        connection=connection, source=source, labels=source.labels, dimensions=tuple(wanted),
        model="+".join(dict.fromkeys(str(row[0]) for row in signatures)), codebook=codebooks[0],
        n_undated=int(undated), has_near_duplicates=source.clusters is not None,
    )  # fmt: skip


def _check_rows(connection: Any, source: PredictionSource) -> None:
    """Refuse scored rows without a label or without probabilities: they would count as nothing, or as anything."""
    probs = [f"p{at}" for at in range(len(source.labels))]
    inside = " AND ".join(f"{prob} BETWEEN 0 AND 1" for prob in probs)
    fits = f"coalesce({inside} AND {' + '.join(probs)} BETWEEN 0.98 AND 1.02 AND stance IS NOT NULL, false)"
    [(n, key)] = connection.execute(
        f"SELECT count(*), min(key) FROM article WHERE status = 'scored' AND NOT {fits}"
    ).fetchall()
    if n == 0:
        return
    [(name,)] = connection.execute(f"""SELECT min({source.text("id")}) FROM {source.sql}
        WHERE hash({source.text("id")}, CAST(s.text_sha256 AS VARCHAR)) = {key}""").fetchall()
    raise DataError(
        f"{source.path}: {n:,} scored rows have no label of the run, or probabilities that do not sum to one (one is "
        f"{name!r}); the rows were damaged or edited: score the archive again"
    )


def _built_in(source: PredictionSource) -> dict[str, str]:
    month = _MONTH.format(source.text("date"))
    return {"language": "names.tag", "script": "s.script", "outlet": source.text("outlet"), "month": month,
            "year": f"substr({month}, 1, 4)"}  # fmt: skip


def _further(source: PredictionSource, dimensions: Sequence[str], joined: Sequence[str]) -> dict[str, str]:
    found = {name: f"t.{quoted(name)}" for name in joined}
    for name in dimensions:
        if name.lower() in _PERSONAL:
            raise ConfigError(f"--by {name}: articles are never grouped by person; choose language, outlet, month, "
                              "or a column that names no one")  # fmt: skip
        if name in found or name in BUILT_IN:
            continue
        if name not in source.columns:
            known = ", ".join((*BUILT_IN, *joined))
            raise ConfigError(f"--by {name}: there is no such column; use {known}, or keep it with classify "
                              f"--keep-columns {name}")  # fmt: skip
        found[name] = source.text(name)
    return found


def _language_names(connection: Any, source: PredictionSource) -> None:
    pairs = connection.execute(f"SELECT DISTINCT language, script FROM {source.sql}").fetchall()
    connection.execute("CREATE OR REPLACE TEMP TABLE language_names (language VARCHAR, script VARCHAR, tag VARCHAR)")
    rows = [(language, script, print_tag(language or "", script or "") or None) for language, script in pairs]
    connection.executemany("INSERT INTO language_names VALUES (?, ?, ?)", rows)


def _story(connection: Any, source: PredictionSource) -> tuple[str, str]:
    """SQL of the story number, and the join that it needs."""
    if source.clusters is not None:
        if not source.clusters.is_file():
            raise DataError(f"{source.clusters}: is not there; leave --clusters out to join exact copies only")
        try:
            connection.execute(f"""CREATE OR REPLACE TEMP TABLE clustered AS
                SELECT hash(CAST(text_sha256 AS VARCHAR)) AS content, hash(cluster_id) AS story
                FROM read_parquet({file_literal(source.clusters)}) WHERE size > 1""")
        except connection.Error as error:
            raise DataError(
                f"{source.clusters}: is no clusters.parquet as classify --near-duplicates writes it "
                f"({first_line(error)})"
            ) from error
        return "c.story", "LEFT JOIN clustered c ON c.content = hash(CAST(s.text_sha256 AS VARCHAR))"
    first = f"coalesce({source.text('duplicate_of')}, {source.text('id')})"
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE copied AS
        SELECT DISTINCT hash({source.text("duplicate_of")}) AS story FROM {source.sql}
        WHERE {source.text("duplicate_of")} IS NOT NULL""")
    return "c.story", f"LEFT JOIN copied c ON c.story = hash({first})"


def outlet_columns(connection: Any, outlets: Path | None) -> list[str]:
    """Load the outlet table; returns its columns beside `outlet`.

    Raises: ConfigError: not a table, or a column that names persons. DataError: no column `outlet`, or one twice.
    """
    if outlets is None:
        return []
    reader = {".csv": "read_csv", ".tsv": "read_csv", ".parquet": "read_parquet"}.get(outlets.suffix)
    if reader is None or not outlets.exists():
        raise ConfigError(f"--outlets {outlets}: give a .csv, .tsv or .parquet file with a column 'outlet'")
    more = ", all_varchar = true, header = true" if reader == "read_csv" else ""
    sql = f"{reader}({file_literal(outlets)}{more})"
    names = [row[0] for row in connection.sql(f"DESCRIBE SELECT * FROM {sql}").fetchall()]
    if "outlet" not in names:
        raise DataError(
            f"{outlets}: has no column 'outlet' (columns: {', '.join(names)}); rename the one with the names"
        )
    twice = connection.execute(f"SELECT outlet FROM {sql} GROUP BY outlet HAVING count(*) > 1 LIMIT 1").fetchall()
    if twice:
        raise DataError(f"{outlets}: outlet {twice[0][0]!r} has several rows; leave one")
    kept = [name for name in names if name != "outlet"]
    if named := [name for name in kept if name.lower() in (*_PERSONAL, *BUILT_IN)]:
        raise ConfigError(f"{outlets}: column {named[0]!r} cannot be used here (it names persons, or is there already)")
    columns = ", ".join(f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" for name in ["outlet", *kept])
    connection.execute(f"CREATE OR REPLACE TEMP TABLE outlet_table AS SELECT {columns} FROM {sql}")
    return kept
