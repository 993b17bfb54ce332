"""Near-duplicates of an archive: one wire story in forty outlets, with other headlines and cuts.

MinHash signatures [B97] in bands give candidates; each candidate is then compared exactly, by the Jaccard similarity
of the shingle sets, with the earliest article of a cluster, and joins it only if that similarity is high enough: there
are no chains of weak links. All that grows with the archive lies in temporary files.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ConfigError
from ..labels.records import Article, RejectedRecord
from .atomic_file import AtomicFile, cannot_write
from .shingles import jaccard, shingles
from .temporary_tables import open_temporary_tables

if TYPE_CHECKING:
    import pyarrow as pa

MIN_JACCARD = 0.6
"""Similarity from which on two texts count as one story: below lie reports that share quotes, above edited copies."""

_N_BANDS, _ROWS_IN_BAND = 32, 4
"""Two texts of similarity 0.6 share one of 32 bands of 4 in 98.8 % of cases, 0.7 in 99.98 %, 0.1 in 0.3 %."""
_SEED = 20170
_BATCH = 256
"""Texts whose signatures are made at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCluster:
    """One content of the archive and the cluster that it belongs to."""

    text_sha256: str
    cluster_id: str
    """First 16 hex digits of the hash of the cluster's earliest content."""
    size: int
    """Articles in the cluster, exact copies included."""


class NearDuplicateIndex:
    """Takes articles in input order; then `clusters` says which contents belong together."""

    def __init__(self, *, min_jaccard: float = MIN_JACCARD, folder: Path | None = None) -> None:
        """Args: folder: where the temporary files lie; the system's place by default.

        Raises: ConfigError: the similarity is not in (0, 1], or rensa is not installed.
        """
        if not 0 < min_jaccard <= 1:
            raise ConfigError(f"the similarity of near-duplicates must be above 0 and at most 1, not {min_jaccard}")
        try:
            import rensa
        except ImportError as error:
            raise ConfigError("--near-duplicates needs rensa; run pip install rensa") from error
        self._min_hash, self._min_jaccard = rensa.RMinHash, min_jaccard
        self._folder = tempfile.TemporaryDirectory(prefix="xjstance-", dir=folder)
        self._hashes, self._bands, self._shingles = (self._open(name) for name in ("hashes", "bands", "shingles"))
        self._ends = array("Q")
        self._copies = array("L")
        self._waiting: list[NDArray[np.uint32]] = []
        self._known = open_temporary_tables("known (sha BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID")

    def __enter__(self) -> NearDuplicateIndex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self._known.close()
        for file in (self._hashes, self._bands, self._shingles):
            file.close()
        self._folder.cleanup()

    def _open(self, name: str) -> BinaryIO:
        return (Path(self._folder.name) / name).open("w+b")

    def add(self, article: Article) -> None:
        """Take in one article; a content that came before is only counted."""
        sha = bytes.fromhex(article.sha256)
        number = len(self._copies)
        if self._known.execute("INSERT OR IGNORE INTO known VALUES (?, ?)", (sha, number)).rowcount == 0:
            [number] = self._known.execute("SELECT number FROM known WHERE sha = ?", (sha,)).fetchone()
            self._copies[number] += 1
            return
        found = shingles(article.content)
        self._copies.append(1)
        self._hashes.write(sha)
        self._shingles.write(found.tobytes())
        self._ends.append((self._ends[-1] if self._ends else 0) + len(found))
        self._waiting.append(found)
        if len(self._waiting) == _BATCH:
            self._write_bands()

    def _write_bands(self) -> None:
        offsets = np.cumsum([0, *(len(found) for found in self._waiting)], dtype=np.uint64)
        hashes = np.concatenate(self._waiting).astype(np.uint64)
        n_rows = _N_BANDS * _ROWS_IN_BAND
        matrix = self._min_hash.digest_matrix_from_flat_token_hashes(hashes, offsets, n_rows, _SEED)
        signatures = np.array(matrix.to_rows(), dtype=np.uint64)
        self._bands.write(_band_keys(signatures).tobytes())
        self._waiting.clear()

    def clusters(self) -> Iterator[ContentCluster]:
        """Every content with its cluster, in input order; contents that stand alone form clusters of their own."""
        if self._waiting:
            self._write_bands()
        n = len(self._copies)
        if n == 0:
            return
        for file in (self._hashes, self._bands, self._shingles):
            file.flush()
        heads = self._heads()
        sizes = np.bincount(heads, weights=np.frombuffer(self._copies, dtype=self._copies.typecode), minlength=n)
        hashes = np.memmap(self._hashes, dtype=np.uint8, mode="r", shape=(n, 32))
        for number in range(n):
            head = int(heads[number])
            yield ContentCluster(text_sha256=hashes[number].tobytes().hex(),
                                 cluster_id=hashes[head].tobytes().hex()[:16], size=int(sizes[head]))  # fmt: skip

    def _heads(self) -> NDArray[np.int64]:
        """Number of the earliest content of each content's cluster, int64 (contents,)."""
        heads = np.arange(len(self._copies), dtype=np.int64)
        pairs = self._candidates()
        starts = np.flatnonzero(np.diff(pairs >> np.uint64(32), prepend=np.uint64(0xFFFFFFFF)))
        for start, end in zip(starts, np.append(starts, len(pairs))[1:], strict=True):
            number = int(pairs[start] >> np.uint64(32))
            earlier = (pairs[start:end] & np.uint64(0xFFFFFFFF)).astype(np.int64)
            own = self._shingles_of(number)
            best, best_similarity = number, self._min_jaccard
            for head in np.unique(heads[earlier])[::-1]:  # the earliest wins among equals, so it comes last
                similarity = jaccard(own, self._shingles_of(int(head)))
                if similarity >= best_similarity:
                    best, best_similarity = int(head), similarity
            heads[number] = best
        return heads

    def _candidates(self) -> NDArray[np.uint64]:
        """Pairs (later << 32 | earlier) of contents that share a band, sorted, uint64 (pairs,).

        In a band, each content is paired with the first of its kind and with the one before it.
        """
        n = len(self._copies)
        bands = np.memmap(self._bands, dtype=np.uint64, mode="r", shape=(n, _N_BANDS))
        has_shingles = np.diff(np.frombuffer(self._ends, dtype=np.uint64), prepend=np.uint64(0)) > 0
        pairs = np.zeros(0, dtype=np.uint64)
        for band in range(_N_BANDS):
            keys = np.array(bands[:, band])
            order = np.argsort(keys, kind="stable")
            order = order[has_shingles[order]]
            is_same = np.diff(keys[order], prepend=np.uint64(0)) == 0
            is_same[:1] = False
            at_start = np.maximum.accumulate(np.where(is_same, 0, np.arange(len(order))))
            later = np.flatnonzero(is_same)
            found = [(order[later].astype(np.uint64) << np.uint64(32)) | order[earlier].astype(np.uint64)
                     for earlier in (at_start[later], later - 1)]  # fmt: skip
            pairs = np.unique(np.concatenate([pairs, *found]))
        return pairs

    def _shingles_of(self, number: int) -> NDArray[np.uint32]:
        start = self._ends[number - 1] if number else 0
        n_shingles = self._ends[number] - start
        self._shingles.seek(4 * start)
        return np.frombuffer(self._shingles.read(4 * n_shingles), dtype=np.uint32)


def _band_keys(signatures: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One number for each band of each signature, uint64 (texts, bands)."""
    rows = signatures.reshape(len(signatures), _N_BANDS, _ROWS_IN_BAND)
    keys = np.zeros(rows.shape[:2], dtype=np.uint64)
    for at in range(_ROWS_IN_BAND):
        keys = (keys ^ rows[:, :, at]) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return keys


def write_clusters(items: Iterable[Article | RejectedRecord], path: Path, *,
                   min_jaccard: float = MIN_JACCARD) -> tuple[int, int]:  # fmt: skip
    """Write clusters.parquet (text_sha256, cluster_id, size) for an archive.

    Returns the number of contents that are not the first of their cluster, and of clusters with more than one content.

    Raises: DataError: the file cannot be written. ConfigError: rensa is not installed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("text_sha256", pa.string()), ("cluster_id", pa.string()), ("size", pa.int64())])
    n_later = 0
    shared: set[str] = set()
    file = AtomicFile(path)
    try:
        with NearDuplicateIndex(min_jaccard=min_jaccard) as index, pq.ParquetWriter(file.file, schema) as writer:
            for item in items:
                if isinstance(item, Article):
                    index.add(item)
            held: list[ContentCluster] = []
            for cluster in index.clusters():
                held.append(cluster)
                if not cluster.text_sha256.startswith(cluster.cluster_id):
                    n_later += 1
                    shared.add(cluster.cluster_id)
                if len(held) == 16_384:
                    writer.write_table(_cluster_table(held, schema))
                    held.clear()
            writer.write_table(_cluster_table(held, schema))
        file.commit()
    except OSError as error:
        file.discard()
        raise cannot_write(path, error) from error
    except BaseException:
        file.discard()
        raise
    return n_later, len(shared)


def _cluster_table(clusters: list[ContentCluster], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    columns = [[getattr(cluster, name) for cluster in clusters] for name in schema.names]
    return pa.table(columns, schema=schema)
