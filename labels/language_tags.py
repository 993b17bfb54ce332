"""The languages and scripts of this work: the supported tags, how a tag is read and how it is printed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

UNKNOWN = "und"
"""A language that is not known."""
NO_LANGUAGE = "zxx"
"""Text without language: codes, numbers, markup."""

SUPPORTED_TAGS: tuple[str, ...] = (
    "en", "zh-Hans", "zh-Hant", "yue", "ug-Arab", "ug-Latn", "ug-Cyrl", "kk-Cyrl", "kk-Arab", "kk-Latn", "ky-Cyrl",
    "ky-Arab", "uz-Latn", "uz-Cyrl", "tg-Cyrl", "tk-Latn", "az-Latn", "tr", "tt-Cyrl", "tt-Latn", "ba", "mn-Cyrl",
    "mn-Mong", "bo", "ja", "ko", "vi", "th", "lo", "km", "my", "id", "ms", "jv", "su", "tl", "hi", "bn", "ur",
    "pa-Guru", "pa-Arab", "gu", "mr", "ne", "si", "ta", "te", "kn", "ml", "or", "as", "fa", "prs", "ps", "kmr-Latn",
    "ckb", "sd", "ar", "he", "am", "ti", "so", "sw", "ha", "yo", "ig", "zu", "xh", "af", "rw", "mg", "ru", "uk",
    "be", "pl", "cs", "sk", "sl", "hr", "sr-Cyrl", "sr-Latn", "bs", "mk", "bg", "ro", "hu", "sq", "el", "de", "nl",
    "fr", "it", "es", "pt", "ca", "gl", "eu", "sv", "da", "nb", "nn", "is", "fi", "et", "lv", "lt", "ga", "cy",
    "mt", "hy", "ka", "eo", "lb",
)  # fmt: skip
"""All tags that the identifier can name (DESIGN section 3)."""

_OTHER_SCRIPTS: Mapping[str, str] = {
    "yue": "Hant", "ba": "Cyrl", "bo": "Tibt", "ja": "Jpan", "ko": "Kore", "th": "Thai", "lo": "Laoo", "km": "Khmr",
    "my": "Mymr", "hi": "Deva", "bn": "Beng", "ur": "Arab", "gu": "Gujr", "mr": "Deva", "ne": "Deva", "si": "Sinh",
    "ta": "Taml", "te": "Telu", "kn": "Knda", "ml": "Mlym", "or": "Orya", "as": "Beng", "fa": "Arab", "prs": "Arab",
    "ps": "Arab", "ckb": "Arab", "sd": "Arab", "ar": "Arab", "he": "Hebr", "am": "Ethi", "ti": "Ethi", "ru": "Cyrl",
    "uk": "Cyrl", "be": "Cyrl", "mk": "Cyrl", "bg": "Cyrl", "el": "Grek", "hy": "Armn", "ka": "Geor",
}  # fmt: skip

_SPLIT: Mapping[str, tuple[str, str]] = {
    tag: (tag.partition("-")[0], tag.partition("-")[2] or _OTHER_SCRIPTS.get(tag, "Latn")) for tag in SUPPORTED_TAGS
}
_WRITTEN_WITH_SCRIPT = frozenset(tag.partition("-")[0] for tag in SUPPORTED_TAGS if "-" in tag)
_DEFAULTS: dict[str, str] = {}
for _tag, (_language, _) in _SPLIT.items():
    _DEFAULTS.setdefault(_language, _tag)

SCRIPTS_OF_LANGUAGE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {language: tuple(script for other, script in _SPLIT.values() if other == language) for language in _DEFAULTS}
)
"""The scripts of each supported language, the commonest first."""


def split_tag(tag: str) -> tuple[str, str]:
    """Language and script of a supported tag: `"sr-Latn"` -> `("sr", "Latn")`, `"ru"` -> `("ru", "Cyrl")`.

    Of any other tag the script is what is written in it, `"Zyyy"` if nothing is."""
    if tag in _SPLIT:
        return _SPLIT[tag]
    language, _, script = tag.partition("-")
    return language, script or "Zyyy"


def print_tag(language: str, script: str) -> str:
    """The tag as it is printed: with the script where the language is written in several."""
    if language in _WRITTEN_WITH_SCRIPT and script not in ("", "Zyyy"):
        return f"{language}-{script}"
    return language


def supported_tag(tag: str) -> str | None:
    """The supported tag that a bare or full tag means: `"ug"` -> `"ug-Arab"`, `"ru-Cyrl"` -> `"ru"`; else None."""
    if tag in _SPLIT:
        return tag
    if tag in _DEFAULTS:
        return _DEFAULTS[tag]
    language, _, script = tag.partition("-")
    return language if _SPLIT.get(language) == (language, script) else None


def tags_of_script(script: str) -> tuple[str, ...]:
    """The supported tags written in a script (ISO 15924), in the order of `SUPPORTED_TAGS`."""
    return tuple(tag for tag, (_, written) in _SPLIT.items() if written == script)
