"""Encoders of other shapes, made small from their real configuration classes, through the whole loop offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.small_corpus import SENTENCES, labelled  # noqa: E402
from xjstance.labels.codebook import Codebook  # noqa: E402
from xjstance.labels.errors import ConfigError, ModelError  # noqa: E402
from xjstance.models.bundle import Bundle  # noqa: E402
from xjstance.models.classifier import ScoringSettings, StanceClassifier  # noqa: E402
from xjstance.models.tokenizer import FINGERPRINT_SENTENCES, load_tokenizer  # noqa: E402
from xjstance.training.config import TrainingConfig  # noqa: E402
from xjstance.training.finetune import check_tokenizer, fine_tune, load_classifier  # noqa: E402
from xjstance.training.train_bundle import train_bundle  # noqa: E402

CONFIG = TrainingConfig(epochs=1, batch_articles=8, max_tokens=64, average_last=1, embedding_rate=1.0)
NAMES = ("xlm-roberta", "deberta-v2", "modernbert")


def write_tokenizer(folder: Path, *, texts: list[str]) -> int:
    """A tokenizer.json as such encoders carry it: Unigram pieces, [CLS] and [SEP]; returns the pieces."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=900, special_tokens=["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"], unk_token="[UNK]",
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts * 3, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    return int(tokenizer.get_vocab_size())


def make_encoder(name: str, folder: Path, *, scripts: bool = True) -> Path:
    """A seeded encoder of one layer or two."""
    import transformers as t

    folder.mkdir(exist_ok=True)
    texts = [*(FINGERPRINT_SENTENCES.values() if scripts else ()), *(s for group in SENTENCES.values() for s in group)]
    n_pieces = write_tokenizer(folder, texts=texts)
    common: dict[str, Any] = {"vocab_size": n_pieces, "hidden_size": 32, "num_attention_heads": 2,
                              "intermediate_size": 64, "num_hidden_layers": 2, "pad_token_id": 0}  # fmt: skip
    torch.manual_seed(3)
    if name == "xlm-roberta":
        model: Any = t.XLMRobertaModel(
            t.XLMRobertaConfig(**common, max_position_embeddings=130), add_pooling_layer=False
        )
    elif name == "deberta-v2":
        common |= {"max_position_embeddings": 130, "relative_attention": True, "position_buckets": 16,
                   "norm_rel_ebd": "layer_norm", "share_att_key": True, "pos_att_type": ["p2c", "c2p"],
                   "position_biased_input": False, "type_vocab_size": 0}  # fmt: skip
        model = t.DebertaV2Model(t.DebertaV2Config(**common))
    else:
        sizes = t.ModernBertConfig(**common, max_position_embeddings=130, cls_token_id=1, sep_token_id=2,
                                    bos_token_id=1, eos_token_id=2, local_attention=16)  # fmt: skip
        model = t.ModernBertModel(sizes)
    model.save_pretrained(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rank", [0, 4])
def test_encoder_is_trained_calibrated_bundled_and_scores(
    name: str, rank: int, codebook: Codebook, tmp_path: Path
) -> None:
    if rank:
        pytest.importorskip("peft")
    config = TrainingConfig(**CONFIG.to_dict() | {"lora_rank": rank})
    corpus = [*labelled(4), *labelled(4, split="development", seed=1), *labelled(1, split="test")]
    bundle = train_bundle(make_encoder(name, tmp_path / "encoder"), corpus, tmp_path / "out", name="small",
                          codebook=codebook, config=config, work_folder=tmp_path / "work")  # fmt: skip
    assert bundle.manifest.graph == ("xlm-roberta" if name == "xlm-roberta" else "openvino")
    assert bundle.manifest.record["evaluation"]["development"]["n"] == 16
    texts = [article.text for article in labelled(2, seed=4)]
    classifier = StanceClassifier.load(bundle.folder, settings=ScoringSettings(precision="f32", language="en"))
    scored = list(classifier.classify_many(texts))
    assert all(prediction.status == "scored" for prediction in scored)
    np.testing.assert_allclose(_logits(bundle, texts), _reference(bundle, texts), atol=5e-3)


def _logits(bundle: Bundle, texts: list[str]) -> Any:
    from xjstance.models.stance_encoder import StanceEncoder

    return StanceEncoder.load(bundle, precision="f32").logits([bundle.tokenizer.encode(text) for text in texts])


def _reference(bundle: Bundle, texts: list[str]) -> Any:
    """What transformers says of the same files, one text at a time."""
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(bundle.folder, dtype=torch.float32).eval()
    tokenizer, rows = bundle.tokenizer, []
    for text in texts:
        ids = torch.tensor([[tokenizer.bos_id, *tokenizer.encode(text), tokenizer.eos_id]])
        with torch.no_grad():
            rows.append(model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0].numpy())
    return np.stack(rows)


def test_deberta_in_fp16_is_refused(codebook: Codebook, tmp_path: Path) -> None:
    base = make_encoder("deberta-v2", tmp_path / "encoder")
    with pytest.raises(ConfigError, match="deberta-v2 overflows in fp16"):
        load_classifier(base, codebook, TrainingConfig(**CONFIG.to_dict() | {"precision": "fp16"}))


def test_tokenizer_that_drops_a_script_is_refused_before_training(codebook: Codebook, tmp_path: Path) -> None:
    from dataclasses import replace

    base = make_encoder("xlm-roberta", tmp_path / "encoder", scripts=False)
    tokenizer = load_tokenizer(base)
    check_tokenizer(tokenizer, labelled(1), where="x")
    arabic = [replace(article, language="ug", script="Arab") for article in labelled(1)]
    with pytest.raises(ModelError, match="its tokenizer drops Arab text"):
        fine_tune(base, arabic, [], codebook=codebook, config=CONFIG, work_folder=tmp_path / "work")
