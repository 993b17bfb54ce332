from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.small_corpus import labelled
from xjstance.labels.codebook import Codebook
from xjstance.labels.errors import CodebookError, ConfigError, DataError
from xjstance.training.dataset_dict import load_dataset_dict, to_dataset_dict
from xjstance.training.mapped_data import DataMapping, read_mapped

ROWS = [
    {"key": "1", "body": "Officials praised it.", "opinion": "pro", "lang": "en_Latn", "part": "validation"},
    {"key": "2", "body": "Ils ont critiqué.", "opinion": "critical", "lang": "fr", "part": "train"},
    {"key": "3", "body": "Матч закончился.", "opinion": "unrelated", "lang": "", "part": "train"},
]
MAPPING = """
source = "press 1"
licence = "CC BY 4.0"
[columns]
id = "key"
text = "body"
label = "opinion"
language = "lang"
split = "part"
[labels]
pro = "praising"
[splits]
validation = "development"
[defaults]
language = "ru"
"""


@pytest.fixture
def mapping(tmp_path: Path) -> DataMapping:
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING.replace("en_Latn", "en"), encoding="utf-8")
    return DataMapping.load(path)


def write(rows: list[dict[str, str]], path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv"])
def test_rows_become_labelled_articles(name: str, mapping: DataMapping, codebook: Codebook, tmp_path: Path) -> None:
    found = read_mapped(write(ROWS, tmp_path / name), mapping, codebook=codebook)
    assert [(a.id, a.label, a.language, a.script, a.split) for a in found] == [
        ("1", "praising", "en", "Latn", "development"),
        ("2", "critical", "fr", "Latn", "train"),
        ("3", "unrelated", "ru", "Cyrl", "train"),
    ]


def test_splits_are_drawn_by_story_where_none_is_mapped(codebook: Codebook, tmp_path: Path) -> None:
    mapping = DataMapping(columns={"text": "body", "label": "opinion", "story": "story"}, defaults={"language": "en"})
    rows = [{"body": f"Text {n} of it.", "opinion": "neutral", "story": f"s{n // 2}"} for n in range(2_000)]
    found = read_mapped(write(rows, tmp_path / "a.jsonl"), mapping, codebook=codebook)
    assert all(one.split == other.split for one, other in zip(found[::2], found[1::2], strict=True))
    shares = [sum(article.split == split for article in found) / 2_000 for split in ("test", "development", "train")]
    assert shares == pytest.approx([0.25, 0.15, 0.6], abs=0.04)


def test_bad_rows_are_named_with_their_line(mapping: DataMapping, codebook: Codebook, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for change, error, message in (
        ({"opinion": "maybe"}, CodebookError, r"a\.jsonl:2: label 'maybe' is not in codebook"),
        ({"lang": "xx"}, DataError, r"a\.jsonl:2: language 'xx' is no supported tag"),
        ({"body": ""}, DataError, r"a\.jsonl:2: has no text"),
        ({"part": "held"}, DataError, r"a\.jsonl:2: split 'held' is none of .*\[splits\]"),
        ({"key": "1"}, DataError, r"a\.jsonl:2: id '1' was there before"),
    ):
        with pytest.raises(error, match=message):
            read_mapped(write([ROWS[0], ROWS[1] | change], path), mapping, codebook=codebook)
    with pytest.raises(DataError, match=r"has no column 'body' for text; it has key, lang"):
        read_mapped(
            write([{"key": "1", "lang": "en", "opinion": "pro", "part": "train"}], path), mapping, codebook=codebook
        )


def test_mapping_that_cannot_work_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    for text, message in (
        ("colums = 1", "unknown key 'colums'"),
        ('[columns]\ntext = "a"', r"needs label"),
        ('[columns]\ntext = "a"\nlabel = "b"', "name the language column"),
        ('[columns]\ntext = "a"\nlabel = "b"\nauthor = "c"', "has 'author'"),
        (MAPPING.replace('"development"', '"dev"'), "leads to 'dev'"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=message):
            DataMapping.load(path)


def test_corpus_becomes_a_dataset_dict_in_codebook_order(codebook: Codebook) -> None:
    pytest.importorskip("datasets")
    tables = to_dataset_dict([*labelled(2), *labelled(1, split="test")], codebook)
    assert list(tables) == ["train", "test"]
    assert tables["train"].features["label"].names == list(codebook.labels)
    by_id = {row["id"]: row for row in tables["train"]}
    assert list(by_id) == sorted(by_id)
    first = labelled(2)[0]
    row = by_id[first.id]
    assert (row["label"], row["text"], row["sentences"][0]["end"]) == (0, first.text, first.sentences[0].end)


@pytest.mark.slow
def test_data_set_on_disk_is_read_with_its_class_labels(codebook: Codebook, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    tables = to_dataset_dict([*labelled(2), *labelled(1, split="test")], codebook)
    assert isinstance(tables, datasets.DatasetDict)
    for split, table in tables.items():
        table.to_parquet(tmp_path / "set" / f"{split}-00000.parquet")
    mapping = DataMapping(columns={"id": "id", "title": "title", "text": "text", "label": "label", "split": "split",
                                   "language": "language", "story": "story"})  # fmt: skip
    found = read_mapped(tmp_path / "set", mapping, codebook=codebook)
    expected = {article.id: (article.label, article.split) for article in [*labelled(2), *labelled(1, split="test")]}
    assert {article.id: (article.label, article.split) for article in found} == expected


def test_own_corpus_loads_as_a_dataset_dict(codebook: Codebook, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    from xjstance.labels.labelled_corpus import write_corpus

    write_corpus(labelled(1), tmp_path / "corpus")
    assert len(load_dataset_dict(tmp_path / "corpus", codebook=codebook)["train"]) == 4
