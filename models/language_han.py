"""Text in Han characters alone: Simplified, Traditional, Cantonese, or Japanese without kana."""

from __future__ import annotations

from dataclasses import dataclass

from ..labels.han import han_counts

_MIN_CANTONESE_SHARE = 0.025
"""Written Cantonese has a word of its own in every clause or so; a quoted word in standard Chinese stays below."""
_MIN_JAPANESE_SHARE = 0.05
_PROB_BY_LEAD = (0.65, 0.95, 0.98)
_PROB_CLEAR = 0.995
"""Probability of Hans or Hant by the lead of one's own characters over the other's: 0, 1, 2, more."""


@dataclass(frozen=True, slots=True)
class HanEvidence:
    """Counts over one or several pieces of a text."""

    n_hans: int = 0
    n_hant: int = 0
    n_japanese: int = 0
    n_cantonese: int = 0
    n_han: int = 0
    n_corner_brackets: int = 0

    @classmethod
    def of(cls, cleaned: str, n_han: int) -> HanEvidence:
        """The evidence in a piece with `n_han` Han characters; its punctuation is counted elsewhere."""
        n_hans, n_hant, n_japanese, n_cantonese = han_counts(cleaned)
        return cls(n_hans, n_hant, n_japanese, n_cantonese, n_han)

    def __add__(self, other: HanEvidence) -> HanEvidence:
        return HanEvidence(
            self.n_hans + other.n_hans,
            self.n_hant + other.n_hant,
            self.n_japanese + other.n_japanese,
            self.n_cantonese + other.n_cantonese,
            self.n_han + other.n_han,
            self.n_corner_brackets + other.n_corner_brackets,
        )

    def verdict(self) -> tuple[str, str, float]:
        """Language, script and probability."""
        if self.n_japanese > self.n_hans and self.n_japanese >= _MIN_JAPANESE_SHARE * self.n_han:
            return "ja", "Jpan", 0.9
        script, prob = self._script()
        if self.n_cantonese and self.n_cantonese >= _MIN_CANTONESE_SHARE * self.n_han:
            return "yue", script if self.n_hans > self.n_hant else "Hant", 0.98 if self.n_cantonese > 1 else 0.9
        return "zh", script, prob

    def _script(self) -> tuple[str, float]:
        lead = abs(self.n_hans - self.n_hant)
        if lead == 0 and self.n_corner_brackets:
            return "Hant", _PROB_BY_LEAD[1]
        prob = _PROB_BY_LEAD[lead] if lead < len(_PROB_BY_LEAD) else _PROB_CLEAR
        return ("Hant" if self.n_hant > self.n_hans else "Hans"), prob
