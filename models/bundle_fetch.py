"""Fetch a bundle (or an encoder to train on) from a model hub or another folder: checked before it is put in place."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..labels.errors import ConfigError, ModelError
from .bundle import Bundle
from .manifest import MANIFEST_NAME, Manifest

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_SAFE = ("*.json", "*.safetensors", "*.model", "*.txt", "*.xml", "*.bin.index.json", "openvino_model.bin", "README.md")
"""Files worth fetching. Pickled weights are not: reading one can run any code."""
_TOKENIZERS = ("tokenizer.json", "sentencepiece.bpe.model", "spiece.model", "spm.model", "vocab.txt", "vocab.json")


def fetch_bundle(source: str, target: Path, *, revision: str | None = None, sha256: str = "") -> Bundle:
    """Put a bundle into a folder, where it is complete and has the hashes, codebook and tokenisation it names.

    Args:
        source: a folder, or a hub id (`owner/name`).
        target: must not exist or be empty; or hold this very bundle.
        revision: branch, tag or commit on the hub.
        sha256: first digits (8 or more) of the manifest's sha256, as whoever published the bundle gives them.
    Raises: ModelError: not there, not reachable, no bundle, damaged, or another one than `sha256` says.
        ConfigError: the target is taken, or huggingface_hub is not installed.
    """
    if sha256 and not re.fullmatch(r"[0-9a-f]{8,64}", sha256):
        raise ConfigError(f"--sha256 {sha256!r}: give 8 to 64 hex digits of the manifest's sha256")
    with _at_hand(source, revision) as folder:
        if not (folder / MANIFEST_NAME).is_file():
            raise ModelError(f"{source}: is no bundle (it has no {MANIFEST_NAME}); to train on it as an encoder, fetch "
                             "it with --encoder and give the folder to xjstance train --base")  # fmt: skip
        manifest, found = Manifest.read(folder)
        if not found.startswith(sha256):
            raise ModelError(f"{source}: its manifest has sha256 {found[:12]}..., not {sha256[:12]}...: another bundle "
                             "or another version; nothing was written")  # fmt: skip
        if _is_taken(target, found):
            return Bundle.load(target)
        names = [*manifest.files, MANIFEST_NAME, *(["README.md"] if (folder / "README.md").is_file() else [])]
        with _new_folder(target) as new:
            for name in names:
                _copy(folder, name, new)
            Bundle.load(new)
    return Bundle.load(target)


def fetch_encoder(source: str, target: Path, *, revision: str | None = None) -> Path:
    """Put an encoder for `xjstance train --base` into a folder: config, safetensors weights, tokenizer.

    Raises: ModelError: not there, not reachable, or without one of the three (pickled weights are not taken).
        ConfigError: the target is taken, or huggingface_hub is not installed.
    """
    with _at_hand(source, revision) as folder:
        try:
            kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
        except (OSError, ValueError, AttributeError) as error:
            raise ModelError(
                f"{source}: its config.json cannot be read ({error}); it is no transformers model"
            ) from error
        if kind is None:
            raise ModelError(f"{source}: its config.json names no model_type; it is no transformers model")
        weights = sorted(folder.glob("*.safetensors"))
        if not weights:
            raise ModelError(f"{source}: has no .safetensors weights, and pickled ones are not read (they can run "
                             "code); look for a revision with safetensors, and name it with --revision")  # fmt: skip
        _check_weights(weights)
        if not any((folder / name).is_file() for name in _TOKENIZERS):
            raise ModelError(f"{source}: has no tokenizer file ({', '.join(_TOKENIZERS)})")
        _is_taken(target, None)
        with _new_folder(target) as new:
            for pattern in _SAFE:
                for path in sorted(folder.glob(pattern)):
                    _copy(folder, path.name, new)
    return target


def _check_weights(paths: list[Path]) -> None:
    from safetensors import SafetensorError, safe_open

    for path in paths:
        try:
            with safe_open(path, framework="numpy") as file:
                list(file.keys())
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path.name}: cannot be read as safetensors ({error}); fetch it again") from error


@contextmanager
def _at_hand(source: str, revision: str | None) -> Iterator[Path]:
    """The files of a folder or of a hub id, the latter in a folder that is removed afterwards."""
    if Path(source).is_dir():
        yield Path(source)
        return
    if not _HUB_ID.fullmatch(source):
        raise ModelError(f"{source}: no such folder, and no hub id (owner/name)")
    with tempfile.TemporaryDirectory(prefix="xjstance-fetch-") as folder:
        _download(source, Path(folder), revision)
        yield Path(folder)


def _download(hub_id: str, folder: Path, revision: str | None) -> None:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (
            GatedRepoError,
            HfHubHTTPError,
            LocalEntryNotFoundError,
            OfflineModeIsEnabled,
            RepositoryNotFoundError,
            RevisionNotFoundError,
        )
    except ImportError as error:
        raise ConfigError(f"fetching needs {error.name}; run `pip install huggingface_hub`") from error
    try:
        snapshot_download(hub_id, revision=revision, allow_patterns=list(_SAFE), local_dir=folder)
    except GatedRepoError as error:
        raise ModelError(f"{hub_id}: its owner gives access on request only; ask on its page, then sign in to the hub "
                         "(hf auth login)") from error  # fmt: skip
    except RevisionNotFoundError as error:
        raise ModelError(f"{hub_id}: has no revision {revision!r}") from error
    except RepositoryNotFoundError as error:
        raise ModelError(f"{hub_id}: there is no such model on the hub, or it is private; check the id") from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise ModelError(
            f"{hub_id}: the hub cannot be reached ({reason}). Without a network, copy the model's folder from a "
            "machine that has one, and name the folder: xjstance models fetch FOLDER -o TARGET"
        ) from error


def _is_taken(target: Path, sha256: str | None) -> bool:
    """Whether the target is this very bundle.

    Raises: ConfigError: it holds something else.
    """
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    if sha256 is not None and (target / MANIFEST_NAME).is_file() and Manifest.read(target)[1] == sha256:
        return True
    raise ConfigError(f"{target}: holds something else already; name another folder with -o, or remove it first")


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """A folder beside the target that takes its place when all went well, and is gone otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield new
        new.chmod(0o755)
        if target.is_dir():
            target.rmdir()
        new.rename(target)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _copy(folder: Path, name: str, new: Path) -> None:
    if Path(name).name != name:
        raise ModelError(f"{folder}: names a file outside the bundle ({name!r}); nothing was written")
    try:
        shutil.copyfile(folder / name, new / name)
    except FileNotFoundError as error:
        raise ModelError(f"{folder}: {name} is missing, which its manifest names; fetch the bundle again") from error
