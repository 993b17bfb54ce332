"""Every command that the README shows runs as shown, in a folder with the same example files."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from xjstance.__main__ import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shown_commands() -> list[str]:
    """Lines of console blocks that call xjstance, without prompt and comment."""
    blocks = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("$ xjstance ")]
    return [line.removeprefix("$ ").split("  #")[0].strip() for line in lines]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_encoder: Path) -> Path:
    """Two languages of the corpus, the examples and a tiny encoder in the places that the README names."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "labels" / "corpus").mkdir(parents=True)
    for tag in ("de", "fr"):
        shutil.copyfile(ROOT / "labels" / "corpus" / f"{tag}.jsonl", tmp_path / "labels" / "corpus" / f"{tag}.jsonl")
    shutil.copytree(tiny_encoder, tmp_path / "ENCODER")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_readme_shows_commands() -> None:
    assert len(shown_commands()) >= 6


@pytest.mark.slow
def test_every_shown_command_runs(folder: Path) -> None:
    for command in shown_commands():
        words = shlex.split(command)
        if "<" in words:
            at = words.index("<")
            words[words.index("-")] = words[at + 1]
            words[at : at + 2] = []
        if words[1] == "train":
            words += ["--epochs", "1", "--device", "cpu"]
        assert main(words[1:]) == 0, command


def test_python_of_the_readme_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
