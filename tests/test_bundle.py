from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from xjstance.labels.errors import ModelError
from xjstance.models.bundle import Bundle, bundle_folder
from xjstance.models.stance_encoder import StanceEncoder


@pytest.fixture
def copy(tiny_bundle: Bundle, tmp_path: Path) -> Path:
    """A copy of the tiny bundle that a test may damage."""
    return Path(shutil.copytree(tiny_bundle.folder, tmp_path / "bundle"))


def edit_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def test_one_changed_byte_is_refused_with_the_file_named(copy: Path) -> None:
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(bytes(weights))
    with pytest.raises(ModelError, match=r"model\.safetensors: has sha256 .* fetch the bundle again"):
        Bundle.load(copy)


def test_missing_file_is_refused(copy: Path) -> None:
    (copy / "config.json").unlink()
    with pytest.raises(ModelError, match=r"config\.json: cannot be read"):
        Bundle.load(copy)


def test_other_tokenisation_is_refused_with_the_script_named(copy: Path) -> None:
    fingerprints = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))["fingerprints"]
    fingerprints["Arab"] = [3, 3, 3]
    edit_manifest(copy, fingerprints=fingerprints)
    with pytest.raises(ModelError, match=r"reads Arab text differently"):
        Bundle.load(copy)


def test_foreign_codebook_is_refused(copy: Path) -> None:
    edit_manifest(copy, codebook_sha256="f" * 64)
    with pytest.raises(ModelError, match="is not the one the model was trained with"):
        Bundle.load(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}'])
def test_broken_manifest_is_refused(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be read as a manifest"):
        Bundle.load(copy)


def test_newer_format_is_refused(copy: Path) -> None:
    edit_manifest(copy, format=2)
    with pytest.raises(ModelError, match="newer xjstance"):
        Bundle.load(copy)


def test_unknown_name_lists_what_is_shipped() -> None:
    with pytest.raises(ModelError, match=r"no bundle 'nope'.*shipped bundles"):
        bundle_folder("nope")


def test_graph_gives_the_logits_of_transformers(tiny_bundle: Bundle) -> None:
    torch = pytest.importorskip("torch")
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(tiny_bundle.folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny_bundle.folder)
    texts = ["Officials praised the schools.", "新疆", "Все люди рождаются свободными"]
    ours = StanceEncoder.load(tiny_bundle, precision="f32").logits([tiny_bundle.tokenizer.encode(t) for t in texts])
    for text, logits in zip(texts, ours, strict=True):
        with torch.no_grad():
            theirs = model(**tokenizer(text, return_tensors="pt")).logits[0].numpy()
        np.testing.assert_allclose(logits, theirs, atol=1e-5)


def test_logits_do_not_depend_on_the_order_of_windows(tiny_bundle: Bundle) -> None:
    encoder = StanceEncoder.load(tiny_bundle, precision="f32")
    rng = np.random.default_rng(3)
    windows = [rng.integers(5, 300, size=n).tolist() for n in rng.integers(1, 60, size=40)]
    order = rng.permutation(len(windows))
    straight = encoder.logits(windows)
    np.testing.assert_allclose(encoder.logits([windows[i] for i in order]), straight[order], atol=1e-6)
    np.testing.assert_array_equal(encoder.logits(windows), straight)
