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
from transformers import AutoConfig, AutoModelForSequenceClassification, TrainerCallback, TrainingArguments

from ..labels.codebook import Codebook
from ..labels.domain_sentences import DomainSentence
from ..labels.errors import ConfigError, DataError, ModelError
from ..labels.records import LabelledArticle
from ..models.aggregation import Aggregation
from ..models.tokenizer import FINGERPRINT_SENTENCES, StanceTokenizer, load_tokenizer
from .config import TrainingConfig
from .distillation import NO_TEACHING, Teaching
from .examples import Example, is_composite, make_example, make_examples, make_unlabelled
from .keeper import N_CHECKPOINTS, WeightKeeper
from .lora import add_lora, merge_lora
from .metrics import confusion, macro_f1
from .recombination import Recombination
from .redraw import Redraw
from .stance_model import SpecialIds, StanceModel, WindowCollator
from .trainer import Examples, StanceTrainer
from .work_folder import KEPT_FOLDER, check_disk, finish, is_first_process, open_work_folder, run_facts

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class FineTuned:
    """What fine-tuning leaves: the classifier, its tokenizer, and how development went."""

    classifier: Any
    """`AutoModelForSequenceClassification` model, on the CPU, in f32."""
    tokenizer: StanceTokenizer
    base: Path
    """Folder of the encoder it started from."""
    aggregation: Aggregation
    """How windows become an article, with what training learnt of it."""
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
    if config.precision == "fp16" and str(found.model_type).startswith("deberta"):
        raise ConfigError(
            f"{base}: {found.model_type} overflows in fp16 and trains to NaN; set precision to bf16 or f32"
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
              device: str = "cpu", domain_sentences: Sequence[DomainSentence] = (),
              teaching: Teaching = NO_TEACHING) -> FineTuned:  # fmt: skip
    """Fine-tune; the mean of the last epochs' weights is kept, or the best epoch's (`average_last`).

    Args:
        train, development: articles of two splits that share no story.
        work_folder: checkpoints and TensorBoard logs.
        resume: go on from the last whole checkpoint in the work folder, if there is one; a killed training then ends
            with the same weights as one that was not (on a CPU bit for bit).
        domain_sentences: lend sentences where articles are recombined.
        teaching: a teacher's soft labels, and unlabelled articles to learn them from.
    Raises: DataError: a class without examples, a story in both splits; ModelError: base unusable, loss not a number;
        ConfigError: the work folder holds another training, or too little space.
    """
    check_splits(train, development, codebook)
    torch.manual_seed(config.seed)
    tokenizer = load_tokenizer(base)
    check_tokenizer(tokenizer, train, where=str(base))
    classifier = load_classifier(base, codebook, config)
    if config.lora_rank:
        classifier = add_lora(classifier, config)
    model = StanceModel(classifier, config.aggregation_rule)
    special = SpecialIds(
        bos=tokenizer.bos_id, eos=tokenizer.eos_id, pad=tokenizer.pad_id, mask=getattr(tokenizer, "mask_id", None)
    )
    collator = WindowCollator(special, token_dropout=config.token_dropout, rng=np.random.default_rng(config.seed))
    keeper = WeightKeeper(model, config, work_folder / KEPT_FOLDER)
    settings = config.to_dict() | {"base": base.name, "soft labels": teaching.sha256}
    facts = run_facts(settings, train, development)
    checkpoint = open_work_folder(work_folder, facts, resume=resume, is_whole=keeper.has)
    if checkpoint is not None:
        keeper.restore(int(checkpoint.name.rpartition("-")[2]))
    check_disk(work_folder, n_parameters=sum(parameter.numel() for parameter in model.parameters()),
               n_checkpoints=N_CHECKPOINTS, n_kept=max(config.average_last, 1))  # fmt: skip
    examples = make_examples(train, tokenizer, codebook, config, soft_labels=teaching.of_labelled)
    examples += make_unlabelled(teaching.unlabelled, tokenizer, codebook, config,
                                soft_labels=teaching.of_unlabelled)  # fmt: skip
    callbacks: list[TrainerCallback] = [keeper]
    if config.recombination:
        pools = Recombination.of([article for article in train if not is_composite(article)], domain_sentences,
                                 off_target=codebook.off_target)  # fmt: skip
        callbacks.append(
            Redraw(examples, pools, share=config.recombination, seed=config.seed,
                   is_real=lambda article: not is_composite(article),
                   make=lambda article, weight: make_example(article, tokenizer, codebook, max_tokens=config.max_tokens,
                                                             weight=weight))
        )  # fmt: skip
    trainer = StanceTrainer(
        stance_config=config,
        train_collator=collator,
        eval_collator=WindowCollator(special),
        model=model,
        args=_arguments(config, work_folder, device=device),
        train_dataset=Examples(examples),
        eval_dataset=Examples(_by_length(make_examples(development, tokenizer, codebook, config))),
        compute_metrics=lambda found: {
            "macro_f1": macro_f1(confusion(found.label_ids, found.predictions.argmax(1), len(codebook.labels)))
        },
        callbacks=callbacks,
    )
    result = trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if keeper.kept and is_first_process():
        model.load_state_dict(keeper.weights())
    if is_first_process():
        finish(work_folder, facts)
    classifier = model.classifier.to("cpu")
    if config.lora_rank:
        classifier = merge_lora(classifier)
    return FineTuned(classifier=classifier.eval(), tokenizer=tokenizer, base=base,
                     aggregation=model.learnt_aggregation, history=keeper.history,
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


def check_tokenizer(tokenizer: StanceTokenizer, articles: Sequence[LabelledArticle], *, where: str) -> None:
    """Raises: ModelError: the tokenizer drops a script that the articles are written in.

    Some conversions of tokenizers encode whole scripts to nothing, or to one unknown piece over and over.
    """
    needed = {_FINGERPRINT_OF.get(article.script, article.script) for article in articles}
    for script, sentence in FINGERPRINT_SENTENCES.items():
        ids = tokenizer.encode(sentence)
        if len(set(ids)) >= min(4, len(set(sentence))):
            continue
        if script in needed:
            raise ModelError(
                f"{where}: its tokenizer drops {script} text ({len(ids)} tokens, {len(set(ids))} of them different, "
                f"for a sentence of {len(sentence)} characters); use another encoder, or leave out articles in {script}"
            )
        log.warning("%s: the tokenizer drops %s text; articles in it cannot be read", where, script)


_FINGERPRINT_OF = {"Hant": "Hans", "Kore": "Hang"}
"""Script of an article -> the script whose fingerprint sentence covers it."""


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
                   batch_articles: int = 32,
                   aggregation: Aggregation | None = None) -> NDArray[np.float64]:  # fmt: skip
    """Aggregated logits of articles in f32 on the CPU, float64 (articles, labels), in order.

    Args: aggregation: the rule as training left it; None: the config's.
    """
    model = StanceModel(classifier, aggregation or config.aggregation_rule).eval()
    collate = WindowCollator(special)
    order = sorted(range(len(examples)), key=lambda i: max((len(w) for w in examples[i].windows), default=0))
    found = np.zeros((len(examples), classifier.config.num_labels))
    with torch.inference_mode():
        for at in range(0, len(order), batch_articles):
            rows = order[at : at + batch_articles]
            out = model(**collate([examples[i] for i in rows]))
            found[rows] = out["article_logits"].double().numpy()
    return found
