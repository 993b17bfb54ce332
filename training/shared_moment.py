"""SharedMomentAdamW: AdamW in which a whole matrix may share one second-moment estimate.

AdamW divides each entry's step by that entry's own gradient size, so that the row of a rare word moves as far as the
row of a frequent one, on far less evidence. With one estimate for the whole word-embedding matrix the steps of its
entries are in proportion to their gradients, as under plain gradient descent: frequent words move, rare ones hardly,
as in a linear classifier with an L2 penalty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class SharedMomentAdamW(Optimizer):
    """AdamW [LH19]; parameters of groups with `is_shared` have one second moment each instead of one an entry.

    The shared moment is the moving average of the squared gradient's mean over all entries of the parameter, those
    without a gradient in the batch included, bias-corrected like the first moment. Weight decay is decoupled and
    reaches every entry in every step. Everything is in `state_dict`, so a checkpoint resumes with the same steps.
    """

    def __init__(self, params: Iterable[Any], *, lr: float, betas: tuple[float, float] = (0.9, 0.999),
                 eps: float = 1e-8, weight_decay: float = 0.01) -> None:  # fmt: skip
        """Args: params: as for any torch optimizer; groups may set `is_shared`, `lr` and `weight_decay`."""
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "is_shared": False}
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step; returns the closure's loss if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)
        return loss

    def _update(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = parameter.new_zeros(()) if group["is_shared"] else torch.zeros_like(parameter)
        beta1, beta2 = group["betas"]
        state["step"] += 1
        n_steps = float(state["step"])
        state["exp_avg"].lerp_(gradient, 1 - beta1)
        squared = gradient.square().mean() if group["is_shared"] else gradient.square()
        state["exp_avg_sq"].lerp_(squared, 1 - beta2)
        spread = (state["exp_avg_sq"] / (1 - beta2**n_steps)).sqrt_().add_(group["eps"])
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.sub_(state["exp_avg"] / spread, alpha=group["lr"] / (1 - beta1**n_steps))
