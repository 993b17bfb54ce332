"""TrainingConfig: one TOML file, one class; an unknown key is an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from ..labels.errors import ConfigError
from ..labels.toml_file import read_toml
from ..models.aggregation import Aggregation, Rule

Balance = Literal["none", "sqrt", "full"]
"""How far rare (label, language) cells are weighed up: not, by the root of their rarity, or fully."""

EmbeddingOptimizer = Literal["adamw", "adamw-shared"]
"""AdamW for the word embeddings as for the rest, or with one second moment for their whole matrix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How an encoder is fine-tuned on labelled articles."""

    epochs: float = 12.0
    """Passes over the training split."""
    learning_rate: float = 3e-4
    """Peak rate of the transformer layers and heads (AdamW)."""
    embedding_rate: float = 0.0
    """Factor on the rate for the word embeddings, 0 to 100; 0 freezes them. Rows of rare words get few steps, so that
    a rate like the layers' hardly moves them; a high one learns words like a linear classifier does."""
    embedding_optimizer: EmbeddingOptimizer = "adamw"
    """`adamw-shared`: one second moment for the whole matrix, so that rows of rare words get small steps and those of
    frequent words large ones (training/shared_moment.py). Needs embedding_rate above 0."""
    embedding_decay: float | None = None
    """Weight decay of the word embeddings, 0 or more; left out: weight_decay."""
    layer_decay: float = 1.0
    """Factor on the rate from each layer to the one below it, up to 1."""
    batch_articles: int = 32
    """Articles a step."""
    gradient_accumulation: int = 1
    """Batches summed into one step."""
    warmup_fraction: float = 0.1
    """Share of all steps over which the rate rises, 0 to 1."""
    weight_decay: float = 0.05
    dropout: float = 0.1
    """Dropout of hidden states and attention."""
    token_dropout: float = 0.1
    """Share of input tokens replaced by the mask token in training."""
    label_smoothing: float = 0.05
    voice_weight: float = 0.3
    """Weight of the sentence loss on who speaks."""
    content_weight: float = 0.6
    """Weight of the sentence loss on what a sentence says of the target."""
    balance_labels: Balance = "sqrt"
    balance_languages: Balance = "sqrt"
    invented_weight: float = 0.5
    """Weight of an invented article relative to a brief of real reporting."""
    recombination: float = 0.0
    """Share of the articles whose sentences are exchanged for others of their kind, drawn anew each epoch, 0 to 1."""
    composites_each: int = 2
    """Composites of each recipe in each language, where domain sentences are given."""
    background_each: int = 24
    """Background texts in each language, where a folder of general text is given."""
    composite_weight: float = 0.25
    """Weight of a composite relative to the mean of the articles."""
    lexical: bool = False
    """Blend the encoder with a linear model over character n-grams."""
    max_tokens: int = 256
    """Window length with special tokens."""
    distil_weight: float = 0.5
    """Share of the soft-label loss in the loss of a labelled article that has soft labels, 0 to 1. An article without
    a label has the soft-label loss alone."""
    distil_temperature: float = 2.0
    """Teacher's and student's probabilities are both softened by this, 1 or more [HVD15]."""
    unlabelled_weight: float = 0.5
    """Weight of an unlabelled article relative to the mean of the labelled ones."""
    lora_rank: int = 0
    """Rank of LoRA matrices beside every linear layer [HSW22]; they are merged before the bundle is written. 0: none.
    Needs the extra `lora`."""
    aggregation: Rule = "lead"
    """How windows become an article: mean, lead, confident, or attention (learnt in training)."""
    lead_weight: float = 2.0
    patience: int = 0
    """Epochs without a better development macro-F1 after which training stops; 0 trains all epochs."""
    average_last: int = 3
    """Weights of so many last epochs are averaged [IPGVW18]; 0 keeps the epoch with the best development macro-F1."""
    gradient_checkpointing: bool = False
    precision: Literal["f32", "bf16", "fp16"] = "f32"
    seed: int = 13

    def __post_init__(self) -> None:
        for name in ("warmup_fraction", "recombination", "dropout", "token_dropout", "label_smoothing", "layer_decay",
                     "distil_weight"):  # fmt: skip
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"training: {name} is {getattr(self, name)}; it must be from 0 to 1")
        if not 0 <= self.embedding_rate <= 100:
            raise ConfigError(f"training: embedding_rate is {self.embedding_rate}; it must be from 0 to 100")
        for name in ("epochs", "learning_rate", "batch_articles", "gradient_accumulation"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"training: {name} is {getattr(self, name)}; it must be above 0")
        if self.distil_temperature < 1:
            raise ConfigError(f"training: distil_temperature is {self.distil_temperature}; it must be 1 or more")
        if not 0 <= self.lora_rank <= 1_024:
            raise ConfigError(f"training: lora_rank is {self.lora_rank}; it must be from 0 to 1024")
        if self.embedding_optimizer not in get_args(EmbeddingOptimizer):
            raise ConfigError(
                f"training: embedding_optimizer is {self.embedding_optimizer!r}; "
                f"choose one of {', '.join(get_args(EmbeddingOptimizer))}"
            )
        if self.embedding_optimizer != "adamw" and self.embedding_rate == 0:
            raise ConfigError("training: embedding_optimizer is set, but embedding_rate 0 freezes the embeddings")
        if self.embedding_decay is not None and self.embedding_decay < 0:
            raise ConfigError(f"training: embedding_decay is {self.embedding_decay}; it must be 0 or more")
        if self.average_last and self.patience:
            raise ConfigError("training: average_last and patience exclude each other; set one of them to 0")
        if not 16 <= self.max_tokens <= 8_192:
            raise ConfigError(f"training: max_tokens is {self.max_tokens}; it must be from 16 to 8192")
        for name in ("balance_labels", "balance_languages"):
            if getattr(self, name) not in get_args(Balance):
                raise ConfigError(f"training: {name} is {getattr(self, name)!r}; choose one of {get_args(Balance)}")
        _ = self.aggregation_rule

    @property
    def aggregation_rule(self) -> Aggregation:
        """How windows become an article; the same object scores later (`attention`: with the weights learnt)."""
        return Aggregation(rule=self.aggregation, lead_weight=self.lead_weight)

    @classmethod
    def load(cls, path: Path) -> TrainingConfig:
        """Read a TOML file.

        Raises: ConfigError: unreadable, an unknown key, or a value out of range.
        """
        return cls.from_dict(read_toml(path, error=ConfigError), where=str(path))

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], *, where: str) -> TrainingConfig:
        """A config from plain values; every key must be a field.

        Raises: ConfigError: see `load`.
        """
        known = {item.name for item in fields(cls)}
        if unknown := set(raw) - known:
            raise ConfigError(f"{where}: unknown key {min(unknown)!r}; known are {', '.join(sorted(known))}")
        try:
            return cls(**raw)
        except TypeError as error:
            raise ConfigError(f"{where}: a value has the wrong type ({error})") from error

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the record beside the weights."""
        return asdict(self)
