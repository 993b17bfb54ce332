"""Champion and challenger: a new bundle replaces the one in use only if no pinned floor falls.

python -m xjstance.training.promotion NEW --data labels/corpus                  # `xjstance train --promote` does this
python -m xjstance.training.promotion --pin --data labels/corpus                # floors from the champion in use

Floors are figures of the champion less a slack for chance, on the frozen development split. Each promotion raises
those that the new champion raised, and lowers none.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..labels.errors import ConfigError, DataError, ModelError
from ..labels.labelled_corpus import corpus_sha256, read_corpus
from ..labels.records import LabelledArticle
from ..models.bundle import BUNDLES, EMBEDDED, Bundle
from .evaluation import bundle_probs, gold_labels
from .floors import Floors, figures_of
from .make_bundle import write_manifest
from .model_card import model_card


def frozen_development(corpus: Sequence[LabelledArticle]) -> list[LabelledArticle]:
    """What floors are measured on: the briefs of the development split, or all of it where there are none.

    Raises: DataError: the split is empty.
    """
    found = sorted((article for article in corpus if article.split == "development"), key=lambda article: article.id)
    if not found:
        raise DataError("no article of split development: a promotion is measured on it")
    return [article for article in found if article.is_real] or found


def floors_path(champion: Path) -> Path:
    """Where a champion's floors lie: models/floors.toml for the embedded one, else FOLDER.floors.toml beside it."""
    if champion.resolve() == (BUNDLES / EMBEDDED).resolve():
        return BUNDLES.parent / "floors.toml"
    return champion.with_name(f"{champion.name}.floors.toml")


def pin(champion: Path, corpus: Sequence[LabelledArticle]) -> Floors:
    """Measure the champion anew and write its floors, whatever they were before."""
    bundle, articles = Bundle.load(champion), frozen_development(corpus)
    floors = Floors.of(_figures(bundle, articles), development_sha256=corpus_sha256(articles),
                       n_articles=len(articles), champion=bundle.signature)  # fmt: skip
    floors.write(floors_path(champion))
    return floors


def promote(challenger: Bundle, corpus: Sequence[LabelledArticle], *, champion: Path | None = None) -> Bundle:
    """Put the challenger in the champion's place, under the champion's name, if no floor falls.

    Where there is no champion yet, the challenger becomes it. The old bundle is gone afterwards; version control has
    it.

    Args: champion: folder of the bundle in use; None: the embedded one.
    Raises: ModelError: a floor falls (each is named, with how far); ConfigError: another codebook, or floors that
        were measured on another development split.
    """
    champion = champion or BUNDLES / EMBEDDED
    articles = frozen_development(corpus)
    sha256, name, path = corpus_sha256(articles), challenger.manifest.name, floors_path(champion)
    figures = _figures(challenger, articles)
    floors: Floors | None = None
    if champion.is_dir():
        current = Bundle.load(champion)
        name = current.manifest.name
        if current.manifest.codebook_sha256 != challenger.manifest.codebook_sha256:
            raise ConfigError(
                f"{challenger.folder}: follows codebook {challenger.codebook.signature}, but {champion} follows "
                f"{current.codebook.signature}; a bundle is replaced by one of the same codebook only"
            )
        floors = Floors.read(path) if path.is_file() else pin(champion, corpus)
        if floors.development_sha256 != sha256:
            raise ConfigError(
                f"{path}: floors were measured on another development split ({floors.development_sha256[:12]}, "
                f"{floors.n_articles} articles; this is {sha256[:12]}, {len(articles)}); measure the champion on this "
                "one first: `python -m xjstance.training.promotion --pin`"
            )
        if fallen := floors.fallen(figures):
            raise ModelError(f"{challenger.folder}: not promoted, {len(fallen)} floor(s) fall: {'; '.join(fallen)}")
    promoted = _replace_folder(challenger, champion, name)
    new = Floors.of(figures, development_sha256=sha256, n_articles=len(articles), champion=promoted.signature,
                    slack=floors.slack if floors else None)  # fmt: skip
    (new.raised_from(floors) if floors else new).write(path)
    return promoted


def _figures(bundle: Bundle, articles: Sequence[LabelledArticle]) -> dict[str, float]:
    probs, gold = bundle_probs(bundle, articles), gold_labels(articles, bundle.codebook.labels)
    return figures_of(probs, gold, articles, bundle.codebook)


def _replace_folder(challenger: Bundle, champion: Path, name: str) -> Bundle:
    """Copy beside the champion, check, then swap the two folders by renaming."""
    new, old = (champion.with_name(f".{champion.name}.{role}") for role in ("new", "old"))
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    champion.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(challenger.folder, new)
    manifest = replace(challenger.manifest, name=name)
    write_manifest(new, manifest)
    (new / "README.md").write_text(model_card(manifest), encoding="utf-8")
    Bundle.load(new)
    if champion.is_dir():
        champion.rename(old)
    new.rename(champion)
    shutil.rmtree(old, ignore_errors=True)
    return Bundle.load(champion)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, nargs="?", help="The challenger.")
    parser.add_argument("--data", type=Path, required=True, help="Labelled corpus.")
    parser.add_argument("--champion", type=Path, default=BUNDLES / EMBEDDED)
    parser.add_argument("--pin", action="store_true", help="Only measure the champion and write its floors.")
    options = parser.parse_args(arguments)
    if options.pin == (options.bundle is not None):
        parser.error("name a challenger, or give --pin")
    bundle = Bundle.load(options.champion if options.pin else options.bundle)
    corpus = read_corpus(options.data, codebook=bundle.codebook)
    if options.pin:
        pin(options.champion, corpus)
    else:
        promote(bundle, corpus, champion=options.champion)


if __name__ == "__main__":
    main()
