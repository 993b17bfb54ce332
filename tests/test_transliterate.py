"""Transliteration: known pairs, round trips, and text that nobody transliterated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xjstance.labels.errors import ConfigError
from xjstance.labels.transliterate import TRANSLITERATIONS, transliterate
from xjstance.labels.transliterate_kazakh_kyrgyz import KAZAKH_LATIN_ALPHABETS, kazakh_cyrl_to_latn


@pytest.mark.parametrize(
    ("language", "source", "target", "text", "expected"),
    [
        ("ug", "Arab", "Latn", "شىنجاڭ ئۇيغۇر ئاپتونوم رايونى", "Shinjang uyghur aptonom rayoni"),
        ("ug", "Arab", "Latn", "سائەت ئۈچ؟", "Sa'et üch?"),
        ("ug", "Arab", "Cyrl", "شىنجاڭ ئۇيغۇر ئاپتونوم رايونى", "Шинҗаң уйғур аптоном райони"),
        ("ug", "Arab", "Cyrl", "يەر يۈزىدىكى ياخشى", "Йәр йүзидики яхши"),
        ("ug", "Latn", "Arab", "Uyghur tili, sa'et", "ئۇيغۇر تىلى، سائەت"),
        ("ug", "Latn", "Cyrl", "Ürümchi shehiri", "Үрүмчи шәһири"),
        ("ug", "Cyrl", "Latn", "Қәшқәр шәһири", "Qeshqer shehiri"),
        ("kk", "Cyrl", "Arab", "Қазақстан Республикасы", "قازاقستان رەسپۋبليكاسى"),
        ("kk", "Cyrl", "Arab", "өмір", "ٴومىر"),
        ("kk", "Arab", "Cyrl", "قازاقستان ٴومىر كىتاپ", "қазақстан өмір кітап"),
        ("kk", "Cyrl", "Latn", "Шыңжаң өлкесі", "Şyñjañ ölkesı"),
        ("ky", "Cyrl", "Arab", "Кыргыз эли", "قىرعىز ەلئ"),
        ("ky", "Arab", "Cyrl", "قىرعىز ەلئ", "кыргыз эли"),
        ("uz", "Latn", "Cyrl", "Oʻzbekiston e’lon qildi, yer, emas", "Ўзбекистон эълон қилди, ер, эмас"),
        ("uz", "Cyrl", "Latn", "Ўзбекистон шаҳри, ер", "Oʻzbekiston shahri, yer"),
        ("tt", "Cyrl", "Latn", "Казан шәһәре, дәүләт", "Qazan şähäre, däwlät"),
        ("tt", "Cyrl", "Latn", "югары яңа", "yuğarı yaña"),
        ("az", "Latn", "Cyrl", "Azərbaycan, İlham qərarı", "Азәрбајҹан, Илһам гәрары"),
        ("az", "Cyrl", "Latn", "Азәрбајҹан, Илһам", "Azərbaycan, İlham"),
        ("sr", "Cyrl", "Latn", "Њујорк, ЉУБАВ, џеп", "Njujork, LJUBAV, džep"),
        ("sr", "Latn", "Cyrl", "Njujork, LJUBAV, injekcija, nadživeti", "Њујорк, ЉУБАВ, инјекција, надживети"),
        ("pa", "Guru", "Arab", "ਪੰਜਾਬ ਵਿੱਚ।", "پنجاب وچ۔"),
        ("mn", "Cyrl", "Mong", "монгол улс", "ᠮᠣᠨᠭᠣᠯ ᠤᠯᠰ"),
    ],
)
def test_transliterate_known_words(language: str, source: str, target: str, text: str, expected: str) -> None:
    assert transliterate(text, language=language, source=source, target=target) == expected


# Real words, so that the laws are tried on what occurs.
_UYGHUR = ["ئۇيغۇر", "شىنجاڭ", "ھەممە", "ئىنسان", "ئەركىن", "تۇغۇلىدۇ", "سائەت", "مەسئۇلىيەت", "ۋەتەن", "ئۆي", "ئېلان",
           "يېڭى", "جۇڭگو", "ژۇرنال", "مىنگە", "قانۇن"]  # fmt: skip
_UZBEK = ["shahar", "oʻqituvchi", "gʻalaba", "yangi", "choy", "maʼno", "qonun", "xalq", "hurriyat", "tong", "ertaga"]
_SERBIAN = ["слобода", "људи", "њихов", "џамија", "ђак", "ћерка", "чешаљ", "жива", "шума", "једнак"]


@given(st.lists(st.sampled_from(_UYGHUR), min_size=1, max_size=8))
@pytest.mark.parametrize("script", ["Latn", "Cyrl"])
def test_uyghur_comes_back_from_the_other_scripts(script: str, words: list[str]) -> None:
    if script == "Cyrl":  # Cyrillic does not write the hamza between consonant and vowel
        words = [word for word in words if word != "مەسئۇلىيەت"]
    text = " ".join(words)
    there = transliterate(text, language="ug", source="Arab", target=script)
    assert transliterate(there, language="ug", source=script, target="Arab") == text


@given(st.lists(st.sampled_from(_UZBEK), min_size=1, max_size=8))
def test_uzbek_comes_back_from_cyrillic(words: list[str]) -> None:
    text = " ".join(words)
    there = transliterate(text, language="uz", source="Latn", target="Cyrl")
    assert transliterate(there, language="uz", source="Cyrl", target="Latn") == text


@given(st.lists(st.sampled_from(_SERBIAN), min_size=1, max_size=8), st.booleans())
def test_serbian_comes_back_from_latin(words: list[str], is_capital: bool) -> None:
    text = " ".join(words)
    text = text.upper() if is_capital else text
    there = transliterate(text, language="sr", source="Cyrl", target="Latn")
    assert transliterate(there, language="sr", source="Latn", target="Cyrl") == text


@given(st.text(st.sampled_from("0123456789 .!()-%"), max_size=30))
@pytest.mark.parametrize("pair", sorted(TRANSLITERATIONS))
def test_transliterate_leaves_figures(pair: tuple[str, str, str], text: str) -> None:
    language, source, target = pair
    made = transliterate(text, language=language, source=source, target=target)
    assert [char for char in made if char.isdigit()] == [char for char in text if char.isdigit()]


@pytest.mark.parametrize("alphabet", KAZAKH_LATIN_ALPHABETS)
def test_kazakh_latin_alphabets_write_no_cyrillic(alphabet: str) -> None:
    made = kazakh_cyrl_to_latn("Барлық адамдар тумысынан азат, щётка, цирк, подъезд, ию", alphabet=alphabet)
    assert not any("\u0400" <= char <= "\u04ff" for char in made)


def test_transliterate_without_a_converter_says_what_there_is() -> None:
    with pytest.raises(ConfigError, match="ug Arab->Latn"):
        transliterate("привет", language="ru", source="Cyrl", target="Latn")
