"""From the reviewers' store to a model: the exported corpus is trained on as it is, and its test split stays unseen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("sqlalchemy")

from tests.review_data import desk, queued
from tests.small_corpus import SENTENCES, labelled
from xjstance.__main__ import main
from xjstance.labels.labelled_corpus import read_corpus, write_corpus
from xjstance.labels.near_copies import jaccard, shingle_hashes
from xjstance.labels.records import LabelledArticle
from xjstance.models.bundle import Bundle
from xjstance.training.train_bundle import TrainingData

N_NEW = 24
"""Articles that only the reviewers have labelled."""


def hearings() -> list[LabelledArticle]:
    """The test split: an article a label, like none of the others."""
    return [
        replace(one, title=f"Hearing {at}", text=f"{one.text} Witness {at} spoke {'very ' * at}long.", sentences=())
        for at, one in enumerate(labelled(1, split="test", seed=2), 5)
    ]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A new corpus from a store in which a test article, a near-copy of one, and new articles were labelled."""
    test = hearings()
    base = [*labelled(3), *labelled(4, split="development", seed=1), *test]
    write_corpus(base, tmp_path / "base")
    (tmp_path / "train.toml").write_text("epochs = 1\nbatch_articles = 8\nmax_tokens = 64\naverage_last = 1\n", "utf-8")
    texts = [(one.title, one.text, "neutral") for one in test[:1]]
    texts += [(one.title, f"{one.text} Updated.", one.label) for one in test[1:3]]
    for number in range(N_NEW):
        label = list(SENTENCES)[number % 4]
        words = " ".join(f"word{number}x{at}" for at in range(20))  # like nothing else
        texts.append((f"Story {number}", f"{words}. {SENTENCES[label][0]}", label))
    with desk(str(tmp_path / "reviews.db")) as store:
        store.hire("ant")
        store.hire("bee")
        store.add([queued(at, tag="en", title=title, text=text) for at, (title, text, _) in enumerate(texts)])
        for _, _, label in texts:
            for name in ("ant", "bee"):
                store.judge(name, store.take(name) or 0, label)
    command = ["labels", "export", str(tmp_path / "reviews.db"), "-o", str(tmp_path / "new"), "--format", "corpus",
               "--with-text", "--base", str(tmp_path / "base")]  # fmt: skip
    assert main(command) == 0
    return tmp_path / "new"


def check_seen(exported: Path, seen: list[TrainingData]) -> None:
    """All of the training split was read, and nothing of the test split or like it."""
    corpus = read_corpus(exported)
    of_split = {split: {one.id for one in corpus if one.split == split} for split in ("train", "development", "test")}
    (parts,) = seen
    assert {one.id for one in parts.train} == of_split["train"]
    read = [*parts.train, *parts.made, *parts.choose, *parts.calibrate, *parts.development]
    assert not of_split["test"] & {one.id for one in read}
    tests = [one for one in corpus if one.split == "test"]
    assert len(tests) >= 6 and not {one.story for one in tests} & {one.story for one in read}
    assert max(jaccard(shingle_hashes(one.text), shingle_hashes(other.text))
               for one in tests for other in parts.train if other.origin == "archived") < 0.6  # fmt: skip
    assert sum(one.origin == "archived" for one in parts.train) > N_NEW / 2


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[TrainingData]:
    """What runs of the test read of their corpora."""
    found: list[TrainingData] = []
    made = TrainingData.of

    def watched(*arguments: Any, **more: Any) -> TrainingData:
        found.append(made(*arguments, **more))
        return found[-1]

    monkeypatch.setattr(TrainingData, "of", watched)
    return found


def test_splits_of_the_base_are_kept_and_copies_follow(exported: Path) -> None:
    corpus = {one.id: one for one in read_corpus(exported)}
    tests = hearings()
    assert {one.id: corpus[one.id].split for one in tests} == {one.id: "test" for one in tests}
    assert corpus[tests[0].id].label == "neutral"
    copies = [one for one in corpus.values() if one.text.endswith("Updated.")]
    assert [(one.split, one.origin) for one in copies] == [("test", "archived")] * 2
    assert main(["labels", "check", str(exported)]) in (0, 1)


def test_baseline_trains_on_the_exported_corpus(exported: Path, seen: list[TrainingData], tmp_path: Path) -> None:
    assert main(["train", "--base", "tfidf", "--data", str(exported), "-o", str(tmp_path / "tfidf")]) == 0
    check_seen(exported, seen)


@pytest.mark.slow
def test_encoder_trains_on_the_exported_corpus(exported: Path, tiny_encoder: Path, seen: list[TrainingData],
                                               tmp_path: Path) -> None:  # fmt: skip
    command = ["train", "--base", str(tiny_encoder), "--data", str(exported), "--config", str(tmp_path / "train.toml")]
    assert main([*command, "-o", str(tmp_path / "bundle")]) == 0
    check_seen(exported, seen)
    record = Bundle.load(tmp_path / "bundle").manifest.record
    assert record["n_train"] == len(seen[0].train)
    classified = tmp_path / "out.jsonl"
    (tmp_path / "archive.jsonl").write_text(json.dumps({"id": 1, "text": SENTENCES["critical"][0]}) + "\n", "utf-8")
    assert main(["classify", str(tmp_path / "archive.jsonl"), "--model", str(tmp_path / "bundle"), "-o",
                 str(classified)]) == 0  # fmt: skip
    assert json.loads(classified.read_text(encoding="utf-8"))["status"] in ("scored", "unrouted")
