"""NgramTables: how much better a language explains the character n-grams of a text than its neighbours do.

For each language, a table over hashed n-grams holds log p(n-gram | language) - log p(n-gram | languages of the script),
rounded to four levels: two bits each. The mean over a text is high where the text is of the language, and low for
a language that no table was made for; the classifier alone would name the nearest one with full confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MIX = (np.uint32(2654435761), np.uint32(2246822519))  # odd constants of xxHash32
_BORDERS = np.array([-1.5, 0.0, 2.0], dtype=np.float32)
_CLIP = (-4.0, 6.0)
_PSEUDO_COUNT = 2000.0
"""n-grams of the script's mixture that each language is taken to have seen: they smooth what its text lacks."""


def ngram_hashes(points: NDArray[np.uint32], n: int, bits: int) -> NDArray[np.uint32]:
    """Hash, below 2**bits, of the n-gram that begins at each code point, uint32 (len(points) - n + 1,)."""
    size = max(len(points) - n + 1, 0)
    hashed = np.zeros(size, dtype=np.uint32)
    for shift in range(n):
        hashed ^= points[shift : shift + size]
        hashed *= _MIX[0]
        hashed ^= hashed >> np.uint32(15)
    hashed *= _MIX[1]
    return hashed >> np.uint32(32 - bits)


@dataclass(frozen=True, slots=True)
class JoinedTexts:
    """Cleaned texts as one array of code points, each between two spaces."""

    points: NDArray[np.uint32]
    """Code points of all texts, uint32."""
    starts: NDArray[np.int64]
    """Where each text begins in `points`, int64 (texts + 1); the last is len(points)."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> JoinedTexts:
        """The texts joined."""
        lengths = np.fromiter((len(text) + 2 for text in texts), dtype=np.int64, count=len(texts))
        joined = "".join(f" {text} " for text in texts).encode("utf-32-le", errors="surrogatepass")
        return cls(np.frombuffer(joined, dtype=np.uint32), np.concatenate(([0], np.cumsum(lengths))))


class NgramTables:
    """The tables of several languages for one length of n-gram."""

    def __init__(
        self, tags: Sequence[str], n: int, bits: int, codes: NDArray[np.uint8], levels: NDArray[np.float32]
    ) -> None:
        """Args: codes: uint8 (tags, 2**bits), each 0 to 3; levels: float32 (4,), the value of each code."""
        self.tags = tuple(tags)
        self.row = {tag: i for i, tag in enumerate(self.tags)}
        self.n, self.bits = n, bits
        self.codes, self.levels = codes, levels

    @classmethod
    def train(cls, texts: Mapping[str, Iterable[str]], groups: Mapping[str, str], *, n: int, bits: int) -> NgramTables:
        """Tables of the tags in `texts`; a tag's neighbours are the tags of the same group (its script)."""
        tags = tuple(texts)
        counts = np.zeros((len(tags), 1 << bits), dtype=np.float32)
        for row, lines in zip(counts, texts.values(), strict=True):
            joined = " ".join(lines).encode("utf-32-le", errors="surrogatepass")
            points = np.frombuffer(joined, dtype=np.uint32)
            for begin in range(0, len(points), 1 << 20):
                part = points[begin : begin + (1 << 20) + n - 1]
                row += np.bincount(ngram_hashes(part, n, bits), minlength=1 << bits)
        ratios = np.empty_like(counts)
        for group in sorted(set(groups.values())):
            rows = [i for i, tag in enumerate(tags) if groups[tag] == group]
            ratios[rows] = _log_ratios(counts[rows])
        codes = np.digitize(ratios, _BORDERS).astype(np.uint8)
        values = [ratios[codes == code].mean() if (codes == code).any() else 0.0 for code in range(4)]
        return cls(tags, n, bits, codes, np.array(values, dtype=np.float32))

    def hashes(self, texts: JoinedTexts) -> NDArray[np.uint32]:
        """Hash of the n-gram at each code point; computed once where several rows are compared."""
        return ngram_hashes(texts.points, self.n, self.bits)

    def means(
        self, texts: JoinedTexts, rows: NDArray[np.int64], hashes: NDArray[np.uint32] | None = None
    ) -> NDArray[np.float32]:
        """Mean level over the n-grams of each text in the table `rows[i]`, float32 (texts,); 0 for a text too short.

        Args: rows: int64 (texts,), table of each text; -1 gives 0; hashes: what `hashes` gave for the same texts."""
        hashes = self.hashes(texts) if hashes is None else hashes
        lengths = np.diff(texts.starts)
        n_grams = np.where(rows >= 0, np.maximum(lengths - self.n + 1, 0), 0)
        out = np.zeros(len(lengths), dtype=np.float32)
        usable = np.flatnonzero(n_grams)
        if not len(usable):
            return out
        if 2 * len(usable) > len(
            lengths
        ):  # most texts: look all n-grams up, also those across two texts, and skip them
            table = np.repeat((np.maximum(rows, 0) << self.bits).astype(np.uint32), lengths)[: len(hashes)]
            begins = texts.starts[usable]
            flat = hashes + table
        else:
            sizes = n_grams[usable]
            begins = np.cumsum(sizes) - sizes
            inside = np.arange(int(sizes.sum())) + np.repeat(texts.starts[usable] - begins, sizes)
            flat = hashes.take(inside) + np.repeat((rows[usable] << self.bits).astype(np.uint32), sizes)
        values = np.append(self.levels.take(self.codes.ravel().take(flat)), np.float32(0))
        edges = np.column_stack([begins, begins + n_grams[usable]]).ravel()
        out[usable] = np.add.reduceat(values, edges)[::2] / n_grams[usable]
        return out

    def packed(self) -> NDArray[np.uint8]:
        """The codes, four in a byte, uint8 (tags, 2**bits / 4)."""
        four = self.codes.reshape(len(self.tags), -1, 4)
        return (four[..., 0] | four[..., 1] << 2 | four[..., 2] << 4 | four[..., 3] << 6).astype(np.uint8)

    @classmethod
    def from_packed(
        cls, tags: Sequence[str], n: int, bits: int, packed: NDArray[np.uint8], levels: NDArray[np.float32]
    ) -> NgramTables:
        """Tables from what `packed` gave."""
        codes = np.empty((*packed.shape, 4), dtype=np.uint8)
        for place in range(4):
            codes[..., place] = packed >> (2 * place) & 3
        return cls(tags, n, bits, codes.reshape(len(tags), -1), levels)


def _log_ratios(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    totals = counts.sum(axis=1, keepdims=True)
    mixture = (counts / np.maximum(totals, 1)).mean(axis=0) + 1e-9
    if len(counts) == 1:  # a language alone in its script has no neighbours: any n-gram is as likely as any other
        mixture = np.ones_like(mixture)
    mixture /= mixture.sum()
    own = (counts + _PSEUDO_COUNT * mixture) / (totals + _PSEUDO_COUNT)
    ratios: NDArray[np.float32] = np.clip(np.log(own) - np.log(mixture), *_CLIP).astype(np.float32)
    return ratios
