"""Read article lists of the GDELT project: DOC 2.0 ArtList (JSON, CSV) and GKG 2.1 (tab-separated), plain or packed."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..labels.errors import DataError
from ..labels.records import RejectedRecord
from .columns import clean_surrogates
from .compression import BROKEN_STREAM_ERRORS, decompressed, describe_broken_stream
from .gdelt_languages import language_tag
from .text_lines import numbered_lines

# Positions of GKG 2.1 columns, counted from 0, by its codebook; the columns with persons' names are never looked at.
_GKG_DATE, _GKG_COLLECTION, _GKG_DOMAIN, _GKG_URL, _GKG_TRANSLATION, _GKG_EXTRAS = 1, 2, 3, 4, 25, 26
_GKG_COLUMNS = 27
_WEB_COLLECTION = "1"
_PAGE_TITLE = re.compile(r"<PAGE_TITLE>(.*?)</PAGE_TITLE>", re.DOTALL)
_SOURCE_LANGUAGE = re.compile(r"srclc:([a-z]{2,3})")
_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?(\d\d):?(\d\d))?Z?")


@dataclass(frozen=True, slots=True, kw_only=True)
class GdeltEntry:
    """One article that GDELT lists; it has no text."""

    url: str
    title: str = ""
    date: str | None = None
    """When GDELT saw the article, ISO 8601 in UTC."""
    outlet: str | None = None
    """Domain of the outlet."""
    language: str | None = None
    """BCP-47 tag, None where the list names no known language."""
    other_urls: tuple[str, ...] = ()
    """Further addresses of the article (the mobile page)."""


def read_gdelt_list(path: Path) -> Iterator[GdeltEntry | RejectedRecord]:
    """The entries of one list, in order; the format is recognised by the content.

    Raises: DataError: the file cannot be read, or is no such list.
    """
    try:
        with path.open("rb") as file, _unpacked(file) as stream:
            head = stream.peek(1 << 16)
            if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
                yield from _from_json(stream, str(path))
            elif head.partition(b"\n")[0].count(b"\t") >= _GKG_EXTRAS - 1:
                yield from _from_gkg(stream, str(path))
            else:
                yield from _from_csv(stream, str(path))
    except (*BROKEN_STREAM_ERRORS, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: {describe_broken_stream(error)}") from error


def _unpacked(file: BinaryIO) -> io.BufferedReader:
    """The bytes of a plain, .gz, .zst or .zip file (GDELT packs each GKG file into a .zip of its own)."""
    if file.read(4) == b"PK\x03\x04":
        packed = zipfile.ZipFile(file)
        names = packed.namelist()
        if len(names) != 1:
            raise zipfile.BadZipFile(f"{len(names)} files inside where one is expected")
        return io.BufferedReader(packed.open(names[0]))  # type: ignore[arg-type]
    file.seek(0)
    return decompressed(file)


def _from_json(stream: BinaryIO, file: str) -> Iterator[GdeltEntry | RejectedRecord]:
    try:
        articles = json.loads(stream.read().decode("utf-8-sig"), strict=False)["articles"]
        if not isinstance(articles, list):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{file}: is no ArtList ({type(error).__name__}); it needs one object with a list "
                        "'articles', as mode=ArtList&format=json gives it") from error  # fmt: skip
    for number, article in enumerate(articles, start=1):
        yield _entry(article if isinstance(article, dict) else {}, file, number)


def _from_csv(stream: BinaryIO, file: str) -> Iterator[GdeltEntry | RejectedRecord]:
    lines = (line.content.decode("utf-8", "replace").replace("\0", "") for line in numbered_lines(stream))
    rows = csv.reader(lines)
    header = [name.strip().lower() for name in next(rows, [])]
    if "url" not in header:
        raise DataError(f"{file}: is no GDELT list (columns: {', '.join(header[:8]) or 'none'}); it needs a column URL")
    try:
        for number, row in enumerate(rows, start=2):
            if row:
                yield _entry(dict(zip(header, row, strict=False)), file, number)
    except csv.Error as error:
        raise DataError(f"{file}: is not CSV ({error}); fetch it again") from error


def _entry(raw: Mapping[str, object], file: str, number: int) -> GdeltEntry | RejectedRecord:
    def text(*names: str) -> str:
        values = [value.strip() for name in names if isinstance(value := raw.get(name), str)]
        return clean_surrogates(next(filter(None, values), ""))

    url = text("url")
    if not url:
        return RejectedRecord(file=file, line=number, reason="the list entry has no url; leave it out")
    mobile = text("url_mobile", "mobileurl")
    return GdeltEntry(
        url=url,
        title=text("title"),
        date=_iso_date(text("seendate", "date")),
        outlet=text("domain") or None,
        language=language_tag(text("language")),
        other_urls=(mobile,) if mobile else (),
    )


def _from_gkg(stream: BinaryIO, file: str) -> Iterator[GdeltEntry | RejectedRecord]:
    for line in numbered_lines(stream):
        cells = line.content.decode("utf-8", "replace").rstrip("\r\n").split("\t")
        if len(cells) < _GKG_COLUMNS - 2:
            if line.content.strip():
                reason = f"has {len(cells)} of {_GKG_COLUMNS} GKG columns"
                yield RejectedRecord(file=file, line=line.number, reason=reason)
            continue
        if cells[_GKG_COLLECTION] != _WEB_COLLECTION:
            continue  # broadcasts and offline sources have no page
        cells += [""] * (_GKG_COLUMNS - len(cells))
        title = _PAGE_TITLE.search(cells[_GKG_EXTRAS])
        language = _SOURCE_LANGUAGE.search(cells[_GKG_TRANSLATION])
        raw = {"url": cells[_GKG_URL], "title": title.group(1) if title else "", "date": cells[_GKG_DATE],
               "domain": cells[_GKG_DOMAIN],
               "language": language.group(1) if language else "eng"}  # fmt: skip
        yield _entry(raw, file, line.number)


def _iso_date(text: str) -> str | None:
    """ISO 8601 of `20230918T031500Z`, `20150218230000`, `2015-02-18 23:00:00`; None for anything else."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day, *time = found.groups()
    return f"{year}-{month}-{day}" + ("" if time[0] is None else f"T{time[0]}:{time[1]}:{time[2]}Z")
