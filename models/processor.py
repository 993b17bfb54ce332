"""What the processor can do, and the numeric precision that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

from ..labels.errors import ConfigError

Precision = Literal["f32", "bf16"]

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


def choose_precision(measured: Mapping[str, float], *, wanted: str | None = None) -> Precision:
    """bf16 where the processor computes it natively (AMX) and the bundle's labels were checked in it; else f32.

    Without native support bf16 is slower than f32 (measured: docs/speed.md), so flags come first.

    Args:
        measured: the manifest's agreement with f32 by precision.
        wanted: a precision set by the user, or None.
    Raises: ConfigError: the wanted precision is unknown.
    """
    if wanted in get_args(Precision):
        return cast(Precision, wanted)
    if wanted is not None:
        raise ConfigError(f"precision {wanted!r} is unknown; choose f32 or bf16")
    if "amx_bf16" in processor_flags() and measured.get("bf16", 0.0) >= MIN_AGREEMENT:
        return "bf16"
    return "f32"
