"""Languages written in Latin and in Cyrillic script: Uzbek, Tatar, Azerbaijani, Serbian."""

from __future__ import annotations

import re

from .letter_table import LetterTable, pairs

_WORD = re.compile(r"[^\W\d_]+")
_APOSTROPHES = "'’‘ʼʻ`´"

# --- Uzbek -----------------------------------------------------------------------------------------------------------
_UZBEK_CYRL_TO_LATN = LetterTable(
    pairs(
        "а б в г ғ д ж з и й к қ л м н о п р с т у ў ф х ҳ ч ш э ё ю я ъ ы",
        "a b v g gʻ d j z i y k q l m n o p r s t u oʻ f x h ch sh e yo yu ya ʼ i",
    )
    | {"е": "e", "ц": "ts", "щ": "sh", "ь": ""}
)
_UZBEK_LATN_TO_CYRL = LetterTable(
    pairs(
        "a b v g d e j z i y k q l m n o p r s t u f x h ch sh yo yu ya ye c w",
        "а б в г д е ж з и й к қ л м н о п р с т у ф х ҳ ч ш ё ю я е с в",
    )
    | {"gʻ": "ғ", "oʻ": "ў", "yoʻ": "йў"}
)


def uzbek_cyrl_to_latn(text: str) -> str:
    """Uzbek Latin script (1995) of text in Cyrillic script."""
    text = re.sub("(?<![^\\W\\d_])е|(?<=[аоуўиэеяюёъь])е", "йe", text)
    text = re.sub("(?<![^\\W\\d_])Е|(?<=[АОУЎИЭЕЯЮЁЪЬ])Е", "Йe", text)
    return _UZBEK_CYRL_TO_LATN(text)


def uzbek_latn_to_cyrl(text: str) -> str:
    """Uzbek Cyrillic script of text in Latin script (1995), with whatever mark stands for the modifier letter."""
    text = re.sub(f"(?<=[ogOG])[{_APOSTROPHES}]", "ʻ", text)
    text = re.sub(f"(?<=[^\\W\\d_])[{_APOSTROPHES.replace('ʻ', '')}](?=[^\\W\\d_])", "ъ", text)
    text = re.sub("(?<![^\\W\\d_])e", "э", text)
    text = re.sub("(?<![^\\W\\d_])E", "Э", text)
    text = re.sub("(?<=[aiou])e", "э", text)
    text = re.sub("\\bts", "ц", text)
    return _UZBEK_LATN_TO_CYRL(text)


# --- Tatar -----------------------------------------------------------------------------------------------------------
_TATAR = LetterTable(
    pairs(
        "а ә б в г д ж җ з и й к л м н ң о ө п р с т у ү ф х һ ч ш ы э ё ц щ ъ ь",
        "a ä b w g d j c z i y k l m n ñ o ö p r s t u ü f x h ç ş ı e yo ts şç ' '",
    )
)
_TATAR_BACK, _TATAR_FRONT = "аоуы", "әөүиеэ"
_TATAR_UVULAR = {"к": "q", "г": "ğ"}


def tatar_cyrl_to_latn(text: str) -> str:
    """Tatar Latin script (law of 2012) of text in Cyrillic script; k and g by the vowels beside them."""

    def word(match: re.Match[str]) -> str:
        found = match.group()
        low = found.lower()
        is_front = len(re.findall(f"[{_TATAR_FRONT}]", low)) > len(re.findall(f"[{_TATAR_BACK}]", low))
        beside_back = f"[кг](?=[{_TATAR_BACK}ъ])|(?<=[{_TATAR_BACK}])[кг](?![{_TATAR_FRONT}])"
        found = re.sub(beside_back, lambda m: _TATAR_UVULAR[m.group().lower()], found)
        found = re.sub(beside_back.replace("[кг]", "[КГ]"), lambda m: _TATAR_UVULAR[m.group().lower()].upper(), found)
        found = re.sub("(?<=[qğQĞ])ъ", "", found)
        found = re.sub(f"(?<=[{_TATAR_BACK}{_TATAR_FRONT}я])[уү](?![йцкнгшщзхъфвпрлджчсмтб]{{2}})", "w", found)
        on_glide = {"я": "yä" if is_front else "ya", "ю": "yü" if is_front else "yu"}
        found = re.sub("[яю]", lambda m: on_glide[m.group()], found)
        found = re.sub("[ЯЮ]", lambda m: on_glide[m.group().lower()].capitalize(), found)
        found = re.sub(f"(?:^|(?<=[{_TATAR_BACK}{_TATAR_FRONT}ъь]))е", "ye" if is_front else "yı", found)
        found = re.sub("^Е", "Ye" if is_front else "Yı", found)
        return found.replace("ъ", "").replace("ь", "").replace("е", "e").replace("Е", "E")

    return _TATAR(_WORD.sub(word, text))


# --- Azerbaijani -----------------------------------------------------------------------------------------------------
_AZ_CYRL = "а ә б в г ғ д е ж з и ы ј к ҝ л м н о ө п р с т у ү ф х һ ч ҹ ш"
_AZ_LATN = "a ə b v q ğ d e j z i ı y k g l m n o ö p r s t u ü f x h ç c ş"
_AZ_TO_LATN = LetterTable(pairs(_AZ_CYRL, _AZ_LATN) | {"э": "e", "ц": "s", "ю": "yu", "я": "ya", "ё": "yo", "щ": "ş"})
_AZ_TO_CYRL = LetterTable(pairs(_AZ_LATN, _AZ_CYRL))


def azerbaijani_cyrl_to_latn(text: str) -> str:
    """Azerbaijani Latin script (1991) of text in Cyrillic script."""
    return _AZ_TO_LATN(text.replace("И", "İ").replace("Ы", "I"))


def azerbaijani_latn_to_cyrl(text: str) -> str:
    """Azerbaijani Cyrillic script (1958) of text in Latin script."""
    return _AZ_TO_CYRL(text.replace("İ", "И").replace("I", "Ы"))


# --- Serbian ---------------------------------------------------------------------------------------------------------
_SR_CYRL = "а б в г д ђ е ж з и ј к л љ м н њ о п р с т ћ у ф х ц ч џ ш"
_SR_LATN = "a b v g d đ e ž z i j k l lj m n nj o p r s t ć u f h c č dž š"
_SR_TO_LATN = LetterTable(pairs(_SR_CYRL, _SR_LATN))
_SR_TO_CYRL = LetterTable(pairs(_SR_LATN, _SR_CYRL) | {"ǆ": "џ", "ǉ": "љ", "ǌ": "њ"})
# Two letters, not the digraph, where a prefix meets a root or in learned words.
_SR_APART = re.compile("(?<=in)(?=jek|jun)|(?<=kon)(?=jug|junk)|(?<=nad)(?=živ|žnj)|(?<=od)(?=žal|živ)|(?<=pod)(?=žan)",
                       re.IGNORECASE)  # fmt: skip


def serbian_cyrl_to_latn(text: str) -> str:
    """Serbian Latin script of text in Cyrillic script."""
    return _SR_TO_LATN(text)


def serbian_latn_to_cyrl(text: str) -> str:
    """Serbian Cyrillic script of text in Latin script; digraphs become one letter, save in known compounds."""
    return _SR_TO_CYRL(_SR_APART.sub("\x00", text)).replace("\x00", "")
