"""Fetching and exporting bundles: checked before anything is in place, refused in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("huggingface_hub")

from xjstance.__main__ import main
from xjstance.labels.errors import ConfigError, ModelError
from xjstance.models.bundle import Bundle, bundle_folder
from xjstance.models.bundle_export import export_bundle
from xjstance.models.bundle_fetch import fetch_bundle, fetch_encoder
from xjstance.models.fetched import VARIABLE, fetched_folder


def test_a_bundle_from_a_folder_arrives_whole_and_twice_is_once(tiny_bundle: Bundle, tmp_path: Path) -> None:
    target = tmp_path / "new" / "copy"
    found = fetch_bundle(str(tiny_bundle.folder), target, sha256=tiny_bundle.manifest_sha256[:12])
    assert found.signature == tiny_bundle.signature and found.folder == target
    assert fetch_bundle(str(tiny_bundle.folder), target).signature == tiny_bundle.signature
    assert [path.name for path in target.parent.iterdir()] == ["copy"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(ConfigError, match="holds something else already"):
        fetch_bundle(str(tiny_bundle.folder), tmp_path / "other")


@pytest.mark.parametrize(
    ("damage", "message"),
    [("changed", "was changed or damaged"), ("missing", "is missing"), ("no manifest", "with --encoder"),
     ("outside", "outside the bundle"), ("another", "another bundle or another version")],
)  # fmt: skip
def test_a_wrong_bundle_is_refused_and_leaves_nothing(tiny_bundle: Bundle, tmp_path: Path, damage: str,
                                                      message: str) -> None:  # fmt: skip
    source = Path(shutil.copytree(tiny_bundle.folder, tmp_path / "source"))
    manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    if damage == "changed":
        (source / "config.json").write_text("{}", encoding="utf-8")
    elif damage == "missing":
        (source / "config.json").unlink()
    elif damage == "no manifest":
        (source / "manifest.json").unlink()
    elif damage == "outside":
        manifest["files"]["../../secret"] = "0" * 64
        (source / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        fetch_bundle(str(source), tmp_path / "target", sha256="0" * 12 if damage == "another" else "")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def hub(monkeypatch: pytest.MonkeyPatch, files: Path | Exception) -> list[dict[str, Any]]:
    """A hub that has one model, or cannot be reached; returns what it was asked."""
    asked: list[dict[str, Any]] = []

    def download(repo_id: str, *, local_dir: Path, **arguments: Any) -> None:
        asked.append({"repo_id": repo_id, **arguments})
        if isinstance(files, Exception):
            raise files
        shutil.copytree(files, local_dir, dirs_exist_ok=True)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    return asked


def test_a_hub_id_is_fetched_without_pickles_into_its_own_folder(
    tiny_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    asked = hub(monkeypatch, tiny_bundle.folder)
    assert main(["models", "fetch", "someone/tiny", "--revision", "v1"]) == 0
    assert fetched_folder("someone/tiny") == tmp_path / "someone--tiny" == bundle_folder("someone/tiny")
    assert capsys.readouterr().out.split("\t")[1] == tiny_bundle.signature
    assert asked[0]["repo_id"] == "someone/tiny" and asked[0]["revision"] == "v1"
    assert not [name for name in asked[0]["allow_patterns"] if name in ("*", "*.bin", "*.pt", "*.pkl")]


def test_without_a_network_the_error_says_what_else_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub(monkeypatch, OSError("Name or service not known"))
    assert main(["models", "fetch", "someone/tiny", "-o", str(tmp_path / "t")]) == 1
    told = capsys.readouterr().err
    assert "the hub cannot be reached (Name or service not known)" in told and "models fetch FOLDER" in told
    assert main(["models", "fetch", "no such/thing at all", "-o", str(tmp_path / "t")]) == 1
    assert "no such folder, and no hub id" in capsys.readouterr().err
    assert main(["models", "fetch", str(tmp_path)]) == 1
    assert "say with -o" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_an_encoder_needs_config_safe_weights_and_a_tokenizer(tiny_encoder: Path, tmp_path: Path) -> None:
    source = Path(shutil.copytree(tiny_encoder, tmp_path / "source"))
    (source / "pytorch_model.bin").write_bytes(b"pickled")
    found = fetch_encoder(str(source), tmp_path / "target")
    assert (found / "config.json").is_file() and not (found / "pytorch_model.bin").exists()
    for path in source.glob("*.safetensors"):
        path.write_bytes(b"broken")
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        fetch_encoder(str(source), tmp_path / "again")
    for path in source.glob("*.safetensors"):
        path.unlink()
    with pytest.raises(ModelError, match="pickled ones are not read"):
        fetch_encoder(str(source), tmp_path / "again")
    (source / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="names no model_type"):
        fetch_encoder(str(source), tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_exported_forms_give_the_bundle_s_logits(tiny_bundle: Bundle, tmp_path: Path) -> None:
    import openvino as ov
    import torch
    from transformers import AutoModelForSequenceClassification

    from xjstance.models.stance_encoder import StanceEncoder

    ids = [0, *range(5, 17), 2]
    expected = StanceEncoder.load(tiny_bundle, precision="f32").logits([ids[1:-1]])[0]
    names = export_bundle(tiny_bundle, tmp_path / "plain", "transformers")
    assert "manifest.json" not in names and "model.safetensors" in names and "calibration.json" in names
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path / "plain").eval()
    with torch.no_grad():
        np.testing.assert_allclose(plain(torch.tensor([ids])).logits[0].numpy(), expected, atol=1e-4)
    assert plain.config.id2label[1] == "critical"
    assert "model.safetensors" not in export_bundle(tiny_bundle, tmp_path / "ir", "openvino")
    compiled = ov.Core().compile_model(tmp_path / "ir" / "openvino_model.xml", "CPU",
                                       {"INFERENCE_PRECISION_HINT": "f32"})  # fmt: skip
    ones = np.ones((1, len(ids)), dtype=np.int64)
    found = compiled({"input_ids": np.array([ids]), "attention_mask": ones})[0][0]
    np.testing.assert_allclose(found, expected, atol=5e-3)
    with pytest.raises(ConfigError, match="is not empty"):
        export_bundle(tiny_bundle, tmp_path / "ir", "openvino")
    with pytest.raises(ConfigError, match="none of transformers, openvino"):
        export_bundle(tiny_bundle, tmp_path / "onnx", "onnx")
