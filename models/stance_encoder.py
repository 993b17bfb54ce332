"""StanceEncoder: token windows -> logits, on the CPU through OpenVINO or on a GPU through torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ConfigError, ModelError
from .bundle import Bundle
from .int8_weights import GROUP, quantise_weights
from .processor import Precision, choose_precision, has_bf16

TokenIds = Sequence[int]
Forward = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]
"""(input_ids, attention_mask), both (batch, tokens) -> logits (batch, labels)."""

TOKENS_A_BATCH = 2_048
"""Padded tokens of one CPU batch: what fits the second-level cache (measured: docs/speed.md)."""

MAX_BATCH = 32
_PAD_TO = 8
"""Windows are padded to a multiple of this, so that few shapes occur."""


class Encoder(Protocol):
    """Anything that turns windows into logits."""

    device: str
    precision: str

    def logits(self, windows: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Logits, float32 (windows, labels), in the order given."""


class StanceEncoder:
    """The encoder of one bundle on one device.

    Windows are sorted by length and read in batches of equal padded size; the result does not depend on the order
    in which they are given, and is the same bits for the same windows on the same machine.
    """

    def __init__(self, forward: Forward, *, bos: int, eos: int, pad: int, n_labels: int, device: str,
                 precision: str, tokens_a_batch: int = TOKENS_A_BATCH, max_batch: int = MAX_BATCH) -> None:  # fmt: skip
        self._forward, self._bos, self._eos, self._pad, self._n_labels = forward, bos, eos, pad, n_labels
        self._tokens_a_batch, self._max_batch = tokens_a_batch, max_batch
        self.device, self.precision = device, precision

    @classmethod
    def load(cls, bundle: Bundle, *, device: str = "cpu", precision: str | None = None,
             n_threads: int = 1) -> StanceEncoder:  # fmt: skip
        """Compile a bundle's network.

        Args:
            device: `cpu` (OpenVINO) or `cuda`, `cuda:N` (torch).
            precision: `f32`, `bf16`, on the CPU also `int8`; None chooses by processor and by what the manifest says
                was checked.
            n_threads: threads of the CPU run-time; batch scoring runs one process a core with one thread each.
        Raises: ModelError, ConfigError: the graph cannot be built, the device is not there.
        """
        tokenizer, manifest = bundle.tokenizer, bundle.manifest
        specials = {"bos": tokenizer.bos_id, "eos": tokenizer.eos_id, "pad": tokenizer.pad_id}
        if device == "cpu":
            chosen = choose_precision(manifest.precisions, wanted=precision)
            forward = _openvino_forward(bundle, precision=chosen, n_threads=n_threads)
            return cls(forward, n_labels=len(manifest.labels), device=device, precision=chosen, **specials)
        if device.startswith("cuda"):
            from .torch_forward import torch_forward

            forward = torch_forward(bundle.folder, device=device, precision=precision or "bf16")
            return cls(forward, n_labels=len(manifest.labels), device=device, precision=precision or "bf16",
                       tokens_a_batch=65_536, max_batch=1_024, **specials)  # fmt: skip
        raise ConfigError(f"device {device!r} is unknown; choose cpu, cuda or cuda:N")

    def logits(self, windows: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Logits, float32 (windows, labels), in the order given; windows are ids without special tokens."""
        found = np.empty((len(windows), self._n_labels), dtype=np.float32)
        order = sorted(range(len(windows)), key=lambda i: (-len(windows[i]), i))
        at = 0
        while at < len(order):
            width = -(-(len(windows[order[at]]) + 2) // _PAD_TO) * _PAD_TO
            rows = order[at : at + max(1, min(self._max_batch, self._tokens_a_batch // width))]
            found[rows] = self._batch([windows[i] for i in rows], width)
            at += len(rows)
        return found

    def _batch(self, windows: Sequence[TokenIds], width: int) -> NDArray[np.float32]:
        ids = np.full((len(windows), width), self._pad, dtype=np.int64)
        mask = np.zeros((len(windows), width), dtype=np.int64)
        for row, window in enumerate(windows):
            ids[row, : len(window) + 2] = (self._bos, *window, self._eos)
            mask[row, : len(window) + 2] = 1
        return self._forward(ids, mask)


def _openvino_forward(bundle: Bundle, *, precision: Precision, n_threads: int) -> Forward:
    import openvino as ov

    try:
        model = _graph(bundle.folder, bundle.manifest.graph, ov.Core())
        request = compile_for_cpu(model, precision, n_threads=n_threads)
    except RuntimeError as error:
        raise ModelError(f"{bundle.folder}: OpenVINO cannot compile the model: {error}") from error

    def forward(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = request.infer({"input_ids": ids, "attention_mask": mask})[0]
        return result.astype(np.float32)

    return forward


def compile_for_cpu(model: Any, precision: Precision, *, n_threads: int) -> Any:
    """An inference request for an `openvino.Model` in a precision; the model's weights may be changed."""
    import openvino as ov

    if precision == "int8":
        quantise_weights(model)
    is_half = precision == "bf16" or (precision == "int8" and has_bf16())
    options = {
        "INFERENCE_PRECISION_HINT": "bf16" if is_half else "f32",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": GROUP if precision == "int8" else 0,
        "INFERENCE_NUM_THREADS": n_threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,
    }
    return ov.Core().compile_model(model, "CPU", options).create_infer_request()


def _graph(folder: Path, kind: str, core: Any) -> Any:
    if kind == "xlm-roberta":
        from .xlm_roberta_graph import build_graph

        return build_graph(folder)
    if kind == "openvino":
        return core.read_model(folder / "openvino_model.xml")
    raise ModelError(f"{folder}: manifest names graph {kind!r}; known are xlm-roberta and openvino")
