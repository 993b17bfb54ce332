"""Which sentences carry the label: occlusion, one sentence left out at a time [ZF14]."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..labels.records import Evidence
from .article_text import ArticleText, TextSentence
from .lexical import WITHOUT_LEXICAL, Blend, LexicalModel
from .stance_encoder import Encoder
from .windows import TextEncoder, Window


def occlusion_evidence(text: ArticleText, read: Sequence[Window], label: int, *, tokenizer: TextEncoder,
                       encoder: Encoder, n_sentences: int, lexical: LexicalModel | None = None,
                       blend: Blend = WITHOUT_LEXICAL) -> tuple[Evidence, ...]:  # fmt: skip
    """The sentences whose removal lowers the label's margin most, strongest first; ties keep reading order.

    Each window is read again once for each of its sentences, without that sentence. The score of a sentence is the
    fall of the label's logit against the mean of the others, in logits. A window of one sentence scores by its own
    margin. Deterministic.

    Args:
        read: the article's windows that were read.
        label: position of the predicted label in codebook order.
        lexical, blend: the bundle's; each window counts as the text that the lexical model reads.
    """
    variants: list[list[int]] = []
    owners: list[tuple[int, TextSentence]] = []
    wholes: list[Sequence[int]] = [window.token_ids for window in read]
    taken: set[int] = set()
    for number, window in enumerate(read):
        inside = [
            (at, sentence)
            for at, sentence in enumerate(text.sentences)
            if window.start <= sentence.start < window.end and at not in taken
        ]
        taken.update(at for at, _ in inside)
        for _, sentence in inside:
            variants.append(tokenizer.encode(_without(text.content, window, sentence))[: len(window.token_ids)])
            owners.append((number, sentence))
    margins = blend.encoder * _margins(encoder.logits([*wholes, *variants]), label)
    if lexical is not None:
        texts = [text.content[window.start : window.end] for window in read]
        texts += [_without(text.content, read[number], sentence) for number, sentence in owners]
        margins += blend.lexical * _margins(np.stack([lexical.logits(part) for part in texts]), label)
    falls = [(margins[number] - margins[len(wholes) + at], sentence) for at, (number, sentence) in enumerate(owners)]
    order = sorted(range(len(falls)), key=lambda at: (-falls[at][0], at))
    return tuple(
        Evidence(field=sentence.field, start=sentence.original_start, end=sentence.original_end, score=float(fall))
        for fall, sentence in (falls[at] for at in order[:n_sentences])
    )


def _without(content: str, window: Window, sentence: TextSentence) -> str:
    return f"{content[window.start : sentence.start]} {content[sentence.end : window.end]}".strip()


def _margins(logits: NDArray[np.floating], label: int) -> NDArray[np.float64]:
    others = np.delete(logits, label, axis=1).mean(axis=1, dtype=np.float64)
    margins: NDArray[np.float64] = logits[:, label].astype(np.float64) - others
    return margins
