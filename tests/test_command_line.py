from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.small_corpus import labelled
from xjstance.__main__ import main
from xjstance.labels.labelled_corpus import write_corpus
from xjstance.models.bundle import Bundle

GOOD = '{"id": "a", "text": "Officials praised the schools in Xinjiang on Monday."}\n'


@pytest.fixture
def model(tiny_bundle: Bundle) -> str:
    return str(tiny_bundle.folder)


def test_rows_go_to_standard_output_and_the_summary_to_standard_error(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(GOOD, encoding="utf-8")
    assert main(["classify", str(path), "--model", model]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["status"] == "scored"
    assert "1 scored" in err and "articles/s" in err


def test_rejected_record_gives_status_three_and_is_named(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(GOOD + "broken\n" + GOOD.replace('"a"', '"b"'), encoding="utf-8")
    assert main(["classify", str(path), "--model", model, "-o", str(tmp_path / "out.jsonl")]) == 3
    rows = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row)["id"] for row in rows] == ["a", "b"]
    assert "a.jsonl:2" in capsys.readouterr().err
    (refused,) = (tmp_path / "out.jsonl.rejected.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(refused)["line"] == 2
    assert json.loads((tmp_path / "out.jsonl.run.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["classify", "no-such-file.jsonl"], 1, "no-such-file.jsonl"),
        (["classify", __file__, "--model", "no-such-bundle"], 1, "no bundle"),
        (["classify"], 2, "Missing argument"),
        (["classify", "x", "--evidence", "many"], 2, "valid integer"),
        (["nonsense"], 2, "No such command"),
        (["classify", "x", "--language-hint", "maybe"], 1, "trust, check, ignore"),
    ],
)
def test_errors_are_one_line_with_the_right_status(
    arguments: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == status
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


def test_summary_and_record_tell_where_the_language_column_differs(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    text = "Officials praised the schools in Xinjiang on Monday, and the reporters wrote about it at length."
    rows = [{"id": str(at), "text": f"{text} {at}", "language": hint} for at, hint in enumerate(("en", "German", None))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main(["classify", str(path), "--model", model, "-o", str(tmp_path / "out.jsonl")]) == 0
    said = capsys.readouterr().err
    assert (
        "language column: differs from the identified language in 1 of 2 articles (German in the column, row en 1)"
        in said
    )
    record = json.loads((tmp_path / "out.jsonl.run.json").read_text(encoding="utf-8"))
    assert record["counts"]["language_column"]["differ"] == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_to_a_device_is_refused_in_words(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(GOOD, encoding="utf-8")
    assert main(["classify", str(path), "--model", model, "-o", "/dev/full"]) == 1
    assert "/dev/full: is a device or pipe, and a name without an ending is a folder" in capsys.readouterr().err
    assert main(["classify", str(path), "--model", model, "-o", str(tmp_path / "out.parquet"), "--language", "en"]) == 0
    assert main(["report", str(tmp_path / "out.parquet"), "-o", "/dev/full"]) == 1
    assert "/dev/full: is a device or pipe" in capsys.readouterr().err


def test_damaged_bundle_stops_before_any_row(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    copy = Path(shutil.copytree(model, tmp_path / "bundle"))
    (copy / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "a.jsonl").write_text(GOOD, encoding="utf-8")
    assert main(["classify", str(tmp_path / "a.jsonl"), "--model", str(copy)]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "tokenizer_config.json: has sha256" in err


def test_identify_says_und_for_what_it_does_not_know(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "lines.txt"
    path.write_text(
        "Шинжаң уйгур аптоном районунда жашаган элдер жөнүндө кабарлар окулду.\n"
        "新疆维吾尔自治区位于中国西北部。\n新疆維吾爾自治區位於中國西北部。\n12 34 56\n",
        encoding="utf-8",
    )
    assert main(["identify", str(path), "--lines"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["tag"] for row in rows] == ["ky-Cyrl", "zh-Hans", "zh-Hant", "zxx"]


def test_models_show_checks_and_prints(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "show", model]) == 0
    assert "all hashes, the codebook and the tokenisation were checked" in capsys.readouterr().out
    assert main(["models", "show", model, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tiny"


def test_labels_check_fails_on_errors_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_corpus(labelled(1), tmp_path / "good")
    assert main(["labels", "check", str(tmp_path / "good")]) == 0
    one, *others = labelled(1)
    write_corpus([replace(one, story=others[0].story, split="test"), *others], tmp_path / "leaks")
    assert main(["labels", "check", str(tmp_path / "leaks")]) == 1
    assert "leakage" in capsys.readouterr().out
