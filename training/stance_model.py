"""A sequence classifier with sentence heads that only training uses: who speaks, and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ..models.aggregation import N_PLACE_FEATURES, Aggregation, window_features
from .examples import CONTENTS, UNLABELLED, VOICES, Example

PAD_TO = 32
"""Batches are padded to a multiple of this: kernels are compiled for few shapes only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialIds:
    """Ids that frame and fill windows."""

    bos: int
    eos: int
    pad: int
    mask: int | None = None
    """Replaces tokens under token dropout; None turns it off."""


class WindowCollator:
    """Flattens the windows of a batch of articles into padded tensors.

    Yields input_ids and attention_mask int64 (windows, tokens); owners int64 (windows,): article of each window;
    n_tokens int64 (windows,); labels int64 (articles,); weights float32 (articles,); soft_labels float32 (articles,
    labels), rows of zeros where there are none; spans int64 (sentences, 5): window, first token, one past the last,
    voice, content.
    """

    def __init__(self, special: SpecialIds, *, token_dropout: float = 0.0,
                 rng: np.random.Generator | None = None) -> None:  # fmt: skip
        self.special, self.token_dropout, self.rng = special, token_dropout, rng

    def __call__(self, examples: Sequence[Example]) -> dict[str, Tensor]:
        special = self.special
        rows = [(at, ids) for at, example in enumerate(examples) for ids in (example.windows or ((),))]
        width = -(-(max(len(ids) for _, ids in rows) + 2) // PAD_TO) * PAD_TO
        input_ids = np.full((len(rows), width), special.pad, dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=np.int64)
        for row, (_, ids) in enumerate(rows):
            input_ids[row, : len(ids) + 2] = (special.bos, *self._dropped(ids), special.eos)
            mask[row, : len(ids) + 2] = 1
        first_row = np.cumsum([0, *(max(len(example.windows), 1) for example in examples)])
        spans = [
            (first_row[at] + number, mark.start + 1, mark.end + 1, mark.voice, mark.content)
            for at, example in enumerate(examples)
            for number, marks in enumerate(example.marks)
            for mark in marks
        ]
        n_labels = max((len(example.soft_labels) for example in examples), default=0)
        soft = np.zeros((len(examples), n_labels), dtype=np.float32)
        for at, example in enumerate(examples):
            if example.soft_labels:
                soft[at] = example.soft_labels
        return {
            "input_ids": torch.from_numpy(input_ids),
            "attention_mask": torch.from_numpy(mask),
            "owners": torch.tensor([at for at, _ in rows]),
            "n_tokens": torch.tensor([max(len(ids), 1) for _, ids in rows]),
            "labels": torch.tensor([example.label for example in examples]),
            "weights": torch.tensor([example.weight for example in examples], dtype=torch.float32),
            "soft_labels": torch.from_numpy(soft),
            "spans": torch.tensor(spans, dtype=torch.int64).reshape(-1, 5),
        }

    def _dropped(self, ids: Sequence[int]) -> Sequence[int]:
        if not self.token_dropout or self.special.mask is None or self.rng is None or not ids:
            return ids
        array = np.asarray(ids)
        array[self.rng.random(len(ids)) < self.token_dropout] = self.special.mask
        kept: list[int] = array.tolist()
        return kept


class StanceModel(nn.Module):
    """Wraps any `AutoModelForSequenceClassification` model; `classifier` is what ships."""

    def __init__(self, classifier: Any, aggregation: Aggregation) -> None:
        super().__init__()
        self.classifier = classifier
        self.aggregation = aggregation
        hidden: int = classifier.config.hidden_size
        self.voice_head = nn.Linear(hidden, len(VOICES))
        self.content_head = nn.Linear(hidden, len(CONTENTS))
        n_features = N_PLACE_FEATURES + classifier.config.num_labels
        start = torch.tensor(aggregation.attention) if aggregation.attention else torch.zeros(n_features)
        self.attention = nn.Parameter(start) if aggregation.rule == "attention" else None

    def forward(self, input_ids: Tensor, attention_mask: Tensor, owners: Tensor, n_tokens: Tensor, labels: Tensor,
                weights: Tensor, spans: Tensor, **_: Tensor) -> dict[str, Tensor]:  # fmt: skip
        """article_logits (articles, labels), voice_logits and content_logits (sentences, classes)."""
        out = self.classifier(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
        window_logits: Tensor = out.logits.float()
        shares = self._shares(owners, n_tokens, window_logits)
        article_logits = torch.zeros(len(labels), window_logits.shape[1], device=window_logits.device)
        article_logits = article_logits.index_add(0, owners, window_logits * shares[:, None])
        sentences = _sentence_states(out.hidden_states[-1].float(), spans)
        return {
            "article_logits": article_logits,
            "voice_logits": self.voice_head(sentences),
            "content_logits": self.content_head(sentences),
        }

    @property
    def learnt_aggregation(self) -> Aggregation:
        """The rule as training left it: what scoring must use."""
        if self.attention is None:
            return self.aggregation
        return replace(self.aggregation, attention=tuple(self.attention.detach().cpu().tolist()))

    def _shares(self, owners: Tensor, n_tokens: Tensor, window_logits: Tensor) -> Tensor:
        """Weight of each window in its article, float32 (windows,), by the code that scoring runs."""
        owner, tokens = owners.cpu().numpy(), n_tokens.cpu().numpy()
        logits = window_logits.detach().cpu().numpy()
        if self.attention is not None:
            return _attention_shares(self.attention, owner, n_tokens, logits)
        shares = np.ones(len(owner))
        for article in np.unique(owner):
            rows = np.flatnonzero(owner == article)
            if len(rows) > 1:
                shares[rows] = self.aggregation.weights(tokens[rows].tolist(), logits[rows])
        return torch.tensor(shares, dtype=torch.float32, device=window_logits.device)


def _attention_shares(attention: Tensor, owner: NDArray[np.int64], n_tokens: Tensor,
                      logits: NDArray[np.float32]) -> Tensor:  # fmt: skip
    """`Aggregation.weights` with a gradient to its learnt weights; the features are read, not trained through.

    Args: owner: int64 (windows,), article of each window, rising.
    """
    rows = [np.flatnonzero(owner == article) for article in range(owner.max() + 1)]
    features = np.concatenate([window_features(logits[members]) for members in rows])
    scores = torch.from_numpy(features).float().to(n_tokens.device) @ attention + n_tokens.float().log()
    return torch.cat([scores[int(members[0]) : int(members[-1]) + 1].softmax(0) for members in rows])


def _sentence_states(states: Tensor, spans: Tensor) -> Tensor:
    """Mean state of each sentence's tokens, float32 (sentences, hidden)."""
    if len(spans) == 0:
        return states.new_zeros(0, states.shape[-1])
    places = torch.arange(states.shape[1], device=states.device)[None]
    inside = ((places >= spans[:, 1:2]) & (places < spans[:, 2:3])).float()
    summed = torch.einsum("st,sth->sh", inside, states[spans[:, 0]])
    return summed / inside.sum(1, keepdim=True).clamp(min=1)


def losses(out: dict[str, Tensor], batch: dict[str, Tensor], *, label_smoothing: float, voice_weight: float,
           content_weight: float, distil_weight: float = 0.5, distil_temperature: float = 2.0) -> Tensor:  # fmt: skip
    """Weighted loss of the articles plus the weighted sentence losses; a scalar.

    An article's loss is the cross-entropy with its label; with soft labels, `distil_weight` of it is their divergence
    instead, and all of it where there is no label.
    """
    labels, weights, soft = batch["labels"], batch["weights"], batch.get("soft_labels")
    article = functional.cross_entropy(out["article_logits"], labels, reduction="none",
                                       label_smoothing=label_smoothing, ignore_index=UNLABELLED)  # fmt: skip
    if soft is not None and soft.shape[1]:
        is_soft = (soft.sum(1) > 0).float()
        share = torch.where(labels == UNLABELLED, torch.ones_like(weights), distil_weight * is_soft)
        divergence = soft_label_loss(out["article_logits"], soft, temperature=distil_temperature) * is_soft
        article = (1 - share) * article + share * divergence
    loss = (article * weights).sum() / weights.sum()
    spans = batch["spans"]
    if len(spans):
        loss = loss + voice_weight * functional.cross_entropy(out["voice_logits"], spans[:, 3])
        loss = loss + content_weight * functional.cross_entropy(out["content_logits"], spans[:, 4])
    return loss


def soft_label_loss(logits: Tensor, probs: Tensor, *, temperature: float) -> Tensor:
    """T^2 KL(teacher || student) at temperature T, float32 (articles,) [HVD15].

    Args: logits: the student's (articles, labels); probs: the teacher's, at temperature 1; rows of zeros count as
        uniform, and the caller leaves them out.
    """
    teacher = (probs.clamp(min=1e-6).log() / temperature).log_softmax(1)
    student = (logits / temperature).log_softmax(1)
    return temperature**2 * (teacher.exp() * (teacher - student)).sum(1)
