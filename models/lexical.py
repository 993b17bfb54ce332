"""LexicalModel: a linear model over character n-grams, read beside the encoder [CKM16].

An encoder trained on open text alone carries the stance across languages; inside a language with labelled articles a
linear model over its word parts is sharper. Their logits are added with weights chosen on development articles.
[CKM16] H.-T. Cheng et al., "Wide & deep learning for recommender systems", DLRS 2016, doi:10.1145/2988450.2988454.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ..labels.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """An article's logits: `encoder` times the encoder's plus `lexical` times the lexical model's."""

    encoder: float = 1.0
    lexical: float = 0.0
    """0: the bundle has no lexical model."""


WITHOUT_LEXICAL = Blend()
LEXICAL_FILE = "lexical.safetensors"
MAX_N = 5
"""Longest n-gram, in code points."""
MAX_CHARACTERS = 20_000
"""What is read of an article: enough for 3,000 words; the encoder reads all of it."""
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SPACE = 32
_BEGIN_BITS = 20
"""Of a hash's 32: 1 MB, which stays in the cache (80,000 n-grams; 18 let more through, 22 took longer)."""


def ngram_hashes(text: str) -> NDArray[np.uint32]:
    """Hashes of the lower-cased text's n-grams of 1 to 5 code points inside words, a blank at each end of a word.

    Returns: uint32 (n-grams,), repeated as often as the n-gram occurs; empty for an empty text.
    """
    words = " ".join(text[:MAX_CHARACTERS].lower().split())
    if not words:
        return np.zeros(0, np.uint32)
    points = np.frombuffer(f" {words} ".encode("utf-32-le", "surrogatepass"), np.uint32)
    is_space = points == _SPACE
    codes = points.astype(np.uint64)
    found = []
    running = np.zeros(len(codes), np.uint64)
    inner = np.zeros(len(codes), np.bool_)
    with np.errstate(over="ignore"):
        for n in range(1, MAX_N + 1):
            width = len(codes) - n + 1
            if width <= 0:
                break
            if n > 2:
                inner = inner[:width] | is_space[n - 2 : n - 2 + width]
            running = (running[:width] + codes[n - 1 :] + np.uint64(1)) * _FACTOR
            running ^= running >> np.uint64(29)
            keep = ~is_space if n == 1 else ~inner[:width]
            found.append((running[keep] >> np.uint64(32)).astype(np.uint32) ^ np.uint32(n * 0x01000193))
    return np.concatenate(found)


def _begins(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return hashes >> np.uint32(32 - _BEGIN_BITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalModel:
    """Multinomial logistic regression over TF-IDF of hashed n-grams; n-grams it does not know count nothing."""

    hashes: NDArray[np.uint32]
    """(features,), ascending."""
    idf: NDArray[np.float32]
    """(features,): inverse document frequencies."""
    weights: NDArray[np.float32]
    """(features, labels), in the manifest's order of labels."""
    bias: NDArray[np.float32]
    """(labels,)."""
    may_know: NDArray[np.bool_] = field(init=False)
    """(2**20,): whether the model knows an n-gram whose hash begins so; nine in ten of the others need no search."""

    def __post_init__(self) -> None:
        may_know = np.zeros(1 << _BEGIN_BITS, np.bool_)
        may_know[_begins(self.hashes)] = True
        object.__setattr__(self, "may_know", may_know)

    def features(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Places of the known n-grams and their TF-IDF values, of unit length (sublinear term frequencies)."""
        found = ngram_hashes(text)
        found = found.compress(self.may_know.take(_begins(found)))
        return self.features_of(*np.unique(found, return_counts=True))

    def features_of(
        self, found: NDArray[np.uint32], counts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The same of different hashes and how often each occurs."""
        if not len(found) or not len(self.hashes):
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        places = np.searchsorted(self.hashes, found).clip(max=len(self.hashes) - 1)
        known = self.hashes[places] == found
        places = places[known]
        values = (1 + np.log(counts[known])).astype(np.float32) * self.idf[places]
        norm = float(np.sqrt(np.square(values).sum()))
        return places, values / norm if norm else values

    def logits(self, text: str) -> NDArray[np.float64]:
        """float64 (labels,): logits of a text; those of the bias alone where no n-gram is known."""
        places, values = self.features(text)
        found: NDArray[np.float64] = (values @ self.weights[places] + self.bias).astype(np.float64)
        return found

    def save(self, folder: Path) -> None:
        """Write `lexical.safetensors`; weights in 16 bits."""
        save_file(
            {"hashes": self.hashes.view(np.int32), "idf": self.idf.astype(np.float16),
             "weights": self.weights.astype(np.float16), "bias": self.bias.astype(np.float32)},
            folder / LEXICAL_FILE,
        )  # fmt: skip

    @classmethod
    def load(cls, folder: Path, *, n_labels: int) -> LexicalModel:
        """Read what `save` wrote.

        Raises: ModelError: unreadable, or made for another number of labels.
        """
        path = folder / LEXICAL_FILE
        try:
            arrays = load_file(path)
            made = cls(hashes=arrays["hashes"].view(np.uint32), idf=arrays["idf"].astype(np.float32),
                       weights=arrays["weights"].astype(np.float32), bias=arrays["bias"])  # fmt: skip
        except (OSError, SafetensorError, KeyError) as error:
            raise ModelError(f"{path}: is no lexical model ({error}); fetch or train the bundle again") from error
        n_features = len(made.hashes)
        if made.weights.shape != (n_features, n_labels) or len(made.bias) != n_labels or len(made.idf) != n_features:
            raise ModelError(f"{path}: its arrays do not fit {n_labels} labels; fetch or train the bundle again")
        return made
