"""The YAML header of a model card, as model hubs read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..models.manifest import Manifest


def card_header(manifest: Manifest) -> str:
    """Licence, languages, tags and the figures as `model-index`, between two lines of dashes.

    Texts are written as JSON strings, which are YAML too: no name can break the header.
    """
    languages = sorted({tag.split("-")[0] for tag in manifest.languages})
    lines = [
        "license: apache-2.0",
        "library_name: transformers",
        "pipeline_tag: text-classification",
        "tags: [stance-detection, multilingual, news, text-classification, xjstance]",
        f"language: [{', '.join(json.dumps(one) if one == 'no' else one for one in languages)}]",
        "datasets: [xjstance-corpus]",
        "metrics: [f1, accuracy, brier_score]",
    ]
    if "/" in (base := str(manifest.record.get("base", ""))):  # a hub id; hubs take nothing else
        lines.append(f"base_model: {json.dumps(base, ensure_ascii=False)}")
    evaluations = manifest.record.get("evaluation", {})
    if evaluations:
        lines += ["model-index:", f"- name: {json.dumps(manifest.name)}", "  results:"]
        for split, figures in sorted(evaluations.items(), reverse=True):
            lines += _result(split, figures, manifest.codebook)
    return "\n".join(["---", *lines, "---", ""])


def _result(split: str, figures: Mapping[str, Any], codebook: Mapping[str, Any]) -> list[str]:
    metrics = [
        ("f1", "macro-F1", figures["macro_f1"][0]), ("accuracy", "accuracy", figures["accuracy"][0]),
        ("brier_score", "Brier score", figures["brier"]), ("ece", "expected calibration error", figures["ece"]),
    ]  # fmt: skip
    name = json.dumps(f"xjstance corpus, codebook {codebook['id']}")
    lines = [
        "  - task: {type: text-classification, name: stance detection}",
        f"    dataset: {{name: {name}, type: xjstance-corpus, split: {json.dumps(split)}}}",
        "    metrics:",
    ]
    for kind, name, value in metrics:
        if value is not None:
            lines.append(f"    - {{type: {kind}, name: {json.dumps(name)}, value: {value}}}")
    return lines
