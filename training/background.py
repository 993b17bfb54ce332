"""General text as `unrelated` examples, so that news about other things is not read as news about the target."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..labels.errors import DataError
from ..labels.language_tags import print_tag, split_tag, supported_tag
from ..labels.records import LabelledArticle
from .composites import STORY_PREFIX

SOURCES = ("sib", "tico", "ud", "asp", "xquad")
"""Files of the corpora folder that are read; NTREX is left out because the main job is measured on it."""

_TARGET_WORDS = re.compile(
    r"xinjiang|sinkiang|u[iy]g[hu]*ur|新疆|维吾尔|維吾爾|синьцзян|уйгур|ئۇيغۇر|شىنجاڭ", re.IGNORECASE
)
_MAX_SENTENCES = 4


def background(corpora: Path, *, n_each: int, label: str, rng: np.random.Generator) -> list[LabelledArticle]:
    """`n_each` texts of one to four neighbouring sentences in each supported tag that the corpora have.

    Args: corpora: folder of Parquet files with columns source, split, lang, text. label: the off-target label.
    Raises: DataError: none of the files is there.
    """
    import pyarrow.parquet as pq

    by_tag: dict[str, list[str]] = {}
    paths = [corpora / f"{name}.parquet" for name in SOURCES if (corpora / f"{name}.parquet").is_file()]
    if not paths:
        raise DataError(f"{corpora}: holds none of {', '.join(f'{name}.parquet' for name in SOURCES)}")
    for path in paths:
        table = pq.read_table(path, columns=["split", "lang", "text"]).to_pylist()
        for row in table:
            tag = supported_tag(row["lang"])
            if tag is not None and row["split"] == "train" and not _TARGET_WORDS.search(row["text"]):
                by_tag.setdefault(tag, []).append(row["text"])
    found = []
    for tag, texts in sorted(by_tag.items()):
        language, script = split_tag(tag)
        for number in range(n_each):
            start, n = int(rng.integers(len(texts))), int(rng.integers(1, _MAX_SENTENCES + 1))
            chosen = texts[start : start + n]
            title, body = (chosen[0], chosen[1:]) if len(chosen) > 2 else ("", chosen)
            name = f"{print_tag(language, script)}-background-{number}"
            found.append(LabelledArticle(id=name, language=language, script=script, title=title, text=" ".join(body),
                                         label=label, story=f"{STORY_PREFIX}{name}", split="train",
                                         origin="converted"))  # fmt: skip
    return found
