from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xjstance.labels.errors import ConfigError
from xjstance.models import processor
from xjstance.models.int8_weights import GROUP, quantise_weights, rounded_rows
from xjstance.models.processor import choose_precision

AMX, ZEN4, ICE_LAKE, HASWELL = (
    {"avx512_vnni", "avx512_bf16", "amx_bf16"}, {"avx512_vnni", "avx512_bf16"}, {"avx512_vnni"}, {"avx2"},
)  # fmt: skip
ALL = {"f32": 1.0, "bf16": 0.999, "int8": 0.997}


@pytest.mark.parametrize(
    ("flags", "measured", "expected"),
    [
        (AMX, ALL, "bf16"),
        (ZEN4, ALL, "int8"),
        (ZEN4, {"f32": 1.0, "bf16": 1.0}, "bf16"),
        (ZEN4, {"int8": 0.99, "bf16": 1.0}, "bf16"),
        (ICE_LAKE, ALL, "int8"),
        (ICE_LAKE, {"bf16": 1.0}, "f32"),
        (HASWELL, ALL, "f32"),
        (AMX, {}, "f32"),
    ],
)
def test_precision_is_the_fastest_that_the_processor_computes_and_that_keeps_the_labels(
    flags: set[str], measured: dict[str, float], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "processor_flags", lambda: frozenset(flags))
    assert choose_precision(measured) == expected
    assert choose_precision(measured, wanted="f32") == "f32"


def test_unknown_precision_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'f16' is unknown; choose f32, bf16, int8"):
        choose_precision({}, wanted="f16")


@given(st.lists(st.lists(st.floats(-50, 50, width=32), min_size=3, max_size=3), min_size=1, max_size=5))
def test_rounded_weights_are_within_half_a_step(rows: list[list[float]]) -> None:
    weights = np.array(rows, dtype=np.float32)
    rounded, scales = rounded_rows(weights)
    assert np.abs(rounded.astype(np.int64)).max() <= 127
    assert (np.abs(rounded * scales - weights) <= scales * np.float32(0.5001)).all()


def test_large_products_are_quantised_and_small_ones_stay() -> None:
    import openvino as ov
    from openvino import opset13 as ops

    rng = np.random.default_rng(3)
    large, small = rng.normal(size=(64, GROUP)), rng.normal(size=(4, 64))
    tokens = ops.parameter([-1, GROUP], np.float32, name="tokens")
    hidden = ops.matmul(tokens, ops.convert(ops.constant(large.astype(np.float16)), np.float32), False, True)
    logits = ops.matmul(hidden, ops.constant(small.astype(np.float32)), False, True)
    model = ov.Model([ops.result(logits)], [tokens], "two_products")
    quantise_weights(model)
    types = [op.get_element_type().get_type_name() for op in model.get_ops() if op.get_type_name() == "Constant"]
    assert types.count("i8") == 1
    given_tokens = rng.normal(size=(5, GROUP)).astype(np.float32)
    found = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})({"tokens": given_tokens})[0]
    expected = given_tokens @ large.T @ small.T
    assert 0 < np.abs(found - expected).max() < 0.02 * np.abs(expected).max()
