"""A teacher's soft labels: on unlabelled articles, or on labelled ones beside their own label."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..labels.codebook import Codebook
from ..labels.errors import ConfigError, DataError
from ..labels.near_copies import jaccard, shingle_hashes
from ..labels.records import Article, LabelledArticle
from ..models.classifier import ScoringSettings, StanceClassifier
from .composites import STORY_PREFIX

Probs = Mapping[str, Sequence[float]]
"""Article id -> probabilities in codebook order, sum 1."""

_COPY_FROM = 0.5
"""From this share of common shingles on, an unlabelled article counts as a copy of a held-out one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching:
    """What a student learns beside the labels."""

    of_labelled: Probs = field(default_factory=dict)
    """Soft labels of training articles."""
    unlabelled: Sequence[LabelledArticle] = ()
    """Articles whose own label is not read (it is the teacher's best guess)."""
    of_unlabelled: Probs = field(default_factory=dict)
    """Soft labels of each of `unlabelled`."""

    @property
    def sha256(self) -> str:
        """First 12 hex over all soft labels; empty where there are none."""
        rows = [[name, list(probs)] for probs_of in (self.of_labelled, self.of_unlabelled)
                for name, probs in sorted(probs_of.items())]  # fmt: skip
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:12] if rows else ""


NO_TEACHING = Teaching()


def teach(teacher: Path | str, articles: Iterable[Article], *, codebook: Codebook,
          held_out: Sequence[LabelledArticle], device: str = "cpu") -> Teaching:  # fmt: skip
    """Score unlabelled articles with a teacher bundle; what it cannot score, and copies of held-out articles, drop out.

    Args: held_out: articles of the development and test splits.
    Raises: ConfigError: the teacher has another codebook; DataError: no article is left.
    """
    classifier = StanceClassifier.load(teacher, settings=ScoringSettings(device=device))
    if classifier.bundle.manifest.codebook_sha256 != codebook.sha256:
        raise ConfigError(
            f"{teacher}: was trained with codebook {classifier.codebook}, the student's is {codebook.signature}; "
            "train a teacher with the same codebook"
        )
    kept = list(_without_copies(articles, held_out))
    found: list[LabelledArticle] = []
    probs: dict[str, tuple[float, ...]] = {}
    for article, prediction in zip(kept, classifier.classify_many(kept), strict=True):
        if prediction.probs is None or prediction.stance is None:
            continue
        name = f"unlabelled-{article.sha256[:16]}"
        if name in probs:
            continue
        probs[name] = prediction.probs
        found.append(
            LabelledArticle(id=name, language=prediction.language or "und", script=prediction.script or "Zyyy",
                            title=article.title, text=article.text, label=prediction.stance,
                            story=f"{STORY_PREFIX}{name}", split="train", origin="converted")
        )  # fmt: skip
    if not found:
        raise DataError(f"{teacher}: could score none of the unlabelled articles; give articles in supported languages")
    return Teaching(unlabelled=found, of_unlabelled=probs)


def _without_copies(articles: Iterable[Article], held_out: Sequence[LabelledArticle]) -> Iterable[Article]:
    """Articles that are no copy of a held-out one: neither the same content nor most of its shingles."""
    known = [shingle_hashes(article.article().content) for article in held_out]
    by_shingle: dict[int, list[int]] = {}
    for at, shingles in enumerate(known):
        for value in sorted(shingles)[:48]:
            by_shingle.setdefault(value, []).append(at)
    for article in articles:
        own = shingle_hashes(article.content)
        near = {at for value in own if value in by_shingle for at in by_shingle[value]}
        if not any(jaccard(own, known[at]) >= _COPY_FROM for at in near):
            yield article


def read_soft_labels(path: Path, codebook: Codebook) -> dict[str, tuple[float, ...]]:
    """Soft labels from JSON lines: `{"id": "...", "probs": [0.1, 0.7, 0.1, 0.1]}`, in codebook order.

    Raises: DataError: a line of another form; the message holds file and line.
    """
    found: dict[str, tuple[float, ...]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            name, probs = str(row["id"]), tuple(float(value) for value in row["probs"])
        except (ValueError, KeyError, TypeError) as error:
            form = '{"id": ..., "probs": [...]}'
            raise DataError(f"{path}:{number}: is no soft label ({error}); write {form}") from error
        if len(probs) != len(codebook.labels):
            raise DataError(f"{path}:{number}: has {len(probs)} probabilities for {len(codebook.labels)} labels")
        found[name] = probs
    return found
