"""Small labelled articles that many tests train or evaluate on."""

from __future__ import annotations

import numpy as np

from xjstance.labels.records import LabelledArticle, LabelledSentence, Split

SENTENCES = {
    "praising": (
        "Officials praised the schools in Xinjiang.",
        "Incomes rose and visitors came.",
        "There are no camps.",
    ),
    "critical": ("Former detainees described the camps.", "Researchers documented forced labour.", "It is a crime."),
    "neutral": ("Parliament will debate the motion on Tuesday.", "Both sides sent letters.", "No vote was taken."),
    "unrelated": ("The home team won by two goals.", "Rain is expected in the north.", "Tickets cost ten euros."),
}


def labelled(n_stories: int = 12, *, split: Split = "train", seed: int = 0) -> list[LabelledArticle]:
    """Small labelled articles in English with sentence marks: `n_stories` a label, each its own story."""
    rng = np.random.default_rng(seed)
    found = []
    for label, sentences in SENTENCES.items():
        for number in range(n_stories):
            chosen = [sentences[i] for i in rng.permutation(len(sentences))]
            text, marks = "", []
            for sentence in chosen:
                start = len(text) + (1 if text else 0)
                text = f"{text} {sentence}".strip()
                content = label if label in ("praising", "critical") else "none"
                marks.append(
                    LabelledSentence(field="text", start=start, end=len(text), voice="outlet", content=content)  # type: ignore[arg-type]
                )
            found.append(
                LabelledArticle(
                    id=f"{split}-{label}-{number}", language="en", script="Latn", title=f"Report {number}", text=text,
                    label=label, story=f"{split}-{label}-{number}", split=split, sentences=tuple(marks),
                    source_url=f"https://example.org/{split}/{label}/{number}",
                )
            )  # fmt: skip
    return found
