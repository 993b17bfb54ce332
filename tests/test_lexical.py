"""The lexical model: which n-grams it reads, what it computes, how it is blended and kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xjstance.labels.errors import ModelError
from xjstance.models.bundle import Bundle
from xjstance.models.lexical import LEXICAL_FILE, Blend, LexicalModel, ngram_hashes
from xjstance.training.lexical import fit_lexical
from xjstance.training.lexical_bundle import fit_blend
from xjstance.training.model_card import model_card

TEXTS = ["the camps were schools", "the camps were jails", "schools praised", "jails condemned"] * 3
GOLD = [0, 1, 0, 1] * 3


def plain_ngrams(text: str) -> list[str]:
    """The n-grams by their definition: inside a word with a blank at each end, single blanks aside."""
    line = f" {' '.join(text.lower().split())} "
    return [
        line[at : at + n]
        for n in range(1, 6)
        for at in range(len(line) - n + 1)
        if " " not in line[at + 1 : at + n - 1] and line[at : at + n].strip()
    ]


@given(st.text(alphabet="ab cé维吾 \n", max_size=40))
def test_ngrams_are_those_of_the_definition(text: str) -> None:
    expected = plain_ngrams(text) if text.split() else []
    found = ngram_hashes(text)
    assert len(found) == len(expected)
    assert len(set(found.tolist())) == len(set(expected))


def test_case_and_blanks_do_not_matter() -> None:
    assert sorted(ngram_hashes("Two  WORDS\n").tolist()) == sorted(ngram_hashes("two words").tolist())


def test_empty_and_unknown_texts_get_the_bias() -> None:
    model = fit_lexical(TEXTS, GOLD, n_labels=2)
    for text in ("", " \n", "ψψψψ"):
        np.testing.assert_allclose(model.logits(text), model.bias, atol=1e-6)


def test_logits_are_scikit_learns() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(analyzer=plain_ngrams, sublinear_tf=True, min_df=2)
    reference = LogisticRegression(C=20.0, max_iter=200, class_weight="balanced")
    reference.fit(vectorizer.fit_transform(TEXTS), GOLD)
    model = fit_lexical(TEXTS, GOLD, n_labels=2)
    found = np.array([model.logits(text) for text in TEXTS])
    expected = reference.decision_function(vectorizer.transform(TEXTS))
    np.testing.assert_allclose(found[:, 1] - found[:, 0], expected, rtol=1e-3, atol=1e-3)


def test_absent_class_gets_a_low_logit() -> None:
    model = fit_lexical(TEXTS, GOLD, n_labels=4)
    assert model.logits("the camps were schools").argmax() == 0
    assert model.logits("the camps were jails")[2:].max() < -5


def test_file_round_trip_and_damage(tmp_path: Path) -> None:
    model = fit_lexical(TEXTS, GOLD, n_labels=2)
    model.save(tmp_path)
    again = LexicalModel.load(tmp_path, n_labels=2)
    for text in TEXTS[:4]:
        np.testing.assert_allclose(again.logits(text), model.logits(text), atol=2e-3)
    with pytest.raises(ModelError, match="4 labels"):
        LexicalModel.load(tmp_path, n_labels=4)
    (tmp_path / LEXICAL_FILE).write_bytes(b"not safetensors")
    with pytest.raises(ModelError, match="no lexical model"):
        LexicalModel.load(tmp_path, n_labels=2)


def test_fewer_features_keep_the_telling_ones() -> None:
    model = fit_lexical(TEXTS, GOLD, n_labels=2, n_features=12)
    assert len(model.hashes) == 12
    assert np.all(np.diff(model.hashes.astype(np.int64)) > 0)
    assert model.logits("schools").argmax() == 0
    assert model.logits("jails").argmax() == 1


def test_blend_trusts_whoever_is_right() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 4, 200)
    good, noise = np.eye(4)[gold] * 4 + rng.normal(size=(200, 4)), rng.normal(size=(200, 4)) * 3
    assert fit_blend(good, noise, gold).encoder > 5 * fit_blend(good, noise, gold).lexical
    assert fit_blend(noise, good, gold).lexical > 5 * fit_blend(noise, good, gold).encoder


def test_card_tells_of_the_blend(tiny_bundle: Bundle) -> None:
    manifest = tiny_bundle.manifest
    assert "n-grams" not in model_card(manifest)
    told = model_card(replace(manifest, blend=Blend(encoder=0.25, lexical=1.5)))
    assert "0.25 times the encoder's plus 1.5 times" in told
    assert "encoder's share alone" in told
