"""run.json: what ran, on what, with which settings, and what came out."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version

from .archive import Archive
from .protocol import ModelIdentity
from .run_counts import RunCounts

_PACKAGES = ("xjstance", "openvino", "sentencepiece", "tokenizers", "torch", "numpy", "pyarrow", "fasttext-wheel",
             "fasttext-numpy2", "trafilatura", "fastwarc", "ray", "rensa")  # fmt: skip


def run_record(*, identity: ModelIdentity, settings: Mapping[str, object], inputs: list[dict[str, object]],
               counts: RunCounts, started: datetime, seconds: float) -> bytes:  # fmt: skip
    """The content of run.json: versions, model and codebook with their hashes, settings, counts, seconds."""
    record = {
        "model": identity.model, "codebook": identity.codebook, "labels": list(identity.labels),
        "settings": dict(settings), "inputs": inputs, "counts": counts.to_dict(),
        "started": started.astimezone(timezone.utc).isoformat(timespec="seconds"), "seconds": round(seconds, 3),
        "versions": installed_versions(),
    }  # fmt: skip
    return json.dumps(record, ensure_ascii=False, indent=1, default=str).encode("utf-8", "surrogateescape") + b"\n"


def describe_inputs(archive: Archive) -> list[dict[str, object]]:
    """Names and sizes of the files of an archive, in reading order."""
    return [{"file": file.name, "size_bytes": file.size_bytes} for file in archive.files]


def installed_versions() -> dict[str, str]:
    """Versions of Python, the system and the packages that decide the result, without importing them."""
    versions = {"python": platform.python_version(), "system": f"{sys.platform} {platform.machine()}"}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
