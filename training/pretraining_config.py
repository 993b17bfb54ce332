"""PretrainingConfig: every setting of the encoder's pre-training, from one TOML file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..labels.errors import ConfigError
from ..labels.toml_file import read_toml

DEFAULT_SOURCE_WEIGHTS: Mapping[str, float] = {
    "ntrex": 0.26, "sib": 0.19, "tico": 0.12, "mozilla": 0.08, "bible": 0.08, "ud-pud": 0.05, "xquad": 0.04,
    "udhr": 0.03, "android": 0.04, "seed": 0.03, "asp": 0.02, "cldr": 0.01, "omw": 0.035, "gatitos": 0.005, "osm": 0.01,
    "domain": 0.05,
}  # fmt: skip
"""Share of the pairs drawn from each source: about the root of its size, words and names below 10 % together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingConfig:
    """Settings of one pre-training run; the shape is that of `XLMRobertaConfig`."""

    hidden_size: int = 256
    """Width of the encoder."""
    n_layers: int = 4
    """Transformer layers; 0 trains the static phase alone."""
    n_heads: int = 4
    """Attention heads."""
    ffn_size: int = 1024
    """Width of the feed-forward layers."""
    max_tokens: int = 512
    """Longest input with its two special tokens."""
    static_steps: int = 4000
    """Steps of the static phase."""
    static_pairs: int = 1024
    """Pairs a step of the static phase."""
    static_embedding_rate: float = 4e-3
    """Peak learning rate of the word embeddings in the static phase."""
    static_rate: float = 2e-3
    """Peak learning rate of the other static weights."""
    steps: int = 10_000
    """Steps of the transformer phase."""
    pairs: int = 224
    """Translation pairs a step, ranked against each other."""
    swapped: int = 0
    """Texts of the ranking that are added with two words exchanged, as wrong answers (in steps without masks)."""
    passage_pairs: int = 16
    """Pairs of whole passages, ranked in every third step."""
    tlm_pairs: int = 64
    """Pairs read as one input with masks a step (translation language modelling)."""
    passages: int = 16
    """Monolingual passages with masks a step."""
    pair_tokens: int = 64
    """Sentences are cut here in the ranking of sentences."""
    rate: float = 1.5e-4
    """Peak learning rate of the transformer."""
    embedding_rate: float = 1.5e-4
    """Peak learning rate of what the static phase trained (word embeddings, first values) under the transformer."""
    warmup_steps: int = 100
    """Steps over which the rate rises."""
    final_rate_fraction: float = 0.05
    """The rate at the end, as a share of the peak (linear fall)."""
    weight_decay: float = 0.01
    """Decoupled, on matrices."""
    dropout: float = 0.0
    """In the transformer; a corpus read about once needs none."""
    temperature: float = 0.05
    """Divides cosines in the ranking loss."""
    margin: float = 0.1
    """Taken off the right pair's cosine."""
    mask_share: float = 0.15
    """Share of tokens to predict in single sentences and passages; 1.5 times as many in pairs."""
    masked_ranking_share: float = 0.3
    """Share of the steps whose ranked sentences are masked on one side and predicted there too."""
    n_negative_pieces: int = 4096
    """Pieces drawn by frequency beside the right ones in the masked softmax."""
    mlm_weight: float = 0.05
    """Weight of the masked losses against the ranking losses."""
    order_weight: float = 0.1
    """Weight of telling passages in order from passages with halves exchanged."""
    anchor_share: float = 0.4
    """Share of pairs with English or Chinese on one side."""
    single_source_share: float = 0.5
    """Share of batches drawn from one source."""
    language_exponent: float = 0.3
    """A text is drawn in inverse proportion to this power of its language's number of texts."""
    source_weights: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SOURCE_WEIGHTS))
    """Source -> share of the pairs."""
    seed: int = 1
    """Seed of all draws."""
    eval_every: int = 250
    """Steps between measurements on held-out lines."""
    checkpoint_minutes: float = 8.0
    """Minutes between checkpoints."""

    def __post_init__(self) -> None:
        if self.hidden_size % self.n_heads:
            raise ConfigError(f"hidden_size {self.hidden_size} is not a multiple of n_heads {self.n_heads}")
        shares = ("mask_share", "masked_ranking_share", "anchor_share", "single_source_share", "final_rate_fraction")
        for name in shares:
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ConfigError(f"{name} = {value} is not a share; give a number from 0 to 1")


def read_config(path: Path | None) -> PretrainingConfig:
    """The file's settings; the defaults without a file.

    Raises: ConfigError: unreadable, an unknown key, or an impossible value.
    """
    if path is None:
        return PretrainingConfig()
    values = read_toml(path, error=ConfigError)
    known = {f.name for f in dataclasses.fields(PretrainingConfig)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigError(f"{path}: unknown setting {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    return PretrainingConfig(**values)
