"""Read one TOML file with an error that names the file and the line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .errors import StanceError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(path: Path, *, error: type[StanceError]) -> dict[str, Any]:
    """The parsed file.

    Raises: `error`: not readable, or not TOML (the message holds line and column).
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as cause:
        raise error(f"{path}: cannot be read ({cause.strerror}); check the path and its permissions") from cause
    except UnicodeDecodeError as cause:
        raise error(f"{path}: is not UTF-8 (byte {cause.start}); save it as UTF-8") from cause
    except tomllib.TOMLDecodeError as cause:
        raise error(f"{path}: is not valid TOML: {cause}") from cause
