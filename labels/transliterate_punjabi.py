"""Punjabi from Gurmukhi to Shahmukhi (Arabic) script.

Shahmukhi leaves short vowels unwritten and keeps the spelling of Arabic and Persian loans; the first is done here, the
second only for the loans in a short list. The result reads as Punjabi, but is no edited orthography."""

from __future__ import annotations

import re

from .letter_table import pairs

_CONSONANTS = pairs(
    "ਕ ਖ ਗ ਘ ਙ ਚ ਛ ਜ ਝ ਞ ਟ ਠ ਡ ਢ ਣ ਤ ਥ ਦ ਧ ਨ ਪ ਫ ਬ ਭ ਮ ਯ ਰ ਲ ਵ ੜ ਸ ਹ ਸ਼ ਖ਼ ਗ਼ ਜ਼ ਫ਼ ਲ਼",
    "ک کھ گ گھ ن چ چھ ج جھ ن ٹ ٹھ ڈ ڈھ ن ت تھ د دھ ن پ پھ ب بھ م ی ر ل و ڑ س ہ ش خ غ ز ف ل",
)
_SIGNS = {"ਾ": "ا", "ਿ": "", "ੀ": "ی", "ੁ": "", "ੂ": "و", "ੇ": "ی", "ੈ": "ی", "ੋ": "و", "ੌ": "و", "ੱ": "", "੍": "",
          "ਂ": "ن", "ੰ": "ن", "਼": "", "ੑ": "", "ਁ": "ں", "ਃ": ""}  # fmt: skip
_INITIAL = {"ਅ": "ا", "ਆ": "آ", "ਇ": "ا", "ਈ": "ای", "ਉ": "ا", "ਊ": "او", "ਏ": "ای", "ਐ": "ای", "ਓ": "او", "ਔ": "او"}
_MEDIAL = {"ਅ": "ا", "ਆ": "ا", "ਇ": "ئ", "ਈ": "ئی", "ਉ": "ؤ", "ਊ": "ؤ", "ਏ": "ئی", "ਐ": "ئی", "ਓ": "ؤ", "ਔ": "ؤ"}
_FINAL = {"ੇ": "ے", "ੈ": "ے", "ਏ": "ئے", "ਐ": "ئے", "ਂ": "ں", "ੰ": "ں", "ੁ": "و", "ਿ": "ہ", "ੀ": "ی"}
_MARKS = {"।": "۔", "॥": "۔", ",": "،", "?": "؟", ";": "؛"} | {chr(0xA66 + i): str(i) for i in range(10)}
_WORDS = {
    "ਅਤੇ": "اتے", "ਨਾਲ": "نال", "ਵਿਚ": "وچ", "ਵਿੱਚ": "وچ", "ਹੈ": "اے", "ਹਨ": "نیں", "ਇਸ": "ایس", "ਉਸ": "اوس", "ਇਹ": "ایہہ",
    "ਉਹ": "اوہ", "ਇਕ": "اک", "ਇੱਕ": "اک", "ਵੀ": "وی", "ਤੇ": "تے", "ਦੇ": "دے", "ਨੇ": "نے", "ਤੋਂ": "توں", "ਲਈ": "لئی",
    "ਕਿ": "کہ", "ਨਾ": "نہ", "ਹੱਕ": "حق", "ਹਕੂਮਤ": "حکومت", "ਸਰਕਾਰ": "سرکار", "ਕਾਨੂੰਨ": "قانون", "ਖਾਸ": "خاص", "ਖ਼ਾਸ": "خاص",
    "ਇਲਾਜ": "علاج", "ਇਲਾਕੇ": "علاقے", "ਇਲਾਕਾ": "علاقہ", "ਕਿਸਮ": "قسم", "ਸਿਹਤ": "صحت", "ਹਾਲਤ": "حالت", "ਹਾਲਾਤ": "حالات",
    "ਸੂਬਾ": "صوبہ", "ਸੂਬੇ": "صوبے", "ਮੁਤਾਬਕ": "مطابق", "ਸਿਰਫ": "صرف", "ਸਿਰਫ਼": "صرف", "ਵਕਤ": "وقت", "ਤਰੀਕਾ": "طریقہ",
    "ਅਦਾਲਤ": "عدالت", "ਔਰਤ": "عورت", "ਔਰਤਾਂ": "عورتاں", "ਤਾਕਤ": "طاقت", "ਸ਼ਹਿਰ": "شہر", "ਬਾਅਦ": "بعد", "ਮਨੁੱਖੀ": "انسانی",
}  # fmt: skip
_WORD = re.compile("[\u0a01-\u0a65\u0a70-\u0a75]+")
_CLUSTER = re.compile("[\u0a15-\u0a39]\u0a3c|.", re.DOTALL)


def punjabi_guru_to_arab(text: str) -> str:
    """Punjabi in Shahmukhi (Arabic) script of text in Gurmukhi."""
    text = _WORD.sub(lambda match: _word(match.group()), text)
    return "".join(_MARKS.get(char, char) for char in text)


def _word(word: str) -> str:
    # The letters with a dot below, written as one code point, decompose under NFC: both spellings come here as two.
    word = word.translate({0xA33: "ਲ਼", 0xA36: "ਸ਼", 0xA59: "ਖ਼", 0xA5A: "ਗ਼", 0xA5B: "ਜ਼", 0xA5E: "ਫ਼", 0xA5C: "ੜ"})
    if word in _WORDS:
        return _WORDS[word]
    letters = _CLUSTER.findall(word)
    out = []
    for i, letter in enumerate(letters):
        is_last = i == len(letters) - 1
        is_before_nasal_end = i == len(letters) - 2 and letters[-1] in "ਂੰ"
        if i == 0 and letter in _INITIAL:
            out.append("اے" if is_last and letter in "ਏਐ" else _INITIAL[letter])
        elif letter in _MEDIAL:
            out.append(_FINAL[letter] if is_last and letter in _FINAL else _MEDIAL[letter])
        elif is_last and letter in _FINAL:
            out.append(_FINAL[letter])
        elif is_before_nasal_end and letter in "ੇੈ":
            out.append("ی")
        else:
            out.append(_CONSONANTS.get(letter, _SIGNS.get(letter, letter)))
    return "".join(out)
