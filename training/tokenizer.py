"""Train the tokenizer: a sentencepiece Unigram model over all languages, and the same for transformers.

python -m xjstance.training.tokenizer --corpora DIR --output DIR --pieces 48000
"""

from __future__ import annotations

import argparse
import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from ..models.tokenizer import BOS_ID, EOS_ID, MASK_ID, MASK_PIECE, PAD_ID, SENTENCEPIECE_FILE, TOKENIZER_FILE, UNK_ID
from .corpora import LEXICON_SOURCES, Corpus, read_corpora

log = logging.getLogger(__name__)

HAN_WEIGHT = 1.2
"""Han text is counted so many times more; with less, Chinese falls back to bytes for 7 % of its tokens."""
CHARACTER_COVERAGE = 0.99995
"""Share of characters that must be pieces; the rest is spelt in bytes."""
SCORE_STEP = 2.0**-8
"""Scores are rounded to it, so that their sums are exact in 32-bit and 64-bit floats: sentencepiece and tokenizers
then choose the same pieces. The loss is at most 0.2 % of a nat a piece."""
_NEVER_SCORE = -(2.0**14)
_TEMPERATURE = 0.5
_MAX_CHARACTERS = 400
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")


def sample_texts(corpus: Corpus, *, n_characters: int, rng: np.random.Generator) -> Iterator[str]:
    """Texts to train on, in random order: each language gets characters in proportion to the root of what it has.

    Sentences come before words and names; Han-written languages get `HAN_WEIGHT`; nothing held out is drawn.
    """
    lexicon = [i for i, name in enumerate(corpus.source_names) if name in LEXICON_SOURCES]
    is_lexicon = np.isin(corpus.sources, lexicon)
    sizes = np.array([min(len(text), _MAX_CHARACTERS) for text in corpus.texts])
    sizes[corpus.is_held_out] = 0
    n_languages = len(corpus.language_names)
    have = np.bincount(corpus.languages, weights=sizes, minlength=n_languages)
    weights = np.maximum(have, 1) ** _TEMPERATURE
    weights *= [HAN_WEIGHT if tag.startswith(("zh", "yue", "ja")) else 1.0 for tag in corpus.language_names]
    budgets = np.minimum(_share_out(weights, have, n_characters), have)
    chosen: list[int] = []
    for language, budget in enumerate(budgets):
        rows = np.flatnonzero((corpus.languages == language) & (sizes > 0))
        rows = rng.permutation(rows)
        rows = rows[np.argsort(is_lexicon[rows], kind="stable")]
        chosen.extend(rows[np.cumsum(sizes[rows]) <= budget])
    for row in rng.permutation(chosen):
        yield corpus.texts[row][:_MAX_CHARACTERS].replace("\n", " ").replace("▁", "_")


def _share_out(weights: np.ndarray[Any, Any], limits: np.ndarray[Any, Any], total: float) -> np.ndarray[Any, Any]:
    """Shares by weight, what a limit cuts off going to the others."""
    shares = np.zeros_like(weights)
    is_open = np.ones(len(weights), bool)
    for _ in range(len(weights)):
        left = total - shares[~is_open].sum()
        shares[is_open] = left * weights[is_open] / weights[is_open].sum()
        over = is_open & (shares > limits)
        if not over.any() or left <= 0:
            break
        shares[over] = limits[over]
        is_open &= ~over
        if not is_open.any():
            break
    return shares


def train_tokenizer(texts: Iterator[str], folder: Path, *, n_pieces: int, n_threads: int = 1) -> None:
    """Train on the texts and write sentencepiece.bpe.model, tokenizer.json and tokenizer_config.json to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    prefix = folder / "training"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=texts,
        model_prefix=str(prefix),
        model_type="unigram",
        vocab_size=n_pieces,
        character_coverage=CHARACTER_COVERAGE,
        normalization_rule_name="identity",
        remove_extra_whitespaces=True,
        byte_fallback=True,
        split_digits=True,
        bos_id=BOS_ID,
        pad_id=PAD_ID,
        eos_id=EOS_ID,
        unk_id=UNK_ID,
        bos_piece="<s>",
        pad_piece="<pad>",
        eos_piece="</s>",
        unk_piece="<unk>",
        control_symbols=[MASK_PIECE],
        num_threads=n_threads,
        max_sentence_length=16384,
        shuffle_input_sentence=False,
        minloglevel=1,
    )
    proto = _proto(prefix.with_suffix(".model"))
    for piece in proto.pieces:
        piece.score = round(piece.score / SCORE_STEP) * SCORE_STEP
    (folder / SENTENCEPIECE_FILE).write_bytes(proto.SerializeToString())
    prefix.with_suffix(".model").unlink()
    prefix.with_suffix(".vocab").unlink()
    export_for_transformers(folder)


def export_for_transformers(folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json that give the ids of the folder's sentencepiece model."""
    proto = _proto(folder / SENTENCEPIECE_FILE)
    # In sentencepiece only normal pieces match text; here all of them do, so an article's "</s>" must not pay.
    vocabulary = [(p.piece, p.score if p.type == p.NORMAL else _NEVER_SCORE) for p in proto.pieces]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=UNK_ID, byte_fallback=True))
    # What sentencepiece does on its own: blanks collapse, ends are stripped. A line break is read as a blank.
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace("▁", "_"), normalizers.Replace(Regex(r"[\n ]+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteFallback(), decoders.Metaspace(replacement="▁", prepend_scheme="always"), decoders.Fuse()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", BOS_ID), ("</s>", EOS_ID)],
    )
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in special])
    tokenizer.add_special_tokens([AddedToken(MASK_PIECE, lstrip=True, special=True, normalized=False)])
    if tokenizer.token_to_id(MASK_PIECE) != MASK_ID:
        raise ValueError(f"{folder}: {MASK_PIECE} has id {tokenizer.token_to_id(MASK_PIECE)}, not {MASK_ID}")
    tokenizer.save(str(folder / TOKENIZER_FILE))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "cls_token": "<s>",
        "eos_token": "</s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "mask_token": MASK_PIECE,
        "model_max_length": 512,
        "padding_side": "right",
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _proto(path: Path) -> Any:
    """The model file's pieces and settings; needs protobuf, which only training does."""
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]
    proto.ParseFromString(path.read_bytes())
    return proto


def han_byte_share(processor: sentencepiece.SentencePieceProcessor, texts: Sequence[str]) -> float:
    """Share of byte tokens among the tokens of those texts that hold Han characters, 0 to 1."""
    n_bytes = n_tokens = 0
    for text in texts:
        if _HAN.search(text):
            ids = processor.encode(text)
            n_tokens += len(ids)
            n_bytes += sum(processor.is_byte(i) for i in ids)
    return n_bytes / max(n_tokens, 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m xjstance.training.tokenizer", description=__doc__)
    parser.add_argument("--corpora", type=Path, nargs="+", required=True, help="folders with the corpora (Parquet)")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--pieces", type=int, default=48_000, help="vocabulary size")
    parser.add_argument("--characters", type=int, default=40_000_000, help="training sample")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    corpus = read_corpora(options.corpora)
    texts = sample_texts(corpus, n_characters=options.characters, rng=np.random.default_rng(options.seed))
    train_tokenizer(texts, options.output, n_pieces=options.pieces, n_threads=options.threads)
    log.info("%s: %d pieces", options.output, options.pieces)


if __name__ == "__main__":
    main()
