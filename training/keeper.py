"""WeightKeeper: the weights that are to ship, kept on disk epoch by epoch, so that a killed training loses none."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import TrainerCallback

from .config import TrainingConfig
from .stance_model import StanceModel

log = logging.getLogger(__name__)

N_CHECKPOINTS = 2
"""Checkpoints that stay: one may be half written when the process is killed."""


class WeightKeeper(TrainerCallback):
    """Keeps the mean of the last epochs' weights, or the best epoch's [IPGVW18].

    After each evaluation it writes `STEP.safetensors` if those weights count, then `STEP.json`: which steps are kept,
    the development figures so far, and the state of early stopping. The Trainer's checkpoint of the same step follows,
    so each whole checkpoint has its file here.
    """

    def __init__(self, model: StanceModel, config: TrainingConfig, folder: Path) -> None:
        self.model, self.config, self.folder = model, config, folder
        self.best, self.waited = -1.0, 0
        self.kept: list[int] = []
        """Steps whose weights are kept, oldest first."""
        self.history: list[dict[str, float]] = []

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note this epoch's development figures, and keep its weights if they count."""
        metrics: dict[str, float] = kwargs["metrics"]
        score, step = metrics["eval_macro_f1"], int(state.global_step)
        self.history.append({"epoch": round(state.epoch or 0.0, 3), "loss": metrics["eval_loss"], "macro_f1": score})
        log.info("epoch %.1f: development loss %.3f, macro-F1 %.3f", state.epoch, metrics["eval_loss"], score)
        is_better = score > self.best
        self.best, self.waited = max(score, self.best), 0 if is_better else self.waited + 1
        if self.config.average_last or is_better:
            self.kept = [*self.kept, step][-max(self.config.average_last, 1) :]
        control.should_training_stop |= bool(self.config.patience and self.waited >= self.config.patience)
        if state.is_world_process_zero:
            self._write(step)

    def _write(self, step: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if step in self.kept:
            weights = {name: value.detach().clone().cpu() for name, value in self.model.state_dict().items()}
            part = self.folder / f"{step}.part"
            save_file(weights, part)
            part.replace(self.folder / f"{step}.safetensors")
        part = self.folder / f"{step}.json.part"
        part.write_text(
            json.dumps({"best": self.best, "waited": self.waited, "kept": self.kept, "history": self.history}),
            encoding="utf-8",
        )
        part.replace(self.folder / f"{step}.json")
        states = sorted(self.folder.glob("*.json"), key=lambda path: int(path.stem))
        for old in states[:-N_CHECKPOINTS]:
            old.unlink()
        needed = {
            kept for path in states[-N_CHECKPOINTS:] for kept in json.loads(path.read_text(encoding="utf-8"))["kept"]
        }
        for path in self.folder.glob("*.safetensors"):
            if int(path.stem) not in needed:
                path.unlink()

    def has(self, step: int) -> bool:
        """Whether the state after this step is whole on disk."""
        try:
            kept = json.loads((self.folder / f"{step}.json").read_text(encoding="utf-8"))["kept"]
        except (OSError, ValueError):
            return False
        return all((self.folder / f"{number}.safetensors").is_file() for number in kept)

    def restore(self, step: int) -> None:
        """Go back to the state after this step."""
        state = json.loads((self.folder / f"{step}.json").read_text(encoding="utf-8"))
        self.best, self.waited, self.kept, self.history = (
            state[name] for name in ("best", "waited", "kept", "history")
        )

    def weights(self) -> dict[str, Tensor]:
        """Mean of the kept weights; whole numbers are taken from the last."""
        return mean_weights([load_file(self.folder / f"{step}.safetensors") for step in self.kept])


def mean_weights(many: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Mean of several models' weights; whole numbers are taken from the last."""
    last = many[-1]
    return {
        name: torch.stack([weights[name] for weights in many]).mean(0) if value.is_floating_point() else value
        for name, value in last.items()
    }
