"""Gold labels as a new version of the labelled corpus, with its splits respected."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from urllib.parse import urlsplit

from ..language_tags import split_tag, supported_tag
from ..near_copies import near_copies
from ..records import LabelledArticle, Split, content_sha256
from ..source_url import source_key
from .tasks import Task, without_surrogates

_COPY = 0.6
"""Similarity of shingles from which on two texts are one story; lower than for copies, to be on the safe side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusVersion:
    """What came of it."""

    articles: list[LabelledArticle]
    n_new: int
    n_relabelled: int
    """Articles of the base corpus whose label was replaced by the reviewers' gold."""
    n_joined: int
    """New articles that share a story, and so a split, with one of the base corpus."""


def corpus_version(base: Sequence[LabelledArticle], tasks: Sequence[Task], *, test_share: float = 0.1,
                   development_share: float = 0.1) -> CorpusVersion:  # fmt: skip
    """The base corpus with the reviewers' gold added.

    An article of the base keeps its split, whatever its label becomes. A new one that is a near-copy of an article of
    the base, or of the page that it reports, shares its story and split; new ones that are near-copies of each other
    share one; all others are put into a split by the hash of their story, so that the next export puts them there
    again.
    """
    articles = {one.id: one for one in base}
    by_text: dict[str, list[str]] = {}
    for one in base:
        by_text.setdefault(content_sha256(one.title, one.text), []).append(one.id)
    new: dict[str, Task] = {}
    n_relabelled = 0
    for task in tasks:
        if task.item.text_sha256 not in by_text:
            new[f"review-{task.item.text_sha256[:16]}"] = task
        for name in by_text.get(task.item.text_sha256, ()):
            if articles[name].label != task.gold:
                n_relabelled += 1
                articles[name] = replace(articles[name], label=str(task.gold), adjudicated=_note(task))
    story = {name: name for name in new}
    links = _links(base, new)
    placed: dict[str, Split] = {}
    n_joined = 0
    for name in sorted(new):
        cluster = _cluster(name, links)
        of_base = sorted((articles[one] for one in cluster if one in articles), key=lambda one: _SAFEST[one.split])
        if of_base:
            story[name], placed[name] = of_base[0].story, of_base[0].split
            n_joined += 1
        else:
            story[name] = min(cluster)
            placed[name] = _split(story[name], test_share, development_share)
    for name, task in new.items():
        articles[name] = _labelled(name, task, story[name], placed[name])
    return CorpusVersion(articles=list(articles.values()), n_new=len(new), n_relabelled=n_relabelled, n_joined=n_joined)


_SAFEST: dict[str, int] = {"test": 0, "development": 1, "train": 2}
"""A copy of articles in two splits goes where it can do no harm."""


def _links(base: Sequence[LabelledArticle], new: Mapping[str, Task]) -> dict[str, set[str]]:
    """Id -> ids of articles that are one story with it, for pairs of which at least one is new."""
    if not new:
        return {}
    texts = {one.id: f"{one.title}\n{one.text}" for one in base}
    texts |= {name: f"{task.title}\n{task.text}" for name, task in new.items()}
    pairs = {(first, second) for first, second, _ in near_copies(texts, at_least=_COPY)}
    of_page: dict[str, list[str]] = {}
    for name, url in (*((one.id, one.source_url) for one in base), *((name, task.url) for name, task in new.items())):
        if (page := _page(url)) is not None:
            of_page.setdefault(page, []).append(name)
    pairs |= {pair for names in of_page.values() for pair in pairwise(names)}
    links: dict[str, set[str]] = {}
    for first, second in pairs:
        if first in new or second in new:
            links.setdefault(first, set()).add(second)
            links.setdefault(second, set()).add(first)
    return links


def _page(url: str | None) -> str | None:
    """Key of a page; None for what is no address, or an outlet's front page."""
    try:
        path = urlsplit(url or "").path
        return source_key(url) if url and path.strip("/") else None
    except ValueError:
        return None


def _cluster(name: str, links: dict[str, set[str]]) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        for other in links.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _split(story: str, test_share: float, development_share: float) -> Split:
    place = int(hashlib.sha256(story.encode()).hexdigest()[:8], 16) / 16**8
    if place < test_share:
        return "test"
    return "development" if place < test_share + development_share else "train"


def _labelled(name: str, task: Task, story: str, split: Split) -> LabelledArticle:
    language, script = split_tag(supported_tag(task.tag) or task.tag)
    labels = [one.label for one in task.labels]
    date, outlet, url = (one and without_surrogates(one) for one in (task.date, task.outlet, task.url))
    second = next((label for label in labels if label != task.gold), labels[-1] if len(labels) > 1 else None)
    return LabelledArticle(
        id=name, language=language, script=script, title=without_surrogates(task.title),
        text=without_surrogates(task.text), label=str(task.gold), story=story, split=split,
        origin="archived", second_label=second, adjudicated=_note(task) if len(set(labels)) > 1 else None,
        source_url=url, outlet=outlet, date=date, codebook=task.codebook.partition("+")[0],
    )  # fmt: skip


def _note(task: Task) -> str:
    given = ", ".join(one.label for one in task.labels)
    note = f"{task.gold_source}: {given} -> {task.gold}" + (f" ({task.gold_note})" if task.gold_note else "")
    return without_surrogates(note)
