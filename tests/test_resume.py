from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from tests.small_corpus import labelled  # noqa: E402
from xjstance.labels.codebook import Codebook  # noqa: E402
from xjstance.labels.errors import ConfigError  # noqa: E402
from xjstance.training.config import TrainingConfig  # noqa: E402
from xjstance.training.finetune import FineTuned, fine_tune  # noqa: E402
from xjstance.training.trainer import StanceTrainer  # noqa: E402
from xjstance.training.work_folder import check_disk  # noqa: E402

CONFIG = TrainingConfig(
    epochs=4, batch_articles=6, learning_rate=5e-3, embedding_rate=1.0, embedding_optimizer="adamw-shared",
    max_tokens=64, token_dropout=0.2, dropout=0.1, average_last=3,
)  # fmt: skip
STEPS_AN_EPOCH = 4  # 24 articles in batches of 6
KILLED_AT = 2 * STEPS_AN_EPOCH + 2


class Crash(Exception):
    """Stands for whatever ends a process."""


def train(base: Path, folder: Path, *, resume: bool = False, config: TrainingConfig = CONFIG) -> FineTuned:
    return fine_tune(base, labelled(6), labelled(2, split="development", seed=1), codebook=Codebook.load(),
                     config=config, work_folder=folder, resume=resume)  # fmt: skip


def stop_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    whole = StanceTrainer.training_step

    def stop(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self.state.global_step == step:
            raise Crash
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(StanceTrainer, "training_step", stop)


def assert_same_weights(one: FineTuned, other: FineTuned) -> None:
    expected = one.classifier.state_dict()
    for name, value in other.classifier.state_dict().items():
        assert torch.equal(value, expected[name]), name


@pytest.fixture(scope="module")
def uninterrupted(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> FineTuned:
    return train(tiny_encoder, tmp_path_factory.mktemp("whole"))


def test_training_that_crashed_before_its_first_checkpoint_starts_again(
    tiny_encoder: Path, uninterrupted: FineTuned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched, pytest.raises(Crash):
        stop_at(patched, 1)
        train(tiny_encoder, tmp_path)
    resumed = train(tiny_encoder, tmp_path, resume=True)
    assert_same_weights(resumed, uninterrupted)
    assert resumed.history == uninterrupted.history


@pytest.mark.slow
def test_checkpoint_that_is_half_written_is_passed_over(
    tiny_encoder: Path, uninterrupted: FineTuned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched, pytest.raises(Crash):
        stop_at(patched, KILLED_AT)
        train(tiny_encoder, tmp_path)
    last = tmp_path / f"checkpoint-{2 * STEPS_AN_EPOCH}"
    (last / "trainer_state.json").write_text('{"epoch": 2', encoding="utf-8")
    assert_same_weights(train(tiny_encoder, tmp_path, resume=True), uninterrupted)


def test_work_folder_of_another_training_is_refused(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched, pytest.raises(Crash):
        stop_at(patched, STEPS_AN_EPOCH + 1)
        train(tiny_encoder, tmp_path)
    with pytest.raises(ConfigError, match="did not finish; go on with --resume"):
        train(tiny_encoder, tmp_path)
    with pytest.raises(ConfigError, match=r"trained with learning_rate = 0.005, now it is 0.1"):
        train(tiny_encoder, tmp_path, resume=True, config=replace(CONFIG, learning_rate=0.1))


def test_too_little_disk_is_said_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 2**30})())
    check_disk(tmp_path, n_parameters=10**6, n_checkpoints=2, n_kept=3)
    with pytest.raises(ConfigError, match=r"need up to 14.5 GiB, but 1.0 GiB are free"):
        check_disk(tmp_path, n_parameters=278 * 10**6, n_checkpoints=2, n_kept=3)


KILLED_CHILD = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests import test_resume as t
whole = t.StanceTrainer.training_step
def kill(self, *args, **kwargs):
    if self.state.global_step == t.KILLED_AT:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(self, *args, **kwargs)
t.StanceTrainer.training_step = kill
t.torch.set_num_threads(int(sys.argv[4]))
t.train(Path(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.mark.slow
def test_training_that_was_killed_resumes_to_the_same_weights(
    tiny_encoder: Path, uninterrupted: FineTuned, tmp_path: Path
) -> None:
    root = Path(__file__).parents[1]
    child = subprocess.run(
        [sys.executable, "-c", KILLED_CHILD, str(root), str(tiny_encoder), str(tmp_path), str(torch.get_num_threads())],
        capture_output=True, text=True, cwd=root, check=False,
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr
    assert (tmp_path / f"checkpoint-{2 * STEPS_AN_EPOCH}").is_dir()
    assert_same_weights(train(tiny_encoder, tmp_path, resume=True), uninterrupted)
