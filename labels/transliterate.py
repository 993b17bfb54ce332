"""Transliteration between the scripts of one language: what can be converted, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .errors import ConfigError
from .transliterate_kazakh_kyrgyz import (
    kazakh_arab_to_cyrl,
    kazakh_cyrl_to_arab,
    kazakh_cyrl_to_latn,
    kyrgyz_arab_to_cyrl,
    kyrgyz_cyrl_to_arab,
)
from .transliterate_latin_cyrillic import (
    azerbaijani_cyrl_to_latn,
    azerbaijani_latn_to_cyrl,
    serbian_cyrl_to_latn,
    serbian_latn_to_cyrl,
    tatar_cyrl_to_latn,
    uzbek_cyrl_to_latn,
    uzbek_latn_to_cyrl,
)
from .transliterate_mongolian import mongolian_cyrl_to_mong
from .transliterate_punjabi import punjabi_guru_to_arab
from .transliterate_uyghur import (
    uyghur_arab_to_cyrl,
    uyghur_arab_to_latn,
    uyghur_cyrl_to_arab,
    uyghur_cyrl_to_latn,
    uyghur_latn_to_arab,
    uyghur_latn_to_cyrl,
)

TRANSLITERATIONS: Mapping[tuple[str, str, str], Callable[[str], str]] = {
    ("ug", "Arab", "Latn"): uyghur_arab_to_latn,
    ("ug", "Latn", "Arab"): uyghur_latn_to_arab,
    ("ug", "Arab", "Cyrl"): uyghur_arab_to_cyrl,
    ("ug", "Cyrl", "Arab"): uyghur_cyrl_to_arab,
    ("ug", "Cyrl", "Latn"): uyghur_cyrl_to_latn,
    ("ug", "Latn", "Cyrl"): uyghur_latn_to_cyrl,
    ("kk", "Cyrl", "Arab"): kazakh_cyrl_to_arab,
    ("kk", "Arab", "Cyrl"): kazakh_arab_to_cyrl,
    ("kk", "Cyrl", "Latn"): kazakh_cyrl_to_latn,
    ("ky", "Cyrl", "Arab"): kyrgyz_cyrl_to_arab,
    ("ky", "Arab", "Cyrl"): kyrgyz_arab_to_cyrl,
    ("uz", "Latn", "Cyrl"): uzbek_latn_to_cyrl,
    ("uz", "Cyrl", "Latn"): uzbek_cyrl_to_latn,
    ("tt", "Cyrl", "Latn"): tatar_cyrl_to_latn,
    ("az", "Latn", "Cyrl"): azerbaijani_latn_to_cyrl,
    ("az", "Cyrl", "Latn"): azerbaijani_cyrl_to_latn,
    ("sr", "Cyrl", "Latn"): serbian_cyrl_to_latn,
    ("sr", "Latn", "Cyrl"): serbian_latn_to_cyrl,
    ("pa", "Guru", "Arab"): punjabi_guru_to_arab,
    ("mn", "Cyrl", "Mong"): mongolian_cyrl_to_mong,
}
"""What can be converted: (language, script of the text, script wanted) -> the converter."""


def transliterate(text: str, *, language: str, source: str, target: str) -> str:
    """The text in another script of its language: `language="ug", source="Arab", target="Latn"`.

    Raises: ConfigError: there is no converter for this pair."""
    converter = TRANSLITERATIONS.get((language, source, target))
    if converter is None:
        known = ", ".join(f"{of} {a}->{b}" for of, a, b in TRANSLITERATIONS)
        raise ConfigError(f"no transliteration of {language!r} from {source!r} to {target!r}; there are: {known}")
    return converter(text)
