"""Logits of the CPU run-time beside transformers.pipeline, on the one-window development briefs, by precision.

python tests/bench/bench_agreement.py
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from xjstance.labels.labelled_corpus import read_corpus
from xjstance.models.article_text import ArticleText
from xjstance.models.bundle import Bundle
from xjstance.models.stance_encoder import StanceEncoder

ROOT = Path(__file__).parent.parent.parent


def main() -> None:
    """Print the largest difference of a logit and the share of equal labels."""
    bundle = Bundle.load()
    briefs = [a for a in read_corpus(ROOT / "labels" / "corpus") if a.split == "development" and a.origin == "brief"]
    texts = [ArticleText.of(article.article()).content for article in briefs]
    texts = [text for text in texts if len(bundle.tokenizer.encode(text)) <= bundle.manifest.max_tokens - 2]
    model = AutoModelForSequenceClassification.from_pretrained(bundle.folder, dtype=torch.float32)
    pipe = pipeline(
        "text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(bundle.folder), device=-1
    )
    rows: list[Any] = pipe(texts, top_k=None, function_to_apply="none", batch_size=8)
    theirs = np.array(
        [[{x["label"]: x["score"] for x in row}[label] for label in bundle.manifest.labels] for row in rows]
    )
    for precision in ("f32", "bf16"):
        encoder = StanceEncoder.load(bundle, precision=precision)
        ours = encoder.logits([bundle.tokenizer.encode(text) for text in texts])
        same = float((ours.argmax(1) == theirs.argmax(1)).mean())
        print(
            f"{precision}: {len(texts)} texts, largest difference {np.abs(ours - theirs).max():.2g}, same label {same:.4f}"
        )


if __name__ == "__main__":
    main()
