"""Small texts put together from domain sentences by the codebook's rules, for languages with few labelled articles.

Which side speaks, how much, and who has the last word decides the label, in every language by the same words; so the
label cannot be read off the vocabulary. Training only; composites weigh less than articles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..labels.domain_sentences import DomainSentence
from ..labels.language_tags import print_tag
from ..labels.records import LabelledArticle, LabelledSentence

UNSPACED = frozenset({"zh", "ja", "yue"})
Pool = dict[str, list[DomainSentence]]
Recipe = Callable[[Pool, np.random.Generator], list[DomainSentence]]

STORY_PREFIX = "composite-"
"""How the story of every composite begins."""


def composites(sentences: Sequence[DomainSentence], *, n_each: int, rng: np.random.Generator) -> list[LabelledArticle]:
    """`n_each` texts of each recipe in each language; story and split keep them out of every evaluation."""
    by_tag: dict[str, list[DomainSentence]] = {}
    for sentence in sentences:
        by_tag.setdefault(print_tag(sentence.language, sentence.script), []).append(sentence)
    found = []
    for tag, members in sorted(by_tag.items()):
        pool = _pool(members)
        for name, (label, recipe) in _RECIPES.items():
            for number in range(n_each):
                chosen = recipe(pool, rng)
                found.append(_article(f"{tag}-c-{name}-{number}", label, name, chosen))
    return found


def _pool(sentences: Sequence[DomainSentence]) -> Pool:
    pool: Pool = {name: [] for name in ("praise", "accuse", "plain", "other", "outlet_praise", "outlet_accuse")}
    for sentence in sentences:
        if not sentence.is_about_target:
            pool["other"].append(sentence)
        elif sentence.content == "none":
            pool["plain"].append(sentence)
        else:
            side = "praise" if sentence.content == "praising" else "accuse"
            pool[f"outlet_{side}" if sentence.voice == "outlet" else side].append(sentence)
    return pool


def _draw(pool: Pool, rng: np.random.Generator, **wanted: int) -> list[DomainSentence]:
    found: list[DomainSentence] = []
    for name, n in wanted.items():
        members = pool[name]
        if members:
            found += [members[i] for i in rng.choice(len(members), size=min(n, len(members)), replace=False)]
    return [found[i] for i in rng.permutation(len(found))]


def _few(rng: np.random.Generator) -> int:
    return int(rng.integers(1, 4))


def _then(first: dict[str, int], last: dict[str, int]) -> Recipe:
    """Sentences of the first kinds in any order, then those of the last kinds."""
    return lambda pool, rng: [*_draw(pool, rng, **first), *_draw(pool, rng, **last)]


_RECIPES: dict[str, tuple[str, Recipe]] = {
    "relay": ("praising", lambda pool, rng: _draw(pool, rng, praise=_few(rng))),
    "promotion": ("praising", lambda pool, rng: _draw(pool, rng, outlet_praise=_few(rng), praise=1)),
    "rebuttal": ("praising", _then({"accuse": 1}, {"praise": 2, "outlet_praise": 1})),
    "accusers": ("critical", lambda pool, rng: _draw(pool, rng, accuse=_few(rng))),
    "indictment": ("critical", lambda pool, rng: _draw(pool, rng, outlet_accuse=_few(rng), accuse=1)),
    "closing_denial": ("critical", _then({"accuse": 2, "outlet_accuse": 1}, {"praise": 1})),
    "both_sides": ("neutral", _then({"plain": 1}, {"praise": 1, "accuse": 1})),
    "procedure": ("neutral", lambda pool, rng: _draw(pool, rng, plain=_few(rng))),
    "other_news": ("unrelated", lambda pool, rng: _draw(pool, rng, other=_few(rng))),
    "aside": ("unrelated", _then({"other": 2}, {"plain": 1})),
}
"""Name -> label and how a text of that kind is drawn."""


def _article(name: str, label: str, rule: str, chosen: Sequence[DomainSentence]) -> LabelledArticle:
    title, *rest = [*chosen, *chosen[:1]] if len(chosen) == 1 else chosen
    joint = "" if title.language in UNSPACED else " "
    text, marks = "", []
    for sentence in rest:
        start = len(text) + (len(joint) if text else 0)
        text = f"{text}{joint if text else ''}{sentence.text}"
        marks.append(LabelledSentence(field="text", start=start, end=len(text), voice=sentence.voice,
                                      content=sentence.content))  # fmt: skip
    return LabelledArticle(
        id=name, language=title.language, script=title.script, title="" if len(chosen) == 1 else title.text, text=text,
        label=label, story=f"{STORY_PREFIX}{name}", split="train", origin="converted", rule=rule,
        sentences=tuple(marks),
    )  # fmt: skip
