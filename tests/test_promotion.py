from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tests.small_corpus import labelled
from xjstance.labels.codebook import Codebook
from xjstance.labels.errors import ConfigError, DataError, ModelError
from xjstance.labels.records import LabelledArticle
from xjstance.models.bundle import BUNDLES, EMBEDDED, Bundle
from xjstance.training.floors import SLACK, Floors, figures_of
from xjstance.training.promotion import floors_path, pin, promote

CORPUS = labelled(8, split="development", seed=1)


@pytest.fixture
def champion(tiny_bundle: Bundle, tmp_path: Path) -> Path:
    """A bundle in use."""
    return Path(shutil.copytree(tiny_bundle.folder, tmp_path / "in-use"))


def test_equal_bundle_is_promoted_under_the_name_in_use(tiny_bundle: Bundle, champion: Path) -> None:
    from xjstance.training.make_bundle import write_manifest

    write_manifest(champion, replace(tiny_bundle.manifest, name="in-use"))
    promoted = promote(tiny_bundle, CORPUS, champion=champion)
    assert promoted.folder == champion and promoted.manifest.name == "in-use"
    assert promoted.manifest.files == tiny_bundle.manifest.files
    floors = Floors.read(floors_path(champion))
    assert (floors.champion, floors.n_articles) == (promoted.signature, 32)
    assert not list(champion.parent.glob(".*")) and Bundle.load(champion)


def test_fallen_floor_is_named_with_its_distance_and_nothing_changes(tiny_bundle: Bundle, champion: Path) -> None:
    floors = pin(champion, CORPUS)
    strict = {name: 0.9 if name == "macro_f1/Germanic" else value for name, value in floors.at_least.items()}
    replace(floors, at_least=strict).write(floors_path(champion))
    before = Bundle.load(champion).signature
    with pytest.raises(
        ModelError, match=r"1 floor\(s\) fall: macro_f1/Germanic is 0\.\d+, 0\.\d+ below the floor 0\.9000"
    ):
        promote(tiny_bundle, CORPUS, champion=champion)
    assert Bundle.load(champion).signature == before


def test_changed_development_split_is_refused(tiny_bundle: Bundle, champion: Path) -> None:
    pin(champion, CORPUS)
    with pytest.raises(ConfigError, match=r"another development split .* --pin"):
        promote(tiny_bundle, CORPUS[1:], champion=champion)
    with pytest.raises(DataError, match="no article of split development"):
        promote(tiny_bundle, labelled(1), champion=champion)


def test_first_bundle_becomes_the_champion(tiny_bundle: Bundle, tmp_path: Path) -> None:
    assert promote(tiny_bundle, CORPUS, champion=tmp_path / "new").folder == tmp_path / "new"
    assert floors_path(tmp_path / "new").is_file()
    assert floors_path(BUNDLES / EMBEDDED) == BUNDLES.parent / "floors.toml"


def test_floors_name_large_groups_classes_errors_and_calibration(codebook: Codebook) -> None:
    articles: list[LabelledArticle] = [*labelled(8), *(replace(a, language="fr", id=f"f{a.id}") for a in labelled(7))]
    gold = np.array([codebook.index(article.label) for article in articles])
    figures = figures_of(np.eye(4)[gold] * 0.96 + 0.01, gold, articles, codebook)
    assert set(figures) == {
        "macro_f1/all", "macro_f1/Germanic", *(f"recall/{label}" for label in codebook.labels),
        "error/praising_as_critical", "error/critical_as_praising", "ece",
    }  # fmt: skip
    assert figures["macro_f1/Germanic"] == 1 and figures["error/praising_as_critical"] == 0
    assert figures["ece"] == pytest.approx(0.03)


def test_floors_rise_and_never_fall(tmp_path: Path) -> None:
    facts = {"development_sha256": "a" * 64, "n_articles": 300, "champion": "one@1"}
    first = Floors.of({"macro_f1/all": 0.7, "recall/critical": 0.8, "ece": 0.06}, **facts)  # type: ignore[arg-type]
    assert first.at_least == {"macro_f1/all": 0.68, "recall/critical": 0.77} and first.at_most == {"ece": 0.07}
    assert not first.fallen({"macro_f1/all": 0.68, "recall/critical": 0.9, "ece": 0.07})
    assert len(first.fallen({"macro_f1/all": 0.6799, "ece": 0.0701})) == 3
    second = Floors.of({"macro_f1/all": 0.9, "recall/critical": 0.78, "ece": 0.02}, **facts)  # type: ignore[arg-type]
    raised = second.raised_from(first)
    assert raised.at_least == {"macro_f1/all": 0.88, "recall/critical": 0.77} and raised.at_most == {"ece": 0.03}
    raised.write(tmp_path / "floors.toml")
    assert Floors.read(tmp_path / "floors.toml") == raised and raised.slack == SLACK
