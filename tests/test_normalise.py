"""Normalisation: one form, and the way back."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xjstance.labels.normalise import normalise
from xjstance.labels.zawgyi import is_zawgyi, zawgyi_to_unicode

# Characters that the normaliser treats in some way, to be met often.
_TRICKY = (
    " \t\n\r\u00a0\u200b\u200c\u200d\u200e\u202b\u3000"
    + "\ufeff\ue000A1é\u0301e\uff21\x00\x93\ud800म\u094d\u1031\u1000\u1039"
)
_TEXTS = st.text(st.sampled_from(_TRICKY) | st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ("plain text, as it is.", "plain text, as it is."),
        ("新疆维吾尔自治区，人民。", "新疆维吾尔自治区，人民。"),
        ("e\u0301te\u0301", "été"),
        ("한\u1100\u1161", "한가"),
        ("\u202bعربي\u202c\u200f text", "عربي text"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u200cb", "ab"),
        ("क्\u200dष", "क्\u200dष"),
        ("a  b\u00a0\u00a0c\u3000d", "a b c d"),
        ("one\r\ntwo", "one\ntwo"),
        ("one \n\n\n two", "one\n\ntwo"),
        ("one\u2029two", "one\n\ntwo"),
        ("  both ends \n", "both ends"),
        ("ＡＢＣ１２３，你好", "ABC123，你好"),
        ("it\x92s \x93quoted\x94", "it’s “quoted”"),
        ("a\x00b\x07c", "abc"),
        ("lone \ud83d surrogate", "lone \ufffd surrogate"),
        ("soft\u00adhyphen \ufeffmark", "softhyphen mark"),
        ("", ""),
        (" \u200b\n", ""),
    ],
)
def test_normalise_gives_one_form(original: str, expected: str) -> None:
    assert normalise(original).text == expected


@pytest.mark.parametrize("text", ["Hello, world.", "Привет, мир", "你好", "مرحبا", "می\u200cخواهم", "a\n\nb", ""])
def test_normalise_knows_text_in_normal_form(text: str) -> None:
    found = normalise(text)
    assert found.is_identity
    assert list(found.offsets) == list(range(len(text) + 1))


def test_normalise_offsets_point_at_the_original() -> None:
    original = "\u202bab\u202c  e\u0301t"
    found = normalise(original)
    assert found.text == "ab ét"
    start = found.text.index("é")
    assert original[found.offsets[start] : found.offsets[start + 1]] == "e\u0301"
    assert original[found.offsets[0] : found.offsets[1]] == "a"


@given(_TEXTS)
def test_normalise_twice_changes_nothing(text: str) -> None:
    once = normalise(text).text
    again = normalise(once)
    assert again.text == once
    assert again.is_identity


@given(_TEXTS)
def test_normalise_result_is_composed_and_encodable(text: str) -> None:
    found = normalise(text).text
    assert unicodedata.is_normalized("NFC", found)
    found.encode("utf-8")


@given(_TEXTS)
def test_normalise_offsets_rise_within_the_original(text: str) -> None:
    found = normalise(text)
    offsets = list(found.offsets)
    assert len(offsets) == len(found.text) + 1
    assert offsets == sorted(offsets)
    assert not offsets or (offsets[0] >= 0 and offsets[-1] <= len(text))


@given(st.text(st.characters(categories=("Ll", "Lu"), max_codepoint=0x17F), min_size=1, max_size=40))
def test_normalise_spans_of_kept_letters_are_those_letters(text: str) -> None:
    original = f"\u200e {text}\u00a0 {text}"
    found = normalise(original)
    for i, char in enumerate(found.text):
        span = original[found.offsets[i] : found.offsets[i + 1]]
        assert unicodedata.normalize("NFC", span).strip("\u00a0 ").startswith(char.strip())


# Pairs of the same words in both encodings, written for this test; the Zawgyi side is what Burmese sites used to serve.
_ZAWGYI = [
    ("ျမန္မာ", "မြန်မာ"),
    ("ေက်ာင္းမွ", "ကျောင်းမှ"),
    ("တနလၤာေန႔", "တနင်္လာနေ့"),
    ("တကၠသိုလ္", "တက္ကသိုလ်"),
    ("ႏိုင္ငံ", "နိုင်ငံ"),
    ("အေၾကာင္း", "အကြောင်း"),
    ("ပညာရွင္မ်ားသည္", "ပညာရှင်များသည်"),
]


@pytest.mark.parametrize(("zawgyi", "burmese"), _ZAWGYI)
def test_zawgyi_words_become_unicode(zawgyi: str, burmese: str) -> None:
    assert zawgyi_to_unicode(zawgyi) == unicodedata.normalize("NFC", burmese)


def test_zawgyi_is_told_from_unicode() -> None:
    assert is_zawgyi(" ".join(zawgyi for zawgyi, _ in _ZAWGYI))
    assert not any(is_zawgyi(burmese) for _, burmese in _ZAWGYI)
    assert not is_zawgyi("ၸဝ်ႈၽွင်း လႄႈ ၵူၼ်းမိူင်း")  # Shan uses code points that Zawgyi uses otherwise


def test_normalise_converts_zawgyi_and_keeps_the_way_back() -> None:
    original = "၂၀၁၉ ခုႏွစ္ ျမန္မာႏိုင္ငံ"
    found = normalise(original)
    assert found.text == "၂၀၁၉ ခုနှစ် မြန်မာနိုင်ငံ"
    assert found.offsets[0] == 0
    assert found.offsets[-1] == len(original)
