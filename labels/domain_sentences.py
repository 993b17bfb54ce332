"""Sentences of the domain in many languages, each with its voice and content: equal numbers are translations.

They align what the policy's words mean across languages that have few labelled articles. They are no articles, carry
no article label, and are read by training only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import DataError
from .language_tags import print_tag, split_tag
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
    """All sentences of a file: one line a number, with its text by language tag.

    Raises: DataError: unreadable, or a line of the wrong form; the message holds the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); it must be UTF-8 JSON lines") from error
    found = []
    for line_no, line in enumerate(lines, 1):
        try:
            raw = json.loads(line)
            texts: dict[str, str] = raw.pop("texts")
            for tag, text in texts.items():
                language, script = split_tag(tag)
                found.append(DomainSentence(language=language, script=script, text=text, **raw))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(f"{path}:{line_no}: is no domain sentence ({error!r})") from error
    return sorted(found, key=lambda sentence: (print_tag(sentence.language, sentence.script), sentence.number))


def write_domain_sentences(sentences: Iterable[DomainSentence], path: Path) -> None:
    """Write one JSON object a number; the sentences of one number share voice, content and subject."""
    rows: dict[int, dict[str, Any]] = {}
    for sentence in sentences:
        shared = {"number": sentence.number, "voice": sentence.voice, "content": sentence.content,
                  "is_about_target": sentence.is_about_target}  # fmt: skip
        row = rows.setdefault(sentence.number, shared | {"texts": {}})
        row["texts"][print_tag(sentence.language, sentence.script)] = sentence.text
    lines = [json.dumps(rows[number], ensure_ascii=False) for number in sorted(rows)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
