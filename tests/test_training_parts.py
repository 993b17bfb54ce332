from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch")

from tests.small_corpus import labelled
from xjstance.labels.codebook import Codebook
from xjstance.labels.domain_sentences import DOMAIN_SENTENCES, DomainSentence, read_domain_sentences
from xjstance.labels.errors import ConfigError, DataError
from xjstance.labels.labelled_corpus import write_corpus
from xjstance.labels.language_tags import SUPPORTED_TAGS
from xjstance.models.bundle import Bundle
from xjstance.training.background import background
from xjstance.training.baselines import tfidf_probs
from xjstance.training.composites import STORY_PREFIX, composites
from xjstance.training.document_bundle import document_bundle
from xjstance.training.evaluation import evaluate_bundle, evaluate_probs
from xjstance.training.failures import surest_errors
from xjstance.training.language_groups import GROUPS, group_of_tag
from xjstance.training.metrics import (
    bootstrap,
    brier_score,
    confusion,
    error_rate,
    expected_calibration_error,
    macro_f1,
)  # fmt: skip
from xjstance.training.model_card import model_card


def sentence(number: int, voice: str, content: str, *, about: bool = True) -> DomainSentence:
    return DomainSentence(language="en", script="Latn", number=number, voice=voice, content=content,  # type: ignore[arg-type]
                          is_about_target=about, text=f"Sentence {number} of {voice}.")  # fmt: skip


SENTENCES = [
    *(sentence(n, "government", "praising") for n in range(5)),
    *(sentence(n, "critics", "critical") for n in range(5, 10)),
    *(sentence(n, "outlet", "praising") for n in range(10, 14)),
    *(sentence(n, "outlet", "critical") for n in range(14, 18)),
    *(sentence(n, "outlet", "none") for n in range(18, 22)),
    *(sentence(n, "outlet", "none", about=False) for n in range(22, 26)),
]


def test_composites_follow_the_rules_of_the_codebook(codebook: Codebook) -> None:
    made = composites(SENTENCES, n_each=5, rng=np.random.default_rng(1))
    assert {article.label for article in made} == set(codebook.labels)
    assert all(article.split == "train" and article.story.startswith(STORY_PREFIX) for article in made)
    for article in made:
        contents = Counter(mark.content for mark in article.sentences)
        if article.rule == "closing_denial":
            assert article.sentences[-1].content == "praising" and contents["critical"] >= 2
        if article.label == "unrelated":
            assert contents["praising"] == contents["critical"] == 0
        for mark in article.sentences:
            assert article.text[mark.start : mark.end].startswith("Sentence")


def test_composites_are_the_same_for_the_same_seed() -> None:
    one, other = (composites(SENTENCES, n_each=2, rng=np.random.default_rng(4)) for _ in range(2))
    assert one == other


def test_background_is_off_target_and_skips_the_target_and_held_out_text(tmp_path: Path) -> None:
    rows = [
        *(
            {"source": "sib", "split": "train", "align_id": str(n), "lang": "fr", "text": f"Une phrase {n}."}
            for n in range(9)
        ),
        {"source": "sib", "split": "test", "align_id": "t", "lang": "fr", "text": "Phrase gardée."},
        {"source": "sib", "split": "train", "align_id": "x", "lang": "fr", "text": "Les Ouïghours du Xinjiang."},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "sib.parquet")
    found = background(tmp_path, n_each=40, label="unrelated", rng=np.random.default_rng(0))
    assert len(found) == 40 and {article.label for article in found} == {"unrelated"}
    assert all("Xinjiang" not in f"{a.title} {a.text}" and "gardée" not in f"{a.title} {a.text}" for a in found)
    with pytest.raises(DataError, match="holds none of"):
        background(tmp_path / "empty", n_each=1, label="unrelated", rng=np.random.default_rng(0))


def test_own_domain_sentences_are_whole_and_parallel() -> None:
    numbers: dict[tuple[str, str], list[int]] = {}
    marks: dict[int, set[tuple[str, str, bool]]] = {}
    for item in read_domain_sentences(DOMAIN_SENTENCES):
        numbers.setdefault((item.language, item.script), []).append(item.number)
        marks.setdefault(item.number, set()).add((item.voice, item.content, item.is_about_target))
    assert len(numbers) > 80
    assert all(sorted(found) == list(range(1, 97)) for found in numbers.values())
    assert all(len(found) == 1 for found in marks.values())


def test_broken_domain_sentence_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"language": "en"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"s\.jsonl:1: is no domain sentence"):
        read_domain_sentences(path)


def test_metrics_agree_with_scikit_learn() -> None:
    from sklearn.metrics import confusion_matrix, f1_score

    rng = np.random.default_rng(8)
    gold, predicted = rng.integers(0, 4, 300), rng.integers(0, 4, 300)
    counts = confusion(gold, predicted, 4)
    np.testing.assert_array_equal(counts, confusion_matrix(gold, predicted))
    assert macro_f1(counts) == pytest.approx(f1_score(gold, predicted, average="macro"))


def test_error_rates_name_their_direction() -> None:
    gold, predicted = np.array([0, 0, 0, 1, 1]), np.array([1, 0, 1, 0, 1])
    assert error_rate(gold, predicted, of=0, called=1) == pytest.approx(2 / 3)
    assert error_rate(gold, predicted, of=1, called=0) == pytest.approx(1 / 2)


def test_calibration_scores_of_known_forecasts() -> None:
    gold = np.array([0, 1] * 50)
    sure = np.eye(2)[gold]
    assert (brier_score(sure, gold), expected_calibration_error(sure, gold)) == (0.0, 0.0)
    wrong = np.eye(2)[1 - gold]
    assert (brier_score(wrong, gold), expected_calibration_error(wrong, gold)) == (2.0, 1.0)


def test_bootstrap_draws_whole_stories() -> None:
    values = np.r_[np.zeros(50), np.ones(50)]
    stories = ["a"] * 50 + ["b"] * 50
    found = bootstrap(lambda rows: float(values[rows].mean()), stories, rng=np.random.default_rng(2), n_draws=400)
    assert (found.value, found.low, found.high) == (0.5, 0.0, 1.0)


def test_every_supported_language_has_one_group() -> None:
    assert all(group_of_tag(tag) != "other" for tag in SUPPORTED_TAGS)
    listed = [language for languages in GROUPS.values() for language in languages]
    assert len(listed) == len(set(listed))


def test_breakdown_marks_small_groups_and_refuses_unknown_keys(codebook: Codebook) -> None:
    articles = labelled(2)
    probs = np.full((len(articles), 4), 0.25)
    figures = evaluate_probs(probs, articles, codebook.labels, positive="praising", negative="critical",
                             rng=np.random.default_rng(0), by=["rule", "genre"], n_draws=20)  # fmt: skip
    assert figures["by_genre"]["other"]["n"] == 8 and not figures["by_genre"]["other"]["is_too_small"]
    with pytest.raises(ConfigError, match="colour"):
        evaluate_probs(probs, articles, codebook.labels, positive="praising", negative="critical",
                       rng=np.random.default_rng(0), by=["colour"], n_draws=20)  # fmt: skip


def test_tfidf_learns_the_small_corpus(codebook: Codebook) -> None:
    held = labelled(5, seed=9)
    probs = tfidf_probs(labelled(10), held, codebook)
    gold = [codebook.index(article.label) for article in held]
    assert (probs.argmax(1) == gold).mean() > 0.9
    np.testing.assert_allclose(probs.sum(1), 1)


def test_card_shows_figures_with_n_interval_and_limits(tiny_bundle: Bundle) -> None:
    rng = np.random.default_rng(0)
    test = evaluate_bundle(tiny_bundle, labelled(4), rng=rng, n_draws=20)
    development = evaluate_bundle(tiny_bundle, labelled(9, split="development"), rng=rng, n_draws=20)
    record = {"evaluation": {"test": test, "development": development}, "seconds": 360.0, "n_train": 5}
    card = model_card(replace(tiny_bundle.manifest, record=record))
    assert "## Figures on the test split" in card and "16 briefs" in card
    assert "praising as critical" in card and "critical as praising" in card
    assert "Moderation, censorship" in card and "not checked by native readers" in card.replace("\n", " ")
    assert "By script (too few" in card and "| Latn |" in card and "CC BY 4.0" in card and "10.0 Wh" in card
    shown = card[card.index("## Known failures") : card.index("## Limits")]
    assert shown.count("| development-") == len(development["failures"]) > 0 and "Report" in shown
    assert "failures" not in test
    read_again = json.loads(json.dumps(record, sort_keys=True))
    assert model_card(replace(tiny_bundle.manifest, record=read_again)) == card


def test_card_header_is_yaml_that_a_hub_reads(tiny_bundle: Bundle) -> None:
    yaml = pytest.importorskip("yaml")
    figures = evaluate_bundle(tiny_bundle, labelled(4), rng=np.random.default_rng(0), n_draws=20)
    record = {"evaluation": {"test": figures}, "base": "someone/encoder: small"}
    found = yaml.safe_load(model_card(replace(tiny_bundle.manifest, record=record)).split("---")[1])
    assert found["license"] == "apache-2.0" and found["base_model"] == "someone/encoder: small"
    assert all(isinstance(language, str) for language in found["language"]) and "ug" in found["language"]
    [result] = found["model-index"][0]["results"]
    assert result["dataset"]["split"] == "test" and result["metrics"][0]["value"] == figures["macro_f1"][0]


def test_surest_errors_are_one_of_each_story_and_two_of_each_kind(codebook: Codebook) -> None:
    articles = [replace(a, story=f"{a.label}-{int(a.id[-1]) // 2}") for a in labelled(8, split="development")]
    probs = np.full((len(articles), 4), 0.1)
    probs[:, 1] = [0.7 - 0.001 * at for at in range(len(articles))]
    found = surest_errors(probs, articles, codebook.labels)
    assert [row["gold"] for row in found] == ["praising", "praising", "neutral", "neutral", "unrelated", "unrelated"]
    assert {row["predicted"] for row in found} == {"critical"} and found[0]["prob"] == 0.7
    assert [row["id"] for row in found[:2]] == ["development-praising-0", "development-praising-2"]


def test_test_split_is_scored_once_for_each_weights(tiny_bundle: Bundle, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_bundle.folder, tmp_path / "bundle"))
    write_corpus(labelled(2, split="test"), tmp_path / "corpus")
    found = document_bundle(folder, tmp_path / "corpus", tmp_path / "log.jsonl")
    assert found.manifest.record["evaluation"]["test"]["n"] == 8
    assert json.loads((tmp_path / "log.jsonl").read_text(encoding="utf-8"))["n"] == 8
    with pytest.raises(ConfigError, match="scored on this test split already"):
        document_bundle(folder, tmp_path / "corpus", tmp_path / "log.jsonl")
