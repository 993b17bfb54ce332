"""A file that is there whole or not at all: written beside its place, synced, then renamed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

from ..labels.errors import DataError
from .file_lock import lock_exclusively


def cannot_write(path: Path, error: OSError) -> DataError:
    """The error for a file or folder that cannot be written, with the way out."""
    reason = error.strerror or " ".join(str(error).split())[:160]
    return DataError(f"{path}: cannot be written ({reason}); free some space or check the permissions, "
                     "or choose another place with -o")  # fmt: skip


def not_a_folder(path: Path) -> DataError:
    """The error for a name without an ending that is a file or a device (`/dev/full`, `/dev/stdout`)."""
    kind = "a file" if path.is_file() else "a device or pipe"
    return DataError(f"{path}: is {kind}, and a name without an ending is a folder; name another one with -o "
                     "(leave -o out for standard output)")  # fmt: skip


class AtomicFile:
    """Write to `file`, then `commit` or `discard`; an earlier file of the same name stays until the commit."""

    def __init__(self, path: Path) -> None:
        """Open the temporary file in the folder of `path`.

        Raises: DataError: the folder cannot be written, or another run is writing the same file.
        """
        self.path = path
        self._partial = path.with_name(f".{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise DataError(f"{path}: is a folder; choose another name with -o")
            self.file = self._open_locked()
        except OSError as error:
            raise cannot_write(path, error) from error

    def _open_locked(self) -> BinaryIO:
        while True:
            file = os.fdopen(os.open(self._partial, os.O_RDWR | os.O_CREAT, 0o666), "wb")
            if not lock_exclusively(file):
                file.close()
                raise DataError(f"{self.path}: another run is writing it; wait, or choose another name with -o")
            if self._partial.exists() and os.path.samestat(os.fstat(file.fileno()), self._partial.stat()):
                file.truncate(0)
                return file
            file.close()  # the other run has just finished and renamed it: take a new one

    def sync(self) -> None:
        """Bring the bytes to the disk; the file still has its temporary name.

        Raises: DataError: the disk is full or gone.
        """
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def commit(self) -> None:
        """Put the file in its place.

        Raises: DataError: it cannot be written or renamed.
        """
        self.sync()
        try:
            if os.name == "nt":  # there an open file cannot be renamed
                self.file.close()
            self._partial.replace(self.path)
            self.file.close()
            sync_folder(self.path.parent)
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def discard(self) -> None:
        """Drop what was written."""
        with contextlib.suppress(OSError):
            self._partial.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.file.close()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a small file whole.

    Raises: DataError: it cannot be written.
    """
    file = AtomicFile(path)
    try:
        file.file.write(content)
        file.commit()
    except OSError as error:
        file.discard()
        raise cannot_write(path, error) from error
    except BaseException:
        file.discard()
        raise


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse
            os.fsync(handle)
    finally:
        os.close(handle)
