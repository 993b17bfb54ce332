"""The whole line: archive -> engine -> sink, with counts, side files and what the command line needs at the end."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ..labels.errors import ConfigError, DataError
from ..labels.records import Article, RejectedRecord
from .archive import Archive
from .chunks import ChunkSizes
from .columns import ARTICLE_FIELDS
from .engine_local import Engine, score_outcomes
from .near_duplicates import write_clusters
from .output_file import FileSink
from .output_parts import PartsSink
from .output_stdout import StdoutSink
from .protocol import ClassifierFactory, ModelIdentity
from .run_counts import RunCounts
from .run_record import describe_inputs, run_record
from .seen_content import SeenContent
from .sink import Sink
from .table_layout import TableLayout


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a finished run came to."""

    counts: RunCounts
    seconds: float
    """Wall time from the first record to the last file."""
    output: Path | None
    """File or folder of the rows; None was standard output."""
    rejected: Path | None
    """The rejected file, None where none was asked for."""
    is_complete: bool = True
    """False when the reader of standard output went away."""

    @property
    def exit_status(self) -> int:
        """3 if and only if a record was rejected, else 0."""
        return 3 if self.counts.n_rejected else 0


def classify_archive(
    archive: Archive,
    factory: ClassifierFactory,
    *,
    identity: ModelIdentity,
    output: Path | None = None,
    rejected: Path | None = None,
    with_evidence: bool = False,
    settings: Mapping[str, object] | None = None,
    n_processes: int = 1,
    engine: Engine | None = None,
    sizes: ChunkSizes | None = None,
    retry_rejected: bool = False,
    near_duplicates: bool = False,
    select: Callable[[Iterable[Article | RejectedRecord]], Iterable[Article | RejectedRecord]] | None = None,
    on_progress: Callable[[RunCounts], None] | None = None,
) -> RunResult:
    """Classify an archive into one file, a folder of parts, or standard output (`output` None).

    Args: rejected: the rejected file for standard output; the other outputs have theirs beside them.
        settings: all that decides the result beside the model; goes into run.json, and keys the parts of a folder.
        near_duplicates: cluster edited copies of one story into clusters.parquet, in a pass of its own before scoring.
        engine: scores in place of this machine's processes (Ray).
        retry_rejected: in a folder that is resumed, read the records again that were rejected.
        select: drops articles before they are scored (dates, languages, a sample).
        on_progress: is called after every outcome.

    Raises: DataError: the output cannot be written. ModelError: the model cannot be used, or a worker died.
        ConfigError: near-duplicates of an input that can be read only once, or with rows on standard output.
    """
    started, clock = datetime.now(timezone.utc), time.monotonic()
    sizes = sizes or ChunkSizes()
    layout = TableLayout(labels=identity.labels, metadata=archive.columns.kept, with_evidence=with_evidence)
    counts = RunCounts()
    if near_duplicates and (output is None or archive.is_stream):
        raise ConfigError("--near-duplicates reads the input twice and writes a file: name files as input, not -, "
                          "and an output with -o")  # fmt: skip

    if output is not None and any(file.path and _is_same(file.path, output) for file in archive.files):
        raise ConfigError(f"-o {output}: is a file of the archive itself, and would be overwritten; choose another")

    def items_of(source: Archive) -> Iterable[Article | RejectedRecord]:
        return source if select is None else select(source)

    sink: Sink
    if output is None:
        sink = StdoutSink(layout, rejected=rejected)
    elif output.suffix and not output.is_dir():
        sink = FileSink(output, layout)
        rejected = output.with_name(f"{output.name}.rejected.jsonl")
    else:
        key = _part_key(archive, identity, layout, sizes, settings or {})
        sink = PartsSink(output, layout, key=key, part_articles=sizes.part_articles, counts=counts,
                         retry_rejected=retry_rejected)  # fmt: skip
        rejected = output / "rejected.jsonl"
    is_complete = True
    try:
        with closing(SeenContent(identity.labels)) as seen:
            if near_duplicates and output is not None:
                path = clusters_path(output)
                counts.n_near_duplicates, counts.n_clusters = write_clusters(items_of(archive.again()), path)
            items = items_of(archive)
            if isinstance(sink, PartsSink):
                again = None if archive.is_stream else lambda: items_of(archive.again())
                items = sink.remaining(items, seen, read_again=again)
            outcomes = score_outcomes(
                items, factory, identity=identity, seen=seen, n_processes=n_processes, sizes=sizes, engine=engine
            )
            with closing(outcomes):
                for outcome in outcomes:
                    if outcome.prediction is not None:
                        counts.add_row(outcome.prediction)
                        if outcome.article is not None and outcome.prediction.duplicate_of is None:
                            counts.add_hint(outcome.article.language, outcome.prediction)
                    if outcome.rejected is not None:
                        counts.add_rejected(outcome.rejected)
                    if not sink.take(outcome):
                        is_complete = False
                        break
                    if on_progress is not None:
                        on_progress(counts)
            counts.n_repeated_ids = seen.n_repeated_ids
        seconds = time.monotonic() - clock
        sink.finish(run_record(identity=identity, settings=settings or {}, inputs=describe_inputs(archive),
                               counts=counts, started=started, seconds=seconds))  # fmt: skip
    except sqlite3.OperationalError as error:
        sink.abort()
        raise DataError(f"temporary files cannot be written ({error}); free some space, or name a folder on another "
                        "disk in the environment variable TMPDIR") from error  # fmt: skip
    except BaseException:
        sink.abort()
        raise
    return RunResult(counts=counts, seconds=seconds, output=output, rejected=rejected, is_complete=is_complete)


def clusters_path(output: Path) -> Path:
    """Where the clusters of an output file or folder lie."""
    is_file = output.suffix and not output.is_dir()
    return output.with_name(f"{output.name}.clusters.parquet") if is_file else output / "clusters.parquet"


def _is_same(path: Path, output: Path) -> bool:
    return output.exists() and path.exists() and path.samefile(output)


def _part_key(archive: Archive, identity: ModelIdentity, layout: TableLayout, sizes: ChunkSizes,
              settings: Mapping[str, object]) -> dict[str, object]:  # fmt: skip
    """All that decides the rows of a folder beside the articles themselves."""
    return {
        "model": identity.model, "codebook": identity.codebook, "columns": layout.columns,
        "read_from": {name: archive.columns.column_of(name) for name in ARTICLE_FIELDS},
        "max_text_chars": archive.columns.max_text_chars, "settings": dict(settings),
        "chunk_articles": sizes.chunk_articles, "chunk_chars": sizes.chunk_chars,
    }  # fmt: skip
