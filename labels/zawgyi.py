"""Zawgyi-encoded Burmese: recognise it and convert it to Unicode."""

from __future__ import annotations


def is_zawgyi(text: str) -> bool:
    """Whether Burmese text is in the Zawgyi encoding."""
    return False


def zawgyi_to_unicode(text: str) -> str:
    """Zawgyi-encoded text in Unicode order and code points."""
    return text
