"""Near-duplicates: shingles in several scripts, clusters without weak chains."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xjstance.inference.near_duplicates import NearDuplicateIndex, write_clusters
from xjstance.inference.shingles import jaccard, shingles
from xjstance.labels.errors import ConfigError
from xjstance.labels.records import Article


def words(rng: np.random.Generator, n: int) -> list[str]:
    return ["".join(rng.choice(list("abcdefghijklmnop"), size=5)) for _ in range(n)]


def clusters_of(texts: list[str], min_jaccard: float = 0.6) -> list[tuple[int, int]]:
    """For each distinct text the number of its cluster's first text, and the cluster's size."""
    articles = [Article(id=str(at), text=text) for at, text in enumerate(texts)]
    first: dict[str, int] = {}
    for at, article in enumerate(articles):
        first.setdefault(article.sha256[:16], at)
    with NearDuplicateIndex(min_jaccard=min_jaccard) as index:
        for article in articles:
            index.add(article)
        return [(first[cluster.cluster_id], cluster.size) for cluster in index.clusters()]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello, World: foo bar baz", "hello  WORLD foo — bar «baz»!"),
        ("新疆的天气很好,今天是晴天", "新疆的天气很好　今天是晴天。"),
        ("می‌خواهم به خانه بروم", "میخواهم به خانه بروم"),
        ("ＡＢＣ def ghi", "abc def ghi"),
    ],
)
def test_shingles_ignore_case_width_punctuation_and_invisible_marks(one: str, other: str) -> None:
    np.testing.assert_array_equal(shingles(one), shingles(other))


@pytest.mark.parametrize(
    ("text", "n_shingles"),
    [
        ("one two three four five", 3),
        ("one two", 1),
        ("新疆的天气很好", 3),
        ("ประเทศไทยใหญ่", 6),
        ("हिन्दी में तीन शब्द", 2),
        ("", 0),
        ("... !!", 0),
        ("a a a a a a", 1),
    ],
)
def test_shingles_are_words_or_characters_by_script(text: str, n_shingles: int) -> None:
    assert len(shingles(text)) == n_shingles


def test_shingles_agree_with_a_loop_on_jaccard() -> None:
    rng = np.random.default_rng(3)
    one = words(rng, 200)
    other = one[:120] + words(rng, 60)

    def triples(tokens: list[str]) -> set[tuple[str, ...]]:
        return {tuple(tokens[at : at + 3]) for at in range(len(tokens) - 2)}

    expected = len(triples(one) & triples(other)) / len(triples(one) | triples(other))
    assert jaccard(shingles(" ".join(one)), shingles(" ".join(other))) == pytest.approx(expected, abs=1e-12)


def test_near_duplicates_join_the_earliest_copy_and_count_exact_ones() -> None:
    rng = np.random.default_rng(1)
    story, other = words(rng, 300), words(rng, 300)
    edited = [*words(rng, 8), *story[:290]]
    texts = [" ".join(other), " ".join(story), " ".join(edited), " ".join(story)]
    assert clusters_of(texts) == [(0, 1), (1, 3), (1, 3)]


def test_near_duplicates_form_no_chain_of_weak_links() -> None:
    rng = np.random.default_rng(2)
    pieces = [words(rng, 60) for _ in range(12)]

    def window(first: int) -> str:
        return " ".join(itertools.chain(*pieces[first : first + 6]))

    chain = [window(first) for first in range(6)]
    similar = jaccard(shingles(chain[0]), shingles(chain[1]))
    assert similar > 0.6 > jaccard(shingles(chain[0]), shingles(chain[2]))
    assert [head for head, _ in clusters_of(chain)] == [0, 0, 2, 2, 4, 4]


def test_near_duplicates_leave_texts_without_letters_alone() -> None:
    assert clusters_of(["", "...", "!!!", " "]) == [(0, 1), (1, 1), (2, 1), (3, 1)]


@given(st.lists(st.text("ab新疆ไทย ", max_size=12), max_size=12), st.floats(0.3, 1))
@settings(deadline=None, max_examples=40)
def test_near_duplicates_only_join_what_is_similar(texts: list[str], min_jaccard: float) -> None:
    distinct = list(dict.fromkeys(texts))
    for at, (head, _) in enumerate(clusters_of(texts, min_jaccard)):
        if texts.index(distinct[at]) != head:
            assert jaccard(shingles(distinct[at]), shingles(texts[head])) >= min_jaccard


def test_clusters_file_has_a_row_for_every_content(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    story = words(rng, 100)
    articles = [Article(id="a", text=" ".join(story)), Article(id="b", text=" ".join([*story, "more"])),
                Article(id="c", text="something else"), Article(id="d", text=" ".join(story))]  # fmt: skip
    assert write_clusters(articles, tmp_path / "clusters.parquet") == (1, 1)
    head = articles[0].sha256[:16]
    assert pq.read_table(tmp_path / "clusters.parquet").to_pylist() == [
        {"text_sha256": articles[0].sha256, "cluster_id": head, "size": 3},
        {"text_sha256": articles[1].sha256, "cluster_id": head, "size": 3},
        {"text_sha256": articles[2].sha256, "cluster_id": articles[2].sha256[:16], "size": 1},
    ]


def test_near_duplicates_refuse_an_impossible_similarity() -> None:
    with pytest.raises(ConfigError, match="above 0 and at most 1"):
        NearDuplicateIndex(min_jaccard=0)
