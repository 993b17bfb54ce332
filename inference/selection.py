"""What to label next: a random share for estimation, then uncertain, diverse and rare-language articles for training.

1. A random share is drawn from all scored articles (`selection_random`); it carries inclusion probabilities.
2. Language quotas are filled up, then the rest: the least certain articles first, each worth less the nearer its text
   is to one already chosen; a part goes to the texts farthest from all chosen ones, whatever the model thinks of them.
   These carry none: they train, but correct nothing.

One article of a story is enough for step 2. The queue is shuffled, so that whoever stops early has read a random part
of the random share, and no reader can tell by the place why an article is there.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..labels.audit_sample import QueueItem
from ..labels.errors import ConfigError, DataError
from .selection_frame import ScoredFrame
from .selection_random import draw_random_share
from .selection_texts import NEAR_COPY, Floats, Key, without_language

VectorsOf = Callable[[list[Key]], Floats]
"""Gives text vectors (articles, dimensions) of the articles that it is asked for."""
_POOL = 8
"""Candidates looked at for each article to pick."""
_BLOCK = 1_024
_MAX_POOL = 20_000
"""Candidates held in memory at most (80 MB)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionSettings:
    """How a budget of articles to read is spent."""

    budget: int
    """Articles in all."""
    random_share: float = 0.2
    """Part that is drawn at random, 0 to 1."""
    diverse_share: float = 0.25
    """Part of the rest that goes to the texts least like those chosen, 0 to 1."""
    quotas: Mapping[str, int] = field(default_factory=dict)
    """Tag (or language without script) -> least articles, randomly drawn ones included."""
    per_language: int = 0
    """Least articles of every language of the run (or all that it has)."""

    def __post_init__(self) -> None:
        if self.budget < 1:
            raise ConfigError(f"--budget {self.budget}: say how many articles people can read, 1 or more")
        for name, value in (("--random-share", self.random_share), ("--diverse-share", self.diverse_share)):
            if not 0 <= value <= 1:
                raise ConfigError(f"{name} {value}: a share is from 0 to 1")
        for tag, n in self.quotas.items():
            if n < 1:
                raise ConfigError(f"--quota {tag}={n}: a quota is 1 or more")

    @property
    def n_random(self) -> int:
        """Articles to draw at random."""
        return round(self.budget * self.random_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedQueue:
    """A queue, and what its maker should know."""

    items: tuple[QueueItem, ...]
    warnings: tuple[str, ...] = ()


def select_articles(frame: ScoredFrame, settings: SelectionSettings, vectors_of: VectorsOf, *,
                    rng: np.random.Generator, known: Collection[Key] = ()) -> SelectedQueue:  # fmt: skip
    """Choose what to label next.

    Args:
        vectors_of: text vectors of candidates; called once.
        known: articles labelled already; they are not picked again, but may be drawn: a sample that skipped them
            would stand for the others only.

    Raises: ConfigError: the budget does not hold random share and quotas. DataError: a quota for a language that the
        run does not have; whatever `vectors_of` raises.
    """
    warnings: list[str] = []
    quotas = _quotas(frame, settings, warnings)
    drawn = draw_random_share(frame, settings.n_random, rng=rng)
    place = {key: at for at, key in enumerate(zip(frame.ids, frame.text_sha256s, strict=True))}
    taken = [place[item.id, item.text_sha256] for item in drawn]
    _check_budget(settings, quotas, len(drawn))
    n_wanted = min(settings.budget, len(frame)) - len(drawn)
    free = _free_rows(frame, taken, known)
    if len(free) < n_wanted:
        warnings.append(f"only {len(drawn) + len(free):,} articles can be chosen (copies of one story and articles "
                        f"labelled before are left out); the budget is {settings.budget:,}")  # fmt: skip
        n_wanted = len(free)
    if not drawn:
        warnings.append("no random share: these labels cannot correct any share, nor measure the model")
    pool = _pool(frame, free, n_wanted, quotas, rng)
    rows = np.concatenate([np.array(taken, dtype=np.int64), pool])
    tags = [frame.tags[at] for at in rows.tolist()]
    vectors = vectors_of([(frame.ids[at], frame.text_sha256s[at]) for at in rows.tolist()])
    picker = _Picker(without_language(vectors, tags), frame.uncertainty[rows], n_taken=len(taken))
    have = Counter(tags[: len(taken)])
    for tag, wanted in quotas.items():
        is_tag = np.array([_has_tag(name, tag) for name in tags], dtype=bool)
        n_have = sum(n for name, n in have.items() if _has_tag(name, tag)) + picker.count(is_tag)
        picker.pick(min(wanted - n_have, n_wanted - picker.n), "quota", among=is_tag)
    picker.pick(round((n_wanted - picker.n) * (1 - settings.diverse_share)), "uncertain")
    picker.pick(n_wanted - picker.n, "diverse")
    if picker.n < n_wanted:
        warnings.append(
            f"{n_wanted - picker.n:,} fewer than the budget: the other texts are near-copies of chosen ones"
        )
    items = [*drawn, *(
        QueueItem(id=frame.ids[rows[at]], text_sha256=frame.text_sha256s[rows[at]], frame=frame.sha256, stratum="all",
                  inclusion_prob=0.0, reason=reason)
        for at, reason in picker.picked.items()
    )]  # fmt: skip
    return SelectedQueue(items=tuple(items[at] for at in rng.permutation(len(items))), warnings=tuple(warnings))


class _Picker:
    """Picks one candidate after the other, the worthiest first; knows how near each is to what was chosen before.

    What a candidate is worth only falls while others are chosen, so a worth computed earlier is a bound: only
    candidates at the top of the heap are compared with what has been chosen since, and the result is the same.
    """

    def __init__(self, vectors: Floats, uncertainty: NDArray[np.float64], *, n_taken: int) -> None:
        self._vectors, self._uncertainty = vectors, uncertainty
        self._chosen = list(range(n_taken))
        self._nearness = np.zeros(len(vectors), dtype=np.float64)
        self._n_compared = np.full(len(vectors), n_taken)
        for start in range(0, len(vectors) if n_taken else 0, _BLOCK):
            block = slice(start, start + _BLOCK)
            self._nearness[block] = (vectors[block] @ vectors[:n_taken].T).max(1).clip(0)
        self._is_open = np.arange(len(vectors)) >= n_taken
        self.picked: dict[int, str] = {}
        """Row -> reason."""

    @property
    def n(self) -> int:
        """How many were picked."""
        return len(self.picked)

    def count(self, among: NDArray[np.bool_]) -> int:
        """How many of some rows were picked."""
        return sum(bool(among[at]) for at in self.picked)

    def pick(self, n: int, reason: str, *, among: NDArray[np.bool_] | None = None) -> None:
        """Pick up to n; near-copies of chosen texts are left where they are."""
        if n < 1:
            return
        value = np.ones(len(self._vectors)) if reason == "diverse" else self._uncertainty
        rows = np.flatnonzero(self._is_open if among is None else self._is_open & among)
        heap = [(-float(value[at] * (1 - self._nearness[at])), at) for at in rows.tolist()]
        heapq.heapify(heap)
        n_left = n
        while heap and n_left:
            _, at = heapq.heappop(heap)
            is_fresh = self._n_compared[at] == len(self._chosen)
            if not is_fresh:
                since = self._vectors[self._chosen[self._n_compared[at] :]]
                self._nearness[at] = max(self._nearness[at], float((since @ self._vectors[at]).max()))
                self._n_compared[at] = len(self._chosen)
            if self._nearness[at] >= NEAR_COPY:
                continue
            if not is_fresh:
                heapq.heappush(heap, (-float(value[at] * (1 - self._nearness[at])), at))
                continue
            self.picked[at] = reason
            self._chosen.append(at)
            self._is_open[at] = False
            n_left -= 1


def _has_tag(name: str, wanted: str) -> bool:
    return name == wanted or name.split("-")[0] == wanted


def _quotas(frame: ScoredFrame, settings: SelectionSettings, warnings: list[str]) -> dict[str, int]:
    """Quota by tag, none larger than what the run has."""
    counts = Counter(frame.tags)
    wanted = dict.fromkeys(sorted(counts), settings.per_language) if settings.per_language else {}
    for tag, n in settings.quotas.items():
        if not any(_has_tag(name, tag) for name in counts):
            there = ", ".join(f"{name} {size:,}" for name, size in counts.most_common(30))
            raise DataError(f"--quota {tag}={n}: no scored article is in {tag!r}; there are {there}")
        wanted[tag] = n
    found = {}
    for tag, n in wanted.items():
        there_are = sum(size for name, size in counts.items() if _has_tag(name, tag))
        if tag in settings.quotas and there_are < n:
            warnings.append(f"quota of {tag}: the run has {there_are:,} articles, {n:,} were asked for")
        found[tag] = min(n, there_are)
    return found


def _check_budget(settings: SelectionSettings, quotas: Mapping[str, int], n_drawn: int) -> None:
    """The quotas must fit beside the random share, whatever languages that share happens to hold."""
    asked = {tag: n for tag, n in quotas.items() if "-" not in tag or tag.split("-")[0] not in quotas}
    needed = sum(asked.values())
    if needed > settings.budget - n_drawn:
        largest = ", ".join(f"{tag} {n}" for tag, n in sorted(asked.items(), key=lambda pair: -pair[1])[:5])
        raise ConfigError(
            f"--budget {settings.budget}: {n_drawn} are drawn at random and the quotas of {len(asked)} languages take "
            f"{needed:,} ({largest}{', ...' if len(asked) > 5 else ''}); give a budget of "
            f"{_least_budget(needed, settings.random_share):,} or more, or smaller quotas or random share"
        )


def _least_budget(needed: int, random_share: float) -> int:
    budget = needed
    while round(budget * random_share) + needed > budget and random_share < 1:
        budget += 1
    return budget


def _free_rows(frame: ScoredFrame, taken: list[int], known: Collection[Key]) -> NDArray[np.int64]:
    """Rows that may be picked: one of each story, none drawn or labelled before."""
    chosen = set(taken)
    stories = {frame.stories[at] for at in taken} | {None}
    texts = {frame.text_sha256s[at] for at in taken}
    found = []
    for at, key in enumerate(zip(frame.ids, frame.text_sha256s, strict=True)):
        story = frame.stories[at]
        if at in chosen or key in known or key[1] in texts or (story is not None and story in stories):
            continue
        stories.add(story)
        texts.add(key[1])
        found.append(at)
    return np.array(found, dtype=np.int64)


def _pool(frame: ScoredFrame, free: NDArray[np.int64], n: int, quotas: Mapping[str, int],
          rng: np.random.Generator) -> NDArray[np.int64]:  # fmt: skip
    """The candidates whose texts are read: the least certain, some of each quota's language, and some of all."""
    order = free[np.argsort(-frame.uncertainty[free], kind="stable")]
    size = min(_POOL * n, _MAX_POOL)
    chosen = [order[:size]]
    names, codes = np.unique(np.array(frame.tags)[order], return_inverse=True)
    for tag, wanted in quotas.items():
        is_own = np.array([_has_tag(name, tag) for name in names.tolist()], dtype=bool)
        chosen.append(order[is_own[codes]][: _POOL * wanted])
    chosen.append(rng.choice(free, size=min(size, len(free)), replace=False))
    return np.unique(np.concatenate(chosen))
