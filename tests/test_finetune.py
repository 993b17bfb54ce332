from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.small_corpus import labelled  # noqa: E402
from xjstance.labels.codebook import Codebook  # noqa: E402
from xjstance.labels.errors import ConfigError, DataError, ModelError  # noqa: E402
from xjstance.models.tokenizer import load_tokenizer  # noqa: E402
from xjstance.training.calibrate import confidence_threshold, conformal_threshold, fit_scaling, halves  # noqa: E402
from xjstance.training.config import TrainingConfig  # noqa: E402
from xjstance.training.examples import CONTENTS, make_example  # noqa: E402
from xjstance.training.finetune import check_splits, fine_tune, load_classifier  # noqa: E402
from xjstance.training.stance_model import SpecialIds, StanceModel, WindowCollator  # noqa: E402
from xjstance.training.trainer import parameter_groups  # noqa: E402

CONFIG = TrainingConfig(
    epochs=20, batch_articles=8, learning_rate=5e-3, embedding_rate=1.0, max_tokens=128, token_dropout=0.0, dropout=0.0
)


@pytest.mark.slow
def test_training_learns_what_its_articles_say(tiny_encoder: Path, codebook: Codebook, tmp_path: Path) -> None:
    tuned = fine_tune(tiny_encoder, labelled(12), labelled(6, split="development", seed=1), codebook=codebook,
                      config=CONFIG, work_folder=tmp_path)  # fmt: skip
    assert max(epoch["macro_f1"] for epoch in tuned.history) > 0.9
    assert tuned.history[-1]["loss"] < tuned.history[0]["loss"]


def test_sentence_marks_cover_the_tokens_of_their_sentence(tiny_encoder: Path, codebook: Codebook) -> None:
    article = labelled(1)[0]
    tokenizer = load_tokenizer(tiny_encoder)
    example = make_example(article, tokenizer, codebook, max_tokens=128)
    (marks,) = example.marks
    assert len(marks) == 3 and all(CONTENTS[mark.content] == "praising" for mark in marks)
    for mark, sentence in zip(marks, article.sentences, strict=True):
        ids = example.windows[0][mark.start : mark.end]
        assert list(ids) == tokenizer.encode(article.text[sentence.start : sentence.end])


def test_article_logits_are_the_aggregated_window_logits(tiny_encoder: Path, codebook: Codebook) -> None:
    config = replace(CONFIG, max_tokens=32, aggregation="lead")
    article = replace(labelled(1)[0], text=labelled(1)[0].text * 6, sentences=())
    example = make_example(article, load_tokenizer(tiny_encoder), codebook, max_tokens=32)
    assert len(example.windows) > 2
    classifier = load_classifier(tiny_encoder, codebook, config).eval()
    batch = WindowCollator(SpecialIds(bos=0, eos=2, pad=1))([example, example])
    with torch.no_grad():
        out = StanceModel(classifier, config.aggregation_rule)(**batch)
        single = classifier(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.numpy()
    n = len(example.windows)
    expected = config.aggregation_rule.article_logits([len(window) for window in example.windows], single[:n])
    np.testing.assert_allclose(out["article_logits"][0].numpy(), expected, atol=1e-5)
    np.testing.assert_allclose(out["article_logits"][1].numpy(), expected, atol=1e-5)


def test_frozen_embeddings_are_in_no_group(tiny_encoder: Path, codebook: Codebook) -> None:
    model = StanceModel(load_classifier(tiny_encoder, codebook, CONFIG), CONFIG.aggregation_rule)
    groups = parameter_groups(model, replace(CONFIG, embedding_rate=0.0, layer_decay=0.5))
    words = model.classifier.get_input_embeddings().weight
    assert not words.requires_grad
    assert all(parameter is not words for group in groups for parameter in group["params"])
    rates = sorted({group["lr"] for group in groups})
    assert rates == pytest.approx([CONFIG.learning_rate * 0.25, CONFIG.learning_rate * 0.5, CONFIG.learning_rate])


def test_story_in_two_splits_is_refused(codebook: Codebook) -> None:
    with pytest.raises(DataError, match="is in the training and the development split"):
        check_splits(labelled(2), labelled(2), codebook)


def test_label_without_articles_is_refused(codebook: Codebook) -> None:
    train = [article for article in labelled(2) if article.label != "neutral"]
    with pytest.raises(DataError, match="no article is labelled 'neutral'"):
        check_splits(train, [], codebook)


def test_base_with_other_label_names_is_refused(tiny_encoder: Path, codebook: Codebook, tmp_path: Path) -> None:
    other = load_classifier(tiny_encoder, codebook, CONFIG)
    other.config.id2label = {0: "critical", 1: "praising", 2: "neutral", 3: "unrelated"}
    other.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="start from a plain encoder"):
        load_classifier(tmp_path, codebook, CONFIG)


def test_folder_without_encoder_is_refused(codebook: Codebook, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no encoder that transformers can open"):
        load_classifier(tmp_path, codebook, CONFIG)


def test_windows_longer_than_the_positions_are_refused(tiny_encoder: Path, codebook: Codebook) -> None:
    with pytest.raises(ConfigError, match=r"max_tokens is 512, but .* has positions for 258 tokens"):
        load_classifier(tiny_encoder, codebook, replace(CONFIG, max_tokens=512))


def test_config_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.toml"
    path.write_text("epochs = 2\nlearning_rte = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="unknown key 'learning_rte'"):
        TrainingConfig.load(path)


def test_scaling_recovers_a_known_temperature() -> None:
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 2, (20_000, 4))
    probs = np.exp(logits / 2.5) / np.exp(logits / 2.5).sum(1, keepdims=True)
    gold = np.array([rng.choice(4, p=row) for row in probs])
    found = fit_scaling(logits, gold)
    assert found.temperature == pytest.approx(2.5, rel=0.05)
    assert np.abs(found.bias).max() < 0.15


def test_conformal_sets_cover_nine_of_ten_new_articles() -> None:
    rng = np.random.default_rng(6)
    probs = rng.dirichlet(np.ones(4), 8_000)
    gold = np.array([rng.choice(4, p=row) for row in probs])
    threshold = conformal_threshold(probs[:4_000], gold[:4_000])
    covered = 1 - probs[4_000:][np.arange(4_000), gold[4_000:]] <= threshold
    assert covered.mean() == pytest.approx(0.9, abs=0.02)


def test_confidence_threshold_is_the_least_that_keeps_the_precision() -> None:
    top = np.linspace(0.99, 0.4, 100)
    probs = np.stack([top, 1 - top], axis=1)
    gold = np.r_[np.zeros(50, dtype=int), np.ones(50, dtype=int)]
    threshold = confidence_threshold(probs, gold, precision=0.9)
    kept = probs.max(1) >= threshold
    assert (probs.argmax(1) == gold)[kept].mean() >= 0.9
    assert confidence_threshold(probs, 1 - probs.argmax(1)) == 1.0


def test_halves_of_a_split_share_no_story_and_stay_when_stories_are_added() -> None:
    stories = [f"s{n % 40}" for n in range(120)]
    first, second = halves(stories)
    assert not {stories[i] for i in first} & {stories[i] for i in second}
    assert sorted(first + second) == list(range(120))
    assert halves([*stories, "new"])[0][: len(first)] == first
