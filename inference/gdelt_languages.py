"""Names and codes of languages in GDELT lists, and their BCP-47 tags."""

from __future__ import annotations

# GDELT DOC names languages in English, GKG by ISO 639-2 or 639-3 codes (`srclc`).
_TAGS = {
    "afrikaans": "af", "afr": "af", "albanian": "sq", "sqi": "sq", "alb": "sq", "amharic": "am", "amh": "am",
    "arabic": "ar", "ara": "ar", "armenian": "hy", "hye": "hy", "azerbaijani": "az", "aze": "az", "basque": "eu",
    "eus": "eu", "belarusian": "be", "bel": "be", "bengali": "bn", "ben": "bn", "bosnian": "bs", "bos": "bs",
    "bulgarian": "bg", "bul": "bg", "burmese": "my", "mya": "my", "catalan": "ca", "cat": "ca", "chinese": "zh",
    "zho": "zh", "chi": "zh", "croatian": "hr", "hrv": "hr", "czech": "cs", "ces": "cs", "danish": "da", "dan": "da",
    "dari": "prs", "prs": "prs", "dutch": "nl", "nld": "nl", "english": "en", "eng": "en", "esperanto": "eo",
    "epo": "eo", "estonian": "et", "est": "et", "finnish": "fi", "fin": "fi", "french": "fr", "fra": "fr",
    "fre": "fr", "galician": "gl", "glg": "gl", "georgian": "ka", "kat": "ka", "german": "de", "deu": "de",
    "ger": "de", "greek": "el", "ell": "el", "gujarati": "gu", "guj": "gu", "hausa": "ha", "hau": "ha",
    "hebrew": "he", "heb": "he", "hindi": "hi", "hin": "hi", "hungarian": "hu", "hun": "hu", "icelandic": "is",
    "isl": "is", "igbo": "ig", "ibo": "ig", "indonesian": "id", "ind": "id", "irish": "ga", "gle": "ga",
    "italian": "it", "ita": "it", "japanese": "ja", "jpn": "ja", "javanese": "jv", "jav": "jv", "kannada": "kn",
    "kan": "kn", "kazakh": "kk", "kaz": "kk", "khmer": "km", "khm": "km", "kinyarwanda": "rw", "kin": "rw",
    "korean": "ko", "kor": "ko", "kurdish": "ku", "kur": "ku", "kyrgyz": "ky", "kir": "ky", "lao": "lo",
    "latvian": "lv", "lav": "lv", "lithuanian": "lt", "lit": "lt", "luxembourgish": "lb", "ltz": "lb",
    "macedonian": "mk", "mkd": "mk", "malagasy": "mg", "mlg": "mg", "malay": "ms", "msa": "ms", "malayalam": "ml",
    "mal": "ml", "maltese": "mt", "mlt": "mt", "marathi": "mr", "mar": "mr", "mongolian": "mn", "mon": "mn",
    "nepali": "ne", "nep": "ne", "norwegian": "nb", "nor": "nb", "norwegianbokmal": "nb", "nob": "nb",
    "norwegiannynorsk": "nn", "nno": "nn", "oriya": "or", "odia": "or", "ori": "or", "pashto": "ps", "pus": "ps",
    "persian": "fa", "farsi": "fa", "fas": "fa", "per": "fa", "polish": "pl", "pol": "pl", "portuguese": "pt",
    "por": "pt", "punjabi": "pa", "pan": "pa", "romanian": "ro", "ron": "ro", "rum": "ro", "russian": "ru",
    "rus": "ru", "serbian": "sr", "srp": "sr", "sindhi": "sd", "snd": "sd", "sinhala": "si", "sinhalese": "si",
    "sin": "si", "slovak": "sk", "slk": "sk", "slovenian": "sl", "slv": "sl", "somali": "so", "som": "so",
    "spanish": "es", "spa": "es", "sundanese": "su", "sun": "su", "swahili": "sw", "swa": "sw", "swedish": "sv",
    "swe": "sv", "tagalog": "tl", "filipino": "tl", "tgl": "tl", "tajik": "tg", "tgk": "tg", "tamil": "ta",
    "tam": "ta", "tatar": "tt", "tat": "tt", "telugu": "te", "tel": "te", "thai": "th", "tha": "th",
    "tibetan": "bo", "bod": "bo", "tigrinya": "ti", "tir": "ti", "turkish": "tr", "tur": "tr", "turkmen": "tk",
    "tuk": "tk", "ukrainian": "uk", "ukr": "uk", "urdu": "ur", "urd": "ur", "uyghur": "ug", "uighur": "ug",
    "uig": "ug", "uzbek": "uz", "uzb": "uz", "vietnamese": "vi", "vie": "vi", "welsh": "cy", "cym": "cy",
    "xhosa": "xh", "xho": "xh", "yoruba": "yo", "yor": "yo", "zulu": "zu", "zul": "zu",
}  # fmt: skip


def language_tag(name: str) -> str | None:
    """BCP-47 tag of a language's English name or ISO 639 code; None where it is not known."""
    plain = name.strip().lower().replace(" ", "").replace("å", "a")
    if plain in _TAGS:
        return _TAGS[plain]
    return plain if len(plain) == 2 and plain in _TAGS.values() else None
