"""Where fetched bundles lie, so that a hub id means the same folder again."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "XJSTANCE_MODELS"
"""Environment variable that names another folder for fetched bundles."""


def fetched_folder(hub_id: str) -> Path:
    """Folder of a fetched bundle: `owner/name` lies in `owner--name`."""
    default = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "xjstance" / "models"
    return Path(os.environ.get(VARIABLE) or default) / hub_id.replace("/", "--")
