"""Losses of the pre-training: ranking of translations, masked pieces, order of passages."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..models.tokenizer import PAD_ID
from .pretraining_model import PretrainingModel, masked

CHUNK_TOKENS = 8192
"""Padded tokens that go through the encoder at once; texts of like length stand together."""


def ranking_loss(
    left: Tensor, right: Tensor, *, temperature: float, margin: float, wrong: Tensor | None = None
) -> Tensor:
    """Mean cross-entropy of finding each row's partner among all, from both sides, by cosine less a margin [YANG19].

    Args: left, right: (pairs, hidden); row i of both belongs together. wrong: (any, hidden): more wrong answers on the
        left side.
    """
    left, right = F.normalize(left.float(), dim=1), F.normalize(right.float(), dim=1)
    cosines = left @ right.T
    logits = (cosines - margin * torch.eye(len(cosines), device=cosines.device)) / temperature
    labels = torch.arange(len(logits), device=logits.device)
    backward = logits.T
    if wrong is not None:
        backward = torch.cat([backward, right @ F.normalize(wrong.float(), dim=1).T / temperature], 1)
    return (F.cross_entropy(logits, labels) + F.cross_entropy(backward, labels)) / 2


def encode_first(model: PretrainingModel, ids: Tensor, wanted: Tensor | None, *, bf16: bool) -> tuple[Tensor, Tensor]:
    """(batch, hidden) states of `<s>`, and (wanted, hidden) states of the wanted positions in reading order.

    Rows go through the encoder in chunks of like length, so that little is padding.
    Args: ids: int64 (batch, tokens), padded on the right; wanted: bool of the same shape, never the first column.
    """
    lengths = (ids != PAD_ID).sum(1)
    order = torch.argsort(lengths)
    firsts: list[Tensor] = []
    found: list[Tensor] = []
    keys: list[Tensor] = []
    start = 0
    sorted_lengths = lengths[order].tolist()
    while start < len(order):
        end = start + 1
        while end < len(order) and sorted_lengths[end] * (end + 1 - start) <= CHUNK_TOKENS:
            end += 1
        rows = order[start:end]
        width = sorted_lengths[end - 1]
        with torch.autocast(ids.device.type, dtype=torch.bfloat16, enabled=bf16):
            mask = torch.zeros_like(ids[rows, :width], dtype=torch.bool)
            if wanted is not None:
                mask |= wanted[rows, :width]
            mask[:, 0] = True
            states = model.states_at(ids[rows, :width], mask)
        places = (rows[:, None] * ids.shape[1] + torch.arange(width, device=ids.device))[mask]
        is_first = places % ids.shape[1] == 0
        firsts.append(states[is_first].float())
        if wanted is not None:
            found.append(states[~is_first])
            keys.append(places[~is_first])
        start = end
    inverse = torch.argsort(order)
    first = torch.cat(firsts)[inverse]
    if wanted is None:
        return first, first[:0]
    return first, torch.cat(found)[torch.argsort(torch.cat(keys))]


def masked_loss(
    model: PretrainingModel, states: Tensor, targets: Tensor, negatives: Tensor, *, bf16: bool
) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy and accuracy of the masked pieces, among the batch's own pieces and drawn others.

    Args: states: (masked, hidden); targets: int64 (masked); negatives: int64 pieces.
    """
    if not len(targets):
        return states.sum() * 0.0, states.new_zeros(())
    candidates: Tensor = torch.unique(torch.cat([targets, negatives]))
    labels = torch.searchsorted(candidates, targets)
    with torch.autocast(states.device.type, dtype=torch.bfloat16, enabled=bf16):
        logits = model.masked_states(states) @ model.words(candidates).T
    logits = logits.float() + model.masked_bias[candidates]
    return F.cross_entropy(logits, labels), (logits.argmax(1) == labels).float().mean()


def hide(ids: Tensor, share: float, n_pieces: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Masked ids, which positions to predict (bool), and the pieces that stood there (int64, reading order)."""
    hidden, chosen = masked(ids, share, n_pieces, generator)
    return hidden, chosen, ids[chosen]
