"""Write a bundle in the form that other programs read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from ..labels.errors import ConfigError
from .bundle import Bundle
from .manifest import MANIFEST_NAME

FORMATS = ("transformers", "openvino")
CALIBRATION_NAME = "calibration.json"
"""What the other program has to do itself: temperature and bias, thresholds, window length, aggregation."""


def export_bundle(bundle: Bundle, folder: Path, file_format: str) -> list[str]:
    """Write the folder; returns the names of its files.

    `transformers`: weights, config and tokenizer, ready for `from_pretrained` and for an upload to a model hub.
    `openvino`: the network as OpenVINO IR (openvino_model.xml and .bin) in place of the weights.

    Raises: ConfigError: an unknown format, or the folder is not empty.
    """
    if file_format not in FORMATS:
        raise ConfigError(f"--format {file_format!r} is none of {', '.join(FORMATS)}")
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder}: is not empty; name a new folder, or remove it first")
    folder.mkdir(parents=True, exist_ok=True)
    network = ("model.safetensors", "openvino_model.xml", "openvino_model.bin")
    kept = [name for name in bundle.manifest.files if name not in network]
    if file_format == "transformers":
        kept.append("model.safetensors")
    else:
        _write_ir(bundle, folder)
    for name in (*kept, "README.md"):
        if (bundle.folder / name).is_file():
            shutil.copyfile(bundle.folder / name, folder / name)
    manifest, raw = bundle.manifest, json.loads(bundle.manifest.to_json())
    told = {
        "from": bundle.signature, "codebook": bundle.codebook.signature, "labels": list(manifest.labels),
        "max_tokens": manifest.max_tokens, "aggregation": raw["aggregation"], "blend": raw.get("blend"),
        "calibration": manifest.calibration.to_dict(),
        "note": "logits of windows are aggregated, then softmax((logits + bias) / temperature); xjstance does both",
    }  # fmt: skip
    (folder / CALIBRATION_NAME).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return sorted(path.name for path in folder.iterdir() if path.name != MANIFEST_NAME)


def _write_ir(bundle: Bundle, folder: Path) -> None:
    if bundle.manifest.graph == "openvino":
        for name in ("openvino_model.xml", "openvino_model.bin"):
            shutil.copyfile(bundle.folder / name, folder / name)
        return
    import openvino as ov

    from .xlm_roberta_graph import build_graph

    ov.save_model(build_graph(bundle.folder), folder / "openvino_model.xml", compress_to_fp16=True)
