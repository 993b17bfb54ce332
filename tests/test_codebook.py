from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xjstance.labels.codebook import DEFAULT_CODEBOOK, Codebook
from xjstance.labels.errors import CodebookError


def test_default_codebook_has_the_four_labels_in_order(codebook: Codebook) -> None:
    assert codebook.labels == ("praising", "critical", "neutral", "unrelated")
    assert (codebook.positive, codebook.negative, codebook.off_target) == ("praising", "critical", "unrelated")


def test_hash_changes_with_a_definition_but_not_with_an_alias(codebook: Codebook) -> None:
    first, *rest = codebook.definitions
    assert replace(codebook, definitions=(replace(first, definition="else"), *rest)).sha256 != codebook.sha256
    assert replace(codebook, aliases={"pro": "praising"}).sha256 == codebook.sha256


def test_codebook_survives_its_dict_form(codebook: Codebook) -> None:
    assert Codebook.from_dict(codebook.to_dict(), where="test") == codebook


def test_unknown_label_is_named_with_place_and_remedy(codebook: Codebook) -> None:
    with pytest.raises(CodebookError, match=r"a\.jsonl:3: label 'positive' is not in codebook.*\[aliases\]"):
        codebook.index("positive", where="a.jsonl:3")


def test_alias_stands_for_its_label(codebook: Codebook) -> None:
    assert replace(codebook, aliases={"pro": "praising"}).index("pro") == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('id = "xinjiang"', 'id = "xinjiang"\ncolour = 1', "unknown key 'colour'"),
        ('positive = "praising"', 'positive = "good"', "'good' is not one of its labels"),
        ('target = "the', "target = 'the", "not valid TOML"),
        ("[aliases]", '[aliases]\npro = "nope"', "alias 'pro' points to 'nope'"),
        ('positive = "praising"\n', "", "key 'positive' is missing"),
    ],
)
def test_broken_codebook_file_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = DEFAULT_CODEBOOK.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "c.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CodebookError, match=message):
        Codebook.load(path)


def test_missing_codebook_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CodebookError, match="cannot be read"):
        Codebook.load(tmp_path / "none.toml")
