"""The folder of one training: what it trains on, its checkpoints, and from which of them a killed one goes on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..labels.errors import ConfigError
from ..labels.labelled_corpus import corpus_sha256
from ..labels.records import LabelledArticle

RUN_FILE = "run.json"
"""What the checkpoints in the folder were trained with."""
KEPT_FOLDER = "kept"
_BYTES_A_PARAMETER = 4
_COPIES_A_CHECKPOINT = 3
"""Weights and the optimizer's two moments."""


def run_facts(settings: Mapping[str, Any], train: Sequence[LabelledArticle],
              development: Sequence[LabelledArticle]) -> dict[str, Any]:  # fmt: skip
    """What must be the same for a training to go on: every setting, and the data."""
    return dict(settings) | {
        "training articles": corpus_sha256(train)[:12],
        "development articles": corpus_sha256(development)[:12],
    }


def open_work_folder(folder: Path, facts: Mapping[str, Any], *, resume: bool,
                     is_whole: Callable[[int], bool]) -> Path | None:  # fmt: skip
    """Prepare the folder; returns the checkpoint to go on from, None to start from the beginning.

    Args:
        facts: see `run_facts`.
        is_whole: step -> whether everything beside the checkpoint of that step is there too.
    Raises: ConfigError: checkpoints of an unfinished training are there and `resume` is off; or it is on, and they
        were trained with other settings or articles.
    """
    run_file, found = folder / RUN_FILE, _checkpoints(folder)
    if not is_first_process():  # the first one checks, writes and clears
        whole = [path for step, path in found if is_whole(step) and _is_whole(path)]
        return whole[-1] if resume and whole else None
    earlier = json.loads(run_file.read_text(encoding="utf-8")) if run_file.is_file() else None
    if found and not resume:
        if earlier is None or not earlier["is_finished"]:
            raise ConfigError(
                f"{folder}: holds checkpoints of a training that did not finish; go on with --resume, or remove the "
                "folder to start anew"
            )
        clear(folder)
    if found and resume and earlier is not None:
        before = earlier["facts"]
        if changed := [name for name in facts if before.get(name) != json.loads(json.dumps(facts[name]))]:
            name = changed[0]
            raise ConfigError(
                f"{folder}: its checkpoints were trained with {name} = {before.get(name)!r}, now it is "
                f"{facts[name]!r}; give what it had, or start anew in another folder"
            )
    _write_run(folder, facts, is_finished=False)
    whole = [path for step, path in found if is_whole(step) and _is_whole(path)]
    return whole[-1] if resume and whole else None


def is_first_process() -> bool:
    """Whether this process is alone, or the first that torchrun or accelerate launched."""
    return os.environ.get("RANK", "0") == "0"


def finish(folder: Path, facts: Mapping[str, Any]) -> None:
    """Note that the training is over: the next one may clear the folder."""
    _write_run(folder, facts, is_finished=True)


def clear(folder: Path) -> None:
    """Remove the checkpoints and kept weights; logs stay."""
    for _, path in _checkpoints(folder):
        shutil.rmtree(path)
    shutil.rmtree(folder / KEPT_FOLDER, ignore_errors=True)


def check_disk(folder: Path, *, n_parameters: int, n_checkpoints: int, n_kept: int) -> None:
    """Raises: ConfigError: the disk cannot hold the checkpoints that the training will write."""
    copies = (n_checkpoints + 1) * _COPIES_A_CHECKPOINT + n_kept + n_checkpoints
    needed = copies * n_parameters * _BYTES_A_PARAMETER
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ConfigError(
            f"{folder}: checkpoints need up to {needed / 2**30:.1f} GiB, but {free / 2**30:.1f} GiB are free; free "
            "space, or name another --work-folder"
        )


def _checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """(step, folder) of each checkpoint, oldest first."""
    paths = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdigit()]
    return sorted((int(path.name.rpartition("-")[2]), path) for path in paths)


def _is_whole(checkpoint: Path) -> bool:
    """The Trainer writes its state last."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _write_run(folder: Path, facts: Mapping[str, Any], *, is_finished: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{RUN_FILE}.part"
    part.write_text(json.dumps({"facts": dict(facts), "is_finished": is_finished}, indent=1), encoding="utf-8")
    part.replace(folder / RUN_FILE)
