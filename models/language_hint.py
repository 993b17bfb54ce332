"""What an archive says of its own languages: trusted, checked against the text, or ignored."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from ..labels.language_codes import read_code
from ..labels.language_tags import NO_LANGUAGE, SCRIPTS_OF_LANGUAGE, UNKNOWN, split_tag, supported_tag
from .language_guess import LanguageGuess

HintMode = Literal["trust", "check", "ignore"]
"""`trust`: the hint wins where the text's script allows it. `check`: the text wins, save where it cannot tell.
`ignore`: the text alone."""

_CONFUSABLE: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split()) for group in ("bs hr sr", "id ms", "nb nn da", "fa prs", "zh yue", "xh zu", "kmr ckb")
)
"""Languages that a sentence often cannot tell apart: here `check` believes the hint."""

_LOW_PROB = 0.5
"""Below this calibrated probability the text has not told its language."""


def agrees(guess: LanguageGuess, hint: str | None) -> bool | None:
    """Whether the text and the archive name the same language and script; None where either says nothing."""
    read = read_code(hint)
    if read is None or guess.language in (UNKNOWN, NO_LANGUAGE):
        return None
    language, script = read
    return guess.language == language and script in (None, guess.script)


def apply_hint(guess: LanguageGuess, hint: str | None, *, mode: HintMode) -> LanguageGuess:
    """The guess, or the language that the archive names where the mode and the text's script allow it.

    No hint makes a text without language (`zxx`) or an empty one into a language."""
    read = read_code(hint)
    if mode == "ignore" or read is None or guess.language == NO_LANGUAGE or guess.script == "Zyyy":
        return guess
    if agrees(guess, hint):
        return guess
    hinted = _in_script_of(guess, *read)
    if hinted is None:
        return guess
    if mode == "trust" or guess.language == UNKNOWN or guess.prob < _LOW_PROB:
        return hinted
    is_confusable = any({guess.language, hinted.language} <= group for group in _CONFUSABLE)
    return hinted if is_confusable else guess


def _in_script_of(guess: LanguageGuess, language: str, script: str | None) -> LanguageGuess | None:
    """The hinted language in the script the text is written in; None if it is not written in that."""
    if language == "kmr" and guess.script == "Arab":
        language = "ckb"  # "Kurdish" in Arabic script is Sorani
    written = guess.script if guess.script != "Hani" else script or "Hans"
    if written in ("Hans", "Hant") and script in ("Hans", "Hant") and language == "zh":
        written = script
    if language == "yue" and written in ("Hans", "Hant"):
        written = "Hant"
    if written not in SCRIPTS_OF_LANGUAGE[language]:
        return None
    tag = supported_tag(f"{language}-{written}") or supported_tag(language) or language
    named, named_script = split_tag(tag)
    return replace(guess, language=named, script=named_script, prob=1.0, shares=((tag, 1.0),))
