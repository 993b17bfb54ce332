"""An archive: the files that the user named, read one after the other as one stream of articles."""

from __future__ import annotations

import glob
import itertools
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from ..labels.errors import ConfigError, DataError
from ..labels.records import Article, RejectedRecord
from .columns import ColumnMapping
from .compression import BROKEN_STREAM_ERRORS, decompressed, describe_broken_stream
from .page_extractor import PageExtractor, require_web_extra
from .page_text import MAX_PAGE_BYTES, Page
from .read_csv import read_csv
from .read_html import read_html
from .read_jsonl import read_jsonl
from .read_parquet import read_parquet
from .read_warc import read_warc
from .remote_files import expand_url, is_url, open_url

logger = logging.getLogger(__name__)

FileFormat = Literal["jsonl", "csv", "tsv", "parquet", "html", "warc"]
"""Formats that one file of an archive can have."""

_ENDINGS: dict[str, FileFormat] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
    ".parquet": "parquet", ".pq": "parquet", ".html": "html", ".htm": "html", ".xhtml": "html", ".warc": "warc",
}  # fmt: skip
_COMPRESSED = (".gz", ".zst")
_SIDE_FILES = (".run.json", ".rejected.jsonl", ".clusters.parquet")
_OWN_FILES = {"run.json", "rejected.jsonl", "manifest.json", "clusters.parquet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile:
    """One file of an archive."""

    path: Path | None
    """None is standard input, or a file behind a URL."""
    format: FileFormat | None
    """None: decided by the first bytes."""
    size_bytes: int | None
    """Size on the disk; None where it is not known."""
    url: str | None = None
    """Where the file lies, if it is no local one."""

    @property
    def name(self) -> str:
        """What messages and the rejected file call it."""
        return self.url or ("-" if self.path is None else str(self.path))

    @property
    def is_stream(self) -> bool:
        """Whether it can be read only once (standard input, a pipe)."""
        return self.url is None and self.size_bytes is None


@dataclass(slots=True, kw_only=True)
class Archive:
    """The files in reading order; iterating reads them all, in bounded memory."""

    files: tuple[ArchiveFile, ...]
    columns: ColumnMapping = field(default_factory=ColumnMapping)
    n_page_processes: int = 1
    """Processes that find the article on HTML pages."""
    bytes_read: int = 0
    """Bytes taken from the disk so far, for the progress bar."""

    @classmethod
    def open(cls, names: Sequence[str], *, columns: ColumnMapping | None = None,
             file_format: FileFormat | None = None, n_page_processes: int = 1) -> Archive:  # fmt: skip
        """The archive behind files, folders, globs and `-`; nothing is read yet.

        Raises: DataError: a name fits no file, or a folder holds no file of a known format.
            ConfigError: HTML or WARC files are there, and the extra `web` is not installed.
        """
        if not names:
            raise DataError("no input: name files, folders or globs, or - for standard input")
        if file_format is not None and file_format not in get_args(FileFormat):
            raise DataError(f"format {file_format!r} is none of {', '.join(get_args(FileFormat))}")
        files = [file for name in names for file in _expanded(name, file_format)]
        unique = {file.name: file for file in files}
        if any(file.format in ("html", "warc") for file in unique.values()):
            require_web_extra()
        return cls(files=tuple(unique.values()), columns=columns or ColumnMapping(), n_page_processes=n_page_processes)

    @property
    def total_bytes(self) -> int | None:
        """Size of all files on the disk; None where one is not known (standard input)."""
        sizes = [file.size_bytes for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def is_stream(self) -> bool:
        """Whether a part of the input can be read only once (standard input, a pipe)."""
        return any(file.is_stream for file in self.files)

    def again(self) -> Archive:
        """The same archive from its beginning, with a count of its own.

        Raises: ConfigError: a part of it can be read only once.
        """
        if self.is_stream:
            raise ConfigError("standard input can be read only once, and this needs it twice; save it to a file first")
        return replace(self, bytes_read=0)

    def __iter__(self) -> Iterator[Article | RejectedRecord]:
        with PageExtractor(n_processes=self.n_page_processes) as extractor:
            for kind, files in itertools.groupby(self.files, key=lambda file: file.format):
                if kind == "html":
                    pages = read_html(((file.name, partial(_source, file)) for file in files), count=self._count)
                    yield from self._articles(pages, extractor)
                else:
                    for file in files:
                        yield from self._read(file, extractor)

    def _count(self, n_bytes: int) -> None:
        self.bytes_read += n_bytes

    def _read(self, file: ArchiveFile, extractor: PageExtractor) -> Iterator[Article | RejectedRecord]:
        last: Article | RejectedRecord | None = None
        reason = None
        try:
            for last in self._records(file, extractor):
                yield last
        except DataError as error:
            reason = str(error)
        except BROKEN_STREAM_ERRORS as error:
            reason = describe_broken_stream(error)
        if reason is not None:
            if isinstance(last, Article):
                reason += f"; what came before, up to {last.source}, was read"
            yield RejectedRecord(file=file.name, line=None, reason=reason)
        elif last is None:
            logger.warning("%s: holds no record", file.name)

    def _records(self, file: ArchiveFile, extractor: PageExtractor) -> Iterator[Article | RejectedRecord]:
        if file.format == "parquet" and not file.is_stream:
            with _source(file) as source:
                yield from read_parquet(source, file=file.name, columns=self.columns, count=self._count)
            return
        with decompressed(_source(file), count=self._count, keep_gzip=file.format == "warc") as stream:
            kind = file.format or _format_of(stream.peek(4096))
            if kind in ("html", "warc"):
                require_web_extra()
            if kind == "parquet":
                with tempfile.TemporaryFile() as copy:
                    shutil.copyfileobj(stream, copy, 1 << 20)
                    yield from read_parquet(copy, file=file.name, columns=self.columns)
            elif kind == "jsonl":
                yield from read_jsonl(stream, file=file.name, columns=self.columns)
            elif kind == "warc":
                yield from self._articles(read_warc(stream, file=file.name), extractor)
            elif kind == "html":
                content = stream.read(MAX_PAGE_BYTES)
                yield from self._articles([Page(id=file.name, content=content, file=file.name)], extractor)
            else:
                delimiter = "\t" if kind == "tsv" else None
                yield from read_csv(stream, file=file.name, columns=self.columns, delimiter=delimiter)

    def _articles(self, pages: Iterable[Page | RejectedRecord],
                  extractor: PageExtractor) -> Iterator[Article | RejectedRecord]:  # fmt: skip
        for item in extractor.extract(pages):
            yield item if isinstance(item, RejectedRecord) else self.columns.page(*item)


def _source(file: ArchiveFile) -> BinaryIO:
    """The file's bytes as they are stored."""
    if file.url is not None:
        return open_url(file.url)
    return sys.stdin.buffer if file.path is None else file.path.open("rb")


def _expanded(name: str, file_format: FileFormat | None) -> list[ArchiveFile]:
    if name == "-":
        return [ArchiveFile(path=None, format=file_format, size_bytes=None)]
    if is_url(name):
        endings = [f"{ending}{packed}" for ending in _ENDINGS for packed in ("", *_COMPRESSED)]
        return [ArchiveFile(path=None, url=url, format=file_format or format_of_name(url), size_bytes=size)
                for url, size in expand_url(name, endings)]  # fmt: skip
    path = Path(name)
    if path.is_dir():
        found = [child for child in _walk(path) if format_of_name(child.name) is not None]
        if not found:
            raise DataError(f"{name}: the folder holds no file of a known format ({', '.join(sorted(_ENDINGS))}, "
                            "plain, .gz or .zst)")  # fmt: skip
        return [_archive_file(child, file_format) for child in found]
    if path.exists() or path.is_symlink():
        return [_archive_file(path, file_format)]
    if any(mark in name for mark in "*?["):
        matches = sorted(Path(match) for match in glob.glob(name, recursive=True))  # noqa: PTH207 (absolute patterns too)
        files = [match for match in matches if match.is_file() and not _is_own_file(match.name)]
        if files:
            return [_archive_file(match, file_format) for match in files]
        raise DataError(f"{name}: no file matches; check the folder and the pattern (quote it for the shell)")
    raise DataError(f"{name}: no such file or folder; check the path")


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder in the order of their names, hidden ones and outputs of earlier runs left out."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if "manifest.json" in names and any(name.startswith("part-") for name in names):
            continue
        for name in sorted(names):
            is_output = f"{name}.run.json" in names
            if not name.startswith(".") and not _is_own_file(name) and not is_output:
                yield Path(parent) / name


def _is_own_file(name: str) -> bool:
    return name in _OWN_FILES or name.endswith(_SIDE_FILES)


def _archive_file(path: Path, file_format: FileFormat | None) -> ArchiveFile:
    size_bytes = path.stat().st_size if path.is_file() else None
    return ArchiveFile(path=path, format=file_format or format_of_name(path.name), size_bytes=size_bytes)


def format_of_name(name: str) -> FileFormat | None:
    """Format by the ending of a file's name, a compression ending aside; None where it is no known one."""
    lowered = name.lower()
    for ending in _COMPRESSED:
        lowered = lowered.removesuffix(ending)
    return _ENDINGS.get(Path(lowered).suffix)


def _format_of(head: bytes) -> FileFormat:
    """Format by the first bytes: Parquet and WARC by their marks, HTML by `<`, JSONL by a brace, else CSV."""
    if head.startswith(b"PAR1"):
        return "parquet"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"WARC/1."):
        return "warc"
    if start[:1] == b"<":
        return "html"
    return "jsonl" if start[:1] in (b"{", b"[", b"") else "csv"
