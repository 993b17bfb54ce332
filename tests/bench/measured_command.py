"""Wall time, processor time and peak memory of a command with all its children; the machine it ran on."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from xjstance.models.processor import processor_flags

_FLAGS = ("amx_bf16", "amx_int8", "avx512_bf16", "avx512_vnni", "avx2")


def machine() -> dict[str, Any]:
    """Processor, cores, load now, Python and day: what a result has to say beside its figures."""
    names = [line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    processor = names[0].partition(":")[2].strip() if names else platform.machine()
    flags = [flag for flag in _FLAGS if flag in processor_flags()]
    return {"date": date.today().isoformat(), "processor": processor, "flags": flags, "cores": os.cpu_count(),
            "python": platform.python_version(), "load": [round(x, 2) for x in os.getloadavg()]}  # fmt: skip


def measured(command: Sequence[str], *, expect: Sequence[int] = (0,)) -> dict[str, float]:
    """`wall_s`, `cpu_s` (all processes), `peak_mib` (proportional set sizes, read ten times a second), mean `load`.

    Raises: SystemExit: the command ended with a status that is not expected.
    """
    clock, before = time.monotonic(), os.times()
    process = subprocess.Popen(list(command))
    peak_mib = 0.0
    loads: list[float] = []
    while process.poll() is None:
        peak_mib = max(peak_mib, sum(map(_proportional_mib, _family(process.pid))))
        loads.append(os.getloadavg()[0])
        time.sleep(0.1)
    if process.returncode not in expect:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall_s": round(time.monotonic() - clock, 2), "cpu_s": round(cpu_s, 2), "peak_mib": round(peak_mib),
            "load": round(sum(loads) / max(len(loads), 1), 2)}  # fmt: skip


def _family(process_id: int) -> list[int]:
    """A process and the processes below it."""
    children = [int(child) for line in _lines(Path(f"/proc/{process_id}/task/{process_id}/children"))
                for child in line.split()]  # fmt: skip
    return [process_id, *(member for child in children for member in _family(child))]


def _proportional_mib(process_id: int) -> float:
    for line in _lines(Path(f"/proc/{process_id}/smaps_rollup")):
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
