"""manifest.json of a bundle: what is in the folder, how to read with it, and what was measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..labels.codebook import Codebook
from ..labels.errors import CodebookError, ModelError
from .aggregation import Aggregation
from .calibration import Calibration
from .lexical import Blend

MANIFEST_NAME = "manifest.json"
FORMAT = 1
"""Version of this file's form; a reader refuses a newer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything about a bundle that is not a weight."""

    name: str
    """Name of the bundle: lower-case words and hyphens."""
    version: str
    """Version of the bundle's weights."""
    files: Mapping[str, str]
    """File name -> sha256 of its bytes."""
    codebook: Mapping[str, Any]
    """The codebook it was trained with, whole."""
    codebook_sha256: str
    labels: tuple[str, ...]
    """Codebook order; the order of the logits."""
    tokenizer: str
    """`sentencepiece` or `tokenizers`."""
    graph: str
    """`xlm-roberta`: built from config and safetensors; `openvino`: the IR in the folder."""
    max_tokens: int
    """Window length, with special tokens."""
    aggregation: Aggregation
    calibration: Calibration
    languages: tuple[str, ...]
    """Tags that are routed to this bundle."""
    precisions: Mapping[str, float] = field(default_factory=lambda: {"f32": 1.0})
    """CPU precision -> share of development articles with the same label as in f32; others are not used."""
    fingerprints: Mapping[str, list[int]] = field(default_factory=dict)
    """Script -> token ids of one fixed sentence; a tokenizer that yields others is refused."""
    training_data_sha256: str = ""
    software: Mapping[str, str] = field(default_factory=dict)
    """Package -> version that the bundle was made with."""
    blend: Blend = field(default_factory=Blend)
    """How the encoder's logits and those of the lexical model are added."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """How it was trained and what was measured; the model card is rendered from it."""

    def to_json(self) -> str:
        """The file's text; sorted keys, so equal manifests are equal bytes."""
        raw = {name: getattr(self, name) for name in self.__slots__}
        raw |= {"format": FORMAT, "aggregation": asdict(self.aggregation), "calibration": self.calibration.to_dict(),
                "blend": asdict(self.blend)}  # fmt: skip
        return json.dumps(raw, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @classmethod
    def read(cls, folder: Path) -> tuple[Manifest, str]:
        """The manifest of a bundle folder, and the sha256 of its file.

        Raises: ModelError: missing, not JSON, of a newer format, or with a key missing.
        """
        path = folder / MANIFEST_NAME
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"{folder}: no readable {MANIFEST_NAME} ({error.strerror}); a bundle is a folder "
                "made by `xjstance train`"
            ) from error
        try:
            raw = json.loads(content)
            if raw.pop("format") != FORMAT:
                raise ModelError(f"{path}: written by a newer xjstance; upgrade with `pip install -U xjstance`")
            raw |= {
                "labels": tuple(raw["labels"]),
                "languages": tuple(raw["languages"]),
                "aggregation": Aggregation(**raw["aggregation"]),
                "calibration": Calibration.from_dict(raw["calibration"]),
                "blend": Blend(**raw.get("blend", {})),
            }
            manifest = cls(**raw)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{path}: cannot be read as a manifest ({error}); fetch the bundle again") from error
        return manifest, hashlib.sha256(content).hexdigest()

    def load_codebook(self) -> Codebook:
        """The codebook inside.

        Raises: ModelError: it does not have the hash or the labels that the manifest names.
        """
        try:
            codebook = Codebook.from_dict(dict(self.codebook), where=MANIFEST_NAME)
        except CodebookError as error:
            raise ModelError(f"{MANIFEST_NAME}: its codebook cannot be used: {error}") from error
        if codebook.sha256 != self.codebook_sha256 or codebook.labels != self.labels:
            raise ModelError(
                f"{MANIFEST_NAME}: codebook {codebook.signature} is not the one the model was trained with "
                f"({self.codebook_sha256[:12]}, labels {', '.join(self.labels)}); fetch the bundle again"
            )
        return codebook
