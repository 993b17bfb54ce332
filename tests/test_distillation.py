from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.small_corpus import labelled  # noqa: E402
from xjstance.labels.codebook import Codebook  # noqa: E402
from xjstance.labels.errors import ConfigError, DataError  # noqa: E402
from xjstance.labels.records import Article  # noqa: E402
from xjstance.models.bundle import Bundle  # noqa: E402
from xjstance.models.tokenizer import load_tokenizer  # noqa: E402
from xjstance.training.config import TrainingConfig  # noqa: E402
from xjstance.training.distillation import Teaching, read_soft_labels, teach  # noqa: E402
from xjstance.training.examples import UNLABELLED, make_examples, make_unlabelled  # noqa: E402
from xjstance.training.finetune import article_logits, fine_tune  # noqa: E402
from xjstance.training.stance_model import SpecialIds, WindowCollator, losses, soft_label_loss  # noqa: E402

CONFIG = TrainingConfig(max_tokens=64, token_dropout=0.0, dropout=0.0, balance_labels="none", balance_languages="none")
SPECIAL = SpecialIds(bos=0, eos=2, pad=1)


def softmax(logits: np.ndarray) -> np.ndarray:
    exps = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(exps / exps.sum(-1, keepdims=True))


def test_soft_label_loss_is_the_softened_divergence() -> None:
    logits, probs = np.array([[1.0, 2.0, 0.0, -1.0]]), np.array([[0.7, 0.1, 0.15, 0.05]])
    teacher, student = softmax(np.log(probs) / 3), softmax(logits / 3)
    expected = 9 * (teacher * np.log(teacher / student)).sum()
    found = soft_label_loss(torch.tensor(logits), torch.tensor(probs), temperature=3.0)
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_loss_mixes_labels_and_soft_labels_by_article(tiny_encoder: Path, codebook: Codebook) -> None:
    tokenizer = load_tokenizer(tiny_encoder)
    articles = [replace(article, sentences=()) for article in labelled(1)][:3]
    soft = {articles[1].id: (0.1, 0.2, 0.3, 0.4), articles[2].id: (0.4, 0.3, 0.2, 0.1)}
    examples = make_examples(
        articles[:2], tokenizer, codebook, CONFIG, soft_labels={articles[1].id: soft[articles[1].id]}
    )
    examples += make_unlabelled(
        articles[2:], tokenizer, codebook, replace(CONFIG, unlabelled_weight=0.5), soft_labels=soft
    )
    assert examples[2].label == UNLABELLED
    batch = WindowCollator(SPECIAL)(examples)
    logits = torch.tensor([[0.5, 0.1, -1.0, 2.0], [1.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0]])
    found = losses({"article_logits": logits}, batch, label_smoothing=0.0, voice_weight=0.0, content_weight=0.0,
                   distil_weight=0.3, distil_temperature=1.0)  # fmt: skip
    log_probs = np.log(softmax(logits.numpy()))
    own = [-log_probs[row, example.label] for row, example in enumerate(examples[:2])]
    taught = [
        (np.array(soft[a.id]) * (np.log(soft[a.id]) - log_probs[row])).sum() for row, a in enumerate(articles) if row
    ]
    expected = (own[0] + 0.7 * own[1] + 0.3 * taught[0] + 0.5 * taught[1]) / 2.5
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_soft_labels_of_the_wrong_form_are_refused(tiny_encoder: Path, codebook: Codebook, tmp_path: Path) -> None:
    articles, tokenizer = labelled(1)[:1], load_tokenizer(tiny_encoder)
    with pytest.raises(DataError, match="not one probability for each of praising, critical"):
        make_examples(articles, tokenizer, codebook, CONFIG, soft_labels={articles[0].id: (0.5, 0.6, 0.0, 0.0)})
    with pytest.raises(DataError, match="'x' is the id of no training article"):
        make_examples(articles, tokenizer, codebook, CONFIG, soft_labels={"x": (1.0, 0.0, 0.0, 0.0)})
    path = tmp_path / "soft.jsonl"
    path.write_text('{"id": "a", "probs": [0.5, 0.5, 0, 0]}\n{"id": "b"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"soft\.jsonl:2: is no soft label"):
        read_soft_labels(path, codebook)


def test_teacher_scores_the_unlabelled_and_leaves_out_copies_of_held_out_articles(
    tiny_bundle: Bundle, codebook: Codebook
) -> None:
    held_out = labelled(1, split="test")
    copy = replace(held_out[0].article(), id="copy", text=held_out[0].text + " More.")
    fresh = Article(id="fresh", title="Letter", text="The parliament of the region met and spoke about Xinjiang today.")
    teaching = teach(tiny_bundle.folder, [copy, fresh, fresh, Article(id="none", text="12345 67")], codebook=codebook,
                     held_out=held_out)  # fmt: skip
    assert [article.text for article in teaching.unlabelled] == [fresh.text]
    assert sum(teaching.of_unlabelled[teaching.unlabelled[0].id]) == pytest.approx(1)
    with pytest.raises(DataError, match="could score none"):
        teach(tiny_bundle.folder, [copy], codebook=codebook, held_out=held_out)
    with pytest.raises(ConfigError, match="was trained with codebook"):
        teach(tiny_bundle.folder, [fresh], codebook=replace(codebook, version=99), held_out=[])


@pytest.mark.slow
def test_student_takes_over_what_only_the_teacher_says(tiny_encoder: Path, codebook: Codebook, tmp_path: Path) -> None:
    train, unlabelled = labelled(4), [replace(a, id=f"u{a.id}", story="composite-u") for a in labelled(8, seed=3)]
    soft = {article.id: (0.01, 0.01, 0.97, 0.01) for article in unlabelled}
    config = replace(CONFIG, epochs=5, batch_articles=8, learning_rate=5e-3, embedding_rate=1.0,
                     unlabelled_weight=20.0, voice_weight=0.0, content_weight=0.0)  # fmt: skip
    tuned = fine_tune(tiny_encoder, train, labelled(2, split="development", seed=1), codebook=codebook, config=config,
                      work_folder=tmp_path, teaching=Teaching(unlabelled=unlabelled, of_unlabelled=soft))  # fmt: skip
    examples = make_examples(labelled(3, seed=5), tuned.tokenizer, codebook, config)
    assert set(article_logits(tuned.classifier, examples, SPECIAL, config).argmax(1).tolist()) == {2}


def test_soft_label_file_is_read_by_id(codebook: Codebook, tmp_path: Path) -> None:
    path = tmp_path / "soft.jsonl"
    path.write_text(json.dumps({"id": "a", "probs": [0.25] * 4}) + "\n", encoding="utf-8")
    assert read_soft_labels(path, codebook) == {"a": (0.25, 0.25, 0.25, 0.25)}
