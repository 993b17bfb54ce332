"""Redraw: a Trainer callback that recombines the training articles anew before every epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from transformers import TrainerCallback

from ..labels.records import LabelledArticle
from .examples import Example
from .recombination import Recombination


class Redraw(TrainerCallback):
    """Replaces the examples in place; what an epoch reads depends on the seed and its number alone.

    A training that was killed and resumed at an epoch's start therefore reads the same texts.
    """

    def __init__(self, examples: list[Example], recombination: Recombination, *, share: float, seed: int,
                 is_real: Callable[[LabelledArticle], bool],
                 make: Callable[[LabelledArticle, float], Example]) -> None:  # fmt: skip
        self.originals, self.examples = list(examples), examples
        self.recombination, self.share, self.seed = recombination, share, seed
        self.is_real, self.make = is_real, make

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Draw this epoch's articles."""
        rng = np.random.default_rng([self.seed, round(state.epoch or 0)])
        for at, example in enumerate(self.originals):
            if self.is_real(example.article) and rng.random() < self.share:
                drawn = self.recombination.draw(example.article, rng)
                example = self.make(drawn, example.weight)
            self.examples[at] = example
