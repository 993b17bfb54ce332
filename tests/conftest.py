"""Fixtures that several test files share: tiny seeded models, built in memory and in temporary folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from tests.small_corpus import SENTENCES, labelled
from xjstance.labels.codebook import Codebook

if TYPE_CHECKING:
    from tests.review_data import Desk
    from xjstance.models.bundle import Bundle
    from xjstance.models.classifier import StanceClassifier

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def codebook() -> Codebook:
    """The default codebook."""
    return Codebook.load()


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a seeded two-layer XLM-R-shaped encoder with its own small sentencepiece tokenizer."""
    torch = pytest.importorskip("torch")
    from transformers import XLMRobertaConfig, XLMRobertaModel

    from xjstance.models.tokenizer import FINGERPRINT_SENTENCES, load_tokenizer
    from xjstance.training.tokenizer import train_tokenizer

    folder = tmp_path_factory.mktemp("encoder")
    texts: Sequence[str] = [
        *FINGERPRINT_SENTENCES.values(),
        *(sentence for group in SENTENCES.values() for sentence in group),
        *(f"Report {number}" for number in range(50)),
    ]
    train_tokenizer(iter(list(texts) * 4), folder, n_pieces=800, n_threads=1)
    torch.manual_seed(7)
    config = XLMRobertaConfig(
        vocab_size=load_tokenizer(folder).n_pieces, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=260, type_vocab_size=1, pad_token_id=1, bos_token_id=0,
        eos_token_id=2,
    )  # fmt: skip
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bundle(tiny_encoder: Path, codebook: Codebook, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A whole bundle around an untrained head: right in form, random in content."""
    from xjstance.training.config import TrainingConfig
    from xjstance.training.finetune import load_classifier
    from xjstance.training.make_bundle import make_bundle

    torch = pytest.importorskip("torch")
    torch.manual_seed(11)
    config = TrainingConfig(max_tokens=64)
    return make_bundle(
        load_classifier(tiny_encoder, codebook, config), tiny_encoder, tmp_path_factory.mktemp("bundle"), name="tiny",
        codebook=codebook, config=config, calibration_articles=labelled(6, split="development"),
        test_articles=labelled(2, split="test"), training_data_sha256="0" * 64, record={},
    )  # fmt: skip


@pytest.fixture(scope="session")
def tiny_classifier(tiny_bundle: Bundle) -> StanceClassifier:
    """A classifier on the tiny bundle, in f32."""
    from xjstance.models.classifier import ScoringSettings, StanceClassifier

    return StanceClassifier.load(tiny_bundle.folder, settings=ScoringSettings(precision="f32"))


POSTGRES = "XJSTANCE_TEST_POSTGRES"
"""Environment variable that holds the URL of a PostgreSQL database for the tests; it is emptied."""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """An empty store of reviews, on each of the two databases."""
    from sqlalchemy import create_engine, text

    from tests.review_data import desk

    where = str(tmp_path / "reviews.db")
    if request.param == "postgresql":
        where = os.environ.get(POSTGRES, "")
        if not where:
            pytest.skip(f"{POSTGRES} holds no URL of a PostgreSQL database")
        engine = create_engine("postgresql+psycopg://" + where.partition("://")[2])
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
    with desk(where) as found:
        yield found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Desk]:
    """A store with a queue of ten scripts, two readers, an adjudicator, an administrator."""
    from tests.review_data import desk, queued

    with desk(str(tmp_path / "reviews.db")) as found:
        found.hire_staff()
        found.add([queued(number) for number in range(10)])
        yield found


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[Desk]:
    """A store with agreed, settled, disputed, single labels, with marks in title and text."""
    from tests.review_data import EMOJI, desk, queued
    from xjstance.labels.store import Span

    marks = (Span(field="title", start=1, end=3), Span(field="text", start=2, end=7))
    with desk(str(tmp_path / "reviews.db")) as found:
        found.hire_staff()
        found.add([
            queued(0, tag="ar", outlet="=cmd()"), queued(1, tag="en", title="", text=EMOJI),
            queued(2, tag="zh-Hans"), queued(3, tag="bo"),
        ])  # fmt: skip
        for number, labels in enumerate((("critical", "critical"), ("critical", "neutral"), ("neutral", "praising"),
                                         ("neutral", None))):  # fmt: skip
            for name, label in zip(("ant", "bee"), labels, strict=True):
                item = found.take(name) or 0
                if label:
                    found.judge(name, item, label, note="=1+1\n'x", confidence="high", is_flagged=name == "ant",
                                spans=marks[number == 1 :])  # fmt: skip
            if labels[1] == "neutral":
                found.judge("owl", item, "neutral", kind="decision", note="quotes only", shown_labels=True)
        yield found
