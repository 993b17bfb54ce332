"""Groups of languages that figures are pooled over where single languages have too few articles."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "East and Southeast Asia": tuple("zh yue ja ko vi th lo km my id ms jv su tl bo".split()),
    "Germanic": tuple("en de nl af sv da nb nn is lb".split()),
    "Romance and Greek": tuple("fr it es pt ca gl ro el eo".split()),
    "Slavic and Baltic": tuple("ru uk be pl cs sk sl hr sr bs mk bg lv lt".split()),
    "Turkic and Mongolic": tuple("ug kk ky uz tk az tr tt ba mn tg".split()),
    "South Asia": tuple("hi bn ur pa gu mr ne si ta te kn ml or as sd".split()),
    "Arabic, Persian, Hebrew": tuple("ar fa prs ps ckb kmr he".split()),
    "Africa": tuple("am ti so sw ha yo ig zu xh rw mg".split()),
    "Other European": tuple("fi et hu eu ga cy mt hy ka sq".split()),
})  # fmt: skip
"""Name -> languages. Areal as much as genetic: outlets of one area report alike, which matters more for stance."""

_GROUP_OF = {language: name for name, languages in GROUPS.items() for language in languages}

XINJIANG_LANGUAGES = ("ug", "kk", "ky", "mn", "bo")
"""Languages of Xinjiang (and Tibetan), whose figures are reported apart."""


def group_of_tag(tag: str) -> str:
    """Group of a printed tag; `other` for what is in none."""
    return _GROUP_OF.get(tag.split("-")[0], "other")
