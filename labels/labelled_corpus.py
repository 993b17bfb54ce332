"""Read and write the labelled corpus: one JSON object a line, one file a language tag."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from .codebook import Codebook
from .errors import CodebookError, DataError
from .language_tags import print_tag
from .records import LabelledArticle, LabelledSentence

CORPUS = Path(__file__).parent / "corpus"
"""The project's own corpus, in a checkout (it does not travel in the wheel)."""

_FIELDS = {item.name for item in fields(LabelledArticle)}
_REQUIRED = ("id", "language", "script", "title", "text", "label", "story", "split")


def read_corpus(path: Path | str = CORPUS, *, codebook: Codebook | None = None) -> list[LabelledArticle]:
    """All articles of a corpus: a `.jsonl` file, or a folder of them (in name order).

    Raises: DataError: no file, a line that is not JSON, a field missing, unknown or of the wrong type;
        CodebookError: a label outside the codebook. The message holds file and line.
    """
    path = Path(path)
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{path}: no .jsonl file in it; a corpus is a .jsonl file or a folder of them")
    codebook = codebook or Codebook.load()
    return [article for file in files for article in _read_file(file, codebook)]


def _read_file(file: Path, codebook: Codebook) -> list[LabelledArticle]:
    found = []
    try:
        with file.open(encoding="utf-8") as lines:
            for line_no, line in enumerate(lines, 1):
                if line.strip():
                    found.append(parse_labelled(line, where=f"{file}:{line_no}", codebook=codebook))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read ({error}); it must be UTF-8 JSON lines") from error
    return found


def parse_labelled(line: str, *, where: str, codebook: Codebook) -> LabelledArticle:
    """One article from its JSON line.

    Raises: DataError, CodebookError: see `read_corpus`; `where` (file:line) goes into the message.
    """
    try:
        raw: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise DataError(f"{where}: is not JSON ({error})") from error
    if not isinstance(raw, dict):
        raise DataError(f"{where}: is a JSON {type(raw).__name__}, not an object")
    if unknown := set(raw) - _FIELDS:
        raise DataError(f"{where}: unknown field {min(unknown)!r}; known are {', '.join(sorted(_FIELDS))}")
    for name in _REQUIRED:
        if not isinstance(raw.get(name), str):
            raise DataError(f"{where}: field {name!r} must be text, is {raw.get(name)!r}")
    for name in ("label", "second_label"):
        if raw.get(name) is not None:
            raw[name] = codebook.labels[codebook.index(raw[name], where=where)]
    try:
        raw["sentences"] = tuple(LabelledSentence(**sentence) for sentence in raw.get("sentences", ()))
        return LabelledArticle(**raw)
    except (TypeError, CodebookError) as error:
        raise DataError(f"{where}: a field has the wrong form ({error})") from error


def to_json(article: LabelledArticle) -> str:
    """One line of a corpus file; absent values are left out."""
    raw = {name: value for name, value in asdict(article).items() if value not in (None, (), [])}
    if article.sentences:
        raw["sentences"] = [asdict(sentence) for sentence in article.sentences]
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":"))


def write_corpus(articles: Iterable[LabelledArticle], folder: Path) -> list[Path]:
    """Write one file a tag (`ug-Arab.jsonl`), sorted by id; returns the files."""
    by_tag: dict[str, list[LabelledArticle]] = {}
    for article in articles:
        by_tag.setdefault(print_tag(article.language, article.script), []).append(article)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for tag, members in sorted(by_tag.items()):
        path = folder / f"{tag}.jsonl"
        lines = [to_json(article) for article in sorted(members, key=lambda article: article.id)]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        written.append(path)
    return written


def corpus_sha256(articles: Sequence[LabelledArticle]) -> str:
    """Hash over all articles, independent of file layout and order."""
    digest = hashlib.sha256()
    for line in sorted(to_json(article) for article in articles):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
