"""Suspect labels: planted ones are found, from probabilities of models that never saw them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("cleanlab")

from tests.small_corpus import labelled
from xjstance.__main__ import main
from xjstance.labels.audit_sample import read_queue
from xjstance.labels.codebook import Codebook
from xjstance.labels.errors import ConfigError, DataError
from xjstance.labels.labelled_corpus import write_corpus
from xjstance.labels.records import LabelledArticle
from xjstance.training.suspects import find_suspects, out_of_sample_probs


def with_wrong_labels(n_stories: int = 12) -> tuple[list[LabelledArticle], set[str]]:
    """A small corpus in which three labels are wrong, and the ids of those."""
    articles = labelled(n_stories)
    wrong = {"train-praising-3": "unrelated", "train-critical-5": "praising", "train-unrelated-7": "critical"}
    return [replace(a, label=wrong.get(a.id, a.label)) for a in articles], set(wrong)


def test_planted_errors_are_found_and_the_surest_comes_first(codebook: Codebook) -> None:
    articles, wrong = with_wrong_labels()
    probs = np.full((len(articles), 4), 0.05)
    for row, article in enumerate(articles):
        probs[row, codebook.index(article.id.split("-")[1])] = 0.85 + 0.001 * (article.id == "train-critical-5")
    found = find_suspects(probs / probs.sum(1, keepdims=True), articles, codebook)
    assert {one.article.id for one in found} == wrong
    assert found[0].article.id == "train-critical-5" and found[0].suggested == "critical"
    assert found[0].prob_given < 0.06 and found[0].prob_suggested > 0.8
    assert found[0].item("f").inclusion_prob == 0 and found[0].item("f").reason == "suspect"


def test_a_label_that_nobody_gave_changes_nothing(codebook: Codebook) -> None:
    articles = [a for a in labelled(5) if a.label in ("praising", "unrelated")]
    probs = np.full((len(articles), 4), 0.1)
    for row, article in enumerate(articles):
        probs[row, codebook.index(article.label)] = 0.7
    assert find_suspects(probs, articles, codebook) == []
    with pytest.raises(DataError, match="one label only"):
        find_suspects(probs[:5], articles[:5], codebook)


def test_no_article_is_judged_by_a_model_that_saw_its_story(
    codebook: Codebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    articles = [replace(a, story=a.story.rsplit("-", 1)[0] + str(int(a.id[-1]) // 2)) for a in labelled(8)]
    n_seen = []

    def fake(train: list[LabelledArticle], test: list[LabelledArticle], book: Codebook) -> np.ndarray:
        assert not {a.story for a in train} & {a.story for a in test}
        n_seen.append(len(test))
        return np.full((len(test), 4), 0.25)

    monkeypatch.setitem(__import__("xjstance.training.baselines", fromlist=["BASELINES"]).BASELINES, "tfidf", fake)
    assert out_of_sample_probs(articles, codebook, n_folds=4).sum() == pytest.approx(len(articles))
    assert sum(n_seen) == len(articles) and len(n_seen) == 4
    with pytest.raises(DataError, match="too few for 99 folds"):
        out_of_sample_probs(articles, codebook, n_folds=99)
    with pytest.raises(ConfigError, match="2 or more"):
        out_of_sample_probs(articles, codebook, n_folds=1)


def test_command_lists_planted_errors_as_a_queue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    articles, wrong = with_wrong_labels(8)
    test_split = [replace(a, split="test", id=f"t-{a.id}", story=f"t-{a.story}") for a in labelled(2)]
    write_corpus([*articles, *test_split], tmp_path / "corpus")
    queue = tmp_path / "suspects.jsonl"
    assert main(["select", "--suspects", str(tmp_path / "corpus"), "--folds", "4", "-o", str(queue)]) == 0
    assert "of 32 labels are suspect" in capsys.readouterr().err
    assert wrong <= {item.id for item in read_queue(queue)}
    first = json.loads(queue.read_text(encoding="utf-8").splitlines()[0])
    assert first["suggested"] != first["given"] and first["prob_given"] < first["prob_suggested"]
    assert main(["select", "--suspects", str(tmp_path / "corpus"), "--split", "none"]) == 1
    assert "no article of split" in capsys.readouterr().err
