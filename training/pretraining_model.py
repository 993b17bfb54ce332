"""The encoder under training: a static first layer, the transformer that grows out of it, and its export."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models.tokenizer import BOS_ID, EOS_ID, MASK_ID, PAD_ID, SENTENCEPIECE_FILE, TOKENIZER_FILE
from .pretraining_config import PretrainingConfig

_WORD_STD = 0.05
_QUERY = 8.0
_POSITION_STD = 0.01
_LAYER_NORM_EPS = 1e-5


class StaticEncoder(nn.Module):
    """A transformer's first layer seen from `<s>` alone, without positions: word vectors, learnt weights, their mean.

    It costs little, and its weights become the transformer's first layer, so that the transformer starts with
    sentence vectors as good as these.
    """

    def __init__(self, n_pieces: int, config: PretrainingConfig, generator: torch.Generator) -> None:
        super().__init__()
        size = config.hidden_size
        self.n_heads = config.n_heads
        self.words = nn.Embedding(n_pieces, size)
        self.words_norm = nn.LayerNorm(size, eps=_LAYER_NORM_EPS)
        self.attend = nn.Parameter(torch.zeros(config.n_heads, size))
        self.value = nn.Linear(size, size)
        self.output = nn.Linear(size, size)
        self.output_norm = nn.LayerNorm(size, eps=_LAYER_NORM_EPS)
        with torch.no_grad():
            self.words.weight.normal_(0, _WORD_STD, generator=generator)
            self.words.weight[PAD_ID] = 0
            for layer in (self.value, self.output):
                nn.init.orthogonal_(layer.weight, generator=generator)
                layer.weight *= 1.5
                layer.bias.zero_()
        for parameter in self.output_norm.parameters():
            parameter.requires_grad_(False)

    def forward(self, ids: Tensor, offsets: Tensor) -> Tensor:
        """float32 (texts, hidden): vector of each text.

        Args: ids: int64 (tokens), texts end to end with `<s>` and `</s>`; offsets: int64 (texts), their starts.
        """
        unique, inverse = torch.unique(ids, return_inverse=True)
        vectors = self.words_norm(self.words(unique))
        weights = torch.exp((vectors @ self.attend.T).clamp(-15, 15))
        values = self.value(vectors).view(len(unique), self.n_heads, -1)
        counts = torch.diff(torch.cat([offsets, offsets.new_tensor([len(ids)])]))
        segments = torch.repeat_interleave(torch.arange(len(offsets), device=ids.device), counts)
        token_weights = weights[inverse]
        totals = torch.zeros(len(offsets), self.n_heads, device=ids.device).index_add(0, segments, token_weights)
        heads = [
            F.embedding_bag(
                inverse, values[:, head], offsets, mode="sum", per_sample_weights=token_weights[:, head].contiguous()
            )
            / totals[:, head, None]
            for head in range(self.n_heads)
        ]
        first = self.words_norm(self.words.weight[BOS_ID])
        sentence: Tensor = self.output_norm(first + self.output(torch.cat(heads, 1)))
        return sentence


class _LookUp(torch.autograd.Function):
    """Rows of a table whose gradient is added in place to the table's own, not to a new table each time."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, ids: Tensor, _anchor: Tensor) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.table = table
        return table.detach()[ids]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, None]:
        (ids,) = ctx.saved_tensors
        table, (gradient,) = ctx.table, gradients
        if table.grad is None:
            table.grad = torch.zeros_like(table)
        table.grad.index_add_(0, ids.reshape(-1), gradient.reshape(-1, gradient.shape[-1]).to(table.dtype))
        return None, None, None


class WordTable(nn.Embedding):
    """Word embeddings looked up many times a step: a dense gradient for each would cost a third of the time."""

    def forward(self, input: Tensor) -> Tensor:
        """(..., hidden): vectors of the pieces."""
        if not torch.is_grad_enabled() or not self.weight.requires_grad:
            return nn.functional.embedding(input, self.weight)
        anchor = torch.zeros((), device=self.weight.device, requires_grad=True)
        vectors: Tensor = _LookUp.apply(self.weight, input, anchor)  # type: ignore[no-untyped-call]
        return vectors


class PretrainingModel(nn.Module):
    """XLMRobertaModel with a tied head for masked pieces and a head for the order of passages."""

    def __init__(self, n_pieces: int, config: PretrainingConfig) -> None:
        from transformers import XLMRobertaConfig, XLMRobertaModel

        super().__init__()
        self.encoder_config = XLMRobertaConfig(
            vocab_size=n_pieces,
            hidden_size=config.hidden_size,
            num_hidden_layers=config.n_layers,
            num_attention_heads=config.n_heads,
            intermediate_size=config.ffn_size,
            max_position_embeddings=config.max_tokens + 2,
            type_vocab_size=1,
            hidden_act="gelu",
            hidden_dropout_prob=config.dropout,
            attention_probs_dropout_prob=config.dropout,
            layer_norm_eps=_LAYER_NORM_EPS,
            pad_token_id=PAD_ID,
            bos_token_id=BOS_ID,
            eos_token_id=EOS_ID,
        )
        # On short texts plain products are 1.6 times as fast on a CPU as the fused kernel, whose backward is slow.
        self.encoder_config._attn_implementation = "eager"
        self.encoder: nn.Module = XLMRobertaModel(self.encoder_config, add_pooling_layer=False)
        table = WordTable(n_pieces, config.hidden_size, padding_idx=PAD_ID)
        self.encoder.embeddings.word_embeddings = table
        self.masked_dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.masked_norm = nn.LayerNorm(config.hidden_size, eps=_LAYER_NORM_EPS)
        self.masked_bias = nn.Parameter(torch.zeros(n_pieces))
        self.order = nn.Linear(config.hidden_size, 2)

    @property
    def words(self) -> nn.Embedding:
        """The word embeddings."""
        table: nn.Embedding = self.encoder.embeddings.word_embeddings  # type: ignore[union-attr, assignment]
        return table

    def static_parameters(self) -> list[nn.Parameter]:
        """Weights beside the words that come from the static phase."""
        encoder: Any = self.encoder
        norm, first = encoder.embeddings.LayerNorm, encoder.encoder.layer[0].attention
        return [*norm.parameters(), *first.self.value.parameters(), *first.output.dense.parameters()]

    def forward(self, ids: Tensor) -> Tensor:
        """(batch, tokens, hidden): states; ids int64 (batch, tokens), padded on the right."""
        states: Tensor = self.encoder(input_ids=ids, attention_mask=(ids != PAD_ID).long()).last_hidden_state
        return states

    def states_at(self, ids: Tensor, wanted: Tensor) -> Tensor:
        """(wanted, hidden): states of some positions, in reading order; the last layer is computed for these alone."""
        encoder: Any = self.encoder
        hidden = encoder.embeddings(input_ids=ids)
        hidden = hidden.to(torch.bfloat16) if torch.is_autocast_enabled(ids.device.type) else hidden
        hides = torch.zeros(len(ids), 1, 1, ids.shape[1], dtype=hidden.dtype, device=ids.device)
        hides = hides.masked_fill((ids == PAD_ID)[:, None, None], -1e4)
        *layers, last = encoder.encoder.layer
        for layer in layers:
            hidden = layer(hidden, hides)
        context = last.attention.self(hidden, hides)[0]
        attended = last.attention.output(context[wanted], hidden[wanted])
        states: Tensor = last.output(last.intermediate(attended), attended)
        return states

    def masked_states(self, states: Tensor) -> Tensor:
        """(tokens, hidden): what is compared with the word embeddings to predict a masked piece."""
        hidden: Tensor = self.masked_norm(F.gelu(self.masked_dense(states)))
        return hidden


def grow(model: PretrainingModel, static: StaticEncoder, generator: torch.Generator) -> None:
    """Set the transformer's weights so that its `<s>` states are the static vectors, nearly.

    Positions begin small. Begun as large waves in directions emptied of words, with heads that look at neighbours,
    they spoilt fine-tuning: log loss on development briefs 0.99 against 0.85 after two epochs.
    """
    encoder: Any = model.encoder
    size, n_heads = static.words.embedding_dim, static.n_heads
    head_size = size // n_heads
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Linear):
                module.weight.normal_(0, 0.02, generator=generator)
                module.bias.zero_()
        n_layers = len(encoder.encoder.layer)
        for layer in encoder.encoder.layer:
            for branch in (layer.attention.output.dense, layer.output.dense):
                branch.weight /= math.sqrt(2 * n_layers)
        embeddings = encoder.embeddings
        embeddings.word_embeddings.weight.copy_(static.words.weight)
        embeddings.token_type_embeddings.weight.zero_()
        embeddings.LayerNorm.load_state_dict(static.words_norm.state_dict())
        # A constant on row 0 of each head's query, felt only by <s>, times the static attention on row 0 of its key.
        first = static.words_norm(static.words.weight[BOS_ID])
        attention = encoder.encoder.layer[0].attention
        for head in range(n_heads):
            row = head * head_size
            attention.self.query.weight[row] = first / first.square().sum() * _QUERY * math.sqrt(head_size) / 8
            attention.self.key.weight[row] = static.attend[head] * 8 / _QUERY
        attention.self.value.load_state_dict(static.value.state_dict())
        attention.output.dense.load_state_dict(static.output.state_dict())
        embeddings.position_embeddings.weight.normal_(0, _POSITION_STD, generator=generator)


def export(model: PretrainingModel, tokenizer_folder: Path, folder: Path, record: dict[str, Any]) -> None:
    """Write a folder that `AutoModel.from_pretrained` and `AutoTokenizer.from_pretrained` load.

    The folder is replaced as a whole, so that a reader finds the old or the new one.
    """
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    model.encoder.save_pretrained(new)  # type: ignore[operator]
    head = {
        "masked_dense.weight": model.masked_dense.weight,
        "masked_dense.bias": model.masked_dense.bias,
        "masked_norm.weight": model.masked_norm.weight,
        "masked_norm.bias": model.masked_norm.bias,
        "masked_bias": model.masked_bias,
    }
    from safetensors.torch import save_file

    save_file({k: v.detach().float().cpu().contiguous() for k, v in head.items()}, new / "masked_head.safetensors")
    for name in (SENTENCEPIECE_FILE, TOKENIZER_FILE, "tokenizer_config.json"):
        shutil.copyfile(tokenizer_folder / name, new / name)
    (new / "pretraining.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def masked(ids: Tensor, share: float, n_pieces: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The ids with a share of the pieces hidden (eight in ten as `<mask>`, one as another piece, one as itself), and
    bool (as ids): which are to be predicted."""
    draw = torch.rand(ids.shape, generator=generator).to(ids.device)
    chosen = (ids > MASK_ID) & (draw < share)
    kind = torch.rand(ids.shape, generator=generator).to(ids.device)
    other = torch.randint(MASK_ID + 1, n_pieces, ids.shape, generator=generator).to(ids.device)
    hidden = torch.where(chosen & (kind < 0.8), MASK_ID, ids)
    return torch.where(chosen & (kind > 0.9), other, hidden), chosen


def swapped(ids: Tensor, opens_word: Tensor, generator: torch.Generator) -> Tensor:
    """The texts with two different words exchanged each (two pieces where blanks part no four words).

    Args: ids: int64 (batch, tokens), padded on the right; opens_word: bool (pieces), whether a piece begins a word.
    """
    rows = []
    for row in ids.cpu():
        inner = row[1 : int((row != PAD_ID).sum()) - 1]
        borders = torch.nonzero(opens_word[inner])[:, 0].tolist()
        if len(borders) < 4:
            borders = list(range(len(inner)))
        if len(borders) < 2:
            rows.append(row)
            continue
        units = [inner[a:b] for a, b in zip(borders, [*borders[1:], len(inner)], strict=True)]
        first, second = torch.randperm(len(units), generator=generator)[:2].tolist()
        units[first], units[second] = units[second], units[first]
        rows.append(torch.cat([row[:1], inner[: borders[0]], *units, row[len(inner) + 1 :]]))
    return torch.stack(rows).to(ids.device)
