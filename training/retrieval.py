"""Retrieval: how often a sentence's nearest English sentence is its translation (Tatoeba, held-out NTREX lines)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..labels.errors import DataError
from ..labels.normalise import normalise
from ..models.tokenizer import BOS_ID, EOS_ID, PAD_ID, StanceTokenizer, load_tokenizer

PUBLISHED_TATOEBA = {"LASER": 65.5, "LaBSE": 83.7}
"""Mean accuracy over 112 languages, percent [FENG22]."""

TAG_OF_TATOEBA: Mapping[str, str] = {
    "afr": "af", "sqi": "sq", "amh": "am", "ara": "ar", "hye": "hy", "aze": "az", "eus": "eu", "bel": "be", "ben": "bn",
    "bos": "bs", "bul": "bg", "khm": "km", "cat": "ca", "yue": "yue", "cmn": "zh-Hans", "hrv": "hr",
    "ces": "cs", "dan": "da", "nld": "nl", "epo": "eo", "est": "et", "fin": "fi", "fra": "fr", "glg": "gl",
    "kat": "ka", "deu": "de", "ell": "el", "heb": "he", "hin": "hi", "hun": "hu", "isl": "is", "ind": "id",
    "gle": "ga", "ita": "it", "jpn": "ja", "jav": "jv", "kaz": "kk", "kor": "ko", "kur": "kmr", "lvs": "lv",
    "lit": "lt", "mkd": "mk", "zsm": "ms", "mal": "ml", "mar": "mr", "mon": "mn", "nob": "nb", "nno": "nn", "pes": "fa",
    "pol": "pl", "por": "pt", "ron": "ro", "rus": "ru", "srp": "sr", "slk": "sk", "slv": "sl", "spa": "es",
    "swh": "sw", "swe": "sv", "tgl": "tl", "tam": "ta", "tat": "tt", "tel": "te", "tha": "th", "tur": "tr", "tuk": "tk",
    "uig": "ug", "ukr": "uk", "urd": "ur", "uzb": "uz", "vie": "vi", "cym": "cy", "xho": "xh",
}  # fmt: skip
"""Tatoeba's code -> the tag of this project, for the languages it supports."""


class SentenceEncoder:
    """An exported encoder folder as a function from texts to vectors of `<s>`."""

    def __init__(self, folder: Path, *, bf16: bool = True, device: str = "cpu", n_layers: int | None = None) -> None:
        """Args: n_layers: read only the first layers."""
        from transformers import AutoModel

        self.tokenizer: StanceTokenizer = load_tokenizer(folder)
        self.model: Any = AutoModel.from_pretrained(folder, add_pooling_layer=False).to(device).eval()
        if n_layers is not None:
            self.model.encoder.layer = self.model.encoder.layer[:n_layers]
        self.bf16, self.device = bf16, device

    def vectors(self, texts: Sequence[str], *, max_tokens: int = 256) -> NDArray[np.float32]:
        """float32 (texts, hidden), rows of length 1. Texts are cut at `max_tokens`."""
        ids = [[BOS_ID, *self.tokenizer.encode(normalise(text).text)[: max_tokens - 2], EOS_ID] for text in texts]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        out = np.zeros((len(ids), self.model.config.hidden_size), np.float32)
        for start in range(0, len(order), 128):
            rows = order[start : start + 128]
            batch = torch.full((len(rows), max(len(ids[i]) for i in rows)), PAD_ID)
            for at, i in enumerate(rows):
                batch[at, : len(ids[i])] = torch.tensor(ids[i])
            out[rows] = self._first(batch.to(self.device)).cpu().numpy()
        return out

    def _first(self, batch: Tensor) -> Tensor:
        with torch.inference_mode(), torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.bf16):
            states = self.model(input_ids=batch, attention_mask=(batch != PAD_ID).long()).last_hidden_state[:, 0]
        return torch.nn.functional.normalize(states.float(), dim=1)


def accuracy(vectors: NDArray[np.float32], english: NDArray[np.float32]) -> float:
    """Share of rows whose most similar English row (dot product) is the one of the same number, 0 to 1."""
    return float(np.mean(np.argmax(vectors @ english.T, axis=1) == np.arange(len(vectors))))


def tatoeba(encoder: SentenceEncoder, path: Path) -> dict[str, float]:
    """Tatoeba code -> accuracy toward English, 0 to 1, over tatoeba-eval.parquet.

    Raises: DataError: the file lacks a column.
    """
    texts: dict[str, dict[str, str]] = {}
    for row in _rows(path):
        texts.setdefault(row["lang"], {})[row["align_id"]] = row["text"]
    english_of = texts.pop("en")
    english_texts = sorted(set(english_of.values()))
    place = {text: i for i, text in enumerate(english_texts)}
    english_vectors = encoder.vectors(english_texts)
    found = {}
    for code, table in sorted(texts.items()):
        keys = [key for key in table if key in english_of]
        targets = english_vectors[[place[english_of[key]] for key in keys]]
        found[code] = accuracy(encoder.vectors([table[key] for key in keys]), targets)
    return found


def ntrex(encoder: SentenceEncoder, paths: Sequence[Path]) -> dict[str, float]:
    """Language -> accuracy toward English, 0 to 1, over the held-out lines (split `valid`) of the files."""
    texts: dict[str, dict[str, str]] = {}
    for path in paths:
        for row in _rows(path):
            if row["split"] == "valid":
                texts.setdefault(row["lang"], {})[row["align_id"]] = row["text"]
    english = texts.pop("en")
    keys = sorted(english)
    english_vectors = encoder.vectors([english[key] for key in keys])
    found = {}
    for language, table in sorted(texts.items()):
        have = [i for i, key in enumerate(keys) if key in table]
        vectors = encoder.vectors([table[keys[i]] for i in have])
        nearest = np.argmax(vectors @ english_vectors.T, axis=1)
        found[language] = float(np.mean(nearest == np.array(have)))
    return found


def tag_means(by_code: Mapping[str, float]) -> dict[str, float]:
    """Mean Tatoeba accuracy over all languages, and over those that this project supports."""
    ours = [value for code, value in by_code.items() if code in TAG_OF_TATOEBA]
    return {"all": float(np.mean(list(by_code.values()))), "supported": float(np.mean(ours)), "n": float(len(ours))}


def _rows(path: Path) -> list[dict[str, Any]]:
    table = pq.ParquetFile(path).read()
    missing = {"lang", "align_id", "text", "split"} - set(table.schema.names)
    if missing:
        raise DataError(f"{path}: no column {', '.join(sorted(missing))}; give the corpora's Parquet files")
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows
