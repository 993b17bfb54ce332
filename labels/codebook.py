"""Codebook: the target, the labels with their definitions and rules, read from one TOML file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import CodebookError
from .toml_file import read_toml

DEFAULT_CODEBOOK = Path(__file__).parent / "codebooks" / "xinjiang.toml"

_KEYS = {"id", "version", "target", "unit", "positive", "negative", "off_target", "not_measured", "labels", "rules",
         "aliases"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookLabel:
    """One label of a codebook."""

    name: str
    """Lower-case word, used in columns (`p_<name>`) and files."""
    definition: str
    """When an article gets this label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookRule:
    """One border rule of a codebook."""

    id: str
    """Short name; labelled examples name the rule that they exercise."""
    text: str
    """The rule in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """What is labelled: a target, labels in a fixed order, and the rules at their borders."""

    id: str
    """Name of the codebook."""
    version: int
    """Counts up with every change of meaning."""
    target: str
    """What the stance is toward."""
    unit: str
    """What gets one label."""
    definitions: tuple[CodebookLabel, ...]
    """The labels in the order of all probability columns."""
    positive: str
    """Label that counts as +1 in `balance`."""
    negative: str
    """Label that counts as -1 in `balance`."""
    off_target: str
    """Label of articles that are not about the target."""
    rules: tuple[CodebookRule, ...] = ()
    """Border rules."""
    not_measured: tuple[str, ...] = ()
    """What a label never says."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Other spellings of labels in imported data -> label."""

    def __post_init__(self) -> None:
        names = self.labels
        if len(names) < 2 or len(set(names)) != len(names):
            raise CodebookError(f"codebook {self.id!r}: labels {list(names)} must be two or more, all different")
        for role in (self.positive, self.negative, self.off_target):
            if role not in names:
                raise CodebookError(f"codebook {self.id!r}: {role!r} is not one of its labels ({', '.join(names)})")
        for alias, name in self.aliases.items():
            if name not in names:
                raise CodebookError(f"codebook {self.id!r}: alias {alias!r} points to {name!r}, which is no label")

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in codebook order."""
        return tuple(label.name for label in self.definitions)

    @property
    def sha256(self) -> str:
        """Hash over everything that gives labels their meaning (aliases aside)."""
        content = [self.id, self.version, self.target, self.unit, self.positive, self.negative, self.off_target,
                   [[label.name, label.definition] for label in self.definitions],
                   [[rule.id, rule.text] for rule in self.rules], list(self.not_measured)]  # fmt: skip
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    @property
    def signature(self) -> str:
        """`id@version+first 12 hex`, as the `codebook` column has it."""
        return f"{self.id}@{self.version}+{self.sha256[:12]}"

    def index(self, name: str, *, where: str = "") -> int:
        """Position of a label (or alias) in codebook order.

        Raises: CodebookError: the name is neither; `where` (file:line) goes into the message.
        """
        try:
            return self.labels.index(self.aliases.get(name, name))
        except ValueError:
            at = f"{where}: " if where else ""
            raise CodebookError(
                f"{at}label {name!r} is not in codebook {self.id!r} ({', '.join(self.labels)}); "
                "correct it, or add it under [aliases] in the codebook's TOML file"
            ) from None

    @classmethod
    def load(cls, path: Path | str = DEFAULT_CODEBOOK) -> Codebook:
        """Read a codebook file.

        Raises: CodebookError: not readable, not TOML, an unknown or missing key, or a contradiction.
        """
        raw = read_toml(Path(path), error=CodebookError)
        if unknown := set(raw) - _KEYS:
            raise CodebookError(f"{path}: unknown key {min(unknown)!r}; known are {', '.join(sorted(_KEYS))}")
        return cls.from_dict(raw, where=str(path))

    @classmethod
    def from_dict(cls, raw: dict[str, Any], *, where: str) -> Codebook:
        """A codebook from the parsed keys of its file (also as stored in a bundle's manifest)."""
        try:
            return cls(
                id=str(raw["id"]),
                version=int(raw["version"]),
                target=str(raw["target"]),
                unit=str(raw.get("unit", "the text of one article as a whole")),
                positive=str(raw["positive"]),
                negative=str(raw["negative"]),
                off_target=str(raw["off_target"]),
                definitions=tuple(CodebookLabel(**label) for label in raw["labels"]),
                rules=tuple(CodebookRule(**rule) for rule in raw.get("rules", [])),
                not_measured=tuple(raw.get("not_measured", [])),
                aliases=dict(raw.get("aliases", {})),
            )
        except KeyError as error:
            raise CodebookError(f"{where}: the key {error.args[0]!r} is missing") from error
        except (TypeError, ValueError) as error:
            raise CodebookError(f"{where}: a value has the wrong form ({error})") from error

    def to_dict(self) -> dict[str, Any]:
        """The form that `from_dict` reads; goes into a bundle's manifest."""
        return {
            "id": self.id, "version": self.version, "target": self.target, "unit": self.unit,
            "positive": self.positive, "negative": self.negative, "off_target": self.off_target,
            "labels": [{"name": label.name, "definition": label.definition} for label in self.definitions],
            "rules": [{"id": rule.id, "text": rule.text} for rule in self.rules],
            "not_measured": list(self.not_measured), "aliases": dict(self.aliases),
        }  # fmt: skip
