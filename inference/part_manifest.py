"""manifest.json of an output folder: which model and settings its parts were scored with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ..labels.errors import DataError
from .atomic_file import write_atomically

_FORMAT = 1


def settle_manifest(folder: Path, key: Mapping[str, object]) -> None:
    """Write the folder's manifest, or check that the one there says the same.

    Args: key: all that decides the rows: model, codebook, columns, settings, sizes of parts and chunks.

    Raises: DataError: the folder was scored with something else, or holds other files and no manifest.
    """
    path = folder / "manifest.json"
    wanted = json.loads(json.dumps({"format": _FORMAT, **key}, default=str))
    if not path.exists():
        others = sorted(child.name for child in folder.iterdir() if not child.name.startswith("."))
        if others:
            raise DataError(f"{folder}: holds other files ({', '.join(others[:3])}) and no manifest.json of a run; "
                            "choose a new or an empty folder with -o")  # fmt: skip
        write_atomically(path, json.dumps(wanted, ensure_ascii=False, indent=1).encode() + b"\n")
        return
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}); choose a new output folder") from error
    differences = _differences(found, wanted) if isinstance(found, dict) else ["the format"]
    if differences:
        raise DataError(
            f"{folder}: was scored with other settings ({'; '.join(differences[:3])}); parts of two models or settings "
            "are never mixed: choose a new output folder, or run with the earlier ones"
        )


def _differences(found: Mapping[str, object], wanted: Mapping[str, object], prefix: str = "") -> list[str]:
    differences = []
    for name in dict.fromkeys([*wanted, *found]):
        before, now = found.get(name), wanted.get(name)
        if before == now:
            continue
        if isinstance(before, dict) and isinstance(now, dict):
            differences += _differences(before, now, f"{prefix}{name}.")
        else:
            differences.append(f"{prefix}{name} was {_short(before)}, is {_short(now)}")
    return differences


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
