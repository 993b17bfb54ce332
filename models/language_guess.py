"""LanguageGuess: which language and script a text is in, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

from ..labels.language_tags import NO_LANGUAGE, SUPPORTED_TAGS, UNKNOWN, print_tag

NO_SCRIPT = "Zyyy"
_SUPPORTED = frozenset(SUPPORTED_TAGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageGuess:
    """What the identifier says of one text."""

    language: str
    """BCP-47 language, `"ug"`, `"zh"`; `"und"` if unknown, `"zxx"` if the text has no language."""
    script: str
    """ISO 15924, `"Arab"`, `"Hans"`, `"Jpan"`; `"Zyyy"` if the text has none. Known also when the language is not."""
    prob: float
    """Calibrated probability, 0 to 1, that `language` and `script` are right; 0 for an empty text."""
    shares: tuple[tuple[str, float], ...] = ()
    """Tags of the text by share of its characters, largest first; two where an article is in two languages."""

    @property
    def tag(self) -> str:
        """The printed tag: `"ug-Arab"`, `"en"`, `"und"`."""
        if self.language in (UNKNOWN, NO_LANGUAGE):
            return self.language
        return print_tag(self.language, self.script)

    @property
    def is_supported(self) -> bool:
        """Whether the tag is one of the 113; the identifier also knows `az-Cyrl`, so as not to call it another one."""
        return self.tag in _SUPPORTED


EMPTY_GUESS = LanguageGuess(language=UNKNOWN, script=NO_SCRIPT, prob=0.0)
"""The answer for an empty text."""
