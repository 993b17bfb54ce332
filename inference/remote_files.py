"""Files behind URLs (s3://, gs://, hf://, ...) through fsspec, which the extra `remote` installs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ..labels.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "hf": "huggingface_hub", "abfs": "adlfs", "az": "adlfs"}


def is_url(name: str) -> bool:
    """Whether a name on the command line is a URL of a file system, not a path."""
    scheme, mark, _ = name.partition("://")
    return bool(mark) and scheme.isidentifier()


def expand_url(url: str, endings: Sequence[str]) -> list[tuple[str, int | None]]:
    """Files that a URL means (itself, a glob, or all files of a known ending below a folder), with sizes, in order.

    Raises: ConfigError: fsspec or the package for this kind of URL is missing. DataError: nothing is there.
    """
    system, path, scheme = _file_system(url)
    try:
        if any(mark in path for mark in "*?["):
            found = sorted(system.glob(path))
        elif system.isdir(path):
            found = sorted(name for name in system.find(path) if name.lower().endswith(tuple(endings)))
        else:
            found = [path] if system.exists(path) else []
        sized = [(f"{scheme}://{name.removeprefix('/')}", system.size(name)) for name in found]
    except Exception as error:
        raise DataError(f"{url}: cannot be listed ({_said(error)}); check the address and your access") from error
    if not sized:
        raise DataError(f"{url}: no file matches; check the address")
    return sized


def open_url(url: str) -> BinaryIO:
    """A file behind a URL, open for reading from anywhere in it.

    Raises: OSError: it cannot be opened.
    """
    system, path, _ = _file_system(url)
    try:
        return cast(BinaryIO, system.open(path, "rb"))
    except Exception as error:
        raise OSError(0, _said(error), url) from error


def _file_system(url: str) -> tuple[Any, str, str]:
    scheme = url.partition("://")[0]
    try:
        fsspec = import_module("fsspec")
    except ImportError as error:
        raise ConfigError(f"{url}: URLs need fsspec; run pip install 'xjstance[remote]'") from error
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        package = _PACKAGES.get(scheme, "a further package")
        raise ConfigError(f"{url}: {scheme}:// needs {package}; run pip install 'xjstance[remote]'") from error
    except ValueError as error:
        raise DataError(f"{url}: {_said(error)}; known are s3://, gs:// and hf://") from error
    return system, path, scheme


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
