"""Recombined articles: the label and the skeleton of voices and contents stay, the words change."""

from __future__ import annotations

import numpy as np

from xjstance.labels.domain_sentences import DomainSentence
from xjstance.labels.records import Content, LabelledArticle, LabelledSentence, Voice
from xjstance.training.recombination import Recombination


def article(name: str, label: str, parts: list[tuple[str, Voice, Content]], *, language: str = "en") -> LabelledArticle:
    text, marks = "", []
    for sentence, voice, content in parts:
        text += " " if text else ""
        marks.append(LabelledSentence(field="text", start=len(text), end=len(text) + len(sentence), voice=voice,
                                      content=content))  # fmt: skip
        text += sentence
    return LabelledArticle(id=name, language=language, script="Latn", title=f"Title {name}", text=text, label=label,
                           story=name, split="train", origin="brief", sentences=tuple(marks))  # fmt: skip


ARTICLES = [
    article(
        "a", "praising", [("The ministry calls it a lie.", "government", "praising"), ("It met.", "outlet", "none")]
    ),
    article("b", "praising", [("Envoys hail it.", "government", "praising"), ("They flew home.", "outlet", "none")]),
    article("c", "critical", [("Exiles speak of camps.", "critics", "critical"), ("It rained.", "outlet", "none")]),
    article("d", "unrelated", [("The team won.", "outlet", "none"), ("Fans sang.", "outlet", "none")]),
]
FRENCH = DomainSentence(language="fr", script="Latn", number=1, voice="government", content="praising",
                        is_about_target=True, text="Le porte-parole a démenti.")  # fmt: skip


def pools(cross_language: float = 0.0) -> Recombination:
    return Recombination.of(ARTICLES, [FRENCH], off_target="unrelated", cross_language=cross_language)


def test_skeleton_and_label_stay_while_words_change() -> None:
    rng, seen = np.random.default_rng(1), set()
    mixer = pools(cross_language=0.5)
    for _ in range(60):
        drawn = mixer.draw(ARTICLES[0], rng)
        seen.add(drawn.text)
        assert (drawn.label, drawn.story, drawn.split) == ("praising", "a", "train")
        assert [(s.voice, s.content) for s in drawn.sentences] == [("government", "praising"), ("outlet", "none")]
    assert len(seen) > 4


def test_marks_frame_whole_sentences() -> None:
    rng, mixer = np.random.default_rng(2), pools(cross_language=1.0)
    known = {FRENCH.text} | {a.text[s.start : s.end] for a in ARTICLES for s in a.sentences}
    for _ in range(40):
        drawn = mixer.draw(ARTICLES[2], rng)
        assert {drawn.text[s.start : s.end] for s in drawn.sentences} <= known


def test_other_news_lends_no_sentence_to_articles_on_target() -> None:
    rng, mixer = np.random.default_rng(3), pools(cross_language=1.0)
    texts = [mixer.draw(ARTICLES[0], rng).text for _ in range(80)]
    assert not any("team won" in text or "Fans sang" in text for text in texts)
    assert any("It rained" in text for text in texts)


def test_same_generator_state_draws_the_same() -> None:
    first = [pools().draw(a, np.random.default_rng(5)) for a in ARTICLES]
    assert first == [pools().draw(a, np.random.default_rng(5)) for a in ARTICLES]


def test_unmarked_article_comes_back_as_it_is() -> None:
    plain = LabelledArticle(id="p", language="en", script="Latn", title="T", text="Words.", label="neutral", story="p",
                            split="train", origin="brief")  # fmt: skip
    rng = np.random.default_rng(0)
    assert all(pools().draw(plain, rng) == plain for _ in range(10))
