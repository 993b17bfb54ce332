"""An article cut into paragraphs and sentences, by code points of the original field, for the page to show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..records import TextField
from ..sentences import sentence_spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A sentence, or what lies between two."""

    text: str
    start: int
    end: int
    is_sentence: bool
    is_evidence: bool = False
    """Whether the model's evidence overlaps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A stretch of a field without a line break; it gets its own direction."""

    field: TextField
    pieces: tuple[Piece, ...]


def paragraphs(text: str, field: TextField, *, evidence: Iterable[tuple[int, int]] = ()) -> list[Paragraph]:
    """All paragraphs of a field; together they hold every character but the line breaks."""
    marked = sorted(evidence)
    found: list[Paragraph] = []
    held: list[Piece] = []
    for piece in _pieces(text, marked):
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


def _pieces(text: str, marked: list[tuple[int, int]]) -> Iterator[Piece]:
    at = 0
    for start, end in sentence_spans(text):
        if start > at:
            yield Piece(text=text[at:start], start=at, end=start, is_sentence=False)
        is_evidence = any(first < end and start < last for first, last in marked)
        yield Piece(text=text[start:end], start=start, end=end, is_sentence=True, is_evidence=is_evidence)
        at = end
    if at < len(text):
        yield Piece(text=text[at:], start=at, end=len(text), is_sentence=False)
