"""What a stranger gets: a wheel built from the checkout, installed elsewhere, classifies without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the installed wheel, outside the checkout."""
    wheels, target = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "-w", str(wheels)], check=True)
    (wheel,) = wheels.glob("xjstance-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(target), str(wheel)], check=True)
    return target


def run(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", "import sys, xjstance.__main__ as m; sys.exit(m.main())", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment | {"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_installed_wheel_classifies_the_example_archive(installed: Path, tmp_path: Path) -> None:
    output = tmp_path / "rows.jsonl"
    done = run(installed, tmp_path, "classify", str(ROOT / "examples" / "archive.jsonl"), "-o", str(output), "-q")
    assert done.returncode == 0, done.stderr
    where = run(installed, tmp_path, "models", "show")
    assert str(installed) in where.stdout
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    inputs = (ROOT / "examples" / "archive.jsonl").read_text(encoding="utf-8").splitlines()
    assert [row["id"] for row in rows] == [json.loads(line)["id"] for line in inputs]
    assert {row["stance"] for row in rows if row["status"] == "scored"} == {
        "praising", "critical", "neutral", "unrelated",
    }  # fmt: skip
    by_id = {row["id"]: row for row in rows}
    assert by_id["empty"]["status"] == "empty"
    assert (by_id["code"]["status"], by_id["code"]["language"]) == ("unrouted", "zxx")
    assert by_id["unsupported"]["status"] == "unrouted"
    assert [by_id[f"wire-{n}"]["duplicate_of"] for n in (1, 2, 3)] == [None, "wire-1", "wire-1"]
    assert by_id["long-en"]["n_windows"] > 5
    assert all(row["n_tokens_read"] == row["n_tokens"] for row in rows if row["status"] == "scored")


@pytest.mark.slow
def test_core_command_needs_no_torch(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        '{"text": "The committee will vote on the motion on Tuesday."}\n', encoding="utf-8"
    )
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['transformers'] = None\n"
        "import xjstance.__main__ as m; sys.exit(m.main(['classify', 'a.jsonl', '-q']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "scored"
