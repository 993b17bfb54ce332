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
from torch import Tensor
from torch.utils.data import Dataset
from transformers import AutoConfig, AutoModelForSequenceClassification, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_pt_utils import LengthGroupedSampler

from ..labels.codebook import Codebook
from ..labels.errors import ConfigError, DataError, ModelError
from ..labels.records import LabelledArticle
from ..models.tokenizer import StanceTokenizer, load_tokenizer
from .config import TrainingConfig
from .examples import Example, make_examples
from .metrics import confusion, macro_f1
from .shared_moment import SharedMomentAdamW
from .stance_model import SpecialIds, StanceModel, WindowCollator, losses

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


class Examples(Dataset[Example]):
    """A list as a torch dataset."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Example:
        return self.examples[index]


class StanceTrainer(Trainer):
    """Trainer with our loss and with a rate for each depth of the encoder."""

    def __init__(self, *, stance_config: TrainingConfig, train_collator: WindowCollator, eval_collator: WindowCollator,
                 **kwargs: Any) -> None:  # fmt: skip
        super().__init__(data_collator=train_collator, **kwargs)
        self.stance_model: StanceModel = kwargs["model"]
        self.stance_config, self.train_collator, self.eval_collator = stance_config, train_collator, eval_collator

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        """Articles of like length share a batch: little padding."""
        examples: Any = train_dataset or self.train_dataset
        generator = torch.Generator().manual_seed(self.args.seed)
        return LengthGroupedSampler(
            self.args.train_batch_size,
            lengths=[sum(len(window) for window in example.windows) for example in examples.examples],
            generator=generator,
        )

    def get_eval_dataloader(self, eval_dataset: Any = None) -> Any:
        """Evaluation reads whole inputs: no token dropout."""
        self.data_collator = self.eval_collator
        try:
            return super().get_eval_dataloader(eval_dataset)
        finally:
            self.data_collator = self.train_collator

    def compute_loss(self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False,
                     num_items_in_batch: Any = None) -> Any:  # fmt: skip
        """Loss of a batch.

        Raises: ModelError: the loss is not a number, before it can spoil the weights.
        """
        config = self.stance_config
        out = model(**inputs)
        loss = losses(out, inputs, label_smoothing=config.label_smoothing, voice_weight=config.voice_weight,
                      content_weight=config.content_weight)  # fmt: skip
        if not torch.isfinite(loss):
            raise ModelError(
                f"training: the loss is {loss.item()} at step {self.state.global_step}; lower learning_rate "
                f"(now {config.learning_rate}) or set precision to f32 (now {config.precision})"
            )
        return (loss, {"logits": out["article_logits"]}) if return_outputs else loss

    def prediction_step(self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None) -> Any:
        """(loss, article logits, labels) of an evaluation batch."""
        with torch.no_grad():
            loss, out = self.compute_loss(model, self._prepare_inputs(inputs), return_outputs=True)
        return loss.detach(), out["logits"].detach(), inputs["labels"]

    def create_optimizer(self, model: Any = None) -> Any:
        """AdamW with the config's rates: embeddings apart, layers decayed downwards."""
        if self.optimizer is None:
            groups, rate = parameter_groups(self.stance_model, self.stance_config), self.stance_config.learning_rate
            is_shared = self.stance_config.embedding_optimizer == "adamw-shared"
            self.optimizer = SharedMomentAdamW(groups, lr=rate) if is_shared else torch.optim.AdamW(groups, lr=rate)
        return self.optimizer


def parameter_groups(model: StanceModel, config: TrainingConfig) -> list[dict[str, Any]]:
    """Parameters with their rates; frozen embeddings get none and ask for no gradient."""
    n_layers: int = getattr(model.classifier.config, "num_hidden_layers", 0)
    words = {id(parameter) for parameter in model.classifier.get_input_embeddings().parameters()}
    groups: dict[tuple[float, float, bool], list[Any]] = {}
    for name, parameter in model.named_parameters():
        if id(parameter) in words and config.embedding_rate == 0:
            parameter.requires_grad_(False)
            continue
        rate = config.learning_rate * config.layer_decay ** (n_layers - _depth(name, n_layers))
        decay = 0.0 if parameter.ndim < 2 else config.weight_decay
        if id(parameter) in words:
            rate = config.learning_rate * config.embedding_rate
            decay = config.weight_decay if config.embedding_decay is None else config.embedding_decay
        is_shared = id(parameter) in words and config.embedding_optimizer == "adamw-shared"
        groups.setdefault((rate, decay, is_shared), []).append(parameter)
    return [
        {"params": members, "lr": rate, "weight_decay": decay} | ({"is_shared": True} if is_shared else {})
        for (rate, decay, is_shared), members in groups.items()
    ]


def _depth(name: str, n_layers: int) -> int:
    """0 for embeddings, 1 for the first layer, ..., n_layers for the last one and the heads."""
    words = name.split(".")
    for at, word in enumerate(words[:-1]):
        if word in ("layer", "layers") and words[at + 1].isdigit():
            return int(words[at + 1]) + 1
    return 0 if "embeddings" in words else n_layers


class _Weights(TrainerCallback):
    """Keeps what is to ship: the mean of the last epochs' weights, or the best epoch's."""

    def __init__(self, model: StanceModel, config: TrainingConfig) -> None:
        self.model, self.config = model, config
        self.best, self.waited = -1.0, 0
        self.kept: list[dict[str, Tensor]] = []
        self.history: list[dict[str, float]] = []

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Note this epoch's development figures, and keep its weights if they count."""
        metrics: dict[str, float] = kwargs["metrics"]
        score = metrics["eval_macro_f1"]
        self.history.append({"epoch": round(state.epoch or 0.0, 3), "loss": metrics["eval_loss"], "macro_f1": score})
        log.info("epoch %.1f: development loss %.3f, macro-F1 %.3f", state.epoch, metrics["eval_loss"], score)
        is_better = score > self.best
        self.best, self.waited = max(score, self.best), 0 if is_better else self.waited + 1
        if self.config.average_last or is_better:
            weights = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
            self.kept = [*self.kept, weights][-max(self.config.average_last, 1) :]
        control.should_training_stop |= bool(self.config.patience and self.waited >= self.config.patience)

    def weights(self) -> dict[str, Tensor]:
        """Mean of the kept weights."""
        return mean_weights(self.kept)


def mean_weights(many: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Mean of several models' weights; whole numbers are taken from the last."""
    last = many[-1]
    return {
        name: torch.stack([weights[name] for weights in many]).mean(0) if value.is_floating_point() else value
        for name, value in last.items()
    }


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
    Raises: DataError: a class without examples, a story in both splits; ModelError: base unusable, loss not a number.
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
    keeper = _Weights(model, config)
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
    result = trainer.train(resume_from_checkpoint=resume)
    if keeper.kept:
        model.load_state_dict(keeper.weights())
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
        save_total_limit=1,
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
