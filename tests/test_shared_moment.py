from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from xjstance.labels.codebook import Codebook  # noqa: E402
from xjstance.labels.errors import ConfigError  # noqa: E402
from xjstance.training.config import TrainingConfig  # noqa: E402
from xjstance.training.finetune import load_classifier  # noqa: E402
from xjstance.training.shared_moment import SharedMomentAdamW  # noqa: E402
from xjstance.training.stance_model import StanceModel  # noqa: E402
from xjstance.training.trainer import parameter_groups  # noqa: E402

GRADIENTS = ([[4.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [2.0, 0.0]])


def parameter() -> Any:
    return torch.nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, -1.0]]))


def steps(optimizer: Any, weight: Any, gradients: Any) -> None:
    for gradient in gradients:
        weight.grad = torch.tensor(gradient)
        optimizer.step()


def test_two_steps_follow_the_hand_computation() -> None:
    weight = parameter()
    optimizer = SharedMomentAdamW([{"params": [weight], "is_shared": True}], lr=0.1, weight_decay=0.5, eps=1e-8)
    steps(optimizer, weight, GRADIENTS)
    first_shared = (16.0 / 4) * 0.001  # mean square of the first gradient
    second_shared = first_shared * 0.999 + (5.0 / 4) * 0.001
    first_moment = 0.1 * np.array(GRADIENTS[0])
    second_moment = 0.9 * first_moment + 0.1 * np.array(GRADIENTS[1])
    expected = np.array([[1.0, 2.0], [3.0, -1.0]])
    expected = expected * 0.95 - 0.1 * (first_moment / 0.1) / np.sqrt(first_shared / 0.001)
    expected = expected * 0.95 - 0.1 * (second_moment / 0.19) / np.sqrt(second_shared / (1 - 0.999**2))
    np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=1e-5)
    assert optimizer.state[weight]["exp_avg_sq"].shape == ()


def test_entries_move_in_proportion_to_their_gradients() -> None:
    weight = parameter()
    before = weight.detach().clone()
    optimizer = SharedMomentAdamW([{"params": [weight], "is_shared": True}], lr=0.1, weight_decay=0.0)
    steps(optimizer, weight, [[[4.0, 1.0], [0.01, 0.0]]])
    moved = (before - weight.detach()).numpy()
    assert moved[0, 0] / moved[0, 1] == pytest.approx(4, rel=1e-4)
    assert moved[0, 0] / moved[1, 0] == pytest.approx(400, rel=1e-2)
    assert moved[1, 1] == 0


def test_groups_that_share_nothing_are_plain_adamw() -> None:
    rng = torch.Generator().manual_seed(3)
    gradients = [torch.randn(2, 2, generator=rng).tolist() for _ in range(5)]
    one, other = parameter(), parameter()
    steps(SharedMomentAdamW([one], lr=0.02, weight_decay=0.1), one, gradients)
    steps(torch.optim.AdamW([other], lr=0.02, weight_decay=0.1), other, gradients)
    torch.testing.assert_close(one, other)


def test_restored_state_goes_on_with_the_same_steps(tmp_path: Path) -> None:
    rng = torch.Generator().manual_seed(4)
    gradients = [torch.randn(2, 2, generator=rng).tolist() for _ in range(6)]
    whole, broken = parameter(), parameter()
    steps(SharedMomentAdamW([{"params": [whole], "is_shared": True}], lr=0.1), whole, gradients)
    first = SharedMomentAdamW([{"params": [broken], "is_shared": True}], lr=0.1)
    steps(first, broken, gradients[:3])
    torch.save(first.state_dict(), tmp_path / "optimizer.pt")
    second = SharedMomentAdamW([{"params": [broken]}], lr=0.9)
    second.load_state_dict(torch.load(tmp_path / "optimizer.pt", weights_only=True))
    steps(second, broken, gradients[3:])
    assert torch.equal(whole, broken)


def test_only_the_word_embeddings_share_and_have_their_own_decay(tiny_encoder: Path, codebook: Codebook) -> None:
    config = TrainingConfig(embedding_rate=10.0, embedding_optimizer="adamw-shared", embedding_decay=0.3)
    model = StanceModel(load_classifier(tiny_encoder, codebook, config), config.aggregation_rule)
    shared = [group for group in parameter_groups(model, config) if group.get("is_shared")]
    assert [len(group["params"]) for group in shared] == [1]
    assert shared[0]["params"][0] is model.classifier.get_input_embeddings().weight
    assert (shared[0]["lr"], shared[0]["weight_decay"]) == (pytest.approx(3e-3), 0.3)
    plain = parameter_groups(model, replace(config, embedding_optimizer="adamw", embedding_decay=None))
    assert not any("is_shared" in group for group in plain)
    assert {group["weight_decay"] for group in plain} == {0.0, config.weight_decay}


def test_impossible_embedding_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="embedding_rate 0 freezes"):
        TrainingConfig(embedding_optimizer="adamw-shared")
    with pytest.raises(ConfigError, match="choose one of adamw, adamw-shared"):
        TrainingConfig.from_dict({"embedding_optimizer": "sgd"}, where="x")
    with pytest.raises(ConfigError, match="embedding_decay is -1"):
        TrainingConfig(embedding_rate=1.0, embedding_decay=-1.0)
