"""Forward pass through torch, where a GPU is asked for (extra `gpu`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ConfigError


def torch_forward(folder: Path, *, device: str,
                  precision: str) -> Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]:  # fmt: skip
    """(input_ids, attention_mask), both int64 (batch, tokens) -> logits float32 (batch, labels).

    Raises: ConfigError: torch or transformers is not installed, or the device is not there.
    """
    try:
        import torch
        from transformers import AutoModelForSequenceClassification
    except ImportError as error:
        raise ConfigError(
            f"device {device!r} needs torch and transformers; run `pip install 'xjstance[gpu]'`"
        ) from error
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError(f"device {device!r}: torch {torch.__version__} sees no CUDA GPU here; use --device cpu")
    dtype = {"bf16": torch.bfloat16, "f32": torch.float32}.get(precision)
    if dtype is None:
        raise ConfigError(f"precision {precision!r} is unknown; choose f32 or bf16")
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa")
    model = model.to(device).eval()

    @torch.inference_mode()
    def forward(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        inputs = [torch.from_numpy(array).to(device, non_blocking=True) for array in (ids, mask)]
        logits: NDArray[np.float32] = model(input_ids=inputs[0], attention_mask=inputs[1]).logits.float().cpu().numpy()
        return logits

    return forward
