"""`xjstance train`: labelled articles and an encoder in, a calibrated and documented bundle out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from xjstance.labels.codebook import Codebook
    from xjstance.labels.records import LabelledArticle
    from xjstance.training.config import TrainingConfig
    from xjstance.training.distillation import Teaching

BASELINE_NAMES = ("tfidf", "fasttext")


def train(
    base: Annotated[str, typer.Option(help="Folder of an encoder, or fasttext | tfidf.")],
    data: Annotated[Path, typer.Option(help="Labelled corpus: .jsonl or a folder of them; any table with --mapping.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the new bundle.")],
    mapping: Annotated[Path | None, typer.Option(help="TOML file: what the columns of --data mean.")] = None,
    domain_sentences: Annotated[
        Path | None, typer.Option(help="Domain sentences to make composites of (labels/domain_sentences.jsonl).")
    ] = None,
    background: Annotated[
        Path | None, typer.Option(help="Folder of general text (Parquet) to read as off-target examples.")
    ] = None,
    teacher: Annotated[Path | None, typer.Option(help="Bundle whose probabilities on --unlabelled teach.")] = None,
    unlabelled: Annotated[Path | None, typer.Option(help="Archive of unlabelled articles.")] = None,
    soft_labels: Annotated[
        Path | None, typer.Option(help='JSON lines {"id": ..., "probs": [...]} for articles of the training split.')
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings; left out: the defaults.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the bundle; left out: the folder's name.")] = None,
    codebook: Annotated[Path | None, typer.Option(help="Codebook file; left out: the default one.")] = None,
    epochs: Annotated[float | None, typer.Option(min=0.01, help="Overrides the config.")] = None,
    seed: Annotated[int | None, typer.Option(help="Overrides the config.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in the work folder.")] = False,
    work_folder: Annotated[Path | None, typer.Option(help="Checkpoints and logs; left out: OUTPUT.work.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    promote: Annotated[bool, typer.Option(help="Replace the champion by the new bundle if no floor falls.")] = False,
    champion: Annotated[Path | None, typer.Option(help="What --promote replaces; left out: embedded.")] = None,
) -> None:
    """Fine-tune an encoder on a labelled corpus: split by story, early stopping, calibration, card.

    The test split is counted, never read. `xjstance evaluate` prints the figures of the bundle. With `--promote` the
    exit status is 1 where a floor falls; the new bundle stays in its folder.
    """
    from xjstance.labels.codebook import DEFAULT_CODEBOOK, Codebook
    from xjstance.labels.domain_sentences import read_domain_sentences
    from xjstance.labels.errors import ConfigError
    from xjstance.training.config import TrainingConfig

    try:
        from xjstance.training.train_bundle import TrainingData, signature, train_bundle
    except ImportError as error:
        raise ConfigError(f"training needs {error.name}; run `pip install 'xjstance[train]'`") from error

    if promote and base in BASELINE_NAMES:
        raise ConfigError(f"--base {base} makes no bundle, so there is nothing to promote; leave --promote out")
    if champion is not None and not promote:
        raise ConfigError("--champion names what --promote replaces; add --promote")
    if (teacher is None) != (unlabelled is None):
        raise ConfigError("--teacher and --unlabelled go together: the teacher's probabilities on those articles")
    settings = _overridden(TrainingConfig.load(config) if config else TrainingConfig(), epochs, seed)
    book = Codebook.load(codebook or DEFAULT_CODEBOOK)
    corpus, facts = _read_data(data, mapping, book)
    sentences = read_domain_sentences(domain_sentences) if domain_sentences else ()
    if base in BASELINE_NAMES:
        from xjstance.training.baseline_record import train_baseline

        parts = TrainingData.of(corpus, codebook=book, config=settings, domain_sentences=sentences,
                                background_corpora=background)  # fmt: skip
        record = train_baseline(
            base, [*parts.train, *parts.made], parts.calibrate, parts.development, output, codebook=book,
            seed=settings.seed, signature=signature(settings, corpus, book),
        )  # fmt: skip
        typer.echo(f"{base}\t{output}\tdevelopment macro-F1 {record['evaluation']['development']['macro_f1'][0]:.3f}")
        return
    bundle = train_bundle(
        Path(base), corpus, output, name=name or output.name, codebook=book, config=settings,
        work_folder=work_folder or output.with_name(f"{output.name}.work"), resume=resume, device=device,
        domain_sentences=sentences, background_corpora=background,
        teaching=_teaching(teacher, unlabelled, soft_labels, corpus, book, device), extra_record=facts,
    )  # fmt: skip
    typer.echo(f"{bundle.signature}\t{output}")
    if promote:
        from xjstance.training.promotion import promote as replace_champion

        promoted = replace_champion(bundle, corpus, champion=champion)
        typer.echo(f"{promoted.signature}\t{promoted.folder}")


def _read_data(data: Path, mapping: Path | None, book: Codebook) -> tuple[list[LabelledArticle], dict[str, Any]]:
    """The corpus, and what the bundle's record should say of where it is from."""
    from xjstance.labels.labelled_corpus import read_corpus
    from xjstance.training.mapped_data import DataMapping, read_mapped

    if mapping is None:
        return read_corpus(data, codebook=book), {}
    rules = DataMapping.load(mapping)
    return read_mapped(data, rules, codebook=book), {"data_licence": rules.licence, "data_source": rules.source}


def _teaching(teacher: Path | None, unlabelled: Path | None, soft_labels: Path | None,
              corpus: Sequence[LabelledArticle], book: Codebook, device: str) -> Teaching:  # fmt: skip
    from xjstance.inference.archive import Archive
    from xjstance.labels.records import Article
    from xjstance.training.distillation import NO_TEACHING, read_soft_labels, teach

    teaching = NO_TEACHING
    if teacher is not None and unlabelled is not None:
        articles = (item for item in Archive.open([str(unlabelled)]) if isinstance(item, Article))
        held_out = [article for article in corpus if article.split != "train"]
        teaching = teach(teacher, articles, codebook=book, held_out=held_out, device=device)
    if soft_labels is not None:
        teaching = replace(teaching, of_labelled=read_soft_labels(soft_labels, book))
    return teaching


def _overridden(settings: TrainingConfig, epochs: float | None, seed: int | None) -> TrainingConfig:
    if epochs is not None:
        settings = replace(settings, epochs=epochs)
    return settings if seed is None else replace(settings, seed=seed)
