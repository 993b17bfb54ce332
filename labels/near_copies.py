"""Near-copies among a few thousand texts: candidates by bottom-k sketches [B97], checked by exact Jaccard."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Mapping

_SHINGLE_CHARS = 6
_SKETCH = 48
_MIN_SHARED = 8


def near_copies(texts: Mapping[str, str], *, at_least: float) -> list[tuple[str, str, float]]:
    """Pairs of ids whose texts have Jaccard similarity of character shingles `at_least` (0 to 1), most alike first.

    Shingles of characters work in every script, also in those that write no spaces.
    """
    shingles = {name: shingle_hashes(text) for name, text in texts.items()}
    index: dict[int, list[str]] = defaultdict(list)
    shared: dict[tuple[str, str], int] = defaultdict(int)
    for name, hashes in shingles.items():
        for value in sorted(hashes)[:_SKETCH]:
            for other in index[value]:
                shared[other, name] += 1
            index[value].append(name)
    found = []
    for (one, other), count in shared.items():
        if count >= min(_MIN_SHARED, len(shingles[one]), len(shingles[other])):
            similarity = jaccard(shingles[one], shingles[other])
            if similarity >= at_least:
                found.append((one, other, similarity))
    return sorted(found, key=lambda pair: (-pair[2], pair[0], pair[1]))


def shingle_hashes(text: str) -> frozenset[int]:
    """Hashes of all runs of six characters, white space folded."""
    folded = " ".join(text.casefold().split())
    last = max(1, len(folded) - _SHINGLE_CHARS + 1)
    return frozenset(zlib.crc32(folded[at : at + _SHINGLE_CHARS].encode("utf-8", "replace")) for at in range(last))


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """Size of the intersection over size of the union; 1 for two empty sets."""
    union = len(one | other)
    return len(one & other) / union if union else 1.0
