"""Scripts, Han characters, language tags and codes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xjstance.labels.han import han_counts, han_script
from xjstance.labels.language_codes import read_code
from xjstance.labels.language_tags import (
    SCRIPTS_OF_LANGUAGE,
    SUPPORTED_TAGS,
    print_tag,
    split_tag,
    supported_tag,
    tags_of_script,
)
from xjstance.labels.scripts import code_points, main_script, script_codes, script_counts, script_ids, script_of


@pytest.mark.parametrize(
    ("char", "script"),
    [("a", "Latn"), ("ж", "Cyrl"), ("ش", "Arab"), ("ە", "Arab"), ("新", "Hani"), ("の", "Hira"), ("한", "Hang"),
     ("ᠮ", "Mong"), ("བ", "Tibt"), ("አ", "Ethi"), ("ੴ", "Guru"), ("1", "Zyyy"), ("。", "Zyyy"), ("\u0301", "Zyyy"),
     ("𠀀", "Hani"), ("\U0010ffff", "Zyyy")],
)  # fmt: skip
def test_script_of_a_character(char: str, script: str) -> None:
    assert script_of(char) == script


def test_script_counts_are_largest_first_without_common_characters() -> None:
    assert script_counts("Шинжаан 2019: Xinjiang, 新疆") == {"Latn": 8, "Cyrl": 7, "Hani": 2}
    assert main_script("2019!") == "Zyyy"


@given(st.text(max_size=30))
def test_script_ids_agree_with_script_of_each(text: str) -> None:
    ids = script_ids(code_points(text))
    assert [script_codes()[i] for i in ids] == [script_of(char) for char in text]
    assert ids.dtype == np.uint8


@pytest.mark.parametrize(
    ("text", "script"),
    [("维吾尔自治区", "Hans"), ("維吾爾自治區", "Hant"), ("新疆人民", None), ("他說「新疆」", "Hant"),
     ("「新疆」", "Hant"), ("这个國", "Hans")],
)  # fmt: skip
def test_han_script_by_characters(text: str, script: str | None) -> None:
    assert han_script(text) == script


def test_han_counts_know_japanese_forms_and_cantonese_words() -> None:
    assert han_counts("気対図")[2] == 3
    assert han_counts("佢哋唔係喺度")[3] == 4


def test_supported_tags_are_113_and_all_split_and_print_back() -> None:
    assert len(SUPPORTED_TAGS) == len(set(SUPPORTED_TAGS)) == 113
    for tag in SUPPORTED_TAGS:
        language, script = split_tag(tag)
        assert len(script) == 4
        assert print_tag(language, script) == tag
        assert supported_tag(tag) == tag
        assert script in SCRIPTS_OF_LANGUAGE[language]


@pytest.mark.parametrize(
    ("tag", "meant"),
    [("ug", "ug-Arab"), ("zh", "zh-Hans"), ("sr", "sr-Cyrl"), ("en-Latn", "en"), ("ja-Jpan", "ja"), ("ru-Latn", None),
     ("fr", "fr"), ("ast", None), ("az-Cyrl", None)],
)  # fmt: skip
def test_supported_tag_of_a_bare_or_full_tag(tag: str, meant: str | None) -> None:
    assert supported_tag(tag) == meant


def test_script_is_printed_only_where_a_language_has_several() -> None:
    assert print_tag("ja", "Jpan") == "ja"
    assert print_tag("sr", "Latn") == "sr-Latn"
    assert print_tag("yue", "Hans") == "yue"
    assert print_tag("zh", "Zyyy") == "zh"


def test_tags_of_a_script() -> None:
    assert tags_of_script("Ethi") == ("am", "ti")
    assert set(tags_of_script("Arab")) == {
        "ug-Arab", "kk-Arab", "ky-Arab", "ur", "pa-Arab", "fa", "prs", "ps", "ckb", "sd", "ar",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("code", "meant"),
    [("eng", ("en", None)), ("uig_Arab", ("ug", "Arab")), ("zh-TW", ("zh", "Hant")), ("zh_CN", ("zh", "Hans")),
     ("Chinese", ("zh", None)), ("pt-BR", ("pt", None)), ("sr_latn", ("sr", "Latn")), ("cmn_Hant", ("zh", "Hant")),
     ("no", ("nb", None)), ("ast", None), ("Klingon", None), ("", None), (None, None), ("ru-Arab", None)],
)  # fmt: skip
def test_read_code_of_other_people(code: str | None, meant: tuple[str, str | None] | None) -> None:
    assert read_code(code) == meant
