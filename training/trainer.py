"""StanceTrainer: the transformers Trainer with our loss, our batches, and a rate for each depth of the encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from transformers import Trainer
from transformers.trainer_pt_utils import get_length_grouped_indices

from ..labels.errors import ModelError
from .config import TrainingConfig
from .examples import Example
from .shared_moment import SharedMomentAdamW
from .stance_model import StanceModel, WindowCollator, losses

ATTENTION_RATE = 30.0
"""Factor on the rate for the few weights of learnt attention, which only long articles train."""


class Examples(Dataset[Example]):
    """A list as a torch dataset."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Example:
        return self.examples[index]


class EpochSampler(Sampler[int]):
    """Articles of like length share a batch: little padding. The order follows from seed and epoch alone."""

    def __init__(self, lengths: Sequence[int], *, batch_size: int, seed: int,
                 on_epoch: Callable[[int], None]) -> None:  # fmt: skip
        self.lengths, self.batch_size, self.seed, self.on_epoch, self.epoch = lengths, batch_size, seed, on_epoch, 0

    def set_epoch(self, epoch: int) -> None:
        """Called before each epoch, also by a training that goes on from a checkpoint."""
        self.epoch = epoch
        self.on_epoch(epoch)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        grouped: Any = get_length_grouped_indices
        yield from grouped(list(self.lengths), self.batch_size, generator=generator)

    def __len__(self) -> int:
        return len(self.lengths)


class StanceTrainer(Trainer):
    """Trainer with our loss and with a rate for each depth of the encoder."""

    def __init__(self, *, stance_config: TrainingConfig, train_collator: WindowCollator, eval_collator: WindowCollator,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(data_collator=train_collator, **kwargs)
        self.stance_model: StanceModel = kwargs["model"]
        self.stance_config, self.train_collator, self.eval_collator = stance_config, train_collator, eval_collator

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        """Order and token dropout of an epoch do not depend on the epochs before it, so a resumed one is the same."""
        examples: Any = train_dataset or self.train_dataset
        return EpochSampler(
            [sum(len(window) for window in example.windows) for example in examples.examples],
            batch_size=self.args.train_batch_size,
            seed=self.args.seed,
            on_epoch=self._reseed,
        )

    def _reseed(self, epoch: int) -> None:
        self.train_collator.rng = np.random.default_rng([self.args.seed, epoch, self.args.process_index])

    def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
        """Evaluation reads whole inputs: no token dropout."""
        self.data_collator = self.eval_collator
        try:
            return super().get_eval_dataloader(eval_dataset)
        finally:
            self.data_collator = self.train_collator

    def compute_loss(self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False,
                     num_items_in_batch: Any = None) -> Any:  # fmt: skip
        """Loss of a batch.

        Raises: ModelError: the loss is not a number, before it can spoil the weights.
        """
        config = self.stance_config
        out = model(**inputs)
        loss = losses(out, inputs, label_smoothing=config.label_smoothing, voice_weight=config.voice_weight,
                      content_weight=config.content_weight, distil_weight=config.distil_weight,
                      distil_temperature=config.distil_temperature)  # fmt: skip
        if not torch.isfinite(loss):
            raise ModelError(
                f"training: the loss is {loss.item()} at step {self.state.global_step}; lower learning_rate "
                f"(now {config.learning_rate}) or set precision to f32 (now {config.precision})"
            )
        return (loss, {"logits": out["article_logits"]}) if return_outputs else loss

    def prediction_step(self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None) -> Any:
        """(loss, article logits, labels) of an evaluation batch."""
        with torch.no_grad():
            loss, out = self.compute_loss(model, self._prepare_inputs(inputs), return_outputs=True)
        return loss.detach(), out["logits"].detach(), inputs["labels"]

    def create_optimizer(self, model: Any = None) -> Any:
        """AdamW with the config's rates: embeddings apart, layers decayed downwards."""
        if self.optimizer is None:
            groups, rate = parameter_groups(self.stance_model, self.stance_config), self.stance_config.learning_rate
            is_shared = self.stance_config.embedding_optimizer == "adamw-shared"
            self.optimizer = SharedMomentAdamW(groups, lr=rate) if is_shared else torch.optim.AdamW(groups, lr=rate)
        return self.optimizer


def parameter_groups(model: StanceModel, config: TrainingConfig) -> list[dict[str, Any]]:
    """Parameters with their rates; frozen embeddings get none and ask for no gradient."""
    n_layers: int = getattr(model.classifier.config, "num_hidden_layers", 0)
    words = {id(parameter) for parameter in model.classifier.get_input_embeddings().parameters()}
    groups: dict[tuple[float, float, bool], list[Any]] = {}
    for name, parameter in model.named_parameters():
        if id(parameter) in words and config.embedding_rate == 0:
            parameter.requires_grad_(False)
        if not parameter.requires_grad:
            continue
        if name == "attention":
            groups.setdefault((config.learning_rate * ATTENTION_RATE, 0.0, False), []).append(parameter)
            continue
        rate = config.learning_rate * config.layer_decay ** (n_layers - _depth(name, n_layers))
        decay = 0.0 if parameter.ndim < 2 else config.weight_decay
        if id(parameter) in words:
            rate = config.learning_rate * config.embedding_rate
            decay = config.weight_decay if config.embedding_decay is None else config.embedding_decay
        is_shared = id(parameter) in words and config.embedding_optimizer == "adamw-shared"
        groups.setdefault((rate, decay, is_shared), []).append(parameter)
    return [
        {"params": members, "lr": rate, "weight_decay": decay} | ({"is_shared": True} if is_shared else {})
        for (rate, decay, is_shared), members in groups.items()
    ]


def _depth(name: str, n_layers: int) -> int:
    """0 for embeddings, 1 for the first layer, ..., n_layers for the last one and the heads."""
    words = name.split(".")
    for at, word in enumerate(words[:-1]):
        if word in ("layer", "layers") and words[at + 1].isdigit():
            return int(words[at + 1]) + 1
    return 0 if "embeddings" in words else n_layers
