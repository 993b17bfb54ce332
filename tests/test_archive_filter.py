"""Filters by date and language, and the stratified sample."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xjstance.inference.archive_filter import ArchiveFilter, date_key
from xjstance.inference.archive_sample import ArchiveSample
from xjstance.labels.errors import ConfigError
from xjstance.labels.records import Article, RejectedRecord


def article(name: str, *, date: str | None = None, language: str | None = None, n_chars: int = 10) -> Article:
    return Article(id=name, text="x" * n_chars, date=date, language=language)


@pytest.mark.parametrize(
    ("text", "early", "late"),
    [
        ("2019-05-31", (2019, 5, 31), (2019, 5, 31)),
        ("20190531", (2019, 5, 31), (2019, 5, 31)),
        ("20190531T031500Z", (2019, 5, 31), (2019, 5, 31)),
        ("20190531031500", (2019, 5, 31), (2019, 5, 31)),
        ("2019-05-31T10:00:00+08:00", (2019, 5, 31), (2019, 5, 31)),
        ("2019/05", (2019, 5, 1), (2019, 5, 31)),
        ("2019", (2019, 1, 1), (2019, 12, 31)),
        ("May 2019", None, None),
        ("2019-13-01", None, None),
        ("", None, None),
    ],
)
def test_date_key_reads_what_archives_write(text: str, early: object, late: object) -> None:
    assert (date_key(text), date_key(text, is_late=True)) == (early, late)


def test_filter_keeps_dates_in_range_and_counts_the_rest() -> None:
    items: list[Article | RejectedRecord]
    items = [article("old", date="2018-12-31"), article("new", date="2019-01-01"), article("none"),
             RejectedRecord(file="x", line=1, reason="r"), article("late", date="2020-02-01")]  # fmt: skip
    wanted = ArchiveFilter(since="2019", until="2020-01")
    assert [item.id for item in wanted(items)] == ["new", None]
    assert (wanted.n_undated, wanted.n_outside_dates) == (1, 2)


def test_filter_keeps_languages_with_their_scripts_in_order() -> None:
    tags = {"a": "ug-Arab", "b": "en", "c": "ug-Cyrl", "d": "zh-Hans", "e": "zh-Hant"}
    items: list[Article | RejectedRecord] = [article(name) for name in tags]
    items.insert(2, RejectedRecord(file="x", line=1, reason="r"))
    wanted = ArchiveFilter(languages=("ug", "zh-Hant"), language_of=lambda batch: [tags[item.id] for item in batch])
    assert [item.id for item in wanted(items)] == ["a", None, "c", "e"]
    assert wanted.n_other_languages == 2


def test_filter_without_identifier_takes_hints() -> None:
    wanted = ArchiveFilter(languages=("en",))
    assert [item.id for item in wanted([article("a", language="en-GB"), article("b")])] == ["a"]


def test_filter_refuses_what_is_no_date() -> None:
    with pytest.raises(ConfigError, match="--since 'May' is no date"):
        ArchiveFilter(since="May")


def test_sample_is_stratified_and_repeatable() -> None:
    items: list[Article | RejectedRecord] = [article(f"en{at}", language="en") for at in range(80)]
    items += [article(f"ug{at}", language="ug", n_chars=5_000) for at in range(19)]
    items += [RejectedRecord(file="x", line=1, reason="r"), article("my", language="my")]
    sample = ArchiveSample.draw(items, 20, seed=1)
    drawn = list(sample(items))
    assert Counter(str(item.id)[:2] for item in drawn) == {"en": 16, "ug": 3, "my": 1}
    assert (sample.n_articles, sample.n_strata) == (100, 3)
    assert sample.n_sample_chars == sum(len(item.text) for item in drawn if isinstance(item, Article))
    assert sample.forecast_s(2.0) == pytest.approx(2.0 * 95_810 / (160 + 15_000 + 10))
    assert ArchiveSample.draw(items, 20, seed=1) == sample != ArchiveSample.draw(items, 20, seed=2)


@given(st.lists(st.sampled_from(["en", "ug", "zh", "my"]), max_size=60), st.integers(1, 70), st.integers(0, 5))
def test_sample_has_the_size_that_was_asked_for(languages: list[str], n: int, seed: int) -> None:
    items = [article(str(at), language=language) for at, language in enumerate(languages)]
    assert len(list(ArchiveSample.draw(items, n, seed=seed)(items))) == min(n, len(items))


def test_sample_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="one article or more"):
        ArchiveSample.draw([], 0, seed=1)
