from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xjstance.labels.records import Article
from xjstance.models.article_text import ArticleText
from xjstance.models.windows import windows


class Words:
    """One token a word; the id is the word's length."""

    def encode(self, text: str) -> list[int]:
        return [len(word) for word in text.split()]


def cut(text: str, *, title: str = "", max_tokens: int = 12) -> list[tuple[int, ...]]:
    found = ArticleText.of(Article(id="a", title=title, text=text))
    return [window.token_ids for window in windows(found, Words(), max_tokens=max_tokens)]


def test_short_article_is_one_window_with_its_title_first() -> None:
    assert cut("bb ccc.", title="a") == [(1, 2, 4)]


def test_long_article_is_cut_at_sentence_borders() -> None:
    text = " ".join(f"Wo {'x' * n} word{'x' * n}." for n in range(1, 9))
    for window in cut(text):
        assert len(window) % 3 == 0


def test_windows_are_of_about_equal_length() -> None:
    lengths = [len(window) for window in cut("An odd sentence. " * 11, max_tokens=32)]
    assert sum(lengths) == 33
    assert max(lengths) - min(lengths) <= 3


def test_sentence_longer_than_a_window_is_divided_between_tokens() -> None:
    assert [len(window) for window in cut("a " * 25)] == [10, 10, 5]


def test_empty_article_has_no_window() -> None:
    assert cut("") == []


@given(st.lists(st.sampled_from(["aa", "b.", "ccc!", "d\n", "新疆。", "Ωmega"]), max_size=80), st.integers(8, 40))
def test_every_token_is_in_exactly_one_window(words: list[str], max_tokens: int) -> None:
    text = " ".join(words)
    found = cut(text, max_tokens=max_tokens)
    content = ArticleText.of(Article(id="a", text=text)).content
    assert [token for window in found for token in window] == Words().encode(content)
    assert all(0 < len(window) <= max_tokens - 2 for window in found)


def test_sentence_offsets_point_into_the_original_fields() -> None:
    article = Article(id="a", title="  Ｔitle  one ", text="First\u200b  one. \u202bSecond\u202c one.")
    text = ArticleText.of(article)
    found = [
        getattr(article, sentence.field)[sentence.original_start : sentence.original_end] for sentence in text.sentences
    ]
    assert [" ".join(piece.replace("\u200b", "").split()) for piece in found][1] == "First one."
    assert found[0].startswith("Ｔitle") and found[0].endswith("one")
    assert "Second" in found[2] and len(found) == 3
