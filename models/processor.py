"""What the processor can do, and the numeric precision that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

from ..labels.errors import ConfigError

Precision = Literal["f32", "bf16", "int8"]
"""`int8`: products of 8-bit integers; the rest in bf16 where the processor computes it, else in f32."""

MIN_AGREEMENT = 0.995
"""A precision is chosen by itself only where this share of development articles kept its f32 label."""


@cache
def processor_flags() -> frozenset[str]:
    """Feature flags of the processor as Linux names them; empty where they cannot be read."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return frozenset(line.partition(":")[2].split())
    except OSError:
        pass
    return frozenset()


def has_bf16() -> bool:
    """Whether the processor computes bf16 itself; elsewhere it is slower than f32 (measured: docs/speed.md)."""
    return not {"amx_bf16", "avx512_bf16"}.isdisjoint(processor_flags())


def has_vnni() -> bool:
    """Whether the processor multiplies 8-bit integers in 512-bit registers."""
    return "avx512_vnni" in processor_flags()


def choose_precision(measured: Mapping[str, float], *, wanted: str | None = None) -> Precision:
    """The fastest precision that the processor computes natively and that keeps the bundle's labels; else f32.

    bf16 with AMX; with AVX-512 alone int8 (VNNI) before bf16: what was faster is in docs/speed.md.

    Args:
        measured: the manifest's agreement with f32 by precision.
        wanted: a precision set by the user, or None.
    Raises: ConfigError: the wanted precision is unknown.
    """
    if wanted in get_args(Precision):
        return cast(Precision, wanted)
    if wanted is not None:
        raise ConfigError(f"precision {wanted!r} is unknown; choose {', '.join(get_args(Precision))}")
    faster: list[Precision] = []
    if has_vnni() and "amx_bf16" not in processor_flags():
        faster.append("int8")
    if has_bf16():
        faster.append("bf16")
    return next((precision for precision in faster if measured.get(precision, 0.0) >= MIN_AGREEMENT), "f32")
