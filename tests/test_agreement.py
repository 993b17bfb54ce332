"""Agreement coefficients against published worked examples and against nltk."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xjstance.labels.agreement import (
    agreement_of,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    label_counts,
    observed_agreement,
)
from xjstance.labels.errors import DataError

LABELS = ("1", "2", "3", "4", "5")

KRIPPENDORFF = (  # (2011), section C: four observers, twelve units, dots are missing
    "1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .",
)  # fmt: skip


def ratings(rows: tuple[str, ...]) -> list[dict[str, str]]:
    columns = zip(*(row.split() for row in rows), strict=True)
    return [{str(who): label for who, label in enumerate(column) if label != "."} for column in columns]


def test_alpha_is_that_of_the_published_example() -> None:
    counts = label_counts(ratings(KRIPPENDORFF), LABELS)
    assert krippendorff_alpha(counts) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(counts, is_ordinal=True) == pytest.approx(0.815, abs=5e-4)


def test_fleiss_kappa_is_that_of_the_published_example() -> None:
    counts = np.array([
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1], [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ], dtype=np.float64)  # fmt: skip
    assert fleiss_kappa(counts) == pytest.approx(0.210, abs=5e-4)


def test_cohen_kappa_by_hand() -> None:
    """Two readers, 50 cases: both yes 20, both no 15, only the first 5, only the second 10."""
    first = ["y"] * 25 + ["n"] * 25
    second = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert cohen_kappa(first, second, ("y", "n")) == pytest.approx(0.4)


def test_ac1_stays_high_where_one_label_prevails() -> None:
    """Gwet (2008): 125 cases, 118 both +, 5 and 2 split, none both -: kappa is about 0, AC1 0.941."""
    counts = np.array([[2, 0]] * 118 + [[1, 1]] * 7, dtype=np.float64)
    assert gwet_ac1(counts) == pytest.approx(0.9408, abs=5e-4)
    assert fleiss_kappa(counts) < 0


def test_perfect_and_empty_agreement() -> None:
    same = label_counts([{"a": "1", "b": "1"}, {"a": "2", "b": "2"}], LABELS)
    assert krippendorff_alpha(same) == fleiss_kappa(same) == gwet_ac1(same) == observed_agreement(same) == 1
    nothing = label_counts([{"a": "1"}], LABELS)
    assert all(math.isnan(how(nothing)) for how in (krippendorff_alpha, fleiss_kappa, gwet_ac1, observed_agreement))
    constant = label_counts([{"a": "1", "b": "1"}] * 3, LABELS)
    assert math.isnan(krippendorff_alpha(constant)) and math.isnan(fleiss_kappa(constant))
    with pytest.raises(DataError, match="'9' of 'a'"):
        label_counts([{"a": "9"}], LABELS)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("123"), min_size=2, max_size=2), min_size=3, max_size=20))
def test_coefficients_equal_those_of_nltk(rows: list[list[str]]) -> None:
    agreement = pytest.importorskip("nltk.metrics.agreement")
    if len({label for row in rows for label in row}) < 2:
        return
    data = [(str(who), str(item), label) for item, row in enumerate(rows) for who, label in enumerate(row)]
    task = agreement.AnnotationTask(data)
    counts = label_counts([dict(zip("01", row, strict=True)) for row in rows], LABELS)
    assert krippendorff_alpha(counts) == pytest.approx(task.alpha())
    firsts, seconds = [row[0] for row in rows], [row[1] for row in rows]
    found = cohen_kappa(firsts, seconds, LABELS)
    if not math.isnan(found):
        assert found == pytest.approx(task.kappa())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(LABELS), min_size=2), min_size=2, max_size=12),
       st.integers(0, 99))  # fmt: skip
def test_order_of_articles_and_labels_does_not_count(rows: list[dict[str, str]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = label_counts(rows, LABELS)
    mixed = counts[rng.permutation(len(counts))][:, rng.permutation(len(LABELS))]
    for how in (krippendorff_alpha, fleiss_kappa, gwet_ac1):
        np.testing.assert_allclose(how(mixed), how(counts), atol=1e-9)


def test_intervals_hold_the_value_and_groups_are_named() -> None:
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(80):
        true = str(rng.integers(1, 4))
        rows.append({name: true if rng.random() < 0.8 else str(rng.integers(1, 4)) for name in ("ant", "bee", "cat")})
    tags = ["ug-Arab", "en"] * 40
    found = {one.group: one for one in agreement_of(rows, tags, labels=("1", "2", "3"), ordinal=("1", "2", "3"),
                                                    n_resamples=100, rng=rng)}  # fmt: skip
    assert list(found) == ["all", "label 1", "label 2", "label 3", "language en", "language ug-Arab", "pair ant bee",
                           "pair ant cat", "pair bee cat"]  # fmt: skip
    whole = {one.name: one for one in found["all"].coefficients}
    assert list(whole) == ["agreement", "alpha", "fleiss", "ac1", "alpha_ordinal"]
    assert all(one.low < one.value < one.high for one in whole.values())
    assert (found["all"].n_articles, found["all"].n_labels) == (80, 240)
    assert found["pair ant bee"].coefficients[-1].name == "cohen"
