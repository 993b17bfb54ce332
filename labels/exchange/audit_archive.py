"""One zip for a publication: who did what when, under which models and codebooks, with the chain to check it by."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..errors import DataError
from ..store.accounts import signing_account
from ..store.clock import as_text
from ..store.database import Database
from ..store.gold import judged_items
from ..store.hash_chain import FIRST, add_event, broken_links, chained_sha256
from ..store.tables import AnnotationRow, ChainRow, CodebookRow, EventRow, PredictionRow, QueueRow

MANIFEST = "MANIFEST.sha256"
_FILES = ("statement.json", "annotations.jsonl", "events.jsonl", "items.jsonl", "codebooks.json", "models.json")
_MAX_BYTES = 4 * 2**30
"""Larger archives are not opened: a zip can hold far more than it weighs."""
_SIGNED = ("by", "role", "statement", "n_annotations", "annotations_head", "files")
_CHAINS = ("annotations", "events")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSummary:
    """What an archive says of itself, once it was checked."""

    signed_by: str
    at: str
    n_annotations: int
    n_gold: int
    n_disputed: int
    head: str
    """Hash of the last judgement."""


def write_audit_archive(database: Database, path: Path, *, signed_by: str, statement: str,
                        now: datetime) -> ArchiveSummary:  # fmt: skip
    """Sign the store off, as an event of its chain, and write the archive. No article's text is in it.

    Raises: DataError: the chain is broken, the person may not sign, or the statement is empty.
    """
    if not statement.strip():
        raise DataError("a sign-off needs a statement: what was checked, and what this archive stands for")
    with database.writing() as session:
        if broken := next(broken_links(session), None):
            raise DataError(f"the store cannot be signed off: {broken}")
        account = signing_account(session, signed_by)
        head = session.get_one(ChainRow, "annotations")
        items, counts = _items(session)
        unchained = {"items.jsonl": items, **_codebooks_and_models(session)}
        said = {
            "by": account.name, "role": account.role, "statement": statement, "n_annotations": head.n,
            "annotations_head": head.sha256,
            "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(unchained.items())},
        }  # fmt: skip
        add_event(session, "sign-off", said, at=as_text(now))
        session.flush()
        files = {**unchained, **_chained(session, {**said, **counts}, as_text(now))}
    manifest = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in [*sorted(files.items()), (MANIFEST, manifest.encode())]:
            target.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return verify_audit_archive(path)


def _items(session: Session) -> tuple[bytes, dict[str, Any]]:
    queues = {row.number: row.name for row in session.scalars(select(QueueRow))}
    items: list[dict[str, Any]] = []
    gold: Counter[str] = Counter()
    n_disputed = 0
    for number, name in queues.items():
        for one in judged_items(session, queue=number):
            items.append({"number": one.number, "queue": name, **asdict(one.item), "tag": one.tag,
                          "n_wanted": one.n_wanted, "gold": one.gold, "source": one.source})  # fmt: skip
            gold.update([one.source] if one.source else [])
            n_disputed += one.is_disputed
    counts = {"gold": dict(sorted(gold.items())), "n_disputed": n_disputed, "queues": sorted(queues.values())}
    return _lines(items), counts


def _codebooks_and_models(session: Session) -> dict[str, bytes]:
    counts = select(PredictionRow.model, PredictionRow.codebook, func.count()).group_by(
        PredictionRow.model, PredictionRow.codebook
    )
    rows = session.execute(counts.order_by(PredictionRow.model, PredictionRow.codebook))
    models = [{"model": row[0], "codebook": row[1], "n_articles": row[2]} for row in rows]
    books = {row.signature: row.content for row in session.scalars(select(CodebookRow))}
    return {"codebooks.json": _json(books), "models.json": _json(models)}


def _chained(session: Session, said: Mapping[str, Any], at: str) -> dict[str, bytes]:
    annotations = [
        {**row.content, "request_id": row.request_id, "previous_sha256": row.previous_sha256, "sha256": row.sha256}
        for row in session.scalars(select(AnnotationRow).order_by(AnnotationRow.number))
    ]
    events = [
        {"number": row.number, "kind": row.kind, "at": row.at, "content": row.content,
         "previous_sha256": row.previous_sha256, "sha256": row.sha256}
        for row in session.scalars(select(EventRow).order_by(EventRow.number))
    ]  # fmt: skip
    heads = {name: session.get_one(ChainRow, name) for name in _CHAINS}
    statement = {
        **said, "at": at, "chains": {name: {"n": head.n, "sha256": head.sha256} for name, head in heads.items()},
        "reviewers": sorted({str(one["reviewer"]) for one in annotations}),
        "hash": "sha256(previous_sha256 + LF + canonical JSON of the line without previous_sha256 and sha256)",
    }  # fmt: skip
    return {
        "statement.json": _json(statement),
        "annotations.jsonl": _lines(annotations),
        "events.jsonl": _lines(events),
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, sort_keys=True) + "\n" for row in rows).encode()


def verify_audit_archive(path: Path) -> ArchiveSummary:
    """Check an archive by itself: every file against the manifest, every row against the chain, the sign-off.

    Raises: DataError: no such archive, or something in it was changed, added or left out.
    """
    try:
        files = _read(path)
    except (OSError, zipfile.BadZipFile, RuntimeError, EOFError) as error:
        raise DataError(f"{path}: is no audit archive that can be read ({error})") from error
    lines = [line.partition("  ") for line in files.pop(MANIFEST).decode("utf-8", "replace").splitlines()]
    wanted = {name: digest for digest, _, name in lines}
    if set(wanted) != set(files):
        raise DataError(f"{path}: its files are not those of the manifest")
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != wanted[name]:
            raise DataError(f"{path}: {name} was changed after the archive was written")
    try:
        statement = json.loads(files["statement.json"])
        rows = {name: [json.loads(line) for line in files[f"{name}.jsonl"].splitlines()] for name in _CHAINS}
        for name, found in rows.items():
            _check_chain(path, name, found, statement["chains"][name])
        last = rows["events"][-1]
        said = {key: statement[key] for key in _SIGNED}
        if last["kind"] != "sign-off" or last["content"] != said or last["at"] != statement["at"]:
            raise DataError(f"{path}: the statement is not the one that was signed off")
        for name, digest in said["files"].items():
            if digest != wanted[name]:
                raise DataError(f"{path}: {name} is not the file that was signed off")
        if (said["n_annotations"], said["annotations_head"]) != tuple(statement["chains"]["annotations"].values()):
            raise DataError(f"{path}: judgements came in after the sign-off")
        return ArchiveSummary(
            signed_by=said["by"], at=statement["at"], n_annotations=said["n_annotations"], n_gold=sum(
                statement["gold"].values()), n_disputed=statement["n_disputed"], head=said["annotations_head"],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise DataError(f"{path}: has another form than an audit archive ({error!r})") from error


def _read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as source:
        entries = source.infolist()
        if sorted(one.filename for one in entries) != sorted((*_FILES, MANIFEST)):
            raise DataError(f"{path}: its files are not those of an audit archive")
        if sum(one.file_size for one in entries) > _MAX_BYTES:
            raise DataError(f"{path}: holds more than {_MAX_BYTES // 2**30} GiB and is not opened")
        return {one.filename: source.read(one) for one in entries}


def _check_chain(path: Path, name: str, rows: list[dict[str, Any]], head: Mapping[str, Any]) -> None:
    previous = FIRST
    for number, row in enumerate(rows, 1):
        held = {key: value for key, value in row.items() if key not in ("previous_sha256", "sha256")}
        if (row["number"], row["previous_sha256"]) != (number, previous):
            raise DataError(f"{path}: {name}: row {number} does not follow the row before it")
        if row["sha256"] != chained_sha256(previous, held):
            raise DataError(f"{path}: {name}: row {number} was changed after it was written")
        previous = row["sha256"]
    if (head["n"], head["sha256"]) != (len(rows), previous):
        raise DataError(f"{path}: {name}: the last rows are missing")
