"""A classifier without a model, for tests of reading, scoring and writing."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xjstance.inference.protocol import ModelIdentity
from xjstance.labels.errors import ModelError
from xjstance.labels.records import Article, Prediction

sys.path.append(str(Path(__file__).parents[1]))  # worker processes, which inherit the path, import this module too

LABELS = ("praising", "critical", "neutral", "unrelated")
IDENTITY = ModelIdentity(labels=LABELS, model="fake@0123456789ab", codebook="xinjiang@1+0123456789ab")


@dataclass(slots=True)
class FakeClassifier:
    """Probabilities from the content's hash, and one bit from the batch, so that other batches show.

    The texts `boom`, `die`, `no model` and `wait` raise, kill the process, raise ModelError, and print the process's
    number and never end.
    """

    labels: tuple[str, ...] = LABELS
    model: str = IDENTITY.model
    codebook: str = IDENTITY.codebook

    def classify_articles(self, articles: Sequence[Article]) -> list[Prediction]:
        batch_bit = (sum(len(article.text) for article in articles) % 97) * 1e-9
        return [self._classify(article, batch_bit) for article in articles]

    def _classify(self, article: Article, batch_bit: float) -> Prediction:
        if "boom" in article.text:
            raise ValueError("the text says boom")
        if "no model" in article.text:
            raise ModelError("the fake model is broken")
        if "wait" in article.text:
            os.write(1, f"{os.getpid()}\n".encode())
            threading.Event().wait()
        if "die" in article.text:
            os.kill(os.getpid(), signal.SIGKILL)
        sha = article.sha256
        if not article.content.strip():
            return Prediction(id=article.id, status="empty", reason="nothing to read", text_sha256=sha,
                              model=self.model, codebook=self.codebook)  # fmt: skip
        weights = [int(sha[at : at + 4], 16) + 1 + batch_bit for at in (0, 4, 8, 12)]
        probs = tuple(weight / sum(weights) for weight in weights)
        best = LABELS[probs.index(max(probs))]
        return Prediction(
            id=article.id, status="scored", text_sha256=sha, language="en", script="Latn", language_prob=0.9,
            route="fake", stance=best, probs=probs, balance=probs[0] - probs[1], stance_set=(best,),
            is_confident=True, is_validated=False, n_tokens=len(article.text.split()),
            n_tokens_read=len(article.text.split()), n_windows=1, model=self.model, codebook=self.codebook,
        )  # fmt: skip


def make_fake() -> FakeClassifier:
    """The factory that worker processes call."""
    return FakeClassifier()


def fail_to_load() -> FakeClassifier:
    """A factory whose model cannot be loaded."""
    raise ModelError("weights.safetensors: hash differs; fetch the bundle again")
