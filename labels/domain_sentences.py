"""Sentences of the domain in many languages, each with its voice and content: equal numbers are translations.

They align what the policy's words mean across languages that have few labelled articles. They are no articles, carry
no article label, and are read by training only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import DataError
from .records import Content, Voice

DOMAIN_SENTENCES = Path(__file__).parent / "domain_sentences.jsonl"
"""The project's own sentences, in a checkout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSentence:
    """One sentence in one language."""

    language: str
    script: str
    number: int
    """Sentences of one number are translations of each other."""
    voice: Voice
    content: Content
    is_about_target: bool
    """False for sport, weather and other news."""
    text: str


def read_domain_sentences(path: Path = DOMAIN_SENTENCES) -> list[DomainSentence]:
    """All sentences of a file.

    Raises: DataError: unreadable, or a line of the wrong form; the message holds the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); it must be UTF-8 JSON lines") from error
    found = []
    for line_no, line in enumerate(lines, 1):
        try:
            found.append(DomainSentence(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise DataError(f"{path}:{line_no}: is no domain sentence ({error})") from error
    return found


def write_domain_sentences(sentences: Iterable[DomainSentence], path: Path) -> None:
    """Write one JSON object a line."""
    path.write_text("".join(json.dumps(asdict(s), ensure_ascii=False) + "\n" for s in sentences), encoding="utf-8")
