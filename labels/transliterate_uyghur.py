"""Uyghur in its three scripts: Arabic (the standard in Xinjiang), Latin (ULY) and Cyrillic (Central Asia)."""

from __future__ import annotations

import re

from .letter_table import LetterTable, pairs

_ARAB = "ا ە ب پ ت ج چ خ د ر ز ژ س ش غ ف ق ك گ ڭ ل م ن ھ و ۇ ۆ ۈ ۋ ې ى ي"
_LATN = "a e b p t j ch x d r z zh s sh gh f q k g ng l m n h o u ö ü w ë i y"
_CYRL = "а ә б п т җ ч х д р з ж с ш ғ ф қ к г ң л м н һ о у ө ү в е и й"
_MARKS_FROM_ARAB = {"،": ",", "؛": ";", "؟": "?", "ـ": ""}
_MARKS_TO_ARAB = {",": "،", ";": "؛", "?": "؟"}

_ARAB_VOWELS = "اەوۇۆۈېى"
_LATN_VOWELS = "aeouöüëi"
_CYRL_VOWELS = "аәоуөүеи"
_APOSTROPHES = "'’‘ʼʻ`"

# Presentation and keyboard variants of the same letters, as they occur on the web.
_ARAB_VARIANTS = str.maketrans({"ک": "ك", "ه": "ە", "ی": "ى", "ئ": "ئ"})

_TO_LATN = LetterTable(pairs(_ARAB, _LATN) | _MARKS_FROM_ARAB)
_TO_CYRL = LetterTable(pairs(_ARAB, _CYRL) | _MARKS_FROM_ARAB | {"يا": "я", "يۇ": "ю"})
_FROM_LATN = LetterTable(pairs(_LATN, _ARAB) | _MARKS_TO_ARAB | {"é": "ې", "ê": "ې"})
_FROM_CYRL = LetterTable(
    pairs(_CYRL, _ARAB)
    | _MARKS_TO_ARAB
    | {"я": "يا", "ю": "يۇ", "ё": "يو", "э": "ې", "ы": "ى", "ц": "تس", "щ": "ش", "ъ": "", "ь": ""}
)


def uyghur_arab_to_latn(text: str) -> str:
    """Uyghur Latin script (ULY) of text in Arabic script; sentences begin with a capital."""
    text = text.translate(_ARAB_VARIANTS)
    text = re.sub("ن(?=گ)", "ن'", text)  # n + g is not the letter ng
    text = re.sub("(?<=س)(?=ھ)|(?<=ز)(?=ھ)|(?<=گ)(?=ھ)|(?<=چ)(?=ھ)", "'", text)
    text = re.sub(f"(?<=[\\w])ئ(?=[{_ARAB_VOWELS}])", "'", text).replace("ئ", "")
    return _sentence_case(_TO_LATN(text))


def uyghur_arab_to_cyrl(text: str) -> str:
    """Uyghur Cyrillic script of text in Arabic script; sentences begin with a capital."""
    text = text.translate(_ARAB_VARIANTS).replace("ئ", "")
    return _sentence_case(_TO_CYRL(text))


def uyghur_latn_to_arab(text: str) -> str:
    """Uyghur Arabic script of text in Latin script (ULY, also with é for ë)."""
    text = re.sub(f"(?<=[{_LATN_VOWELS}é])(?=[{_LATN_VOWELS}é])", "'", text, flags=re.IGNORECASE)
    text = re.sub(f"(?<!\\w)(?=[{_LATN_VOWELS}é])", "ئ", text, flags=re.IGNORECASE)
    text = re.sub(f"(?<=\\w)[{_APOSTROPHES}](?=[{_LATN_VOWELS}é])", "ئ", text, flags=re.IGNORECASE)
    text = re.sub(f"(?<=\\w)[{_APOSTROPHES}](?=\\w)", "\x00", text)
    return _FROM_LATN(text).replace("\x00", "")


def uyghur_cyrl_to_arab(text: str) -> str:
    """Uyghur Arabic script of text in Cyrillic script."""
    text = re.sub(f"(?<=[{_CYRL_VOWELS}])(?=[{_CYRL_VOWELS}])", "ئ", text, flags=re.IGNORECASE)
    text = re.sub(f"(?<!\\w)(?=[{_CYRL_VOWELS}эы])", "ئ", text, flags=re.IGNORECASE)
    return _FROM_CYRL(text)


def uyghur_cyrl_to_latn(text: str) -> str:
    """Uyghur Latin script (ULY) of text in Cyrillic script."""
    return uyghur_arab_to_latn(uyghur_cyrl_to_arab(text))


def uyghur_latn_to_cyrl(text: str) -> str:
    """Uyghur Cyrillic script of text in Latin script (ULY)."""
    return uyghur_arab_to_cyrl(uyghur_latn_to_arab(text))


def _sentence_case(text: str) -> str:
    return re.sub(r"(?:^|(?<=[.!?]\s)|(?<=\n))\W*\w", lambda m: m.group().upper(), text)
