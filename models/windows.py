"""Cut one article into the windows that the encoder reads, at sentence borders, with nothing left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Protocol

from .article_text import ArticleText


class TextEncoder(Protocol):
    """What windows need of a tokenizer."""

    def encode(self, text: str) -> list[int]:
        """Token ids without special tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of an article that the encoder reads at once."""

    token_ids: tuple[int, ...]
    """Ids without special tokens, at most `max_tokens - 2`."""
    start: int
    """First code point in the article's normalised content."""
    end: int
    """One past the last code point."""


def windows(text: ArticleText, tokenizer: TextEncoder, *, max_tokens: int) -> list[Window]:
    """All windows of an article, in reading order; each token of the article is in exactly one of them.

    An article that fits is one window, tokenised in one go (the same ids as any other tool gets from the text).
    A longer one is tokenised sentence by sentence; sentences are packed so that windows have about equal length; a
    sentence longer than a window is divided between tokens.

    Args: max_tokens: tokens of a window with its two special tokens.
    """
    content, room = text.content, max_tokens - 2
    if len(content) <= 16 * room:  # no tokenizer yields fewer than one token for 16 characters on prose
        ids = tokenizer.encode(content)
        if len(ids) <= room:
            return [Window(token_ids=tuple(ids), start=0, end=len(content))] if ids else []
    pieces: list[Window] = []
    for sentence in text.sentences:
        ids = tokenizer.encode(content[sentence.start : sentence.end])
        pieces.extend(
            Window(token_ids=tuple(ids[at : at + room]), start=sentence.start, end=sentence.end)
            for at in range(0, len(ids), room)
        )
    return _packed(pieces, room)


def _packed(pieces: Sequence[Window], room: int) -> list[Window]:
    """Pieces joined to the least number of windows that a first pass needs, evened out over that number."""
    sizes = [len(piece.token_ids) for piece in pieces]
    firsts = _firsts(sizes, room)
    n_windows = len(firsts)
    target = min(room, max(max(sizes, default=0), -(-sum(sizes) // max(n_windows, 1))))
    while target < room and len(_firsts(sizes, target)) > n_windows:
        target = min(room, target + max(1, room // 16))
    firsts = _firsts(sizes, target)
    return [_joined(pieces[at:end]) for at, end in pairwise([*firsts, len(pieces)])]


def _firsts(sizes: Sequence[int], room: int) -> list[int]:
    """Positions of the pieces that open a window, where each window takes as many pieces as it has room for."""
    firsts: list[int] = []
    used = room
    for at, size in enumerate(sizes):
        if used + size > room:
            firsts.append(at)
            used = 0
        used += size
    return firsts


def _joined(pieces: Sequence[Window]) -> Window:
    ids = tuple(chain.from_iterable(piece.token_ids for piece in pieces))
    return Window(token_ids=ids, start=pieces[0].start, end=pieces[-1].end)
