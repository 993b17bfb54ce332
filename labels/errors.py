"""Every error that xjstance raises on purpose.

StanceError
├── CodebookError        a codebook file cannot be used
├── DataError            a record, a file or a column of an archive or a corpus cannot be used
├── ConfigError          a setting, an option or a missing optional package
├── ModelError           a bundle or a model file is damaged, foreign or does not fit
└── InputTooLongError    a text exceeds a limit that the caller set

Each message says what was wrong, where, and how to mend it.
"""

from __future__ import annotations

__all__ = ["CodebookError", "ConfigError", "DataError", "InputTooLongError", "ModelError", "StanceError"]


class StanceError(Exception):
    """Base of all errors raised on purpose; the command line prints its message in one line and exits with 1."""


class CodebookError(StanceError):
    """A codebook file is missing, malformed or contradicts itself."""


class DataError(StanceError):
    """A record, file or column cannot be used as it is."""


class ConfigError(StanceError):
    """A setting is impossible here, or an optional package that it needs is not installed."""


class ModelError(StanceError):
    """A model folder or file is damaged, of another format, or does not fit the data."""


class InputTooLongError(StanceError):
    """A text is longer than the limit that the caller set."""
