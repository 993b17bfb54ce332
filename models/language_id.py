"""LanguageIdentifier: text -> LanguageGuess."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ..labels.language_tags import print_tag
from .language_code import is_code
from .language_foreign import ForeignModel
from .language_guess import EMPTY_GUESS, LanguageGuess
from .language_han import HanEvidence
from .language_model_folder import DEFAULT_FOLDER, ScriptGroup, load_groups
from .language_pieces import Piece, is_other_mongolian, pieces_of
from .language_verdict import PieceVerdict, no_language, no_language_guess, verdict

__all__ = ["LanguageGuess", "LanguageIdentifier"]

_BATCH = 512
"""Texts whose pieces are scored together: more gains no speed and costs memory."""
_PROSE_LETTER_SHARE = 0.9
"""Text with fewer letters among its visible characters is looked at for code."""
_CODE_CHARS = 2000
"""Code is looked for in the beginning of a text."""
_BY_SCRIPT_ALONE = {"Jpan": "ja", "Kore": "ko", "Mong": "mn-Mong"}
"""Scripts whose letters tell the language: kana, hangul, Mongolian."""
_SURE = 6.0
"""Log-odds where the script alone tells the language."""


class LanguageIdentifier:
    """Names the language and script of texts; says `und` where it does not know, `zxx` where there is none.

    Script first: a text's letters are counted by Unicode script, and only languages of that script compete. Han text
    is told apart by characters, all else by a fastText classifier and by tables of character n-grams."""

    def __init__(self, groups: Sequence[ScriptGroup]) -> None:
        """Args: groups: scorers with their doubt; each script belongs to one."""
        self._groups = tuple(groups)
        self._group_of = {script: i for i, group in enumerate(groups) for script in group.scorer.scripts}

    @classmethod
    def load(cls, folder: Path | None = None) -> LanguageIdentifier:
        """The shipped identifier, another folder of the same form, or a lid.176, OpenLID or GlotLID file (.bin, .ftz).

        Raises: ModelError: a file is missing, damaged or of another format."""
        path = folder or DEFAULT_FOLDER
        if path.suffix in (".bin", ".ftz"):
            return _ForeignIdentifier(ForeignModel(path))
        return cls(load_groups(path))

    def identify(self, text: str) -> LanguageGuess:
        """The language of one normalised text."""
        return self.identify_many([text])[0]

    def identify_many(self, texts: Sequence[str]) -> list[LanguageGuess]:
        """The languages of many normalised texts, in order; long ones are read in windows across the text."""
        found: list[LanguageGuess] = []
        for begin in range(0, len(texts), _BATCH):
            found += self._batch(texts[begin : begin + _BATCH])
        return found

    def _batch(self, texts: Sequence[str]) -> list[LanguageGuess]:
        pieces = pieces_of(texts)
        owned: list[list[int]] = [[] for _ in texts]
        for i, piece in enumerate(pieces):
            owned[piece.owner].append(i)
        guesses = [_without_language(text, [pieces[i] for i in own]) for text, own in zip(texts, owned, strict=True)]
        waiting = [i for i, piece in enumerate(pieces) if piece.n_letters and guesses[piece.owner] is None]
        verdicts = self._verdicts([pieces[i] for i in waiting], texts)
        by_owner: dict[int, list[PieceVerdict]] = defaultdict(list)
        for i, found in zip(waiting, verdicts, strict=True):
            by_owner[pieces[i].owner].append(found)
        return [guess or verdict(by_owner[i]) for i, guess in enumerate(guesses)]

    def _verdicts(self, pieces: Sequence[Piece], texts: Sequence[str]) -> list[PieceVerdict]:
        verdicts: list[PieceVerdict | None] = [None] * len(pieces)
        han: dict[int, list[int]] = defaultdict(list)
        scored: dict[int, list[int]] = defaultdict(list)
        for i, piece in enumerate(pieces):
            group = None if piece.script in _BY_SCRIPT_ALONE else self._group_of.get(piece.script)
            if piece.script == "Hani":
                han[piece.owner].append(i)
            elif group is not None:
                scored[group].append(i)
            else:
                verdicts[i] = _by_script_alone(piece)
        for owner, rows in han.items():
            for i, found in zip(rows, _han_verdicts([pieces[i] for i in rows], texts[owner]), strict=True):
                verdicts[i] = found
        for number, rows in scored.items():
            for i, found in zip(rows, self._groups[number].verdicts([pieces[i] for i in rows]), strict=True):
                verdicts[i] = found
        return [found for found in verdicts if found is not None]


class _ForeignIdentifier(LanguageIdentifier):
    """The same interface over somebody else's fastText file, with its labels and its probabilities."""

    def __init__(self, model: ForeignModel) -> None:
        super().__init__(())
        self._model = model

    def _batch(self, texts: Sequence[str]) -> list[LanguageGuess]:
        return [self._model.guess(text) for text in texts]


def _without_language(text: str, pieces: Sequence[Piece]) -> LanguageGuess | None:
    if not pieces:
        return EMPTY_GUESS
    n_letters = sum(piece.n_letters for piece in pieces)
    n_visible = sum(piece.n_visible for piece in pieces)
    guess = no_language(n_letters, n_visible)
    is_suspect = guess is None and n_letters < _PROSE_LETTER_SHARE * n_visible and pieces[0].script == "Latn"
    if is_suspect and is_code(text[:_CODE_CHARS]):
        return no_language_guess(0.95)
    return guess


def _by_script_alone(piece: Piece) -> PieceVerdict:
    tag = _BY_SCRIPT_ALONE.get(piece.script)
    if tag is not None and not (piece.script == "Mong" and is_other_mongolian(piece.cleaned)):
        return PieceVerdict(piece.script, piece.n_letters, (tag,), (1.0,), _SURE, 0.0)
    return PieceVerdict(piece.script, piece.n_letters, (), (), -_SURE, 0.0)


def _han_verdicts(pieces: Sequence[Piece], text: str) -> list[PieceVerdict]:
    """One verdict for all Han pieces of a text: a window without telling characters follows the others."""
    evidence = HanEvidence(n_corner_brackets=text.count("「") + text.count("『"))
    for piece in pieces:
        evidence += HanEvidence.of(piece.cleaned, piece.n_letters)
    language, script, prob = evidence.verdict()
    tag = print_tag(language, script)
    return [PieceVerdict(script, piece.n_letters, (tag,), (prob,), _SURE, 0.0) for piece in pieces]
