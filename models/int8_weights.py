"""Weights of a graph as 8-bit integers with one scale a row, for processors with VNNI and no AMX.

No calibration data is needed: the run-time scales the other factor of each product anew for every `GROUP` values of
every token, so that a window's logits do not depend on what else is in its batch [DLBZ22].
[DLBZ22] T. Dettmers et al., "LLM.int8(): 8-bit matrix multiplication for transformers at scale", arXiv:2208.07339.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

GROUP = 128
"""Values of a token that share a scale: the fastest of 32 to 1,024 (docs/speed.md); it divides the usual widths."""

_MIN_ROWS = 16
"""Smaller projections (the labels) stay as they are: nothing is gained there."""
_MAX = 127


def quantise_weights(model: Any) -> None:
    """Replace the constant factor of each large product in an `openvino.Model`, in place."""
    from openvino import opset13 as ops

    for product in model.get_ops():
        weights = _weights(product)
        if weights is None:
            continue
        rounded, scales = rounded_rows(weights)
        factor = ops.multiply(ops.convert(ops.constant(rounded), np.float32), ops.constant(scales))
        product.input(1).replace_source_output(factor.output(0))


def rounded_rows(weights: NDArray[np.floating]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """int8 (rows, columns) and float32 (rows, 1), whose product is nearest to the weights; -128 does not occur."""
    wide = weights.astype(np.float32)
    peaks = np.abs(wide).max(axis=1, keepdims=True)
    scales = np.maximum(peaks / _MAX, np.finfo(np.float32).tiny).astype(np.float32)
    return np.round(wide / scales).astype(np.int8), scales


def _weights(product: Any) -> NDArray[np.floating] | None:
    """The second factor of a product with a constant (rows, columns) that is read row by row, if it is worth it."""
    if product.get_type_name() != "MatMul" or not product.get_attributes()["transpose_b"]:
        return None
    source = product.input_value(1).get_node()
    if source.get_type_name() == "Convert":
        source = source.input_value(0).get_node()
    if source.get_type_name() != "Constant":
        return None
    found: NDArray[np.floating] = source.data
    is_large = found.ndim == 2 and len(found) >= _MIN_ROWS and found.shape[1] % GROUP == 0
    return found if is_large else None
