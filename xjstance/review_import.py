"""From a scored archive to a queue: which rows are wanted, and their texts from the archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xjstance.inference.prevalence_source import PredictionSource, connect, literal, quoted
from xjstance.labels.audit_sample import QueueItem, draw_audit_sample, frame_sha256, proportional_sizes
from xjstance.labels.errors import ConfigError, DataError
from xjstance.labels.language_tags import print_tag, split_tag
from xjstance.labels.prediction_table import from_row
from xjstance.labels.records import Article, Prediction, RejectedRecord
from xjstance.labels.store import QueuedArticle, WindowFinder
from xjstance.models.bundle import Bundle
from xjstance.models.window_starts import window_starts

if TYPE_CHECKING:
    import numpy as np

Key = tuple[str, str]
"""Id and text_sha256."""

SELECTIONS = ("uncertain", "audit", "disagreement", "all")
_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which scored articles go into the queue."""

    kind: str
    """`uncertain`: least certain first; `audit`: drawn at random, by language and stance; `disagreement`: where two
    runs differ; `all`: all, in the order of the run."""
    size: int | None = None
    languages: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    against: Path | None = None
    """Predictions of the other run, for `disagreement`."""

    def __post_init__(self) -> None:
        if self.kind not in SELECTIONS:
            raise ConfigError(f"--select {self.kind!r} is none of {', '.join(SELECTIONS)}")
        if (self.kind == "disagreement") != (self.against is not None):
            raise ConfigError("--select disagreement and --against OTHER_PREDICTIONS belong together")
        if self.kind == "audit" and self.outlets:
            raise ConfigError("--select audit draws from whole languages: leave --outlet out, or the shares are biased")
        if self.kind == "audit" and self.size is None:
            raise ConfigError("--select audit draws a sample: say how many articles with --size")


def select_items(source: PredictionSource, selection: Selection, *, rng: np.random.Generator) -> list[QueueItem]:
    """The queue that a selection means; copies of an article (`duplicate_of`) are left out, except from a sample.

    Raises: DataError: nothing fits, or the other run is of another archive.
    """
    connection = connect()
    probs = ", ".join(f"CAST(s.{quoted('p_' + name)} AS DOUBLE)" for name in source.labels)
    try:
        rows = connection.execute(f"""
            SELECT {source.text("id")}, s.text_sha256, {source.text("language")}, {source.text("script")},
              {source.text("stance")}, greatest({probs}), {source.text("duplicate_of")}
            FROM {source.sql} WHERE s.status = 'scored' {_wanted(source, selection)}
        """).fetchall()
        others = _other_stances(connection, selection.against) if selection.against else {}
        frame = _frame(connection, source)
    finally:
        connection.close()
    if not rows:
        raise DataError(f"{source.path}: no scored article fits the selection")
    if selection.kind == "audit":
        return _sample(rows, frame, selection.size or 0, rng)
    rows = [row for row in rows if row[6] is None]
    if selection.kind == "disagreement":
        if not any((row[0], row[1]) in others for row in rows):
            raise DataError(f"{selection.against}: has no article of {source.path}; give a run over the same archive")
        rows = [row for row in rows if others.get((row[0], row[1]), row[4]) != row[4]]
    if selection.kind != "all":
        rows.sort(key=lambda row: row[5])
    return [
        QueueItem(id=row[0], text_sha256=row[1], frame=frame, stratum="all", inclusion_prob=0.0, reason=selection.kind)
        for row in rows[: selection.size]
    ]


def _wanted(source: PredictionSource, selection: Selection) -> str:
    parts = []
    if selection.languages:
        tags = []
        for tag in selection.languages:
            language, script = (tag, "") if "-" not in tag else split_tag(tag)
            of_script = f" AND s.script = {literal(script)}" if script else ""
            tags.append(f"(s.language = {literal(language)}{of_script})")
        parts.append(f"AND ({' OR '.join(tags)})")
    if selection.outlets:
        parts.append(f"AND {source.text('outlet')} IN ({', '.join(map(literal, selection.outlets))})")
    return " ".join(parts)


def _frame(connection: Any, source: PredictionSource) -> str:
    """Hash of all that was scored, as `xjstance report` computes it."""
    rows = connection.execute(
        f"SELECT s.text_sha256, {source.text('model')}, {source.text('codebook')} FROM {source.sql} "
        "WHERE s.status = 'scored'"
    ).fetchall()
    model = "+".join(sorted({str(row[1]) for row in rows}))
    return frame_sha256((row[0] for row in rows), model=model, codebook=min({str(row[2]) for row in rows}))


def _other_stances(connection: Any, path: Path) -> dict[Key, str]:
    other = PredictionSource.open(path)
    rows = connection.execute(
        f"SELECT {other.text('id')}, s.text_sha256, {other.text('stance')} FROM {other.sql} WHERE s.status = 'scored'"
    ).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}


def _sample(rows: list[Any], frame: str, size: int, rng: np.random.Generator) -> list[QueueItem]:
    rows = sorted(rows, key=lambda row: (row[0], row[1]))
    strata = [f"{print_tag(row[2] or 'und', row[3] or '')}/{row[4]}" for row in rows]
    items = draw_audit_sample([row[0] for row in rows], [row[1] for row in rows], strata, frame=frame,
                              sizes=proportional_sizes(strata, size), rng=rng)  # fmt: skip
    return [items[at] for at in rng.permutation(len(items))]


def predictions_of(source: PredictionSource, keys: Iterable[Key]) -> dict[Key, Prediction]:
    """The rows of the run for some articles."""
    import pyarrow as pa

    wanted = list(keys)
    connection = connect()
    try:
        connection.register("wanted", pa.table({"id": pa.array([key[0] for key in wanted], pa.string()),
                                                "sha": pa.array([key[1] for key in wanted], pa.string())}))  # fmt: skip
        found = connection.execute(
            f"SELECT s.* REPLACE ({source.text('id')} AS id) FROM {source.sql} JOIN "
            f"(SELECT DISTINCT * FROM wanted) w ON w.id = {source.text('id')} AND w.sha = s.text_sha256"
        )
        names = [column[0] for column in found.description]
        result: dict[Key, Prediction] = {}
        while batch := found.fetchmany(_BATCH):
            for values in batch:
                row = {**dict.fromkeys(("evidence",)), **dict(zip(names, values, strict=True))}
                result[(row["id"], row["text_sha256"])] = from_row(_typed(row), source.labels)
        return result
    finally:
        connection.close()


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    """Values of a CSV file as what they mean."""
    for name in ("is_confident", "is_validated"):
        if isinstance(row[name], str):
            row[name] = {"true": True, "false": False}.get(row[name].lower())
    for name in ("n_tokens", "n_tokens_read", "n_windows"):
        row[name] = int(row[name] or 0)
    return {name: None if value == "" else value for name, value in row.items()}


def join_texts(items: Sequence[QueueItem], predictions: dict[Key, Prediction],
               archive: Iterable[Article | RejectedRecord]) -> Iterator[QueuedArticle]:  # fmt: skip
    """The queue with its texts, in its order; only the texts that are wanted are held.

    Raises: DataError: an article is not in the archive, or its text is not the one that was scored; the message
        names the first.
    """
    wanted = {(item.id, item.text_sha256) for item in items}
    ids = {item.id for item in items}
    texts: dict[Key, Article] = {}
    changed: dict[str, Article] = {}
    for article in archive:
        if isinstance(article, RejectedRecord) or article.id not in ids:
            continue
        key = (article.id, article.sha256)
        if key in wanted:
            texts.setdefault(key, article)
        else:
            changed.setdefault(article.id, article)
    for item in items:
        key = (item.id, item.text_sha256)
        if key not in texts:
            if item.id in changed:
                other = changed[item.id]
                raise DataError(
                    f"article {item.id!r}: its text in the archive ({other.source}, hash {other.sha256[:12]}...) is "
                    f"not the one that was scored ({item.text_sha256[:12]}...); give the archive that was scored"
                )
            raise DataError(f"article {item.id!r} is not in the archive; give the archive that was scored")
        yield QueuedArticle(item=item, article=texts[key], prediction=predictions.get(key))


def window_finder(bundle: Bundle) -> WindowFinder:
    """Finds where the windows that the bundle read begin; nothing for predictions of another one."""
    return lambda article, prediction: window_starts(article, prediction, bundle)
