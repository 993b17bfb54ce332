"""A bundle: the folder of one model, checked before it is used."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..labels.codebook import Codebook
from ..labels.errors import ModelError
from .fetched import fetched_folder
from .lexical import LexicalModel
from .manifest import Manifest
from .tokenizer import StanceTokenizer, load_tokenizer

BUNDLES = Path(__file__).parent / "bundles"
"""The bundles that travel with the package."""

EMBEDDED = "embedded"
"""Name of the default bundle's folder."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A model folder whose files and tokenizer are what its manifest says."""

    folder: Path
    manifest: Manifest
    manifest_sha256: str

    @classmethod
    def load(cls, source: Path | str | None = None) -> Bundle:
        """Open and check a bundle.

        Args: source: a folder, the name of a shipped bundle, or None for the embedded default.
        Raises: ModelError: no such bundle, a file missing or changed, a foreign codebook or tokenisation.
        """
        folder = bundle_folder(source)
        manifest, sha256 = Manifest.read(folder)
        for name, expected in manifest.files.items():
            _check_file(folder / name, expected)
        bundle = cls(folder=folder, manifest=manifest, manifest_sha256=sha256)
        _ = bundle.codebook
        bundle.check_fingerprints()
        return bundle

    @property
    def signature(self) -> str:
        """`name@first 12 hex` of the manifest's sha256, as the `model` column has it."""
        return f"{self.manifest.name}@{self.manifest_sha256[:12]}"

    @cached_property
    def codebook(self) -> Codebook:
        """The codebook the model was trained with."""
        return self.manifest.load_codebook()

    @cached_property
    def tokenizer(self) -> StanceTokenizer:
        """The tokenizer the model was trained with."""
        return load_tokenizer(self.folder)

    @cached_property
    def lexical(self) -> LexicalModel | None:
        """The linear model over character n-grams that the encoder is blended with, if the bundle has one."""
        if not self.manifest.blend.lexical:
            return None
        return LexicalModel.load(self.folder, n_labels=len(self.manifest.labels))

    def article_logits(
        self, content: str, n_tokens: Sequence[int], window_logits: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """float64 (labels,): logits of an article before calibration.

        Args:
            content: title and text as read.
            n_tokens: of each window read; window_logits: (windows, labels), the encoder's.
        """
        found = self.manifest.aggregation.article_logits(n_tokens, window_logits)
        if self.lexical is None:
            return found
        blend = self.manifest.blend
        return blend.encoder * found + blend.lexical * self.lexical.logits(content)

    def check_fingerprints(self) -> None:
        """Compare the token ids of one sentence a script with those at training time.

        Raises: ModelError: naming the first script whose ids differ.
        """
        current = self.tokenizer.fingerprint()
        for script, expected in self.manifest.fingerprints.items():
            if current.get(script) != list(expected):
                raise ModelError(
                    f"{self.folder}: the tokenizer reads {script} text differently than at training time "
                    f"({current.get(script, [])[:6]} ... instead of {list(expected)[:6]} ...); "
                    "install the versions that `xjstance models show` names, or fetch the bundle again"
                )


def bundle_folder(source: Path | str | None) -> Path:
    """Folder of a bundle given by path, by the name of a shipped one, by a fetched hub id, or None for the default.

    Raises: ModelError: there is none.
    """
    if source is None:
        source = EMBEDDED
    for folder in (Path(source), BUNDLES / source, fetched_folder(str(source))):
        if folder.is_dir():
            return folder
    shipped = ", ".join(shipped_bundles()) or "none"
    raise ModelError(
        f"no bundle {str(source)!r}: not a folder, not one of the shipped bundles ({shipped}), and not fetched; a "
        "hub id is fetched once with `xjstance models fetch`"
    )


def shipped_bundles() -> list[str]:
    """Names of the bundles that travel with the package."""
    return sorted(path.parent.name for path in BUNDLES.glob("*/manifest.json"))


def _check_file(path: Path, expected: str) -> None:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); fetch the bundle again") from error
    if digest.hexdigest() != expected:
        raise ModelError(
            f"{path}: has sha256 {digest.hexdigest()[:12]}... but its manifest says {expected[:12]}...: "
            "the file was changed or damaged; fetch the bundle again"
        )
