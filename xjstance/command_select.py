"""`xjstance select`: what to label next, and which labels to look at again."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from xjstance.labels.codebook import Codebook
    from xjstance.labels.records import LabelledArticle


def select(
    predictions: Annotated[
        Path | None, typer.Argument(help="What classify -o wrote: a folder of parts, or a .parquet, .jsonl, .csv file.")
    ] = None,
    archive: Annotated[
        list[str] | None, typer.Option(help="The archive that was scored: files, folders, globs. Repeatable.")
    ] = None,
    budget: Annotated[int | None, typer.Option(min=1, help="Articles that people can read.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Queue file, .jsonl or .csv; left out: JSONL on standard output."),
    ] = None,
    random_share: Annotated[
        float, typer.Option(min=0, max=1, help="Part drawn at random: it alone corrects shares and measures models.")
    ] = 0.2,
    diverse_share: Annotated[
        float, typer.Option(min=0, max=1, help="Part of the rest that goes to texts unlike the chosen ones.")
    ] = 0.25,
    quota: Annotated[
        list[str] | None, typer.Option(metavar="TAG=N", help="At least N articles of a language. Repeatable.")
    ] = None,
    per_language: Annotated[int, typer.Option(min=0, help="At least so many of every language of the run.")] = 0,
    exclude: Annotated[
        list[Path] | None, typer.Option(help="Earlier queue: its articles are not picked again. Repeatable.")
    ] = None,
    suspects: Annotated[
        Path | None,
        typer.Option(help="Labelled corpus: list its suspect labels. PREDICTIONS of it, if given, must come from a "
                     "model that was not trained on it."),
    ] = None,
    split: Annotated[
        str, typer.Option(help="With --suspects: splits to look at. Not test: it must not follow a model.")
    ] = "train,development",
    folds: Annotated[int, typer.Option(min=2, help="With --suspects and no PREDICTIONS: folds, by story.")] = 5,
    column: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=COLUMN", help="Where a field of the archive is read. Repeatable.")
    ] = None,
    file_format: Annotated[str | None, typer.Option("--format", help="Format of the archive; left out: found.")] = None,
    codebook: Annotated[Path | None, typer.Option(help="Codebook file; left out: the default one.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the random share.")] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print no summary.")] = False,
) -> None:  # fmt: skip
    """Choose what to label next; the queue goes to `xjstance review PREDICTIONS --archive ... --queue QUEUE`.

    A random share keeps its inclusion probabilities and corrects shares in `xjstance report`. The rest trains:
    language quotas, the least certain articles, and texts unlike those chosen. With --suspects CORPUS: labels of a
    corpus that are probably wrong, by confident learning.
    """
    from xjstance.labels.errors import ConfigError

    if output is not None and output.suffix not in (".jsonl", ".csv"):
        raise ConfigError(f"{output}: a queue is written as .csv or .jsonl")
    if suspects is not None:
        if quota or per_language or archive:
            raise ConfigError("--suspects lists labels of a corpus; --archive, --quota and --per-language belong to a "
                              "selection from an archive")  # fmt: skip
        rows, told = _suspects(suspects, predictions, split, folds, budget, codebook)
    else:
        rows, told = _next(predictions, archive, budget, random_share, diverse_share, quota or [], per_language,
                           exclude or [], column or [], file_format, seed)  # fmt: skip
    _write(rows, output)
    if not quiet:
        for line in told:
            typer.echo(line, err=True)
        if output is not None:
            typer.echo(f"queue: {output} ({len(rows):,} articles)", err=True)


def _next(predictions: Path | None, archive: list[str] | None, budget: int | None, random_share: float,
          diverse_share: float, quota: list[str], per_language: int, exclude: list[Path], column: list[str],
          file_format: str | None, seed: int) -> tuple[list[dict[str, Any]], list[str]]:  # fmt: skip
    import numpy as np

    from xjstance.inference.archive import Archive
    from xjstance.inference.columns import ColumnMapping
    from xjstance.inference.prevalence_source import PredictionSource
    from xjstance.inference.selection import SelectionSettings, select_articles
    from xjstance.inference.selection_frame import ScoredFrame
    from xjstance.inference.selection_texts import read_vectors
    from xjstance.labels.audit_sample import read_queue
    from xjstance.labels.errors import ConfigError

    if predictions is None:
        raise ConfigError("name the predictions to choose from (the output of xjstance classify), or --suspects CORPUS")
    if budget is None:
        raise ConfigError("say with --budget how many articles people can read")
    if not archive:
        raise ConfigError("the texts are in the archive: name it with --archive")
    settings = SelectionSettings(budget=budget, random_share=random_share, diverse_share=diverse_share,
                                 quotas=_quotas(quota), per_language=per_language)  # fmt: skip
    known = {(item.id, item.text_sha256) for path in exclude for item in read_queue(path)}
    texts = Archive.open(archive, columns=ColumnMapping.parse(column), file_format=file_format)  # type: ignore[arg-type]
    frame = ScoredFrame.read(PredictionSource.open(predictions))
    found = select_articles(frame, settings, lambda keys: read_vectors(texts, keys), known=known,
                            rng=np.random.default_rng(seed))  # fmt: skip
    reasons = Counter(item.reason for item in found.items)
    names = {"audit": "drawn at random", "quota": "for language quotas", "uncertain": "uncertain", "diverse": "diverse"}
    told = [f"warning: {warning}" for warning in found.warnings]
    told.append(", ".join(f"{reasons[reason]:,} {name}" for reason, name in names.items() if reasons[reason]))
    return [asdict(item) for item in found.items], told


def _quotas(texts: Sequence[str]) -> Mapping[str, int]:
    from xjstance.labels.errors import ConfigError

    found = {}
    for text in texts:
        tag, sign, n = text.partition("=")
        if not sign or not tag or not n.isdecimal():
            raise ConfigError(f"--quota {text!r}: write LANGUAGE=NUMBER, as ug=20 or ug-Arab=20")
        found[tag.strip()] = int(n)
    return found


def _suspects(corpus: Path, predictions: Path | None, split: str, folds: int, budget: int | None,
              codebook: Path | None) -> tuple[list[dict[str, Any]], list[str]]:  # fmt: skip
    from xjstance.labels.codebook import DEFAULT_CODEBOOK, Codebook
    from xjstance.labels.errors import ConfigError, DataError
    from xjstance.labels.labelled_corpus import corpus_sha256, read_corpus

    try:
        from xjstance.training.suspects import find_suspects, out_of_sample_probs
    except ImportError as error:
        raise ConfigError(f"suspect labels need {error.name}; run `pip install 'xjstance[train]'`") from error
    book = Codebook.load(codebook or DEFAULT_CODEBOOK)
    splits = [name.strip() for name in split.split(",")]
    articles = [article for article in read_corpus(corpus, codebook=book) if article.split in splits]
    if not articles:
        raise DataError(f"{corpus}: no article of split {split!r}")
    if predictions is None:
        probs, frame = out_of_sample_probs(articles, book, n_folds=folds), corpus_sha256(articles)
        source = f"TF-IDF, {folds} folds by story"
    else:
        probs, frame, source = _predicted(predictions, articles, book)
    found = find_suspects(probs, articles, book)
    rows = [
        {**asdict(one.item(frame)), "given": one.article.label, "suggested": one.suggested,
         "prob_given": round(one.prob_given, 4), "prob_suggested": round(one.prob_suggested, 4)}
        for one in found[:budget]
    ]  # fmt: skip
    share = f"{100 * len(found) / len(articles):.1f} %"
    return rows, [f"{len(found):,} of {len(articles):,} labels are suspect ({share}; probabilities: {source})"]


def _predicted(path: Path, articles: Sequence[LabelledArticle],
               book: Codebook) -> tuple[NDArray[np.float64], str, str]:  # fmt: skip
    """Probabilities of the corpus's articles from a run over it."""
    from xjstance.inference.prevalence_source import PredictionSource
    from xjstance.inference.selection_frame import ScoredFrame
    from xjstance.labels.errors import DataError

    source = PredictionSource.open(path)
    if source.labels != book.labels:
        raise DataError(f"{path}: its labels ({', '.join(source.labels)}) are not those of codebook {book.id!r} "
                        f"({', '.join(book.labels)}); give the codebook with --codebook")  # fmt: skip
    frame = ScoredFrame.read(source)
    _refuse_own_training(source.run.get("model"), articles)
    place = {key: at for at, key in enumerate(zip(frame.ids, frame.text_sha256s, strict=True))}
    keys = [(article.id, article.article().sha256) for article in articles]
    if missing := [key for key in keys if key not in place]:
        raise DataError(f"{path}: article {missing[0][0]!r} of the corpus is not among its scored rows "
                        f"({len(missing):,} of {len(keys):,} are missing); score the corpus's own files")  # fmt: skip
    return frame.probs[[place[key] for key in keys]], frame.sha256, str(path)


def _refuse_own_training(model: object, articles: Sequence[LabelledArticle]) -> None:
    """A model knows the labels that it was trained on, right or wrong; the embedded one names them by hash."""
    from xjstance.labels.errors import ConfigError
    from xjstance.labels.labelled_corpus import corpus_sha256
    from xjstance.models.bundle import Bundle

    bundle = Bundle.load(None)
    train = [article for article in articles if article.split == "train"]
    if model == bundle.signature and train and bundle.manifest.training_data_sha256 == corpus_sha256(train):
        raise ConfigError(f"{bundle.signature} was trained on the training split of this corpus, so it repeats those "
                          "labels; leave PREDICTIONS out, or give --split development")  # fmt: skip


def _write(rows: Sequence[Mapping[str, Any]], output: Path | None) -> None:
    """The queue's columns, then what else is known; readers of queues leave further columns alone."""
    from xjstance.inference.atomic_file import write_atomically
    from xjstance.labels.audit_sample import QueueItem

    if output is None or output.suffix == ".jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        file = io.StringIO()
        writer = csv.DictWriter(
            file, list(rows[0]) if rows else [item.name for item in fields(QueueItem)], lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
        text = file.getvalue()
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_atomically(output, text.encode("utf-8", "surrogateescape"))
