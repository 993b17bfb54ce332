"""LoRA by peft (extra `lora`): small trained matrices beside every linear layer, merged into it before it ships."""

from __future__ import annotations

import warnings
from typing import Any

from torch import nn

from ..labels.errors import ConfigError
from .config import TrainingConfig


def add_lora(classifier: Any, config: TrainingConfig) -> Any:
    """The classifier with LoRA on all linear layers of its encoder; the head trains whole.

    Word embeddings train too where `embedding_rate` is above 0; all else is frozen.

    Raises: ConfigError: peft is not installed.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise ConfigError(f"lora_rank needs {error.name}; run `pip install 'xjstance[lora]'`") from error
    encoder = classifier.base_model_prefix
    layers = [
        name
        for name, module in classifier.named_modules()
        if isinstance(module, nn.Linear) and name.startswith(f"{encoder}.")
    ]
    heads = [
        name for name, child in classifier.named_children() if name != encoder and any(True for _ in child.parameters())
    ]
    shape = LoraConfig(r=config.lora_rank, lora_alpha=2 * config.lora_rank, lora_dropout=config.dropout,
                       target_modules=layers, modules_to_save=heads)  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft 0.19 reads an attribute that transformers 5 renamed
        wrapped = get_peft_model(classifier, shape)
    if config.embedding_rate > 0:
        for parameter in wrapped.get_input_embeddings().parameters():
            parameter.requires_grad_(True)
    return wrapped


def merge_lora(classifier: Any) -> Any:
    """The plain classifier with the trained matrices added to its weights."""
    return classifier.merge_and_unload()
