"""The other scripts of languages written in several: transliterated text where hardly any original exists."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..labels.transliterate import TRANSLITERATIONS

VARIANTS: Mapping[str, Mapping[str, Callable[[str], str]]] = {
    "ug": {
        "ug-Latn": TRANSLITERATIONS["ug", "Arab", "Latn"],
        "ug-Cyrl": TRANSLITERATIONS["ug", "Arab", "Cyrl"],
    },
    "kk": {
        "kk-Arab": TRANSLITERATIONS["kk", "Cyrl", "Arab"],
        "kk-Latn": TRANSLITERATIONS["kk", "Cyrl", "Latn"],
    },
    "ky": {"ky-Arab": TRANSLITERATIONS["ky", "Cyrl", "Arab"]},
    "uz": {"uz-Cyrl": TRANSLITERATIONS["uz", "Latn", "Cyrl"]},
    "tt": {"tt-Latn": TRANSLITERATIONS["tt", "Cyrl", "Latn"]},
    "mn": {"mn-Mong": TRANSLITERATIONS["mn", "Cyrl", "Mong"]},
    "pa": {"pa-Arab": TRANSLITERATIONS["pa", "Guru", "Arab"]},
    "sr": {"sr-Latn": TRANSLITERATIONS["sr", "Cyrl", "Latn"]},
}
"""Language as the corpora write it -> tag of the variant -> conversion."""
