from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xjstance.models.aggregation import N_PLACE_FEATURES, Aggregation, window_features

RNG = np.random.default_rng(2)
LOGITS = RNG.normal(0, 2, (5, 4)).astype(np.float32)
N_TOKENS = [60, 50, 62, 58, 20]
LEARNT = tuple(RNG.normal(0, 1, N_PLACE_FEATURES + 4).tolist())


def test_attention_before_training_is_the_mean() -> None:
    found = Aggregation(rule="attention").weights(N_TOKENS, LOGITS)
    np.testing.assert_allclose(found, Aggregation(rule="mean").weights(N_TOKENS, LOGITS))
    zeros = Aggregation(rule="attention", attention=(0.0,) * 8).weights(N_TOKENS, LOGITS)
    np.testing.assert_allclose(found, zeros)


def test_attention_weighs_windows_by_their_features() -> None:
    first_only = Aggregation(rule="attention", attention=(np.log(3.0), 0, 0, 0, 0, 0, 0, 0))
    expected = np.array([180, 50, 62, 58, 20]) / 370
    np.testing.assert_allclose(first_only.weights(N_TOKENS, LOGITS), expected)


def test_features_do_not_change_when_all_logits_rise() -> None:
    np.testing.assert_allclose(window_features(LOGITS), window_features(LOGITS + 3), atol=1e-5)
    assert window_features(LOGITS[:1])[0, :3].tolist() == [1, 1, 0]


def test_learnt_weights_survive_the_manifest() -> None:
    rule = Aggregation(rule="attention", attention=LEARNT)
    assert Aggregation(**json.loads(json.dumps(asdict(rule)))) == rule


def test_training_weighs_windows_as_scoring_does() -> None:
    torch = pytest.importorskip("torch")
    from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

    from xjstance.training.stance_model import StanceModel

    shape: dict[str, Any] = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
                             "intermediate_size": 8, "num_labels": 4}  # fmt: skip
    config = XLMRobertaConfig(**shape)
    rule = Aggregation(rule="attention", attention=LEARNT)
    model = StanceModel(XLMRobertaForSequenceClassification(config), rule)
    owners, n_tokens = torch.tensor([0, 0, 0, 1, 1]), torch.tensor(N_TOKENS)
    shares = model._shares(owners, n_tokens, torch.from_numpy(LOGITS))
    expected = [*rule.weights(N_TOKENS[:3], LOGITS[:3]), *rule.weights(N_TOKENS[3:], LOGITS[3:])]
    np.testing.assert_allclose(shares.detach().numpy(), expected, rtol=1e-5)
    (shares * torch.tensor([1.0, 0, 0, 1, 0])).sum().backward()
    assert model.attention is not None and model.attention.grad is not None and model.attention.grad.abs().sum() > 0
    assert model.learnt_aggregation.attention == pytest.approx(LEARNT, rel=1e-6)


@pytest.mark.slow
def test_training_learns_the_weights_of_attention(tiny_encoder: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from tests.small_corpus import SENTENCES, labelled
    from xjstance.labels.codebook import Codebook
    from xjstance.training.config import TrainingConfig
    from xjstance.training.finetune import fine_tune

    config = TrainingConfig(epochs=3, batch_articles=8, learning_rate=5e-3, embedding_rate=1.0, max_tokens=32,
                            token_dropout=0.0, dropout=0.0, aggregation="attention", voice_weight=0.0,
                            content_weight=0.0)  # fmt: skip
    filler = " ".join(SENTENCES["neutral"])
    train = [replace(a, text=f"{a.text} {filler} {filler}", title="", sentences=()) for a in labelled(8)]
    dev = [replace(a, text=f"{a.text} {filler} {filler}", title="", sentences=())
           for a in labelled(3, split="development", seed=1)]  # fmt: skip
    tuned = fine_tune(tiny_encoder, train, dev, codebook=Codebook.load(), config=config, work_folder=tmp_path)
    assert len(tuned.aggregation.attention) == N_PLACE_FEATURES + 4
    assert np.abs(tuned.aggregation.attention).min() > 0
    assert np.abs(tuned.aggregation.attention).max() > 0.05
