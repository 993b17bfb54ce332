"""Entry point of the command line: runs a verb, turns errors into one line and an exit status."""

from __future__ import annotations

import logging
import os
import sys

from xjstance.labels.errors import StanceError

EXIT_ERROR, EXIT_INTERRUPTED = 1, 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status (0 done, 1 our error, 2 wrong usage, 3 some records rejected)."""
    from xjstance.cli import app

    arguments = sys.argv[1:] if arguments is None else arguments
    is_verbose = bool({"-v", "--verbose"} & set(arguments))
    try:
        app(args=arguments, prog_name="xjstance")
    except SystemExit as stop:
        return int(stop.code or 0)
    except StanceError as error:
        if is_verbose:
            logging.getLogger("xjstance").exception("stopped by an error")
        _say(f"xjstance: error: {error}")
        return EXIT_ERROR
    except BrokenPipeError:
        _close_quietly()
        return 0
    except KeyboardInterrupt:
        _say("xjstance: interrupted")
        return EXIT_INTERRUPTED
    except OSError as error:
        if is_verbose:
            raise
        where = f"{error.filename}: " if error.filename else ""
        _say(f"xjstance: error: {where}{error.strerror or error}; free space or choose another folder, then run again")
        return EXIT_ERROR
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201


def _close_quietly() -> None:
    """Standard output is gone (`| head`): point it at nothing, so that the interpreter's last flush does not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run() -> None:
    """Console script."""
    sys.exit(main())


if __name__ == "__main__":
    run()
