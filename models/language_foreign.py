"""ForeignModel: a lid.176, OpenLID or GlotLID file in the place of the shipped identifier."""

from __future__ import annotations

from pathlib import Path

from ..labels.han import han_script
from ..labels.language_codes import read_code
from ..labels.language_tags import NO_LANGUAGE, UNKNOWN, print_tag
from ..labels.scripts import script_counts
from .fasttext_model import FastTextModel
from .language_cleaning import without_markup
from .language_guess import EMPTY_GUESS, NO_SCRIPT, LanguageGuess
from .language_windows import windows

_NO_LANGUAGE_LABELS = frozenset({"zxx", "zxx_Zxxx", "und", "mul"})


class ForeignModel:
    """Reads the label and the probability of a fastText language model; the script is counted, not believed."""

    def __init__(self, path: Path) -> None:
        """Args: path: a .bin or .ftz file whose labels are language codes (`__label__zh`, `__label__uig_Arab`).

        Raises: ModelError: the file is missing or is no fastText model."""
        self._model = FastTextModel(path)

    def guess(self, text: str) -> LanguageGuess:
        """The language of a normalised text as the model has it, not calibrated and without a threshold."""
        read = " ".join(without_markup(" ".join(windows(text))).split())
        if not read:
            return EMPTY_GUESS
        counts = script_counts(read)
        if not counts:
            return LanguageGuess(language=NO_LANGUAGE, script=NO_SCRIPT, prob=0.99, shares=((NO_LANGUAGE, 1.0),))
        found = self._model.predict(read)
        if not found:
            return EMPTY_GUESS
        prob, label = found[0]
        return _named(label, prob, next(iter(counts)), read)


def _named(label: str, prob: float, main: str, text: str) -> LanguageGuess:
    if label in _NO_LANGUAGE_LABELS:
        return LanguageGuess(language=UNKNOWN, script=main, prob=prob, shares=((UNKNOWN, 1.0),))
    read = read_code(label)
    language = read[0] if read else label.partition("_")[0]
    script = {"Hira": "Jpan", "Kana": "Jpan", "Hang": "Kore"}.get(main, main)
    if main == "Hani":
        script = {"ja": "Jpan", "ko": "Kore"}.get(language) or han_script(text) or "Hans"
    return LanguageGuess(language=language, script=script, prob=prob, shares=((print_tag(language, script), 1.0),))
