"""Every command of docs/worked-example.md runs, in order, and the corrected page appears."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xjstance.__main__ import main

if TYPE_CHECKING:
    from xjstance.models.bundle import Bundle

ROOT = Path(__file__).parent.parent


def commands() -> list[list[str]]:
    """The commands of the page, without the program's name."""
    text = (ROOT / "docs" / "worked-example.md").read_text(encoding="utf-8")
    return [shlex.split(line)[1:] for line in re.findall(r"^\$ (xjstance .*)$", text, flags=re.MULTILINE)]


def read_queue_by_rule(queue: Path, audit: Path) -> None:
    """Stands for the people who read: a label by the article's hash."""
    with queue.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = ("praising", "critical", "neutral", "unrelated")
    with audit.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "label"])
        writer.writeheader()
        writer.writerows(row | {"label": labels[int(row["text_sha256"], 16) % 4]} for row in rows)


def test_page_has_eight_commands() -> None:
    assert len(commands()) == 8


@pytest.mark.slow
def test_every_command_of_the_worked_example_runs(tiny_bundle: Bundle, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build").mkdir()
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for command in commands():
        if command[0] == "classify":
            # a tiny untrained bundle stands for the embedded one, so that no language is left out
            command = [*command, "--model", str(tiny_bundle.folder), "--language", "en"]
        assert main(command) == 0, command
        if "--plan-audit" in command:
            read_queue_by_rule(Path("build/queue.csv"), Path("build/audit.csv"))
    assert "corrected by" in Path("build/report.html").read_text(encoding="utf-8")
    assert "(uncorrected)" in Path("build/uncorrected.html").read_text(encoding="utf-8")
    assert {"report.html", "report.json", "tables", "charts"} <= {path.name for path in Path("build/paper").iterdir()}
