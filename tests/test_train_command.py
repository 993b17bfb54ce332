from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.small_corpus import labelled
from xjstance.__main__ import main
from xjstance.labels.labelled_corpus import write_corpus
from xjstance.models.bundle import Bundle

CONFIG = "epochs = 1\nbatch_articles = 8\nmax_tokens = 64\naverage_last = 1\nunlabelled_weight = 1.0\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    write_corpus([*labelled(3), *labelled(4, split="development", seed=1), *labelled(1, split="test")], tmp_path / "c")
    (tmp_path / "train.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path / "c"


@pytest.mark.parametrize("base", ["tfidf", "fasttext"])
def test_baseline_writes_figures_of_the_same_form_as_a_bundle(
    base: str, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--base", base, "--data", str(corpus), "-o", str(tmp_path / base)]) == 0
    assert capsys.readouterr().out.startswith(f"{base}\t")
    record = json.loads((tmp_path / base / "evaluation.json").read_text(encoding="utf-8"))
    figures = record["evaluation"]["development"]
    assert record["n_train"] == 12 and figures["n"] == 16
    assert {"macro_f1", "by_group", "ece", "praising_as_critical", "confusion"} <= set(figures)
    assert main(["train", "--base", base, "--data", str(corpus), "-o", str(tmp_path / base)]) == 1


def test_options_that_do_not_go_together_are_refused(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["train", "--data", str(corpus), "-o", "x"]
    for more, message in (
        (["--base", "tfidf", "--promote"], "makes no bundle"),
        (["--base", "b", "--champion", "c"], "add --promote"),
        (["--base", "b", "--teacher", "t"], "go together"),
    ):
        assert main([*common, *more]) == 1
        assert message in capsys.readouterr().err


@pytest.mark.slow
def test_student_is_trained_promoted_and_then_refused(
    tiny_encoder: Path, tiny_bundle: Bundle, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "archive.jsonl"
    archive.write_text(
        "".join(json.dumps({"id": n, "text": f"The council of the region met {n} times this year."}) + "\n"
                for n in range(4)), encoding="utf-8",
    )  # fmt: skip
    soft = tmp_path / "soft.jsonl"
    soft.write_text(json.dumps({"id": labelled(1)[0].id, "probs": [0.7, 0.1, 0.1, 0.1]}) + "\n", encoding="utf-8")
    champion, output = tmp_path / "champion", tmp_path / "student"
    command = ["train", "--base", str(tiny_encoder), "--data", str(corpus), "--config", str(tmp_path / "train.toml"),
               "--teacher", str(tiny_bundle.folder), "--unlabelled", str(archive), "--soft-labels", str(soft),
               "--promote", "--champion", str(champion)]  # fmt: skip
    assert main([*command, "-o", str(output)]) == 0
    record = Bundle.load(champion).manifest.record
    assert (record["n_unlabelled"], record["n_soft_labels"]) == (4, 5)
    floors = tmp_path / "champion.floors.toml"
    floors.write_text(floors.read_text(encoding="utf-8").replace('"macro_f1/all" = 0.', '"macro_f1/all" = 1.'), "utf-8")
    capsys.readouterr()
    assert main([*command, "-o", str(tmp_path / "again")]) == 1
    assert "macro_f1/all is 0." in capsys.readouterr().err
    assert (tmp_path / "again" / "manifest.json").is_file()
