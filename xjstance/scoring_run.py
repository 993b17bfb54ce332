"""One run of `classify`: from the options to the archive, the engine and the summary."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from xjstance.inference.archive import Archive
from xjstance.inference.archive_filter import ArchiveFilter
from xjstance.inference.archive_sample import ArchiveSample
from xjstance.inference.classify_archive import RunResult, classify_archive
from xjstance.inference.columns import ColumnMapping
from xjstance.inference.engine_ray import RayEngine
from xjstance.inference.gdelt_join import GdeltJoin
from xjstance.inference.progress import ProgressBar
from xjstance.inference.protocol import ModelIdentity
from xjstance.inference.summary import summary_table
from xjstance.labels.records import Article, RejectedRecord
from xjstance.models.article_text import ArticleText
from xjstance.models.bundle import Bundle
from xjstance.models.classifier import ScoringSettings, StanceClassifier
from xjstance.models.language_id import LanguageIdentifier
from xjstance.models.processor import choose_precision

_LOG_WIDTH = 120
Items = Iterable[Article | RejectedRecord]
Say = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierLoader:
    """Loads the classifier in each worker process; picklable."""

    source: str | None
    settings: ScoringSettings
    n_threads: int

    def __call__(self) -> StanceClassifier:
        """A fresh classifier."""
        return StanceClassifier.load(self.source, settings=self.settings, n_threads=self.n_threads)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringRun:
    """What the user asked for."""

    names: Sequence[str]
    """Files, folders, globs, URLs, or `-`."""
    columns: ColumnMapping
    settings: ScoringSettings
    model: str | None = None
    output: Path | None = None
    rejected: Path | None = None
    file_format: str | None = None
    since: str | None = None
    until: str | None = None
    languages: tuple[str, ...] = ()
    gdelt: tuple[Path, ...] = ()
    sample: int | None = None
    seed: int = 0
    near_duplicates: bool = False
    retry_rejected: bool = False
    processes: int | None = None
    engine: str = "local"
    """`local` or `ray`."""
    ray_address: str | None = None
    is_quiet: bool = False

    def __call__(self) -> RunResult:
        """Score the archive, and say on standard error what came of it."""
        say = _speaker()
        archive = Archive.open(
            self.names,
            columns=self.columns,
            file_format=self.file_format,  # type: ignore[arg-type]
            n_page_processes=self.processes or _n_cores(),
        )
        bundle = Bundle.load(self.model)
        settings = self._settings(bundle)
        filters = self._filter()
        with closing(GdeltJoin(self.gdelt)) if self.gdelt else _Nothing() as join:
            sample = self._sample(archive, join if isinstance(join, GdeltJoin) else None)

            def select(items: Items) -> Iterator[Article | RejectedRecord]:
                joined = join.join(items) if isinstance(join, GdeltJoin) else items
                filtered = filters(joined) if filters else joined
                yield from sample(filtered) if sample else filtered

            with ProgressBar(archive, is_visible=not self.is_quiet and sys.stderr.isatty()) as progress:
                result = classify_archive(
                    archive,
                    ClassifierLoader(source=self.model, settings=settings, n_threads=1),
                    identity=ModelIdentity(
                        labels=bundle.codebook.labels, model=bundle.signature, codebook=bundle.codebook.signature
                    ),
                    output=self.output,
                    rejected=self.rejected,
                    with_evidence=settings.evidence > 0,
                    settings=asdict(settings) | self._selection(),
                    n_processes=self.processes or (_n_cores() if settings.device == "cpu" else 1),
                    engine=self._engine(settings),
                    retry_rejected=self.retry_rejected,
                    near_duplicates=self.near_duplicates,
                    select=select if filters or sample or self.gdelt else None,
                    on_progress=progress,
                )
            if not self.is_quiet:
                _say_summary(say, result, bundle.codebook.labels)
                if isinstance(join, GdeltJoin):
                    _say_losses(say, join)
                if filters:
                    _say_filtered(say, filters)
                if sample:
                    _say_forecast(say, sample, result.seconds)
        _say_rejected(say, result)
        return result

    def _settings(self, bundle: Bundle) -> ScoringSettings:
        """Settings with the precision that will run, which is part of what decides the result."""
        if self.settings.device != "cpu":
            return self.settings
        chosen = choose_precision(bundle.manifest.precisions, wanted=self.settings.precision)
        return replace(self.settings, precision=chosen)

    def _engine(self, settings: ScoringSettings) -> RayEngine | None:
        """None: this machine's processes."""
        if self.engine == "local":
            return None
        return RayEngine(address=self.ray_address, n_actors=self.processes, is_gpu=settings.device != "cpu")

    def _selection(self) -> dict[str, object]:
        chosen = {"since": self.since, "until": self.until, "languages": list(self.languages), "sample": self.sample,
                  "gdelt": [str(path) for path in self.gdelt]}  # fmt: skip
        found: dict[str, object] = {name: value for name, value in chosen.items() if value}
        return found | ({"seed": self.seed} if self.sample else {})

    def _filter(self) -> ArchiveFilter | None:
        if not (self.since or self.until or self.languages):
            return None
        language_of = _language_of() if self.languages else None
        return ArchiveFilter(since=self.since, until=self.until, languages=self.languages, language_of=language_of)

    def _sample(self, archive: Archive, join: GdeltJoin | None) -> ArchiveSample | None:
        """The sample is drawn from the stream that the run will see: joined, filtered."""
        if self.sample is None:
            return None
        filters = self._filter()
        items: Items = join.join(archive.again()) if join else archive.again()
        return ArchiveSample.draw(filters(items) if filters else items, self.sample, seed=self.seed,
                                  language_of=_language_of())  # fmt: skip


class _Nothing:
    """Stands in for a join where no list was given."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def _language_of() -> Callable[[Sequence[Article]], list[str]]:
    identifier = LanguageIdentifier.load()

    def tags(articles: Sequence[Article]) -> list[str]:
        return [guess.tag for guess in identifier.identify_many([ArticleText.of(a).content for a in articles])]

    return tags


def _speaker() -> Say:
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if not console.is_terminal:  # a log file has no width: leave room for every column
        console = Console(stderr=True, highlight=False, soft_wrap=True, width=_LOG_WIDTH)
    return console.print


def _say_summary(say: Say, result: RunResult, labels: tuple[str, ...]) -> None:
    counts = result.counts
    say(summary_table(counts, labels))
    rate = counts.n_rows / result.seconds if result.seconds else 0.0
    statuses = ", ".join(f"{n:,} {status}" for status, n in counts.by_status.items() if n) or "no article"
    say(f"{statuses}; {counts.n_duplicates:,} exact copies, {counts.n_repeated_ids:,} repeated ids; "
        f"{counts.n_tokens_read:,} of {counts.n_tokens:,} tokens read; "
        f"{result.seconds:.1f} s, {rate:,.1f} articles/s")  # fmt: skip
    if counts.n_hints_against:
        pairs = ", ".join(f"{pair} {n:,}" for pair, n in counts.hints_against.most_common(3))
        say(f"language column: differs from the identified language in {counts.n_hints_against:,} of "
            f"{counts.n_hints:,} articles ({pairs})", markup=False)  # fmt: skip
    elif counts.n_hints:
        say(f"language column: agrees with the identified language in all {counts.n_hints:,} articles")
    if result.output is not None:
        say(f"rows: {result.output}", markup=False)


def _say_losses(say: Say, join: GdeltJoin) -> None:
    say(f"{'language':10s}{'listed':>10s}{'read':>10s}{'no text':>10s}{'missing':>10s}")
    for row in join.losses():
        say(f"{row.language:10s}{row.n_listed:10,d}{row.n_read:10,d}{row.n_without_text:10,d}{row.n_missing:10,d}")
    say(f"{join.n_unlisted:,} pages are in no list and were left out")


def _say_filtered(say: Say, filters: ArchiveFilter) -> None:
    say(f"left out: {filters.n_outside_dates:,} outside the dates, {filters.n_undated:,} without a date, "
        f"{filters.n_other_languages:,} in other languages")  # fmt: skip


def _say_forecast(say: Say, sample: ArchiveSample, seconds: float) -> None:
    say(f"sample of {len(sample.numbers):,} of {sample.n_articles:,} articles in {sample.n_strata} strata; "
        f"the whole archive would take about {sample.forecast_s(seconds):,.0f} s here")  # fmt: skip


def _say_rejected(say: Say, result: RunResult) -> None:
    counts = result.counts
    if counts.n_rejected:
        where = f"; all are in {result.rejected}" if result.rejected else "; --rejected FILE lists all"
        say(f"{counts.n_rejected:,} records were rejected{where}", markup=False)
        for line in counts.first_rejected:
            say(f"  {line}", markup=False)


def _n_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
