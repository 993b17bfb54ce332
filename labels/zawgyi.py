"""Zawgyi-encoded Burmese: recognise it and convert it to Unicode.

Zawgyi uses the code points of the Myanmar block for glyphs: the vowel e and the medial r stand before their consonant,
U+1039 is the visible killer, the medials are shifted by one, and stacked letters sit where Unicode has Shan and Karen
(Unicode Technical Note 11; the code chart of the Zawgyi-One font)."""

from __future__ import annotations

import re

_CONSONANTS = "\u1000-\u1021\u1025\u1027\u1029\u103f\u104e"
_STRONG_ZAWGYI = re.compile(
    "\u1039(?![\u1000-\u1021])"  # the killer before anything but a letter to stack
    "|(?<![\u1000-\u1021\u103b-\u103f\u1025\u1027\u1029\u1040\u104e\u1050-\u109f])\u1031[\u1000-\u1021\u103b\u107e-\u1084\u1029]"
)
_STRONG_UNICODE = re.compile(
    "[\u102b\u102c\u1037]\u103a|\u103a[\u1037\u1038]"  # a killer after a vowel or before a tone
    "|[\u103b-\u103e]\u1031(?![\u1000-\u1021])"  # the vowel e after a medial
)
_ZAWGYI_ONLY = re.compile("[\u1033\u1034\u105a\u1060\u1064-\u1074\u1076-\u1081\u1083-\u1086\u108b-\u108e\u1090-\u1097]")

_E, _R, _KINZI = "\ue031", "\ue03c", "\ue064"  # stand for marks written before the letter that they follow in Unicode
_STACKED = {
    0x1060: 0x1000, 0x1061: 0x1001, 0x1062: 0x1002, 0x1063: 0x1003, 0x1065: 0x1005, 0x1066: 0x1006, 0x1067: 0x1006,
    0x1068: 0x1007, 0x1069: 0x1008, 0x106C: 0x100B, 0x106D: 0x100C, 0x1070: 0x100F, 0x1071: 0x1010, 0x1072: 0x1010,
    0x1073: 0x1011, 0x1074: 0x1011, 0x1075: 0x1012, 0x1076: 0x1013, 0x1077: 0x1014, 0x1078: 0x1015, 0x1079: 0x1016,
    0x107A: 0x1017, 0x107B: 0x1018, 0x1093: 0x1018, 0x107C: 0x1019, 0x1085: 0x101C,
}  # fmt: skip
_LETTERS: dict[int, str] = {code: "\u1039" + chr(under) for code, under in _STACKED.items()}
_LETTERS |= {
    0x1031: _E, 0x103B: _R, 0x1064: _KINZI, 0x1033: "\u102f", 0x1034: "\u1030", 0x1039: "\u103a", 0x103A: "\u103b",
    0x103C: "\u103d", 0x103D: "\u103e", 0x105A: "\u102b\u103a", 0x106A: "\u1009", 0x106B: "\u100a",
    0x106E: "\u100d\u1039\u100d", 0x106F: "\u100d\u1039\u100e", 0x107D: "\u103b", 0x1086: "\u103f", 0x1087: "\u103e",
    0x1088: "\u103e\u102f", 0x1089: "\u103e\u1030", 0x108A: "\u103d\u103e", 0x108B: _KINZI + "\u102d",
    0x108C: _KINZI + "\u102e", 0x108D: _KINZI + "\u1036", 0x108E: "\u102d\u1036", 0x108F: "\u1014", 0x1090: "\u101b",
    0x1091: "\u100f\u1039\u100d", 0x1092: "\u100b\u1039\u100c", 0x1094: "\u1037", 0x1095: "\u1037",
    0x1096: "\u1039\u1010\u103d", 0x1097: "\u100b\u1039\u100b",
}  # fmt: skip
_LETTERS |= dict.fromkeys(range(0x107E, 0x1085), _R)

# The order in which Unicode writes what follows a letter; the stacked letter (U+1039 and one more) comes first.
_ORDER = {mark: i for i, mark in enumerate(
    "\u103b\u103c\u103d\u103e\u1031\u102d\u102e\u1032\u102f\u1030\u102b\u102c\u1036\u1037\u103a\u1038"
)}  # fmt: skip
_SYLLABLE = re.compile(
    f"({_E}*)({_R}?)([{_CONSONANTS}\u1023\u1024\u1026\u102a\u1040\u1047](?:\u1039[\u1000-\u1021])*)"
    f"([{_KINZI}\u102b-\u1032\u1036-\u1038\u103a-\u103e]*(?:\u1039[\u1000-\u1021][{_KINZI}\u102b-\u1032\u1036-\u1038\u103a-\u103e]*)*)"
)
_STACK = re.compile("\u1039[\u1000-\u1021]")


def is_zawgyi(text: str) -> bool:
    """Whether Burmese text is in the Zawgyi encoding: it shows more signs of that than of Unicode.

    The commonest mark tells most: the killer is U+1039 in Zawgyi and U+103A in Unicode, where U+1039 is rare."""
    n_killers = text.count("\u1039")
    n_strong = len(_STRONG_ZAWGYI.findall(text))
    if not n_killers + n_strong:
        return False
    n_zawgyi = n_strong + n_killers + 0.5 * len(_ZAWGYI_ONLY.findall(text))
    return n_zawgyi > len(_STRONG_UNICODE.findall(text)) + text.count("\u103a")


def zawgyi_to_unicode(text: str) -> str:
    """Zawgyi-encoded text with the code points, and in the order, of Unicode."""
    text = _SYLLABLE.sub(_in_order, text.translate(_LETTERS))
    text = text.replace("\u1025\u103a", "\u1009\u103a").replace("\u1025\u102e", "\u1026")
    text = re.sub("\u1040(?=[\u102b-\u1032\u1036-\u1038\u103a-\u103e])", "\u101d", text)  # zero written for wa
    text = re.sub("\u1047(?=[\u102b-\u1032\u1036-\u1038\u103a-\u103e])", "\u101b", text)  # seven written for ra
    text = text.replace("\u1044\u1004\u103a\u1038", "\u104e\u1004\u103a\u1038")  # four written for the like sign
    text = re.sub("\u104e(?!\u1004)", "\u104e\u1004\u103a\u1038", text)
    return text.replace(_E, "\u1031").replace(_R, "\u103c").replace(_KINZI, "\u1004\u103a\u1039")


def _in_order(match: re.Match[str]) -> str:
    e, r, letter, marks = match.groups()
    stacked = "".join(_STACK.findall(marks))
    rest = _STACK.sub("", marks)
    kinzi = "\u1004\u103a\u1039" if _KINZI in rest else ""
    found = dict.fromkeys(rest.replace(_KINZI, ""))  # a mark typed twice shows once
    if r:
        found["\u103c"] = None
    if e:
        found["\u1031"] = None
    return kinzi + letter + stacked + "".join(sorted(found, key=_ORDER.__getitem__))
