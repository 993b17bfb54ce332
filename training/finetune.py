"""Fine-tune an encoder on labelled articles with the transformers Trainer."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoConfig, AutoModelForSequenceClassification, TrainingArguments

from ..labels.codebook import Codebook
from ..labels.errors import ConfigError, DataError, ModelError
from ..labels.records import LabelledArticle
from ..models.tokenizer import StanceTokenizer, load_tokenizer
from .config import TrainingConfig
from .examples import Example, make_examples
from .keeper import N_CHECKPOINTS, WeightKeeper
from .metrics import confusion, macro_f1
from .stance_model import SpecialIds, StanceModel, WindowCollator
from .trainer import Examples, StanceTrainer
from .work_folder import KEPT_FOLDER, check_disk, finish, open_work_folder, run_facts

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class FineTuned:
    """What fine-tuning leaves: the classifier, its tokenizer, and how development went."""

    classifier: Any
    """`AutoModelForSequenceClassification` model, on the CPU, in f32."""
    tokenizer: StanceTokenizer
    base: Path
    """Folder of the encoder it started from."""
    history: list[dict[str, float]]
    """Per epoch: epoch, loss, development macro-F1."""
    seconds: float


def load_classifier(base: Path, codebook: Codebook, config: TrainingConfig) -> Any:
    """The encoder in `base` with a fresh head of the codebook's labels.

    Raises: ModelError: no encoder there, or one that was fine-tuned with other label names or another order;
        ConfigError: windows are longer than the encoder's positions.
    """
    try:
        found = AutoConfig.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise ModelError(f"{base}: no encoder that transformers can open ({error})") from error
    names = tuple(found.id2label[i] for i in sorted(found.id2label)) if found.id2label else ()
    generic = all(name == f"LABEL_{i}" for i, name in enumerate(names))
    if names and not generic and names != codebook.labels:
        raise ModelError(
            f"{base}: is a classifier with labels {', '.join(names)}; codebook {codebook.id!r} has "
            f"{', '.join(codebook.labels)} in this order; start from a plain encoder"
        )
    positions = getattr(found, "max_position_embeddings", None)
    if positions is not None and config.max_tokens > positions - 2:
        raise ConfigError(
            f"max_tokens is {config.max_tokens}, but {base} has positions for {positions - 2} tokens; lower max_tokens"
        )
    drop = {name: config.dropout for name in ("hidden_dropout_prob", "attention_probs_dropout_prob")
            if hasattr(found, name)}  # fmt: skip
    return AutoModelForSequenceClassification.from_pretrained(
        base,
        id2label=dict(enumerate(codebook.labels)),
        label2id={label: at for at, label in enumerate(codebook.labels)},
        num_labels=len(codebook.labels),
        dtype=torch.float32,
        **drop,
    )


def fine_tune(base: Path, train: Sequence[LabelledArticle], development: Sequence[LabelledArticle], *,
              codebook: Codebook, config: TrainingConfig, work_folder: Path, resume: bool = False,
              device: str = "cpu") -> FineTuned:  # fmt: skip
    """Fine-tune; the mean of the last epochs' weights is kept, or the best epoch's (`average_last`).

    Args:
        train, development: articles of two splits that share no story.
        work_folder: checkpoints and TensorBoard logs.
        resume: go on from the last whole checkpoint in the work folder, if there is one; a killed training then ends
            with the same weights as one that was not (on a CPU bit for bit).
    Raises: DataError: a class without examples, a story in both splits; ModelError: base unusable, loss not a number;
        ConfigError: the work folder holds another training, or too little space.
    """
    check_splits(train, development, codebook)
    torch.manual_seed(config.seed)
    tokenizer = load_tokenizer(base)
    classifier = load_classifier(base, codebook, config)
    model = StanceModel(classifier, config.aggregation_rule)
    special = SpecialIds(
        bos=tokenizer.bos_id, eos=tokenizer.eos_id, pad=tokenizer.pad_id, mask=getattr(tokenizer, "mask_id", None)
    )
    collator = WindowCollator(special, token_dropout=config.token_dropout, rng=np.random.default_rng(config.seed))
    keeper = WeightKeeper(model, config, work_folder / KEPT_FOLDER)
    facts = run_facts(config.to_dict() | {"base": base.name}, train, development)
    checkpoint = open_work_folder(work_folder, facts, resume=resume, is_whole=keeper.has)
    if checkpoint is not None:
        keeper.restore(int(checkpoint.name.rpartition("-")[2]))
    check_disk(work_folder, n_parameters=sum(parameter.numel() for parameter in model.parameters()),
               n_checkpoints=N_CHECKPOINTS, n_kept=max(config.average_last, 1))  # fmt: skip
    trainer = StanceTrainer(
        stance_config=config,
        train_collator=collator,
        eval_collator=WindowCollator(special),
        model=model,
        args=_arguments(config, work_folder, device=device),
        train_dataset=Examples(make_examples(train, tokenizer, codebook, config)),
        eval_dataset=Examples(_by_length(make_examples(development, tokenizer, codebook, config))),
        compute_metrics=lambda found: {
            "macro_f1": macro_f1(confusion(found.label_ids, found.predictions.argmax(1), len(codebook.labels)))
        },
        callbacks=[keeper],
    )
    result = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if keeper.kept:
        model.load_state_dict(keeper.weights())
    if trainer.is_world_process_zero():
        finish(work_folder, facts)
    classifier = model.classifier.to("cpu").eval()
    return FineTuned(classifier=classifier, tokenizer=tokenizer, base=base, history=keeper.history,
                     seconds=result.metrics["train_runtime"])  # fmt: skip


def _by_length(examples: list[Example]) -> list[Example]:
    return sorted(examples, key=lambda example: sum(len(window) for window in example.windows))


def check_splits(train: Sequence[LabelledArticle], development: Sequence[LabelledArticle], codebook: Codebook) -> None:
    """Raises: DataError: a label without training articles, or a story in both splits."""
    there = {article.label for article in train}
    if missing := [label for label in codebook.labels if label not in there]:
        raise DataError(f"training split: no article is labelled {missing[0]!r}; add some, or use another codebook")
    if shared := {article.story for article in train} & {article.story for article in development}:
        raise DataError(
            f"story {min(shared)!r} is in the training and the development split: scores would be too good; "
            "give all its articles one split (`xjstance labels check` lists them)"
        )


def _arguments(config: TrainingConfig, work_folder: Path, *, device: str) -> TrainingArguments:
    if device != "cpu" and not torch.cuda.is_available():
        raise ConfigError(f"device {device!r}: torch {torch.__version__} sees no GPU here; use cpu")
    return TrainingArguments(
        output_dir=str(work_folder),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_articles,
        per_device_eval_batch_size=config.batch_articles,
        gradient_accumulation_steps=config.gradient_accumulation,
        activation_checkpointing=config.gradient_checkpointing,
        learning_rate=config.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=config.warmup_fraction,
        weight_decay=config.weight_decay,
        max_grad_norm=1.0,
        bf16=config.precision == "bf16",
        fp16=config.precision == "fp16",
        seed=config.seed,
        data_seed=config.seed,
        eval_strategy="epoch",
        logging_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=N_CHECKPOINTS,
        use_cpu=device == "cpu",
        report_to=["tensorboard"],
        remove_unused_columns=False,
        disable_tqdm=True,
        label_names=["labels"],
        dataloader_pin_memory=device != "cpu",
        full_determinism=False,
    )


def article_logits(classifier: Any, examples: Sequence[Example], special: SpecialIds, config: TrainingConfig, *,
                   batch_articles: int = 32) -> NDArray[np.float64]:  # fmt: skip
    """Aggregated logits of articles in f32 on the CPU, float64 (articles, labels), in order."""
    model = StanceModel(classifier, config.aggregation_rule).eval()
    collate = WindowCollator(special)
    order = sorted(range(len(examples)), key=lambda i: max((len(w) for w in examples[i].windows), default=0))
    found = np.zeros((len(examples), classifier.config.num_labels))
    with torch.inference_mode():
        for at in range(0, len(order), batch_articles):
            rows = order[at : at + batch_articles]
            out = model(**collate([examples[i] for i in rows]))
            found[rows] = out["article_logits"].double().numpy()
    return found
