"""Router: the language of an article -> the bundle that reads it, or why none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .language_guess import LanguageGuess


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where an article goes."""

    name: str | None
    """Name of the bundle, or None."""
    reason: str | None
    """Why there is none; None where there is one."""
    is_forced: bool = False
    """Sent to the default although its language is unknown: never validated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """Sends the languages of a bundle to it."""

    name: str
    """Name of the bundle."""
    languages: frozenset[str]
    """Tags that it reads."""
    score_unknown: bool = False
    """Send `und` to it as well."""

    @classmethod
    def to(cls, name: str, languages: Sequence[str], *, score_unknown: bool = False) -> Router:
        """A router for one bundle."""
        return cls(name=name, languages=frozenset(languages), score_unknown=score_unknown)

    def route(self, guess: LanguageGuess) -> Route:
        """The route of one article."""
        if guess.language == "zxx":
            return Route(name=None, reason="no language in it (code, numbers or markup)")
        if guess.language == "und":
            if self.score_unknown:
                return Route(name=self.name, reason=None, is_forced=True)
            return Route(name=None, reason="language unknown or not supported")
        if guess.tag in self.languages or guess.language in self.languages:
            return Route(name=self.name, reason=None)
        return Route(name=None, reason=f"no bundle reads {guess.tag}")
