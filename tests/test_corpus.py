from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.small_corpus import labelled
from xjstance.labels.codebook import Codebook
from xjstance.labels.corpus_checks import Finding, check_corpus
from xjstance.labels.errors import CodebookError, DataError
from xjstance.labels.labelled_corpus import CORPUS, corpus_sha256, parse_labelled, read_corpus, to_json, write_corpus
from xjstance.labels.near_copies import near_copies
from xjstance.labels.records import LabelledArticle
from xjstance.labels.source_url import source_key

LONG = "The quick report on the region says many different things about schools, roads, cotton and the weather. "


def found(articles: list[LabelledArticle], check: str, codebook: Codebook, **options: object) -> list[Finding]:
    return [item for item in check_corpus(articles, codebook, **options) if item.check == check]  # type: ignore[arg-type]


def test_corpus_survives_writing_and_reading(tmp_path: Path, codebook: Codebook) -> None:
    articles = labelled(3)
    (path,) = write_corpus(articles, tmp_path)
    assert path.name == "en.jsonl"
    back = read_corpus(tmp_path, codebook=codebook)
    assert sorted(back, key=lambda a: a.id) == sorted(articles, key=lambda a: a.id)
    assert corpus_sha256(back) == corpus_sha256(articles)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"label": "pro"}, CodebookError, "label 'pro' is not in codebook"),
        ({"colour": 1}, DataError, "unknown field 'colour'"),
        ({"text": None}, DataError, "field 'text' must be text"),
        ({"sentences": [{"start": 1}]}, DataError, "wrong form"),
    ],
)
def test_broken_record_is_named_with_file_and_line(
    codebook: Codebook, change: dict[str, object], error: type[Exception], message: str
) -> None:
    raw = json.loads(to_json(labelled(1)[0])) | change
    with pytest.raises(error, match=f"x.jsonl:7: .*{message}"):
        parse_labelled(json.dumps(raw), where="x.jsonl:7", codebook=codebook)


def test_folder_without_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no \.jsonl file"):
        read_corpus(tmp_path)


def test_story_in_two_splits_is_leakage(codebook: Codebook) -> None:
    one, other = labelled(1)[:2]
    assert found([one, replace(other, story=one.story, split="test")], "leakage", codebook)
    assert not found([one, other], "leakage", codebook)


def test_near_copy_across_splits_is_an_error_and_within_one_a_warning(codebook: Codebook) -> None:
    one = replace(labelled(1)[0], text=LONG * 3, sentences=())
    copy = replace(one, id="copy", story="other", text=LONG * 3 + "One more word.")
    (across,) = found([one, replace(copy, split="test")], "copies", codebook)
    (within,) = found([one, copy], "copies", codebook)
    assert (across.level, within.level) == ("error", "warning")


def test_reserved_page_is_an_error_under_every_variant_of_its_address(codebook: Codebook) -> None:
    one = replace(labelled(1)[0], source_url="http://m.example.org/news/2021/a-long-story/?utm=1")
    reserved = frozenset({source_key("https://www.example.org/news/2021/a-long-story")})
    assert found([one], "reserved", codebook, reserved=reserved)
    assert not found([one], "reserved", codebook)


def test_wrong_script_and_language_are_found(codebook: Codebook) -> None:
    one = replace(labelled(1)[0], script="Cyrl")
    assert found([one], "script", codebook)
    assert found([labelled(1)[0]], "language", codebook, identify=lambda texts: ["fr"] * len(texts))
    assert not found([labelled(1)[0]], "language", codebook, identify=lambda texts: ["en"] * len(texts))


def test_sentence_outside_its_text_and_unsettled_labels_are_errors(codebook: Codebook) -> None:
    one = labelled(1)[0]
    outside = replace(one, sentences=(replace(one.sentences[0], end=10_000),))
    assert found([outside], "sentences", codebook)
    assert found([replace(one, second_label="critical")], "labels", codebook)
    assert not found([replace(one, second_label="critical", adjudicated="the denial stands alone")], "labels", codebook)


@given(st.text(min_size=30, max_size=120), st.text(min_size=30, max_size=120))
def test_near_copies_agree_with_the_sets_themselves(one: str, other: str) -> None:
    def shingles(text: str) -> set[str]:
        folded = " ".join(text.casefold().split())
        return {folded[at : at + 6] for at in range(max(1, len(folded) - 5))}

    union = shingles(one) | shingles(other)
    exact = len(shingles(one) & shingles(other)) / len(union)
    assert bool(near_copies({"a": one, "b": other}, at_least=0.95)) == (exact >= 0.95)


def test_own_corpus_has_no_errors(codebook: Codebook) -> None:
    findings = check_corpus(read_corpus(CORPUS, codebook=codebook), codebook)
    assert [finding for finding in findings if finding.level == "error"] == []
