"""Pre-training: data draws, losses, the transformer that starts as the static encoder, resume."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch")

import torch

from xjstance.labels.errors import ConfigError, DataError
from xjstance.models.tokenizer import (
    BOS_ID,
    EOS_ID,
    FINGERPRINT_SENTENCES,
    MASK_ID,
    PAD_ID,
    SentencePieceTokenizer,
)
from xjstance.training.corpora import read_corpora
from xjstance.training.pretraining import rate_at, run
from xjstance.training.pretraining_config import PretrainingConfig, read_config
from xjstance.training.pretraining_data import TokenStore, write_tokens
from xjstance.training.pretraining_model import PretrainingModel, StaticEncoder, grow, masked, swapped
from xjstance.training.pretraining_objectives import encode_first, masked_loss, ranking_loss
from xjstance.training.tokenizer import train_tokenizer

TINY = PretrainingConfig(
    hidden_size=32, n_layers=2, n_heads=2, ffn_size=64, max_tokens=64, static_steps=4, static_pairs=16, steps=4,
    pair_tokens=60, pairs=8, swapped=4, passage_pairs=2, tlm_pairs=4, passages=4, n_negative_pieces=64, eval_every=4,
    warmup_steps=2, checkpoint_minutes=60, source_weights={"ntrex": 0.7, "ud": 0.3},
)  # fmt: skip


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 40 sentences in three languages (lines 30 on held out) and 30 lines of running text."""
    folder = tmp_path_factory.mktemp("corpora")
    rng = np.random.default_rng(5)
    words = [word for sentence in FINGERPRINT_SENTENCES.values() for word in sentence.split()]
    rows = []
    for line in range(40):
        sentence = [str(w) for w in rng.choice(words, 6)]
        for language, change in (("en", str), ("ug", str.upper), ("fr", lambda w: w[::-1])):
            text = " ".join(change(w) for w in sentence) + f" {line}"
            rows.append(("ntrex", "valid" if line >= 30 else "train", str(line), language, text))
    rows += [("ud", "train", f"Bank.{i}", "tr", " ".join(map(str, rng.choice(words, 5)))) for i in range(30)]
    columns = dict(zip(("source", "split", "align_id", "lang", "text"), zip(*rows, strict=True), strict=True))
    pq.write_table(pa.table({k: list(v) for k, v in columns.items()}), folder / "some.parquet")
    pq.write_table(pa.table({k: list(v) for k, v in columns.items()}), folder / "tatoeba-eval.parquet")
    return folder


@pytest.fixture(scope="module")
def tokenizer(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tokenizer of the small corpus."""
    folder = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer(iter(read_corpora([corpora]).texts), folder, n_pieces=900)
    return folder


@pytest.fixture(scope="module")
def store(corpora: Path, tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> TokenStore:
    """The small corpus on the CPU."""
    path = tmp_path_factory.mktemp("tokens") / "tokens.npz"
    pieces = SentencePieceTokenizer(tokenizer / "sentencepiece.bpe.model")
    write_tokens(read_corpora([corpora]), pieces, path)
    return TokenStore.load(path, language_exponent=0.3, device=torch.device("cpu"))


def test_corpus_reads_translations_passages_and_held_out_lines(corpora: Path) -> None:
    corpus = read_corpora([corpora], with_variants=False)
    assert len(corpus.texts) == 150  # the evaluation file is not read
    assert int(corpus.is_held_out.sum()) == 30
    english, other = corpus.groups[0], corpus.groups[1]
    assert english == other and corpus.languages[0] != corpus.languages[1]
    running = corpus.sources == corpus.source_names.index("ud")
    assert corpus.places[running].tolist() == list(range(30))


def test_corpus_adds_the_other_scripts_of_uyghur(corpora: Path) -> None:
    assert {"ug-Latn", "ug-Cyrl"} <= set(read_corpora([corpora]).language_names)


def test_corpus_names_a_folder_without_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no Parquet files"):
        read_corpora([tmp_path])


def test_pairs_are_translations_in_two_languages_and_never_held_out(store: TokenStore) -> None:
    generator = _generator()
    groups = store.draw_groups(20, weights={"ntrex": 1.0}, single_source_share=0.0, generator=generator)
    assert len(groups) == len(set(groups.tolist()))
    left, right = store.draw_pairs(groups, anchor_share=0.4, generator=generator)
    assert (store.twins[left] == store.twins[right]).all()
    assert (store.languages[left] != store.languages[right]).all()
    held_out = {int(r) for rows in store.held_out.values() for r in rows if r >= 0}
    assert not held_out & {*left.tolist(), *right.tolist()}


def test_padded_rows_hold_the_texts_between_the_special_tokens(store: TokenStore) -> None:
    rows = torch.tensor([0, 5, 100])
    ids = store.padded(rows, max_tokens=12)
    for row, line in zip(rows.tolist(), ids, strict=True):
        pieces = store.row_ids(row)[:10].tolist()
        assert line.tolist() == [BOS_ID, *pieces, EOS_ID] + [PAD_ID] * (ids.shape[1] - len(pieces) - 2)


def test_passages_are_neighbours_of_one_text(store: TokenStore) -> None:
    for rows in store.draw_passages(8, max_tokens=60, generator=_generator(1)):
        assert (rows.diff() > 0).all()
        assert len(set(store.languages[rows].tolist())) == 1
        assert len(rows) == 1 or int(store.lengths[rows].sum()) <= 58


def test_a_translated_passage_has_the_same_lines(store: TokenStore) -> None:
    rows = torch.nonzero(store.languages == store.language_names.index("en"))[:3, 0]
    other = store.translated(rows, generator=_generator())
    assert other is not None
    assert (store.twins[other] == store.twins[rows]).all() and (store.languages[other] != store.languages[rows]).all()


def test_grown_transformer_begins_with_the_static_vectors(store: TokenStore) -> None:
    static = StaticEncoder(900, TINY, _generator(2))
    with torch.no_grad():
        static.attend.normal_(0, 0.3, generator=_generator(3))
    model = PretrainingModel(900, TINY)
    grow(model, static, _generator(4))
    rows = torch.arange(0, 60)
    ids = store.padded(rows, max_tokens=60)
    lengths = (ids != PAD_ID).sum(1)
    with torch.no_grad():
        expected = static(ids[ids != PAD_ID], torch.cumsum(lengths, 0) - lengths)
        found, _ = encode_first(model, ids, None, bf16=False)
    # Not 1: the places of pieces take an eighth of the directions, and here words vary alike in all of them.
    assert float(torch.nn.functional.cosine_similarity(expected, found).mean()) > 0.8


def test_first_states_do_not_depend_on_the_chunks(store: TokenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    model = PretrainingModel(900, TINY)
    ids = store.padded(torch.arange(0, 40), max_tokens=60)
    wanted = ids == ids[3, 2]
    with torch.no_grad():
        whole = model(ids)
        monkeypatch.setattr("xjstance.training.pretraining_objectives.CHUNK_TOKENS", 50)
        first, states = encode_first(model, ids, wanted, bf16=False)
    torch.testing.assert_close(first, whole[:, 0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(states, whole[wanted], atol=1e-5, rtol=1e-4)


def test_masking_hides_a_share_of_the_pieces_and_no_special_token(store: TokenStore) -> None:
    ids = store.padded(torch.arange(0, 100), max_tokens=60)
    hidden, chosen = masked(ids, 0.3, 900, _generator())
    assert not chosen[ids <= MASK_ID].any()
    assert torch.equal(hidden[~chosen], ids[~chosen])
    assert 0.25 < float(chosen.sum() / (ids > MASK_ID).sum()) < 0.35
    assert 0.7 < float((hidden[chosen] == MASK_ID).float().mean()) < 0.9


def test_swapped_texts_hold_the_same_pieces_in_another_order(store: TokenStore, tokenizer: Path) -> None:
    pieces = SentencePieceTokenizer(tokenizer / "sentencepiece.bpe.model")
    opens = torch.tensor([pieces.opens_word(i) for i in range(pieces.n_pieces)])
    ids = store.padded(torch.arange(0, 20), max_tokens=60)
    other = swapped(ids, opens, _generator())
    assert torch.equal(ids.sort(1).values, other.sort(1).values)
    assert torch.equal(ids == PAD_ID, other == PAD_ID)
    assert float((ids != other).any(1).float().mean()) > 0.8


def test_ranking_loss_is_lowest_for_the_right_pairs() -> None:
    left = torch.eye(6)
    right = torch.eye(6) + 0.01
    good = ranking_loss(left, right, temperature=0.05, margin=0.1)
    bad = ranking_loss(left, right.roll(1, 0), temperature=0.05, margin=0.1)
    harder = ranking_loss(left, right, temperature=0.05, margin=0.1, wrong=left)
    assert float(good) < 1e-3 < float(harder) < float(bad)


def test_masked_loss_equals_the_softmax_over_all_pieces() -> None:
    model = PretrainingModel(900, TINY)
    states, targets = torch.randn(9, 32, generator=_generator()), torch.arange(20, 29)
    loss, _ = masked_loss(model, states, targets, torch.arange(900), bf16=False)
    logits = model.masked_states(states) @ model.words.weight.T + model.masked_bias
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(logits, targets))


def test_rate_rises_then_falls() -> None:
    rates = [rate_at(s, 100, warmup=10, final_fraction=0.1) for s in (0, 9, 10, 55, 100)]
    np.testing.assert_allclose(rates, [0.1, 1.0, 1.0, 0.55, 0.1])


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("layers = 3\n")
    with pytest.raises(ConfigError, match="unknown setting layers"):
        read_config(path)


def test_a_width_that_the_heads_do_not_divide_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a multiple"):
        PretrainingConfig(hidden_size=30, n_heads=4)


@pytest.mark.slow
def test_a_run_goes_on_where_it_stopped(corpora: Path, tokenizer: Path, tmp_path: Path) -> None:
    import dataclasses

    from transformers import AutoModel

    def train(folder: Path, config: PretrainingConfig, *, resume: bool = False) -> dict[str, torch.Tensor]:
        run(corpora=[corpora], tokenizer=tokenizer, output=folder, config=config, resume=resume,
            device=torch.device("cpu"), bf16=False)  # fmt: skip
        state: dict[str, torch.Tensor] = AutoModel.from_pretrained(folder / "encoder").state_dict()
        return state

    flat = dataclasses.replace(TINY, final_rate_fraction=1.0)  # so that the rate does not depend on the last step
    whole = train(tmp_path / "whole", flat)
    train(tmp_path / "parts", dataclasses.replace(flat, steps=2))
    with pytest.raises(ConfigError, match="--resume"):
        train(tmp_path / "parts", flat)
    parts = train(tmp_path / "parts", flat, resume=True)
    for name, value in whole.items():
        if not name.startswith("pooler"):
            torch.testing.assert_close(parts[name], value, msg=name)
    lines = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert {line.get("phase") for line in lines} >= {"static", "transformer"}
