"""Write a bundle: weights, tokenizer, calibration, manifest; every figure in it comes from the files that ship."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.codebook import Codebook
from ..labels.errors import ModelError
from ..labels.language_tags import SUPPORTED_TAGS, print_tag
from ..labels.records import LabelledArticle
from ..models.aggregation import Aggregation
from ..models.article_text import ArticleText
from ..models.bundle import Bundle
from ..models.calibration import Calibration
from ..models.manifest import MANIFEST_NAME, Manifest
from ..models.processor import has_vnni
from ..models.stance_encoder import StanceEncoder
from ..models.tokenizer import SENTENCEPIECE_FILE, load_tokenizer
from ..models.windows import windows
from .calibrate import calibrate
from .config import TrainingConfig

TOKENIZER_FILES = (SENTENCEPIECE_FILE, "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
_SOFTWARE = ("xjstance", "torch", "transformers", "openvino", "sentencepiece", "tokenizers", "safetensors", "numpy")


def make_bundle(classifier: Any, base: Path, folder: Path, *, name: str, codebook: Codebook, config: TrainingConfig,
                calibration_articles: Sequence[LabelledArticle], test_articles: Sequence[LabelledArticle],
                training_data_sha256: str, record: Mapping[str, Any], half_precision: bool = True,
                aggregation: Aggregation | None = None) -> Bundle:  # fmt: skip
    """Write the bundle of a fine-tuned classifier and open it again, checked.

    Args:
        classifier: `AutoModelForSequenceClassification` model.
        base: folder with its tokenizer files.
        calibration_articles: development articles that neither trained nor chose the epoch.
        test_articles: counted for `is_validated`; never read here.
        aggregation: how windows become an article, as training left it; None: the config's rule.
        half_precision: store the weights as float16 (the config still says float32, and loaders widen them).
    """
    folder.mkdir(parents=True, exist_ok=True)
    _save_weights(classifier, folder, half_precision=half_precision)
    for file in TOKENIZER_FILES:
        if (base / file).is_file():
            _copy(base / file, folder / file)
    graph = _graph_kind(folder, classifier)
    manifest = Manifest(
        name=name,
        version=version("xjstance"),
        files={},
        codebook=codebook.to_dict(),
        codebook_sha256=codebook.sha256,
        labels=codebook.labels,
        tokenizer="sentencepiece" if (folder / SENTENCEPIECE_FILE).is_file() else "tokenizers",
        graph=graph,
        max_tokens=config.max_tokens,
        aggregation=aggregation or config.aggregation_rule,
        calibration=Calibration(),
        languages=SUPPORTED_TAGS,
        fingerprints=load_tokenizer(folder).fingerprint(),
        training_data_sha256=training_data_sha256,
        software={package: _version(package) for package in _SOFTWARE} | {"python": platform.python_version()},
        record=dict(record) | {"config": config.to_dict()},
    )
    return calibrate_bundle(folder, manifest, calibration_articles=calibration_articles, test_articles=test_articles)


def calibrate_bundle(folder: Path, manifest: Manifest, *, calibration_articles: Sequence[LabelledArticle],
                     test_articles: Sequence[LabelledArticle]) -> Bundle:  # fmt: skip
    """Calibrate the files in the folder, write the manifest with what was found, and open the bundle, checked."""
    codebook = manifest.load_codebook()
    write_manifest(folder, replace(manifest, calibration=Calibration()))
    precisions = ["f32", "bf16", *(["int8"] if has_vnni() else [])]  # elsewhere int8 would not be what is measured
    logits = {precision: runtime_logits(folder, calibration_articles, precision) for precision in precisions}
    gold = np.array([codebook.index(article.label, where=article.id) for article in calibration_articles])
    manifest = replace(
        manifest,
        calibration=calibrate(
            logits["f32"], gold, [a.language for a in calibration_articles], [a.story for a in calibration_articles],
            validated=_story_counts(test_articles),
        ),
        precisions={
            precision: round(float((found.argmax(1) == logits["f32"].argmax(1)).mean()), 4)
            for precision, found in logits.items()
        },
    )  # fmt: skip
    write_manifest(folder, manifest)
    return Bundle.load(folder)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json with the hash of every other file (README.md aside: it is rendered from the manifest)."""
    files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name not in (MANIFEST_NAME, "README.md")
    }
    (folder / MANIFEST_NAME).write_text(replace(manifest, files=files).to_json(), encoding="utf-8")


def runtime_logits(source: Bundle | Path, articles: Sequence[LabelledArticle], precision: str) -> NDArray[np.float64]:
    """Article logits (articles, labels) from the CPU run-time, read exactly as scoring reads."""
    bundle = source if isinstance(source, Bundle) else Bundle.load(source)
    encoder = StanceEncoder.load(bundle, precision=precision)
    texts = [ArticleText.of(article.article()) for article in articles]
    cut = [windows(text, bundle.tokenizer, max_tokens=bundle.manifest.max_tokens) for text in texts]
    logits = encoder.logits([window.token_ids for found in cut for window in found])
    rows, at = [], 0
    for text, found in zip(texts, cut, strict=True):
        n_tokens = [len(window.token_ids) for window in found]
        rows.append(bundle.article_logits(text.content, n_tokens, logits[at : at + len(found)]))
        at += len(found)
    return np.stack(rows)


def _copy(source: Path, target: Path) -> None:
    """Copy a tokenizer file; JSON without its blanks (a tokenizer.json of 48,000 pieces is then 1.5 MB smaller)."""
    if source.suffix == ".json":
        content = json.loads(source.read_text(encoding="utf-8"))
        target.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    else:
        shutil.copyfile(source, target)


def _save_weights(classifier: Any, folder: Path, *, half_precision: bool) -> None:
    import torch

    model = classifier.half() if half_precision else classifier.float()
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    config_path = folder / "config.json"
    config = json.loads(config_path.read_text(encoding="utf-8"))
    config["dtype"] = "float32"
    config.pop("_name_or_path", None)
    config_path.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    classifier.to(torch.float32)


def _graph_kind(folder: Path, classifier: Any) -> str:
    """Build the graph from the weights where we can, else write an OpenVINO IR beside them."""
    if classifier.config.model_type in ("xlm-roberta", "roberta"):
        return "xlm-roberta"
    import openvino as ov
    import torch

    example = {name: torch.ones(1, 8, dtype=torch.int64) for name in ("input_ids", "attention_mask")}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # OpenVINO traces by torch.jit, which torch calls deprecated
            model = ov.convert_model(classifier.eval(), example_input=example)
    except Exception as error:
        raise ModelError(f"{folder}: OpenVINO cannot convert {classifier.config.model_type!r}: {error}") from error
    # OpenVINO 2026.4 dies of a division by zero where a gated MLP with float16 weights runs in bf16 (seen on AMX).
    is_gated = classifier.config.model_type == "modernbert"
    ov.save_model(model, folder / "openvino_model.xml", compress_to_fp16=not is_gated)
    return "openvino"


def _story_counts(articles: Sequence[LabelledArticle]) -> dict[str, int]:
    pairs = {(print_tag(a.language, a.script), a.story) for a in articles if a.is_real}
    return dict(sorted(Counter(tag for tag, _ in pairs).items()))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
