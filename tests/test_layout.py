"""The house: folders, links, imports and sizes are what the conventions say."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
FOLDERS = ("labels", "models", "training", "inference")
MAY_IMPORT = {
    "labels": {"labels"},
    "models": {"labels", "models"},
    "training": {"labels", "models", "training"},
    "inference": {"labels", "models", "inference"},
}


def python_files(folder: str) -> Iterator[Path]:
    yield from sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(level, dotted name) of every import in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""


@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_imports_only_downwards_and_relatively(folder: str) -> None:
    for path in python_files(folder):
        depth = len(path.relative_to(ROOT / folder).parts)
        for level, name in imports(path):
            first = name.split(".")[0]
            if level == 0:
                assert first not in (*FOLDERS, "xjstance"), f"{path}: absolute import of {name}"
            elif level == depth + 1:
                assert first in MAY_IMPORT[folder], f"{path}: {folder} must not import {name}"
            else:
                assert level <= depth, f"{path}: import reaches above the package: {'.' * level}{name}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_is_linked_and_mapped(folder: str) -> None:
    link = ROOT / "xjstance" / folder
    assert link.is_symlink() and link.readlink() == Path("..") / folder
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    assert setup["package-dir"][f"xjstance.{folder}"] == folder
    packages = {
        ".".join(("xjstance", *path.parent.relative_to(ROOT).parts)) for path in (ROOT / folder).rglob("__init__.py")
    }
    assert packages <= set(setup["packages"])


@pytest.mark.parametrize("name", ["xjstance", *(f"xjstance.{folder}" for folder in FOLDERS)])
def test_exported_names_exist_and_are_sorted(name: str) -> None:
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert list(exported) == sorted(exported)
    for item in exported:
        assert hasattr(module, item), f"{name}.{item}"


@pytest.mark.parametrize("folder", [*FOLDERS, "xjstance", "tests"])
def test_no_file_is_longer_than_400_lines(folder: str) -> None:
    for path in python_files(folder):
        if not any(part.is_symlink() for part in path.parents):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_tracked_files_stay_below_48_mib() -> None:
    assert sum(path.lstat().st_size for path in tracked_files()) < 48 * 2**20


def test_embedded_bundle_stays_below_36_mb() -> None:
    folder = ROOT / "models" / "bundles" / "embedded"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 36_000_000


def test_no_pickle_is_shipped() -> None:
    for path in tracked_files():
        assert path.suffix not in {".pkl", ".pickle", ".pt", ".pth", ".bin", ".joblib"}, path
