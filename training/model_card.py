"""The model card of a bundle, rendered from its manifest; nobody writes it by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..models.calibration import MIN_TEST_STORIES
from ..models.manifest import Manifest

_HEADER = """---
license: apache-2.0
library_name: transformers
pipeline_tag: text-classification
tags: [stance-detection, multilingual, news, xjstance]
language: [{languages}]
datasets: [xjstance-corpus]
metrics: [f1]
---
"""

_TOO_FEW = " (too few)"

_USES = """## Intended use
Measuring how news articles, pooled by outlet, language and month, portray {target}; finding articles for human
reading. The unit is the article; shares are to be corrected from an audited random sample (`xjstance report`).

## Out of scope
Moderation, censorship, sanctions, visa, employment or policing decisions; judging single authors, or single articles
without a human reading; social-media posts; proof of coordination, funding or truth. The label says what a text
expresses toward a policy, not whether its claims are true, and nothing about any people.
"""


def model_card(manifest: Manifest) -> str:
    """Markdown of the card: use, figures with n and intervals, calibration, limits, data, signature."""
    languages = ", ".join(sorted({tag.split("-")[0] for tag in manifest.languages}))
    record = manifest.record
    parts = [
        _HEADER.format(languages=languages),
        f"# {manifest.name}\n",
        f"Four-way stance of a news article toward {manifest.codebook['target']}: {', '.join(manifest.labels)} "
        f"(codebook {manifest.codebook['id']} version {manifest.codebook['version']}), in "
        f"{len(manifest.languages)} languages and scripts.\n",
        _USES.format(target=manifest.codebook["target"]),
        _labels(manifest),
    ]
    for split, figures in sorted(record.get("evaluation", {}).items(), reverse=True):
        parts.append(_figures(split, figures, manifest.labels))
    parts += [_calibration(manifest), _limits(manifest), _training(manifest)]
    return "\n".join(parts)


def _labels(manifest: Manifest) -> str:
    rows = [f"| `{label['name']}` | {label['definition']} |" for label in manifest.codebook["labels"]]
    return "\n".join(["## Labels", "| label | definition |", "|---|---|", *rows, ""])


def _figures(split: str, figures: Mapping[str, Any], labels: Sequence[str]) -> str:
    def shown(key: str) -> str:
        value, low, high = figures[key]
        return f"{value:.3f} [{low:.3f}, {high:.3f}]"

    named = [key for key in figures if isinstance(figures[key], list) and len(figures[key]) == 3 and key != "confusion"]
    lines = [
        f"## Figures on the {split} split",
        f"{figures['n']} briefs of real reporting, {figures['n_stories']} stories; 95 % bootstrap intervals by story.",
        "",
        "| measure | value |",
        "|---|---|",
        *(f"| {key.replace('_', ' ')} | {shown(key)} |" for key in named),
        f"| expected calibration error | {figures['ece']:.3f} |",
        f"| Brier score | {figures['brier']:.3f} |",
    ]
    if "conformal" in figures:
        conformal, sure = figures["conformal"], figures["confident"]
        lines += [
            f"| 90 % sets: coverage, mean size | {conformal['coverage']:.3f}, {conformal['mean_size']:.2f} |",
            f"| `is_confident`: share, accuracy there, accuracy of the rest | {sure['share']:.3f}, "
            f"{_number(sure['accuracy'])}, {_number(sure['accuracy_of_the_others'])} |",
        ]
    lines += ["", "| label | precision | recall | F1 | n |", "|---|---:|---:|---:|---:|"]
    for label in labels:
        row = figures["classes"][label]
        lines.append(
            f"| {label} | {_number(row['precision'])} | {_number(row['recall'])} | {_number(row['f1'])} | {row['n']} |"
        )
    lines += ["", "Confusion (rows gold, columns predicted: " + ", ".join(labels) + "): "
              + "; ".join(" ".join(str(count) for count in row) for row in figures["confusion"]), ""]  # fmt: skip
    for key in ("by_group", "by_language", "by_genre", "by_rule"):
        if key in figures:
            lines += _breakdown(key.removeprefix("by_"), figures[key])
    return "\n".join(lines)


def _breakdown(name: str, groups: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = [
        f"| {group} | {row['macro_f1']:.3f} | {row['accuracy']:.3f} | {row['n']}{_TOO_FEW * row['is_too_small']} |"
        for group, row in groups.items()
    ]
    return ["", f"| {name} | macro-F1 | accuracy | n |", "|---|---:|---:|---:|", *rows]


def _number(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.3f}"


def _calibration(manifest: Manifest) -> str:
    calibration = manifest.calibration
    validated = [tag for tag in manifest.languages if calibration.is_validated(tag, tag.split("-")[0])]
    return f"""
## Calibration and abstention
Vector scaling with temperature {calibration.pooled.temperature:.3f}, fitted on development articles that chose nothing
else; own temperature for: {", ".join(sorted(calibration.by_language)) or "no language (fewer than 50 stories each)"}.
`is_confident` from a top probability of {calibration.confident_at:.3f}, in languages without validation from
{calibration.confident_at_unvalidated:.3f}. Validated ({MIN_TEST_STORIES} or more independent test stories):
{", ".join(validated) or "none"}. Every other language is marked `is_validated = false` in each row.
CPU precisions and their agreement with f32 on development articles: {
        ", ".join(f"{name} {share:.4f}" for name, share in sorted(manifest.precisions.items()))
    }.
"""


def _limits(manifest: Manifest) -> str:
    names = ", ".join(manifest.codebook["not_measured"])
    return f"""## Limits
Not measured: {names}. The test texts are briefs of real reporting in the words of the corpus's writers, shorter than
most articles; expect other figures on full text. The labelled texts were written and labelled by language models and
not checked by native readers. Votes, sanctions and reports with two voices are the hardest border; praising and
critical can be taken for one another at the rates above, so single labels need a human reading.
"""


def _training(manifest: Manifest) -> str:
    record = manifest.record
    return f"""## Training
Started from `{record.get("base", "?")}`, {record.get("n_parameters", 0):,} parameters, windows of
{manifest.max_tokens} tokens, aggregation `{manifest.aggregation.rule}`. {record.get("n_train", 0):,} labelled articles
(CC BY 4.0, labels/README.md), {record.get("seconds", 0)} s of fine-tuning. Pre-training text and its licences:
docs/encoder.md.

Signature: `{record.get("signature", "?")}`; training data sha256 `{manifest.training_data_sha256[:12]}`; software
{", ".join(f"{name} {version}" for name, version in sorted(manifest.software.items()))}.
"""
