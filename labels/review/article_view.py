"""An article cut into paragraphs and sentences, by code points of the original field, for the page to show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

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
    begins_window: int | None = None
    """Number of the window (from 2) that begins about here."""
    is_unread: bool = False
    """Whether it lies behind what the model read."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """About where each window of the model begins in a title and text, and where its reading ended.

    Windows are cut at sentence borders into about equal lengths; what is kept of a prediction is how many there were
    and how many tokens were read, so a border is at most a sentence or so off.
    """

    n_windows: int = 1
    read_share: float = 1.0
    """Tokens read of all, 0 to 1."""

    def of(self, found: list[Paragraph], n_title: int, n_text: int) -> list[Paragraph]:
        """The paragraphs of a field with the borders marked."""
        n_read = (n_title + n_text) * self.read_share
        borders = [(number, n_read * (number - 1) / self.n_windows) for number in range(2, self.n_windows + 1)]
        marked, half = [], 0.0
        for paragraph in found:
            pieces = []
            for piece in paragraph.pieces:
                start = piece.start + (0 if paragraph.field == "title" else n_title)
                middle = start + (piece.end - piece.start) / 2
                nearest = [number for number, at in borders if start - half <= at < middle] if piece.is_sentence else []
                half = middle - start if piece.is_sentence else half
                is_unread = self.read_share < 1 and middle > n_read
                pieces.append(replace(piece, begins_window=nearest[-1] if nearest else None, is_unread=is_unread))
            marked.append(replace(paragraph, pieces=tuple(pieces)))
        return marked


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
