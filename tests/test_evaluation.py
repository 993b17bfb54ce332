"""Evaluation of a bundle: every figure by a second method, intervals, comparison in pairs, and the page."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from tests.small_corpus import labelled
from xjstance.__main__ import main
from xjstance.labels.codebook import Codebook
from xjstance.labels.labelled_corpus import write_corpus
from xjstance.labels.records import LabelledArticle
from xjstance.models.bundle import Bundle
from xjstance.training.bootstrap import StoryDraws, interval, macro_f1s, p_value
from xjstance.training.comparison import compare_probs
from xjstance.training.evaluation import BundleAnswers, evaluate_answers
from xjstance.training.evaluation_html import evaluation_page
from xjstance.training.metrics import confusion, expected_calibration_error, macro_f1

LABELS = ("praising", "critical", "neutral", "unrelated")
SIDES = {"positive": "praising", "negative": "critical"}


def articles_and_probs(n: int = 120, *, seed: int = 0, skill: float = 1.5) -> tuple[list[LabelledArticle], np.ndarray]:
    """Articles in two languages, one much rarer, three a story, and probabilities of a model with some skill."""
    rng = np.random.default_rng(seed)
    base = labelled(1)[0]
    gold = np.random.default_rng(99).integers(0, 4, n)
    found = [
        replace(base, id=f"a{at}", label=LABELS[gold[at]], story=f"s{at // 3}", text="x" * (100 + 40 * at),
                language="sw" if at % 24 == 0 else "en")
        for at in range(n)
    ]  # fmt: skip
    logits = rng.normal(size=(n, 4)) + skill * np.eye(4)[gold]
    exps = np.exp(logits)
    return found, exps / exps.sum(1, keepdims=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1_000), st.integers(3, 40))
def test_draws_agree_with_repeated_rows(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    gold, probs = rng.integers(0, 3, n), rng.dirichlet(np.ones(3), n)
    predicted, right = probs.argmax(1), probs.argmax(1) == gold
    draws = StoryDraws.of([str(value) for value in rng.integers(0, 6, n)], rng=rng, n_draws=5)
    f1s = macro_f1s(draws.confusions(gold, predicted, 3))
    errors, means = draws.calibration_errors(probs.max(1), right), draws.mean(probs[:, 0])
    recalls = draws.ratio(right, gold == 1)
    for at, weight in enumerate(draws.weights):
        rows = np.repeat(np.arange(n), weight)
        assert f1s[at] == pytest.approx(macro_f1(confusion(gold[rows], predicted[rows], 3)))
        assert errors[at] == pytest.approx(
            expected_calibration_error(probs[rows], gold[rows]), abs=0.15 / len(rows) + 1e-9
        )
        assert means[at] == pytest.approx(probs[rows, 0].mean())
        ones = rows[gold[rows] == 1]
        assert np.isnan(recalls[at]) if not len(ones) else recalls[at] == pytest.approx(right[ones].mean())
    assert (draws.weights[0] == 1).all() and errors[0] == pytest.approx(expected_calibration_error(probs, gold))


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    n_covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        story = np.repeat(rng.random(60) < 0.3, 2)
        draws = StoryDraws.of([str(at // 2) for at in range(120)], rng=rng, n_draws=300)
        _, low, high = interval(draws.mean(story.astype(float)))
        n_covered += low <= 0.3 <= high
    assert 178 <= n_covered <= 199


def test_p_is_small_for_a_real_difference_and_uniform_for_none() -> None:
    assert p_value(np.r_[0.3, np.random.default_rng(0).normal(0.3, 0.05, 999)]) == pytest.approx(0.001)
    values = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        difference = rng.normal(size=80)
        draws = StoryDraws.of([str(at) for at in range(80)], rng=rng, n_draws=200)
        values.append(p_value(draws.mean(difference)))
    assert 0.01 <= np.mean(np.array(values) < 0.05) <= 0.12
    assert np.isnan(p_value(np.array([np.nan, 1.0])))


def test_every_figure_has_n_and_an_interval_around_it() -> None:
    articles, probs = articles_and_probs()
    in_set = probs >= np.minimum(0.15, probs.max(1, keepdims=True))
    answers = BundleAnswers(probs=probs, in_set=in_set, is_confident=probs.max(1) > 0.6)
    report = evaluate_answers(answers, articles, LABELS, **SIDES, rng=np.random.default_rng(0),
                              by=["language", "length"], n_draws=200)  # fmt: skip
    gold = np.array([LABELS.index(article.label) for article in articles])
    assert report["conformal"]["coverage"] == pytest.approx(in_set[np.arange(120), gold].mean(), abs=1e-4)
    assert report["conformal"]["mean_size"] == pytest.approx(in_set.sum(1).mean(), abs=1e-4)
    assert sum(report["conformal"]["n_by_size"].values()) == report["n"] == 120 and report["n_stories"] == 40
    for holder, name in [(report, "ece"), (report, "brier"), (report["conformal"], "coverage"),
                         (report["confident"], "accuracy"), (report["classes"]["neutral"], "precision")]:  # fmt: skip
        low, high = holder[f"{name}_interval"]
        assert low <= holder[name] <= high and low < high
    assert sum(row["n_predicted"] for row in report["classes"].values()) == 120
    assert [row["n"] for row in report["abstention"]] == [120, 108, 96, 84, 72, 60, 48, 36, 24, 12]
    assert report["abstention"][0]["risk"][0] == pytest.approx(1 - report["accuracy"][0], abs=1e-4)
    assert report["abstention"][-1]["risk"][0] < report["abstention"][0]["risk"][0]
    assert sum(row["n"] for row in report["reliability"]) == 120
    assert report["by_language"]["sw"]["is_too_small"] and not report["by_language"]["en"]["is_too_small"]
    assert report["by_language"]["en"]["n"] == 115 and report["by_language"]["en"]["n_stories"] == 40
    assert sum(row["n"] for row in report["by_length"].values()) == 120
    json.dumps(report, allow_nan=False)


def test_comparison_is_paired_and_has_a_direction() -> None:
    articles, good = articles_and_probs(skill=3)
    _, bad = articles_and_probs(seed=1, skill=0.3)
    found = compare_probs(good, bad, articles, LABELS, **SIDES, rng=np.random.default_rng(0), n_draws=300)
    f1, errors = found["figures"]["macro_f1"], found["figures"]["praising_as_critical"]
    assert f1["difference"][1] > 0 and f1["p"] < 0.01 and not f1["less_is_better"]
    assert f1["difference"][0] == pytest.approx(f1["value"] - f1["other"], abs=2e-4)
    assert errors["difference"][0] < 0 and errors["less_is_better"]
    assert found["n_only_ours_right"] > found["n_only_other_right"]
    same = compare_probs(good, good, articles, LABELS, **SIDES, rng=np.random.default_rng(0), n_draws=50)
    assert same["figures"]["brier"]["difference"] == [0, 0, 0] and same["figures"]["brier"]["p"] == 1


def page_of(**changes: Any) -> str:
    articles, probs = articles_and_probs()
    answers = BundleAnswers(probs=probs, in_set=probs > 0.2, is_confident=probs.max(1) > 0.6)
    report = {"bundle": "tiny@0123456789ab", "codebook": "c", "split": "development", "origin": "brief",
              "data_sha256": "0" * 64, "seed": 0, "draws": 50}  # fmt: skip
    report |= evaluate_answers(answers, articles, LABELS, **SIDES, rng=np.random.default_rng(0), by=["language"],
                               n_draws=50)  # fmt: skip
    return evaluation_page(report | changes, labels=LABELS)


def test_page_needs_nothing_from_outside_and_its_plots_are_told_in_words() -> None:
    page = page_of()
    assert not re.search(r"https?://|<script|<link|<img|url\(", page)
    assert "prefers-color-scheme:dark" in page and "@media print" in page
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(plots) == 4
    for plot in plots:
        root = ET.fromstring(plot)
        assert root.get("role") == "img" and root.get("aria-label") == root.findtext("title") != ""
    assert "gold praising:" in plots[0] and "promised" in plots[1] and "answered, error" in plots[2]
    assert "sw (too few)" in page and ">sw<" not in plots[3] and ">en<" in plots[3]


def test_page_escapes_what_it_is_given() -> None:
    assert "<b>evil" not in page_of(bundle="<b>evil</b>@0", split="<b>evil</b>")


def test_page_of_few_articles_can_be_made() -> None:
    articles, probs = articles_and_probs(5)
    report = {"bundle": "t", "codebook": "c", "split": "s", "origin": "o", "data_sha256": "0", "seed": 0, "draws": 20}
    report |= evaluate_answers(probs[:5], articles[:5], LABELS, **SIDES, rng=np.random.default_rng(0),
                               by=["language"], n_draws=20)  # fmt: skip
    assert "too few" in evaluation_page(report, labels=LABELS)


def test_command_compares_prints_and_writes(tiny_bundle: Bundle, codebook: Codebook, tmp_path: Path,
                                            capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    write_corpus(labelled(4, split="development"), tmp_path / "corpus")
    folder = str(tiny_bundle.folder)
    base = ["evaluate", folder, "--data", str(tmp_path / "corpus"), "--draws", "20"]
    assert main([*base, "--against", folder, "--by", "language,length", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["against"]["n_same_label"] == report["n"] == 16 and "by_length" in report
    assert main(base) == 0
    shown = capsys.readouterr().out
    assert "macro_f1" in shown and "conformal coverage" in shown and "error of the surest" in shown
    for name in ("page.html", "page.json"):
        assert main([*base, "-o", str(tmp_path / name)]) == 0
        assert (tmp_path / name).stat().st_size > 2_000
    assert main([*base, "-o", str(tmp_path / "page.pdf")]) == 1
    assert main([*base, "--by", "colour"]) == 1
    assert "--by 'colour' is unknown" in capsys.readouterr().err
