"""Every command of docs/worked-example.md runs, in order, and the corrected page appears."""

from __future__ import annotations

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


def read_queue_by_rule(store: Path) -> None:
    """Stands for the people who read: two label each article by its hash; an adjudicator decides where they differ."""
    from tests.review_data import desk
    from xjstance.labels.store import judged_items

    labels = ("praising", "critical", "neutral", "unrelated")
    with desk(str(store)) as opened:
        opened.queue = 1
        for name in ("ada", "bo"):
            opened.hire(name)
        opened.hire("judge", "adjudicator")
        with opened.database.reading() as session:
            items = {one.number: int(one.item.text_sha256, 16) for one in judged_items(session, queue=1)}
        for name in ("ada", "bo"):
            for _ in items:
                number = opened.take(name)
                assert number is not None
                differs = name == "bo" and items[number] % 10 == 0
                opened.judge(name, number, labels[(items[number] + differs) % 4])
        for number, value in items.items():
            if value % 10 == 0:
                opened.judge("judge", number, labels[value % 4], kind="decision", note="by the codebook")


def test_page_has_eight_commands() -> None:
    assert len(commands()) == 8


@pytest.mark.slow
def test_every_command_of_the_worked_example_runs(tiny_bundle: Bundle, tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("alembic")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build").mkdir()
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for command in commands():
        if command[0] == "classify":
            # a tiny untrained bundle stands for the embedded one, so that no language is left out
            command = [*command, "--model", str(tiny_bundle.folder), "--language", "en"]
        assert main(command) == 0, command
        if command[0] == "review":
            read_queue_by_rule(Path("build/reviews.db"))
    assert "corrected by" in Path("build/report.html").read_text(encoding="utf-8")
    assert "(uncorrected)" in Path("build/uncorrected.html").read_text(encoding="utf-8")
    assert {"report.html", "report.json", "tables", "charts"} <= {path.name for path in Path("build/paper").iterdir()}
