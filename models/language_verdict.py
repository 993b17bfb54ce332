"""From pieces to the text: one language, two with shares, unknown, or none at all."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ..labels.language_tags import NO_LANGUAGE, UNKNOWN, split_tag
from .language_guess import NO_SCRIPT, LanguageGuess

_CONFIDENT = 0.97
"""From this probability on, a piece keeps its own language although the rest of the text is in another."""
_MIN_SHARE = 0.15
"""A second language is reported from this share of the letters on."""
_LENIENCY = 1.5
"""Log-odds by which a single piece may stay below its threshold when the rest of the text is clear."""
_MIN_LETTER_SHARE = 0.3
"""Below this share of letters among visible characters a text is figures, symbols or markup."""
_MIN_PROB = 1e-4
"""What a piece leaves to a language that is not among its candidates."""
_WRITTEN_AS = {"Hani": "Hans"}


@dataclass(frozen=True, slots=True)
class PieceVerdict:
    """What was found of one piece."""

    script: str
    n_letters: int
    tags: tuple[str, ...]
    """Candidates, best first; empty if the script has no supported language."""
    shares: tuple[float, ...]
    """Probability of each candidate if one of them is right."""
    log_odds: float
    """That it is in a supported language."""
    threshold: float
    """Below this it is unknown."""

    @property
    def is_known(self) -> bool:
        """Whether it may be named."""
        return bool(self.tags) and self.log_odds >= self.threshold


def no_language(n_letters: int, n_visible: int) -> LanguageGuess | None:
    """`zxx` if so few of the visible characters are letters; else None."""
    if n_letters >= 2 and n_letters >= _MIN_LETTER_SHARE * n_visible:
        return None
    return no_language_guess(1.0 - n_letters / max(n_visible, 1))


def no_language_guess(prob: float) -> LanguageGuess:
    """`zxx` with a probability."""
    return LanguageGuess(
        language=NO_LANGUAGE, script=NO_SCRIPT, prob=min(max(prob, 0.0), 0.99), shares=((NO_LANGUAGE, 1.0),)
    )


def verdict(pieces: Sequence[PieceVerdict]) -> LanguageGuess:
    """The guess for a text of at least one piece with letters."""
    if len(pieces) == 1:
        return _single(pieces[0])
    pooled = {script: _pooled(own) for script, own in _by_script(pieces).items()}
    weights: dict[tuple[str, str], float] = defaultdict(float)
    members: dict[tuple[str, str], list[PieceVerdict]] = defaultdict(list)
    for piece in pieces:
        key = (_assigned(piece, pooled[piece.script]), piece.script)
        weights[key] += piece.n_letters
        members[key].append(piece)
    total = sum(weights.values()) or 1.0
    ranked = sorted(weights, key=lambda key: (-weights[key], key))
    tag, script = ranked[0]
    shares = tuple((key[0], round(weights[key] / total, 4)) for key in ranked[:2] if weights[key] >= _MIN_SHARE * total)
    own = members[ranked[0]]
    odds = sum(piece.log_odds * piece.n_letters for piece in own) / max(sum(piece.n_letters for piece in own), 1)
    if tag == UNKNOWN:
        return _unknown(script, odds, shares or ((UNKNOWN, 1.0),))
    threshold = min(piece.threshold for piece in own)
    if odds < threshold:
        return _unknown(script, odds, ((UNKNOWN, 1.0),))
    prob = _sigmoid(odds) * pooled[script].get(tag, _CONFIDENT)
    return _named(tag, prob, shares)


def _single(piece: PieceVerdict) -> LanguageGuess:
    if not piece.is_known:
        return _unknown(piece.script, piece.log_odds if piece.tags else -6.0, ((UNKNOWN, 1.0),))
    tag = piece.tags[0]
    return _named(tag, _sigmoid(piece.log_odds) * piece.shares[0], ((tag, 1.0),))


def _by_script(pieces: Sequence[PieceVerdict]) -> dict[str, list[PieceVerdict]]:
    found: dict[str, list[PieceVerdict]] = defaultdict(list)
    for piece in pieces:
        found[piece.script].append(piece)
    return found


def _pooled(pieces: Sequence[PieceVerdict]) -> dict[str, float]:
    """Probability of each tag from all pieces of one script together; windows of one text are not independent."""
    known = [piece for piece in pieces if piece.is_known] or [piece for piece in pieces if piece.tags]
    tags = sorted({tag for piece in known for tag in piece.tags})
    if not tags:
        return {}
    weight = 1 / math.sqrt(len(known))
    logs = dict.fromkeys(tags, 0.0)
    for piece in known:
        own = dict(zip(piece.tags, piece.shares, strict=True))
        for tag in tags:
            logs[tag] += weight * math.log(max(own.get(tag, 0.0), _MIN_PROB))
    top = max(logs.values())
    odds = {tag: math.exp(value - top) for tag, value in logs.items()}
    total = sum(odds.values())
    return {tag: value / total for tag, value in sorted(odds.items(), key=lambda item: -item[1])}


def _assigned(piece: PieceVerdict, pooled: dict[str, float]) -> str:
    if piece.is_known and piece.shares[0] >= _CONFIDENT:
        return piece.tags[0]
    if pooled and piece.tags and piece.log_odds >= piece.threshold - _LENIENCY:
        return next(iter(pooled))
    return UNKNOWN


def _named(tag: str, prob: float, shares: tuple[tuple[str, float], ...]) -> LanguageGuess:
    language, script = split_tag(tag)
    return LanguageGuess(language=language, script=script, prob=prob, shares=shares)


def _unknown(script: str, odds: float, shares: tuple[tuple[str, float], ...]) -> LanguageGuess:
    return LanguageGuess(
        language=UNKNOWN, script=_WRITTEN_AS.get(script, script), prob=1.0 - _sigmoid(odds), shares=shares
    )


def _sigmoid(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(min(odds, 30.0), -30.0)))
