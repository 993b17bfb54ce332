"""Lock an open file against other runs; the system lets go when the process ends, however it ends."""

from __future__ import annotations

import sys
from typing import BinaryIO


def lock_exclusively(file: BinaryIO) -> bool:
    """Whether the lock was to be had; where the file system knows no locks, it counts as had."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
