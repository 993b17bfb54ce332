"""Other people's codes and names for the supported languages, mapped once: ISO 639-2, ISO 639-3, old codes, English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .language_tags import SCRIPTS_OF_LANGUAGE

_OTHER_CODES: Mapping[str, str] = MappingProxyType({
    "cmn": "zh", "chi": "zh", "zho": "zh", "no": "nb", "nor": "nb", "nob": "nb", "nno": "nn", "sh": "sr", "hbs": "sr",
    "scc": "sr", "srp": "sr", "hrv": "hr", "scr": "hr", "bos": "bs", "ku": "kmr", "kur": "kmr", "iw": "he", "in": "id",
    "fil": "tl", "tgl": "tl", "mo": "ro", "ron": "ro", "rum": "ro", "eng": "en", "uig": "ug", "kaz": "kk", "kir": "ky",
    "uzb": "uz", "uzn": "uz", "tgk": "tg", "tuk": "tk", "aze": "az", "azj": "az", "tur": "tr", "tat": "tt", "bak": "ba",
    "mon": "mn", "khk": "mn", "bod": "bo", "tib": "bo", "jpn": "ja", "kor": "ko", "vie": "vi", "tha": "th", "lao": "lo",
    "khm": "km", "mya": "my", "bur": "my", "ind": "id", "msa": "ms", "may": "ms", "zsm": "ms", "jav": "jv", "sun": "su",
    "hin": "hi", "ben": "bn", "urd": "ur", "pan": "pa", "pnb": "pa", "guj": "gu", "mar": "mr", "nep": "ne", "npi": "ne",
    "sin": "si", "tam": "ta", "tel": "te", "kan": "kn", "mal": "ml", "ori": "or", "ory": "or", "asm": "as", "fas": "fa",
    "per": "fa", "pes": "fa", "pus": "ps", "pbt": "ps", "snd": "sd", "ara": "ar", "arb": "ar", "heb": "he", "amh": "am",
    "tir": "ti", "som": "so", "swa": "sw", "swh": "sw", "hau": "ha", "yor": "yo", "ibo": "ig", "zul": "zu", "xho": "xh",
    "afr": "af", "kin": "rw", "mlg": "mg", "plt": "mg", "rus": "ru", "ukr": "uk", "bel": "be", "pol": "pl", "ces": "cs",
    "cze": "cs", "slk": "sk", "slo": "sk", "slv": "sl", "mkd": "mk", "mac": "mk", "bul": "bg", "hun": "hu", "sqi": "sq",
    "alb": "sq", "als": "sq", "ell": "el", "gre": "el", "deu": "de", "ger": "de", "nld": "nl", "dut": "nl", "fra": "fr",
    "fre": "fr", "ita": "it", "spa": "es", "por": "pt", "cat": "ca", "glg": "gl", "eus": "eu", "baq": "eu", "swe": "sv",
    "dan": "da", "isl": "is", "ice": "is", "fin": "fi", "est": "et", "ekk": "et", "lav": "lv", "lvs": "lv", "lit": "lt",
    "gle": "ga", "cym": "cy", "wel": "cy", "mlt": "mt", "hye": "hy", "arm": "hy", "kat": "ka", "geo": "ka", "epo": "eo",
    "ltz": "lb",
})  # fmt: skip
_NAMES: Mapping[str, str] = MappingProxyType({
    "english": "en", "chinese": "zh", "cantonese": "yue", "uyghur": "ug", "uighur": "ug", "kazakh": "kk", "kyrgyz":
    "ky", "uzbek": "uz", "tajik": "tg", "turkmen": "tk", "azerbaijani": "az", "turkish": "tr", "tatar": "tt",
    "bashkir": "ba", "mongolian": "mn", "tibetan": "bo", "japanese": "ja", "korean": "ko", "vietnamese": "vi",
    "thai": "th", "lao": "lo", "khmer": "km", "burmese": "my", "indonesian": "id", "malay": "ms", "javanese": "jv",
    "sundanese": "su", "tagalog": "tl", "filipino": "tl", "hindi": "hi", "bengali": "bn", "urdu": "ur", "punjabi":
    "pa", "panjabi": "pa", "gujarati": "gu", "marathi": "mr", "nepali": "ne", "sinhala": "si", "sinhalese": "si",
    "tamil": "ta", "telugu": "te", "kannada": "kn", "malayalam": "ml", "odia": "or", "oriya": "or", "assamese":
    "as", "persian": "fa", "farsi": "fa", "dari": "prs", "pashto": "ps", "kurdish": "kmr", "sorani": "ckb",
    "sindhi": "sd", "arabic": "ar", "hebrew": "he", "amharic": "am", "tigrinya": "ti", "somali": "so", "swahili":
    "sw", "hausa": "ha", "yoruba": "yo", "igbo": "ig", "zulu": "zu", "xhosa": "xh", "afrikaans": "af",
    "kinyarwanda": "rw", "malagasy": "mg", "russian": "ru", "ukrainian": "uk", "belarusian": "be", "polish": "pl",
    "czech": "cs", "slovak": "sk", "slovenian": "sl", "croatian": "hr", "serbian": "sr", "bosnian": "bs",
    "macedonian": "mk", "bulgarian": "bg", "romanian": "ro", "hungarian": "hu", "albanian": "sq", "greek": "el",
    "german": "de", "dutch": "nl", "french": "fr", "italian": "it", "spanish": "es", "portuguese": "pt", "catalan":
    "ca", "galician": "gl", "basque": "eu", "swedish": "sv", "danish": "da", "norwegian": "nb", "icelandic": "is",
    "finnish": "fi", "estonian": "et", "latvian": "lv", "lithuanian": "lt", "irish": "ga", "welsh": "cy", "maltese":
    "mt", "armenian": "hy", "georgian": "ka", "esperanto": "eo", "luxembourgish": "lb",
})  # fmt: skip
_REGION_SCRIPTS = {"cn": "Hans", "sg": "Hans", "tw": "Hant", "hk": "Hant", "mo": "Hant"}


def read_code(value: str | None) -> tuple[str, str | None] | None:
    """Language, and script or None, that a code or an English name means; None where it means no supported language.

    Understood: BCP-47 (`zh-TW`, `sr_Latn`, `pt-BR`), ISO 639-2 and 639-3 (`eng`, `uig_Arab`), English names."""
    if not value:
        return None
    parts = value.strip().replace("_", "-").split("-")
    first = parts[0].lower()
    language = _NAMES.get(first) or _OTHER_CODES.get(first, first)
    if language not in SCRIPTS_OF_LANGUAGE:
        return None
    script = next((part.title() for part in parts[1:] if len(part) == 4 and part.isalpha()), None)
    if script is None and language == "zh":
        script = next((_REGION_SCRIPTS[part.lower()] for part in parts[1:] if part.lower() in _REGION_SCRIPTS), None)
    if script is not None and script not in SCRIPTS_OF_LANGUAGE[language]:
        return None
    return language, script
