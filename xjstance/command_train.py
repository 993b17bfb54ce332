"""`xjstance train`: labelled articles and an encoder in, a calibrated and documented bundle out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from xjstance.training.config import TrainingConfig


def train(
    base: Annotated[str, typer.Option(help="Folder of an encoder (or a hub id fetched before), or fasttext | tfidf.")],
    data: Annotated[Path, typer.Option(help="Labelled corpus: a .jsonl file or a folder of them.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the new bundle.")],
    domain_sentences: Annotated[
        Path | None, typer.Option(help="Domain sentences to make composites of (labels/domain_sentences.jsonl).")
    ] = None,
    background: Annotated[
        Path | None, typer.Option(help="Folder of general text (Parquet) to read as off-target examples.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings; left out: the defaults.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the bundle; left out: the folder's name.")] = None,
    codebook: Annotated[Path | None, typer.Option(help="Codebook file; left out: the default one.")] = None,
    epochs: Annotated[float | None, typer.Option(min=0.01, help="Overrides the config.")] = None,
    seed: Annotated[int | None, typer.Option(help="Overrides the config.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in the work folder.")] = False,
    work_folder: Annotated[Path | None, typer.Option(help="Checkpoints and logs; left out: OUTPUT.work.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Fine-tune an encoder on a labelled corpus: split by story, early stopping, calibration, card.

    The test split is counted, never read. `xjstance evaluate` prints the figures of the bundle.
    """
    from xjstance.labels.codebook import DEFAULT_CODEBOOK, Codebook
    from xjstance.labels.domain_sentences import read_domain_sentences
    from xjstance.labels.errors import ConfigError
    from xjstance.labels.labelled_corpus import read_corpus
    from xjstance.training.config import TrainingConfig

    try:
        from xjstance.training.train_bundle import train_bundle
    except ImportError as error:
        raise ConfigError(f"training needs {error.name}; run `pip install 'xjstance[train]'`") from error

    settings = TrainingConfig.load(config) if config else TrainingConfig()
    settings = _overridden(settings, epochs, seed)
    book = Codebook.load(codebook or DEFAULT_CODEBOOK)
    bundle = train_bundle(
        Path(base), read_corpus(data, codebook=book), output, name=name or output.name, codebook=book,
        config=settings, work_folder=work_folder or output.with_name(f"{output.name}.work"), resume=resume,
        device=device, domain_sentences=read_domain_sentences(domain_sentences) if domain_sentences else (),
        background_corpora=background,
    )  # fmt: skip
    typer.echo(f"{bundle.signature}\t{output}")


def _overridden(settings: TrainingConfig, epochs: float | None, seed: int | None) -> TrainingConfig:
    if epochs is not None:
        settings = replace(settings, epochs=epochs)
    return settings if seed is None else replace(settings, seed=seed)
