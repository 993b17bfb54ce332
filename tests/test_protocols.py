from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.small_corpus import labelled
from xjstance.labels.codebook import Codebook
from xjstance.labels.errors import ConfigError, DataError
from xjstance.training import protocols
from xjstance.training.config import TrainingConfig
from xjstance.training.protocols import folds, run_protocol

CONFIG = TrainingConfig()


def in_language(language: str, script: str, *, seed: int) -> Any:
    return [
        replace(article, id=f"{language}-{script}-{article.id}", language=language, script=script,
                story=f"{language}-{article.story}" if article.split != "development" else article.story)
        for split in ("train", "development", "test")
        for article in labelled(3, split=split, seed=seed)
    ]  # fmt: skip


CORPUS = [*in_language("en", "Latn", seed=0), *in_language("kk", "Cyrl", seed=1), *in_language("kk", "Arab", seed=2),
          *in_language("fr", "Latn", seed=3)]  # fmt: skip


def test_language_goes_out_in_all_scripts_with_its_stories() -> None:
    by_name = {fold.name: fold for fold in folds("leave-one-language-out", CORPUS)}
    assert set(by_name) == {"en", "fr", "kk"}
    fold = by_name["kk"]
    assert {article.script for article in fold.held_out} == {"Cyrl", "Arab"} and len(fold.held_out) == 48
    measured = {article.story for article in fold.held_out}
    for article in (*fold.train, *fold.choose):
        assert article.language != "kk" and article.story not in measured and article.split != "test"
    assert not fold.choose  # every development story is also told in kk


def test_groups_of_family_and_outlet() -> None:
    assert [fold.name for fold in folds("leave-one-family-out", CORPUS)] == [
        "Germanic", "Romance and Greek", "Turkic and Mongolic",
    ]  # fmt: skip
    (fold,) = folds("leave-one-outlet-out", CORPUS)
    assert fold.name == "example.org" and not fold.train


def test_k_folds_divide_the_stories_and_stay_when_stories_are_added() -> None:
    found = folds("k-fold", CORPUS, n_folds=3, min_articles=1)
    measured = [article.id for fold in found for article in fold.held_out]
    assert sorted(measured) == sorted(article.id for article in CORPUS if article.split != "test")
    stories = [{article.story for article in fold.held_out} for fold in found]
    assert not any(one & other for at, one in enumerate(stories) for other in stories[at + 1 :])
    more = {fold.name: fold for fold in folds("k-fold", [*CORPUS, *labelled(5, seed=8)], n_folds=3, min_articles=1)}
    for fold in found:
        assert {a.story for a in fold.held_out} <= {a.story for a in more[fold.name].held_out}


def test_unknown_protocol_group_and_too_small_groups_are_refused() -> None:
    with pytest.raises(ConfigError, match="leave-one-out"):
        folds("leave-one-out", CORPUS)
    with pytest.raises(ConfigError, match="no article is of group 'zz'"):
        folds("leave-one-language-out", CORPUS, only=["zz"])
    with pytest.raises(DataError, match="no group has 99"):
        folds("leave-one-language-out", CORPUS, min_articles=99)


def test_report_has_each_fold_and_goes_on_where_it_stopped(
    codebook: Codebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def probs(base: str, fold: protocols.Fold, **_: Any) -> Any:
        seen.append(fold.name)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return np.eye(4)[[codebook.index(article.label) for article in fold.held_out]]

    monkeypatch.setattr(protocols, "fold_probs", probs)
    output, common = tmp_path / "folds.json", {"codebook": codebook, "config": CONFIG, "n_draws": 10}
    with pytest.raises(KeyboardInterrupt):
        run_protocol("leave-one-language-out", "tfidf", CORPUS, output, **common)  # type: ignore[arg-type]
    report = run_protocol("leave-one-language-out", "tfidf", CORPUS, output, **common)  # type: ignore[arg-type]
    assert seen == ["en", "fr", "kk", "kk"]
    assert report == json.loads(output.read_text(encoding="utf-8"))
    assert report["folds"]["kk"]["n"] == 48 and report["pooled"]["n"] == 96
    assert report["pooled"]["macro_f1"][0] == 1
    with pytest.raises(ConfigError, match="was written with another base"):
        run_protocol("leave-one-language-out", "fasttext", CORPUS, output, **common)  # type: ignore[arg-type]


def test_command_line_runs_a_baseline_over_folds(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from xjstance.labels.labelled_corpus import write_corpus

    write_corpus([*labelled(12), *labelled(4, split="development", seed=2)], tmp_path / "corpus")
    arguments = ["k-fold", "--folds", "2", "--base", "tfidf", "--data", str(tmp_path / "corpus"), "--draws", "10",
                 "-o", str(tmp_path / "folds.json")]  # fmt: skip
    protocols.main(arguments)
    report = json.loads((tmp_path / "folds.json").read_text(encoding="utf-8"))
    assert report["pooled"]["n"] == 64 and report["pooled"]["macro_f1"][0] > 0.9
