"""Kazakh and Kyrgyz: Cyrillic, the Arabic script used in China, and Kazakh Latin in its proposed alphabets."""

from __future__ import annotations

import re

from .letter_table import LetterTable, pairs

_MARKS = {",": "،", ";": "؛", "?": "؟"}
_MARKS_BACK = {arab: mark for mark, arab in _MARKS.items()}
_WORD = re.compile(r"[^\W\d_]+")
_HAMZA = "\u0674"  # the high hamza: the word has front vowels that its letters do not show

_KAZAKH_ARAB = LetterTable(
    pairs(
        "а ә б в г ғ д е ж з и й к қ л м н ң о ө п р с т у ұ ү ф х һ ч ш ы і э",
        "ا ا ب ۆ گ ع د ە ج ز ي ي ك ق ل م ن ڭ و و پ ر س ت ۋ ۇ ۇ ف ح ھ چ ش ى ى ە",
    )
    | {"ц": "تس", "щ": "شش", "ю": "يۋ", "я": "يا", "ё": "يو", "ъ": "", "ь": ""}
    | _MARKS
)
_KAZAKH_FROM_ARAB = LetterTable(
    pairs(
        "ا ب ۆ گ ع د ە ج ز ك ق ل م ن ڭ و پ ر س ت ۋ ۇ ف ح ھ چ ش ى",
        "а б в г ғ д е ж з к қ л м н ң о п р с т у ұ ф х һ ч ш ы",
    )
    | _MARKS_BACK
)
_FRONT = str.maketrans("аоұы", "әөүі")
_FRONT_BUT_A = str.maketrans("оұы", "өүі")  # к, г and е mark a front word, but а stands beside them in many loans

_COMMON_LATN = pairs("а б в г д е ж з к қ л м н о п р с т ф", "a b v g d e j z k q l m n o p r s t f")
_KAZAKH_LATN = {
    "2021": pairs("ә ғ и й ң ө у ұ ү х һ ш ы і э", "ä ğ i i ñ ö u ū ü h h ş y ı e") | {"ч": "ç"},
    "2018": pairs("ә ғ и й ң ө у ұ ү х һ ш ы і э", "á ǵ ı ı ń ó ý u ú h h sh y i e") | {"ч": "ch"},
    "turkic": pairs("ә ғ и й ң ө у ұ ү х һ ш ы і э", "ä ğ ï y ñ ö w u ü x h ş ı i e") | {"ч": "ç"},
}
_KAZAKH_LATN_EXTRA = {
    "2021": {"ц": "ts", "щ": "şş", "ю": "iu", "я": "ia", "ё": "io", "ъ": "", "ь": ""},
    "2018": {"ц": "ts", "щ": "shsh", "ю": "ıý", "я": "ıa", "ё": "ıo", "ъ": "", "ь": ""},
    "turkic": {"ц": "c", "щ": "şş", "ю": "yw", "я": "ya", "ё": "yo", "ъ": "", "ь": ""},
}
KAZAKH_LATIN_ALPHABETS: tuple[str, ...] = tuple(_KAZAKH_LATN)
"""Names of the Kazakh Latin alphabets: the state's of 2021 and 2018, and the common-Turkic one of the web."""
_KAZAKH_LATN_TABLES = {
    name: LetterTable(_COMMON_LATN | letters | _KAZAKH_LATN_EXTRA[name]) for name, letters in _KAZAKH_LATN.items()
}

_KYRGYZ_ARAB = LetterTable(
    pairs(
        "а б в д е ж з и й л м н ң о ө п р с т у ү ф х ч ш ы э",
        "ا ب ۋ د ە ج ز ئ ي ل م ن ڭ و ۅ پ ر س ت ۇ ۉ ف ح چ ش ى ە",
    )
    | {"г": "گ", "к": "ك", "ц": "تس", "щ": "شش", "ю": "يۇ", "я": "يا", "ё": "يو", "ъ": "", "ь": ""}
    | _MARKS
)
_KYRGYZ_FROM_ARAB = LetterTable(
    pairs("ا ب ۋ د ە ج ز ئ ي ل م ن ڭ و ۅ پ ر س ت ۇ ۉ ف ح چ ش ى", "а б в д е ж з и й л м н ң о ө п р с т у ү ф х ч ш ы")
    | pairs("گ ع ك ق", "г г к к")
    | {"يا": "я", "يۇ": "ю", "يو": "ё"}
    | _MARKS_BACK
)


def kazakh_cyrl_to_arab(text: str) -> str:
    """Kazakh in the Arabic script of Xinjiang (töte jazu); a front word without k, g or e begins with a high hamza."""

    def word(match: re.Match[str]) -> str:
        found = match.group().lower()
        is_front = re.search("[әөүі]", found) and not re.search("[егк]", found)
        return (_HAMZA if is_front else "") + found

    return _KAZAKH_ARAB(_WORD.sub(word, text))


def kazakh_arab_to_cyrl(text: str) -> str:
    """Kazakh Cyrillic (lower case) of text in Arabic script; й and и are told apart by their neighbours."""

    def word(match: re.Match[str]) -> str:
        found = match.group()
        is_front = _HAMZA in found or "ٵ" in found or found.startswith("ء")
        has_front_letter = re.search("[ەكگ]", found)
        found = found.replace("يا", "я").replace("يۋ", "ю")
        found = re.sub("(?<=[اەوۇى])ي", "й", found).replace("ي", "и")
        cyrl = _KAZAKH_FROM_ARAB(found.replace("ٵ", "ا"))
        if is_front:
            return cyrl.translate(_FRONT)
        return cyrl.translate(_FRONT_BUT_A) if has_front_letter else cyrl

    words = re.compile(f"[{_HAMZA}ء]?[\\u0620-\\u06d5]+")
    return _KAZAKH_FROM_ARAB(words.sub(word, text)).replace(_HAMZA, "").replace("ء", "")


def kazakh_cyrl_to_latn(text: str, *, alphabet: str = "2021") -> str:
    """Kazakh Latin script, in one of `KAZAKH_LATIN_ALPHABETS`."""
    return _KAZAKH_LATN_TABLES[alphabet](text)


def kyrgyz_cyrl_to_arab(text: str) -> str:
    """Kyrgyz in the Arabic script of Xinjiang: k and g of back words are qaf and ayn."""

    def word(match: re.Match[str]) -> str:
        found = match.group().lower()
        if re.search("[аоуыяюё]", found) and not re.search("[өүэеи]", found):
            found = found.replace("к", "ق").replace("г", "ع")
        return found

    return _KYRGYZ_ARAB(_WORD.sub(word, text))


def kyrgyz_arab_to_cyrl(text: str) -> str:
    """Kyrgyz Cyrillic (lower case) of text in Arabic script; е at the beginning of a word is э."""
    return re.sub(r"\bе", "э", _KYRGYZ_FROM_ARAB(text))
