"""The model card of a bundle, rendered from its manifest; nobody writes it by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..models.calibration import MIN_TEST_STORIES
from ..models.lexical import LEXICAL_FILE
from ..models.manifest import Manifest
from .evaluation import MIN_GROUP
from .model_card_header import card_header

_TOO_FEW = " (too few)"
_EXAMPLE_WATTS = 100
"""What a machine is taken to draw where nobody measured it."""

_USES = """## Intended use
Measuring how news articles, pooled by outlet, language and month, portray {target}; finding articles for human
reading. The unit is the article; shares are to be corrected from an audited random sample (`xjstance report`).

## Out of scope
Moderation, censorship, sanctions, visa, employment or policing decisions; judging single authors, or single articles
without a human reading; social-media posts; proof of coordination, funding or truth. The label says what a text
expresses toward a policy, not whether its claims are true, and nothing about any people.

## How to use
```python
from xjstance import StanceClassifier
prediction = StanceClassifier.load("FOLDER").classify("...")   # language, stance, probabilities, label set
```
The folder also loads with `transformers.pipeline("text-classification", model="FOLDER")`; long articles are then cut
and probabilities are not calibrated.
"""


def model_card(manifest: Manifest) -> str:
    """Markdown of the card: use, data, figures with n and intervals, calibration, failures, limits, signature."""
    record = manifest.record
    evaluations: Mapping[str, Mapping[str, Any]] = record.get("evaluation", {})
    parts = [
        card_header(manifest),
        f"# {manifest.name}\n",
        f"Four-way stance of a news article toward {manifest.codebook['target']}: {', '.join(manifest.labels)} "
        f"(codebook {manifest.codebook['id']} version {manifest.codebook['version']}), in "
        f"{len(manifest.languages)} languages and scripts.\n",
        _USES.format(target=manifest.codebook["target"]),
        _labels(manifest),
        _data(manifest),
    ]
    for split, figures in sorted(evaluations.items(), reverse=True):
        parts.append(_figures(split, figures, manifest.labels))
    parts += [_calibration(manifest), _failures(evaluations.get("development", {})), _limits(manifest),
              _training(manifest)]  # fmt: skip
    return "\n".join(part for part in parts if part)


def _labels(manifest: Manifest) -> str:
    rows = [f"| `{label['name']}` | {label['definition']} |" for label in manifest.codebook["labels"]]
    return "\n".join(["## Labels", "| label | definition |", "|---|---|", *rows, ""])


def _data(manifest: Manifest) -> str:
    record = manifest.record
    rows = [
        ("labelled articles, training split", record.get("n_train"), record.get("data_licence", "CC BY 4.0 (the corpus "
         "of this project: labels/README.md has its data statement)")),
        ("composites of domain sentences, and general text as off-target examples", record.get("n_composites"),
         "CC BY 4.0 (sentences); general text: docs/encoder.md"),
        ("unlabelled articles with a teacher's probabilities", record.get("n_unlabelled"), "not passed on"),
        ("development articles that chose the epoch", record.get("n_choose"), "as the labelled articles"),
        ("development articles that calibrated", record.get("n_calibrate"), "as the labelled articles"),
    ]  # fmt: skip
    lines = ["## Data and licences", "| data | n | licence |", "|---|---:|---|"]
    lines += [f"| {name} | {n:,} | {licence} |" for name, n, licence in rows if n]
    return "\n".join([
        *lines, "",
        f"Weights: Apache-2.0. Pre-training text is that of `{record.get('base', '?')}` (for this project's own "
        "encoder: docs/encoder.md, with its licences). The test split trained, tuned and stopped nothing; each set of "
        "weights is scored on it once.", "",
    ])  # fmt: skip


def _figures(split: str, figures: Mapping[str, Any], labels: Sequence[str]) -> str:
    named = sorted(key for key, value in figures.items() if isinstance(value, list) and len(value) == 3
                   and not isinstance(value[0], (list, dict)))  # fmt: skip
    lines = [
        f"## Figures on the {split} split",
        f"{figures['n']} briefs of real reporting, {figures['n_stories']} stories; 95 % bootstrap intervals by story.",
        "",
        "| measure | value | n |",
        "|---|---|---:|",
        *(f"| {key.replace('_', ' ')} | {_number(figures[key][0])} {_range(figures[key][1:])} | {_n_of(key, figures)} |"
          for key in named),
        f"| expected calibration error | {_with_range(figures, 'ece')} | {figures['n']} |",
        f"| Brier score | {_with_range(figures, 'brier')} | {figures['n']} |",
    ]  # fmt: skip
    if "conformal" in figures:
        conformal, sure = figures["conformal"], figures["confident"]
        lines += [
            f"| 90 % sets: coverage | {_with_range(conformal, 'coverage')} | {figures['n']} |",
            f"| 90 % sets: mean size | {_with_range(conformal, 'mean_size')} | {figures['n']} |",
            f"| `is_confident`: share | {_with_range(sure, 'share')} | {figures['n']} |",
            f"| `is_confident`: accuracy there | {_with_range(sure, 'accuracy')} | {sure.get('n', '')} |",
            f"| accuracy of the rest | {_with_range(sure, 'accuracy_of_the_others')} | |",
        ]
    lines += ["", "| label | precision | recall | F1 | n |", "|---|---|---|---|---:|"]
    for label in labels:
        row = figures["classes"][label]
        cells = " | ".join(_with_range(row, name) for name in ("precision", "recall", "f1"))
        lines.append(f"| {label} | {cells} | {row['n']} |")
    lines += ["", "Confusion (rows gold, columns predicted: " + ", ".join(labels) + "): "
              + "; ".join(" ".join(str(count) for count in row) for row in figures["confusion"]), ""]  # fmt: skip
    for key in ("by_group", "by_script", "by_language", "by_genre", "by_rule"):
        if key in figures:
            lines += _breakdown(key.removeprefix("by_"), figures[key])
    return "\n".join([*lines, ""])


def _n_of(key: str, figures: Mapping[str, Any]) -> int:
    """Articles behind a figure: those of a label where it is about one."""
    label = key.split("_as_")[0] if "_as_" in key else key.removeprefix("recall_")
    row = figures["classes"].get(label)
    return int(row["n"] if row else figures["n"])


def _breakdown(name: str, groups: Mapping[str, Mapping[str, Any]]) -> list[str]:
    errors = sorted(key for key in next(iter(groups.values()), {}) if "_as_" in key and not key.endswith("_n"))
    head = [name, "macro-F1", "accuracy", *(key.replace("_", " ") for key in errors), "n"]
    rows = []
    for group, row in groups.items():
        wrong = [f"{_number(row[key])} of {row[f'{key}_n']}" if row[f"{key}_n"] else "-" for key in errors]
        cells = [group, _with_range(row, "macro_f1"), _with_range(row, "accuracy"), *wrong]
        rows.append(f"| {' | '.join(cells)} | {row['n']}{_TOO_FEW * row['is_too_small']} |")
    return ["", f"By {name} (too few: below n = {MIN_GROUP}, nothing can be read from it):", "",
            f"| {' | '.join(head)} |", "|---|" + "---|" * (len(head) - 2) + "---:|", *rows]  # fmt: skip


def _calibration(manifest: Manifest) -> str:
    calibration = manifest.calibration
    validated = [tag for tag in manifest.languages if calibration.is_validated(tag, tag.split("-")[0])]
    return f"""## Calibration and abstention
Vector scaling with temperature {calibration.pooled.temperature:.3f}, fitted on development articles that chose nothing
else; own temperature for: {", ".join(sorted(calibration.by_language)) or "no language (fewer than 50 stories each)"}.
`is_confident` from a top probability of {calibration.confident_at:.3f}, in languages without validation from
{calibration.confident_at_unvalidated:.3f}. Validated ({MIN_TEST_STORIES} or more independent test stories):
{", ".join(validated) or "none"}. Every other language is marked `is_validated = false` in each row.
CPU precisions and their agreement with f32 on development articles: {
        ", ".join(f"{name} {share:.4f}" for name, share in sorted(manifest.precisions.items()))
    }.
"""


def _failures(figures: Mapping[str, Any]) -> str:
    """The surest errors of the development split, both directions first."""
    found = figures.get("failures", [])
    if not found:
        return ""
    lines = [
        "## Known failures",
        "The surest errors on the development split, up to two of each kind (the test split is never shown):",
        "",
        "| gold | called | p | language | rule | id | headline |",
        "|---|---|---:|---|---|---|---|",
    ]
    for row in found:
        title = " ".join(str(row["title"]).split()).replace("|", "\\|") or "(none)"
        lines.append(f"| {row['gold']} | {row['predicted']} | {row['prob']:.2f} | {row['language']} | {row['rule']} | "
                     f"{row['id']} | {title} |")  # fmt: skip
    rules = sorted(((row["accuracy"], name, row["n"]) for name, row in figures.get("by_rule", {}).items()
                    if not row["is_too_small"] and name != "none"))[:3]  # fmt: skip
    if rules:
        told = ", ".join(f"{name.replace('_', ' ')} {accuracy:.2f} (n {n})" for accuracy, name, n in rules)
        lines += ["", f"Rules of the codebook with the least accuracy: {told}."]
    return "\n".join([*lines, ""])


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
    return f"""## Training, time and energy
Started from `{record.get("base", "?")}`, {record.get("n_parameters", 0):,} parameters, windows of
{manifest.max_tokens} tokens, aggregation `{manifest.aggregation.rule}`. {_blend(manifest)}{_energy(record)}

Signature: `{record.get("signature", "?")}`; training data sha256 `{manifest.training_data_sha256[:12]}`; trained
{record.get("trained_at", "?")}; software
{", ".join(f"{name} {version}" for name, version in sorted(manifest.software.items()))}.
"""


def _blend(manifest: Manifest) -> str:
    blend = manifest.blend
    if not blend.lexical:
        return ""
    return (
        f"Article logits are {blend.encoder:g} times the encoder's plus {blend.lexical:g} times those of a linear "
        f"model over character n-grams (`{LEXICAL_FILE}`), chosen on development articles; all figures here are of "
        "the two together. `pipeline(...)` on this folder gives the encoder's share alone, which is weaker. "
    )


def _energy(record: Mapping[str, Any]) -> str:
    seconds = float(record.get("seconds") or 0)
    device = f" on {record['device']}" if record.get("device") else ""
    told = f"Fine-tuning took {seconds:,.0f} s{device}; "
    if record.get("energy_wh") is not None:
        return f"{told}it used {float(record['energy_wh']):.1f} Wh, measured."
    return (
        f"{told}its energy was not measured: a machine that draws {_EXAMPLE_WATTS} W uses "
        f"{seconds * _EXAMPLE_WATTS / 3_600:.1f} Wh in that time. Pre-training comes on top (docs/encoder.md)."
    )


def _number(value: float | None) -> str:
    return "-" if value is None or value != value else f"{value:.3f}"


def _range(values: Sequence[float | None]) -> str:
    low, high = values
    return "" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"


def _with_range(row: Mapping[str, Any], name: str) -> str:
    return f"{_number(row[name])} {_range(row.get(f'{name}_interval', (None, None)))}".strip()
