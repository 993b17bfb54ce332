"""LetterTable: replaces letters and groups of letters by those of another script, longest match first."""

from __future__ import annotations

import re
from collections.abc import Mapping


class LetterTable:
    """A case-keeping letter-by-letter conversion; what the table does not name stays as it is."""

    def __init__(self, letters: Mapping[str, str]) -> None:
        """Args: letters: lower-case source (one or more characters) to lower-case target."""
        self._letters = dict(letters)
        longest_first = sorted(self._letters, key=lambda source: (-len(source), source))
        self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """The text converted; a capital stays a capital, and a group is all capitals inside a word in capitals."""
        return self._pattern.sub(self._replace, text)

    def _replace(self, match: re.Match[str]) -> str:
        found = match.group()
        new = self._letters.get(found)
        if new is not None:
            return new
        new = self._letters.get(found.lower(), found)
        if not found[0].isupper():
            return new
        after = match.string[match.end() : match.end() + 1]
        before = match.string[match.start() - 1 : match.start()]
        is_in_capitals = found[1:].isupper() if len(found) > 1 else (after or before).isupper()
        return new.upper() if is_in_capitals else new[:1].upper() + new[1:]


def pairs(source: str, target: str) -> dict[str, str]:
    """A letter table from two strings of words: the n-th word of the one becomes the n-th of the other."""
    return dict(zip(source.split(), target.split(), strict=True))
