"""The local engine: score an archive on this machine, in input order and bounded memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace

from ..labels.records import Article, Prediction, RejectedRecord
from .chunks import Chunk, ChunkSizes, Slot, cut_into_chunks
from .columns import clean_surrogates
from .ordered_scoring import ChunkResult
from .outcome import Outcome
from .protocol import ArticleClassifier, CheckedFactory, ClassifierFactory, ModelIdentity
from .score_chunk import score_chunk
from .seen_content import EMPTY_SHA256, SeenContent
from .worker_pool import WorkerPool


def score(items: Iterable[Article | RejectedRecord], factory: ClassifierFactory, *, identity: ModelIdentity,
          n_processes: int = 1, sizes: ChunkSizes | None = None,
          on_rejected: Callable[[RejectedRecord], None] | None = None) -> Iterator[Prediction]:  # fmt: skip
    """The rows of an archive in input order.

    Args: n_processes: 0 and 1 score in this process; more start workers, unless one chunk holds all articles.
        on_rejected: is told of each rejected record, also of those without an id, which are no rows.

    Raises: ModelError: the model cannot be loaded, or a worker died.
    """
    with closing(SeenContent(identity.labels)) as seen:
        outcomes = score_outcomes(items, factory, identity=identity, seen=seen, n_processes=n_processes, sizes=sizes)
        with closing(outcomes):
            for outcome in outcomes:
                if outcome.rejected is not None and on_rejected is not None:
                    on_rejected(outcome.rejected)
                if outcome.prediction is not None:
                    yield outcome.prediction


Engine = Callable[[Iterator[Chunk], ClassifierFactory], Iterator[ChunkResult]]
"""Scores chunks elsewhere and gives the results back in their order."""


def score_outcomes(items: Iterable[Article | RejectedRecord], factory: ClassifierFactory, *, identity: ModelIdentity,
                   seen: SeenContent, n_processes: int = 1, sizes: ChunkSizes | None = None,
                   engine: Engine | None = None) -> Generator[Outcome, None, None]:  # fmt: skip
    """What became of each record, one outcome a record, in input order; copies are found through `seen`.

    Args: engine: scores the chunks in place of this machine's processes.
    """
    chunks = cut_into_chunks(items, seen, sizes or ChunkSizes())
    checked = CheckedFactory(factory=factory, identity=identity)
    scored = _scored_chunks(chunks, checked, n_processes) if engine is None else engine(chunks, checked)
    for chunk, results in scored:
        for slot in chunk.slots:
            yield _outcome(slot, results, seen, identity)


def _scored_chunks(chunks: Iterator[Chunk], factory: ClassifierFactory, n_processes: int) -> Iterator[ChunkResult]:
    first_two = list(itertools.islice(chunks, 2))
    chunks = itertools.chain(first_two, chunks)
    if n_processes > 1 and len(first_two) == 2:
        with WorkerPool(factory, n_processes) as pool:
            yield from pool.score(chunks)
        return
    classifier: ArticleClassifier | None = None
    for chunk in chunks:
        if chunk.articles and classifier is None:
            classifier = factory()
        yield chunk, [] if classifier is None else score_chunk(classifier, chunk.articles)


def _outcome(slot: Slot, results: list[Prediction | str], seen: SeenContent, identity: ModelIdentity) -> Outcome:
    item = slot.item
    if isinstance(item, RejectedRecord):
        item = replace(item, reason=clean_surrogates(item.reason))
        return Outcome(rejected=item, prediction=None if item.id is None else _rejected_row(item, identity))
    metadata = {"date": item.date, "outlet": item.outlet, "url": item.url, **item.metadata}
    if slot.position is not None:
        result = results[slot.position]
        if isinstance(result, str):
            result = Prediction(id=item.id, status="rejected", reason=result, text_sha256=item.sha256,
                                model=identity.model, codebook=identity.codebook)  # fmt: skip
        if slot.key is not None:
            seen.store(slot.key, result)
        prediction = replace(result, metadata=metadata)
    else:
        first = seen.prediction(slot.key or b"")
        if first is None:
            raise AssertionError(f"article {item.id!r} is a copy of a content that was never scored")
        prediction = replace(first, id=item.id, duplicate_of=first.duplicate_of or first.id, metadata=metadata)
    if prediction.status != "rejected":
        return Outcome(article=item, prediction=prediction)
    file, _, line = item.source.rpartition(":")
    is_numbered = bool(file) and line.isdigit()
    rejected = RejectedRecord(file=file if is_numbered else item.source, line=int(line) if is_numbered else None,
                              reason=prediction.reason or "rejected", id=item.id, metadata=metadata)  # fmt: skip
    return Outcome(article=item, prediction=prediction, rejected=rejected)


def _rejected_row(record: RejectedRecord, identity: ModelIdentity) -> Prediction:
    return Prediction(id=record.id or "", status="rejected", reason=record.reason, text_sha256=EMPTY_SHA256,
                      model=identity.model, codebook=identity.codebook, metadata=dict(record.metadata))  # fmt: skip
