"""The folder of the shipped identifier: what is in it, and how it is written, checked and read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..labels.errors import ModelError
from .fasttext_model import FastTextModel
from .language_doubt import Doubt
from .language_neighbours import NeighbourTables
from .language_ngrams import NgramTables
from .language_pieces import Piece
from .language_scorer import LanguageScorer
from .language_verdict import PieceVerdict
from .language_words import WordTables

DEFAULT_FOLDER = Path(__file__).parent / "language_id"
FORMAT = 1
MANIFEST = "manifest.json"
ARRAYS = "arrays.npz"


@dataclass(frozen=True, slots=True)
class ScriptGroup:
    """A scorer and the doubt fitted for it."""

    name: str
    scorer: LanguageScorer
    doubt: Doubt

    def verdicts(self, pieces: Sequence[Piece]) -> list[PieceVerdict]:
        """One verdict a piece, in order."""
        found = self.scorer.candidates([piece.cleaned for piece in pieces], [piece.script for piece in pieces])
        odds = self.doubt.log_odds(found).tolist()
        shares = self.doubt.shares(found).tolist()
        labels = found.labels.tolist()
        limits = self.doubt.limits(found).tolist()
        tags = self.scorer.tags
        return [
            PieceVerdict(
                piece.script,
                piece.n_letters,
                tuple([tags[label] for label in row if label >= 0]),
                tuple([share for share, label in zip(own, row, strict=True) if label >= 0]),
                odd,
                limit,
            )
            for piece, row, own, odd, limit in zip(pieces, labels, shares, odds, limits, strict=True)
        ]


def load_groups(folder: Path) -> list[ScriptGroup]:
    """The groups in a folder, every file checked against its sha256.

    Raises: ModelError: a file is missing or changed, or the folder is of another format."""
    manifest = read_manifest(folder)
    for name, digest in manifest["sha256"].items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise ModelError(f"{path}: missing, or not the file that {MANIFEST} names; install the package again")
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        return [_group(folder, record, arrays) for record in manifest["groups"]]


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder.

    Raises: ModelError: there is none, or it is of another format."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelError(f"{path}: no such file; give the folder of a language identifier, or a .bin or .ftz file")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        raise ModelError(f"{path}: format {manifest.get('format')!r}, this version reads {FORMAT}; train it again")
    return manifest


def write_folder(
    folder: Path, groups: Sequence[ScriptGroup], outputs: dict[str, NDArray[np.float32]], record: dict[str, Any]
) -> None:
    """Writes arrays and manifest beside the .ftz files that are in the folder already.

    Args: outputs: the output matrix of each group with a classifier; record: what else the manifest says."""
    arrays: dict[str, NDArray[Any]] = {}
    for group in groups:
        for length, tables in (("short", group.scorer.short), ("long", group.scorer.long)):
            arrays[f"{group.name}.{length}"] = tables.packed()
            arrays[f"{group.name}.{length}.levels"] = tables.levels
        arrays[f"{group.name}.words"] = np.packbits(group.scorer.words.known, axis=1)
        for neighbours in group.scorer.neighbours:
            arrays["+".join(neighbours.tags)] = neighbours.values
        if group.name in outputs:
            arrays[f"{group.name}.output"] = outputs[group.name].astype(np.float16)
    save: Any = np.savez_compressed  # its stub takes any keyword for a flag
    save(folder / ARRAYS, **arrays)
    files = [ARRAYS, *(f"{group.name}.ftz" for group in groups if group.name in outputs)]
    manifest = {
        "format": FORMAT,
        **record,
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files},
        "groups": [_record(group) for group in groups],
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=None, separators=(",", ":"))
    (folder / MANIFEST).write_text(text.replace('"groups":', '\n"groups":') + "\n", encoding="utf-8")


def _record(group: ScriptGroup) -> dict[str, Any]:
    scorer = group.scorer
    return {
        "name": group.name,
        "tags": list(scorer.tags),
        "scripts": list(scorer.scripts),
        "short": [scorer.short.n, scorer.short.bits],
        "long": [scorer.long.n, scorer.long.bits],
        "neighbours": [[list(group.tags), group.sharpness] for group in scorer.neighbours],
        "doubt": group.doubt.to_json(),
    }


def _group(folder: Path, record: dict[str, Any], arrays: Any) -> ScriptGroup:
    name, tags = record["name"], record["tags"]
    short, long = (
        NgramTables.from_packed(
            tags, record[length][0], record[length][1], arrays[f"{name}.{length}"], arrays[f"{name}.{length}.levels"]
        )
        for length in ("short", "long")
    )
    has_classifier = f"{name}.output" in arrays
    scorer = LanguageScorer(
        tags,
        record["scripts"],
        short,
        long,
        WordTables(tags, np.unpackbits(arrays[f"{name}.words"], axis=1).astype(np.bool_)),
        model=FastTextModel(folder / f"{name}.ftz") if has_classifier else None,
        output=arrays[f"{name}.output"].astype(np.float32) if has_classifier else None,
        neighbours=[NeighbourTables(own, arrays["+".join(own)], sharpness) for own, sharpness in record["neighbours"]],
    )
    return ScriptGroup(name, scorer, Doubt.from_json(record["doubt"]))
