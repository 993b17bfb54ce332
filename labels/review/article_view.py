"""An article cut into paragraphs and sentences, by code points of the original field, for the page to show."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from ..records import TextField, WindowStart
from ..sentences import sentence_spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a sentence that the model read in one go, or did not read."""

    text: str
    begins_window: int | None = None
    """Number of the window (from 2) that begins with it."""
    is_unread: bool = False
    """Whether it lies behind the last window that was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A sentence, or what lies between two."""

    text: str
    start: int
    end: int
    is_sentence: bool
    is_evidence: bool = False
    """Whether the model's evidence overlaps it."""
    parts: tuple[Part, ...] = ()
    """A sentence's text, cut where windows begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A stretch of a field without a line break; it gets its own direction."""

    field: TextField
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the model read an article."""

    starts: tuple[WindowStart, ...] = ()
    """Where each window begins, in reading order, also of those that were not read; none where that is not known."""
    n_read: int = 1
    """Windows that were read."""

    def window_at(self, field: TextField, position: int) -> int:
        """Number, from 1, of the window that holds a code point of a field."""
        places = [(one.field == "text", one.start) for one in self.starts]
        return max(1, bisect_right(places, (field == "text", position)))

    def cuts(self, field: TextField, start: int, end: int) -> list[int]:
        """Code points inside a stretch at which a window begins."""
        return [one.start for one in self.starts if one.field == field and start < one.start < end]


def paragraphs(text: str, field: TextField, *, evidence: Iterable[tuple[int, int]] = (),
               reading: Reading | None = None) -> list[Paragraph]:  # fmt: skip
    """All paragraphs of a field; together they hold every character but the line breaks."""
    found: list[Paragraph] = []
    held: list[Piece] = []
    for piece in _pieces(text, field, sorted(evidence), reading or Reading()):
        if piece.is_sentence:
            held.append(piece)
            continue
        lines = piece.text.split("\n")
        at = piece.start
        for number, line in enumerate(lines):
            if number and held:
                found.append(Paragraph(field=field, pieces=tuple(held)))
                held = []
            if line and held:
                held.append(Piece(text=line, start=at, end=at + len(line), is_sentence=False))
            at += len(line) + 1
    if held:
        found.append(Paragraph(field=field, pieces=tuple(held)))
    return found


def _pieces(text: str, field: TextField, marked: list[tuple[int, int]], reading: Reading) -> Iterator[Piece]:
    at, window = 0, reading.window_at(field, -1)
    for start, end in sentence_spans(text):
        if start > at:
            yield Piece(text=text[at:start], start=at, end=start, is_sentence=False)
        parts = []
        for first, last in pairwise((start, *reading.cuts(field, start, end), end)):
            earlier, window = window, reading.window_at(field, first)
            parts.append(Part(text=text[first:last], begins_window=None if window == earlier else window,
                              is_unread=window > reading.n_read))  # fmt: skip
        is_evidence = any(first < end and start < last for first, last in marked)
        yield Piece(text=text[start:end], start=start, end=end, is_sentence=True, is_evidence=is_evidence,
                    parts=tuple(parts))  # fmt: skip
        at = end
    if at < len(text):
        yield Piece(text=text[at:], start=at, end=len(text), is_sentence=False)
