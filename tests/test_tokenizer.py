"""The tokenizer: offsets, special tokens, and the same ids from transformers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xjstance.labels.errors import ModelError
from xjstance.labels.normalise import normalise
from xjstance.models.tokenizer import (
    FINGERPRINT_SENTENCES,
    JsonTokenizer,
    SentencePieceTokenizer,
    load_tokenizer,
)
from xjstance.training.tokenizer import train_tokenizer

BUNDLES = sorted((Path(__file__).parent.parent / "models" / "bundles").glob("*/sentencepiece.bpe.model"))


def _texts(n: int, seed: int) -> list[str]:
    """Seeded texts over every script: real words, shuffled letters, rare characters, blanks and line breaks."""
    rng = np.random.default_rng(seed)
    sentences = list(FINGERPRINT_SENTENCES.values())
    words = [word for sentence in sentences for word in sentence.split()]
    rare = "\U0001f469\u200d\U0001f4bb ꙮ 𠮷 ᠠ \u0301 123,456.7 <mask </p> &amp; … ¿ ﷺ __ ʼ".split()
    texts = []
    for _ in range(n):
        picked = list(rng.choice(sentences if rng.random() < 0.3 else words, rng.integers(1, 9)))
        if rng.random() < 0.4:
            letters = list(str(rng.choice(sentences)))
            rng.shuffle(letters)
            picked.append("".join(letters))
        if rng.random() < 0.4:
            picked.append(str(rng.choice(rare)))
        texts.append(normalise(str(rng.choice([" ", " ", "", "\n\n", "\n"])).join(picked)).text)
    return texts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer(iter(t.replace("\n", " ") for t in _texts(600, 1)), path, n_pieces=1200)
    return path


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> SentencePieceTokenizer:
    return SentencePieceTokenizer(folder / "sentencepiece.bpe.model")


def test_special_ids_are_those_of_xlm_roberta(tokenizer: SentencePieceTokenizer) -> None:
    assert (tokenizer.bos_id, tokenizer.pad_id, tokenizer.eos_id, tokenizer.n_pieces) == (0, 1, 2, 1200)


def test_special_pieces_in_a_text_stay_text(tokenizer: SentencePieceTokenizer) -> None:
    assert not set(tokenizer.encode("a </s> b <mask> <s> <pad>")) & {0, 1, 2, 3, 4}


def test_encode_reads_a_line_break_as_a_blank(tokenizer: SentencePieceTokenizer) -> None:
    assert tokenizer.encode("free\n\nperson") == tokenizer.encode("free person")


def test_offsets_cut_out_the_pieces_text(tokenizer: SentencePieceTokenizer) -> None:
    text = "free\n\n𪚥 is"
    ids, starts, ends = tokenizer.encode_with_offsets(text)
    assert ids == tokenizer.encode(text)
    spans = [text[a:b] for a, b in zip(starts, ends, strict=True)]
    assert spans.count("𪚥") == 4  # one a byte
    assert "".join(dict.fromkeys(spans)) == "free𪚥is"


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_offsets_cover_all_but_blanks(tokenizer: SentencePieceTokenizer, text: str) -> None:
    text = normalise(text).text
    ids, starts, ends = tokenizer.encode_with_offsets(text)
    assert ids == tokenizer.encode(text)
    assert starts == sorted(starts) and ends == sorted(ends)
    covered = {i for a, b in zip(starts, ends, strict=True) for i in range(a, b)}
    assert covered == {i for i, char in enumerate(text) if char not in " \n"}


def test_json_tokenizer_gives_the_same_ids(folder: Path, tokenizer: SentencePieceTokenizer) -> None:
    other = JsonTokenizer(folder / "tokenizer.json")
    texts = _texts(500, 2)
    assert [other.encode(t) for t in texts] == [tokenizer.encode(t) for t in texts]
    assert (other.bos_id, other.pad_id, other.eos_id, other.n_pieces) == (0, 1, 2, 1200)
    assert other.fingerprint() == tokenizer.fingerprint()


def test_json_tokenizer_keeps_special_pieces_of_an_article_as_text(folder: Path) -> None:
    ids = JsonTokenizer(folder / "tokenizer.json").encode("a </s> b")
    assert 2 not in ids


@pytest.mark.slow
@pytest.mark.parametrize("bundle", [None, *BUNDLES], ids=lambda b: b.parent.name if b else "trained here")
def test_transformers_gives_the_same_ids_on_ten_thousand_texts(folder: Path, bundle: Path | None) -> None:
    transformers = pytest.importorskip("transformers")
    at = bundle.parent if bundle else folder
    theirs = transformers.AutoTokenizer.from_pretrained(at)
    ours = load_tokenizer(at)
    texts = _texts(10_000, 3)
    found = theirs(texts)["input_ids"]
    different = [t for t, ids in zip(texts, found, strict=True) if ids != [0, *ours.encode(t), 2]]
    assert different == []


def test_fingerprint_has_ids_for_every_script(tokenizer: SentencePieceTokenizer) -> None:
    prints = tokenizer.fingerprint()
    assert len(prints) == 27 and all(prints.values())
    assert all(normalise(s).is_identity for s in FINGERPRINT_SENTENCES.values())


def test_load_tokenizer_prefers_sentencepiece(folder: Path, tmp_path: Path) -> None:
    assert isinstance(load_tokenizer(folder), SentencePieceTokenizer)
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    assert isinstance(load_tokenizer(tmp_path), JsonTokenizer)


def test_load_tokenizer_names_the_folder_that_holds_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=str(tmp_path)):
        load_tokenizer(tmp_path)


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sentencepiece.bpe.model").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="not a sentencepiece model"):
        load_tokenizer(tmp_path)


def test_tokenizer_config_names_the_window(folder: Path) -> None:
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert config["model_max_length"] == 512 and config["padding_side"] == "right"
