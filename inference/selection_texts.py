"""Texts of an archive as vectors of their shingles, to tell how much a text adds to those already chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import DataError
from ..labels.records import Article, RejectedRecord
from ..labels.scripts import code_points

N_DIMENSIONS = 1_024
"""Hashed features of a text; unrelated texts then have a cosine near 0.1."""
NEAR_COPY = 0.9
"""From this cosine on, two texts are taken for copies of one another."""
_SIZES = (2, 4)
"""Characters of a feature: two carry a word of Chinese, four a stem elsewhere."""
_SHRINKAGE = 5
"""A language's mean vector counts n / (n + this)."""
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2^64 by the golden ratio, odd: spreads neighbouring values

Key = tuple[str, str]
"""Id and text_sha256."""
Floats = NDArray[np.float32]


def text_vector(text: str) -> Floats:
    """Damped counts of hashed runs of characters, float32 (N_DIMENSIONS,), length 1; zero for an empty text."""
    points = code_points(text.casefold()).astype(np.uint64)
    counts = np.zeros(N_DIMENSIONS)
    for size in _SIZES:
        n = len(points) - size + 1
        if n < 1:
            continue
        values = np.full(n, size, dtype=np.uint64)
        for at in range(size):
            values = (values ^ points[at : at + n]) * _MIX
            values ^= values >> np.uint64(29)
        signs = 1.0 - 2.0 * ((values >> np.uint64(40)) & np.uint64(1)).astype(float)
        places = (values % np.uint64(N_DIMENSIONS)).astype(np.int64)
        counts += np.bincount(places, weights=signs, minlength=N_DIMENSIONS)
    damped = np.sign(counts) * np.log1p(np.abs(counts))
    return (damped / max(float(np.linalg.norm(damped)), 1e-12)).astype(np.float32)


def read_vectors(archive: Iterable[Article | RejectedRecord], keys: Sequence[Key]) -> Floats:
    """Vectors (keys, N_DIMENSIONS) of the texts that keys name.

    Raises: DataError: an article is not in the archive, or its text is not the one that was scored.
    """
    places = {key: at for at, key in enumerate(keys)}
    ids = {key[0] for key in keys}
    found = np.zeros((len(keys), N_DIMENSIONS), dtype=np.float32)
    is_found = np.zeros(len(keys), dtype=bool)
    changed: dict[str, Article] = {}
    for article in archive:
        if isinstance(article, RejectedRecord) or article.id not in ids:
            continue
        at = places.get((article.id, article.sha256))
        if at is None:
            changed.setdefault(article.id, article)
        elif not is_found[at]:
            found[at], is_found[at] = text_vector(article.content), True
    if not is_found.all():
        _refuse(keys, is_found, changed)
    return found


def without_language(vectors: Floats, tags: Sequence[str]) -> Floats:
    """Vectors without what all texts of their language share, length 1 again.

    Else any two texts of one language are near each other, and a selection spreads over languages instead of over
    stories. Means are shrunk, so that a language's only text keeps its direction.
    """
    names, codes = np.unique(np.array(tags, dtype=object).astype(str), return_inverse=True)
    sums = np.zeros((len(names), vectors.shape[1]), dtype=np.float32)
    np.add.at(sums, codes, vectors)
    means = sums / (np.bincount(codes, minlength=len(names))[:, None] + _SHRINKAGE).astype(np.float32)
    found = vectors - means[codes]
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.maximum(norms, 1e-6), dtype=np.float32)


def _refuse(keys: Sequence[Key], is_found: NDArray[np.bool_], changed: dict[str, Article]) -> None:
    missing = [key for key, known in zip(keys, is_found.tolist(), strict=True) if not known]
    first = next((key for key in missing if key[0] in changed), missing[0])
    n = f"{len(missing):,} of {len(keys):,} wanted articles are missing; " if len(missing) > 1 else ""
    if first[0] in changed:
        other = changed[first[0]]
        raise DataError(
            f"article {first[0]!r}: its text in the archive ({other.source}, hash {other.sha256[:12]}...) is not the "
            f"one that was scored ({first[1][:12]}...); {n}give the archive that was scored"
        )
    raise DataError(f"article {first[0]!r} is not in the archive; {n}give the archive that was scored")
