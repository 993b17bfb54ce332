"""Corrected shares: textbook values, exact unbiasedness, the simplex, and ppi-python as a second method."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulated_archive import simulate
from xjstance.inference.estimators import AuditSample, estimate_shares, power_tuning
from xjstance.inference.estimators_gamma import gamma_quantile
from xjstance.inference.estimators_margins import Margins, margins
from xjstance.inference.estimators_simplex import project_to_simplex
from xjstance.inference.estimators_variance import AuditDesign, collapse_small_strata, influence_moments
from xjstance.labels.errors import ConfigError, DataError


def sample_of(gold: np.ndarray, probs: np.ndarray, *, prob: float | np.ndarray = 0.01,
              stratum: np.ndarray | None = None, **clusters: np.ndarray) -> AuditSample:  # fmt: skip
    n = len(gold)
    return AuditSample(
        gold=np.eye(probs.shape[1])[gold], probs=probs,
        design=AuditDesign(inclusion_prob=np.broadcast_to(np.asarray(prob, dtype=float), n).copy(),
                           stratum=np.zeros(n, dtype=np.int64) if stratum is None else stratum, clusters=clusters),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("prob", "shape", "value"),
    [(0.975, 0.5, 2.511943), (0.025, 0.5, 0.000491), (0.975, 5.5, 10.960025), (0.025, 5.5, 1.907874),
     (0.5, 1.0, 0.693147)],
)
def test_gamma_quantile_has_the_printed_values(prob: float, shape: float, value: float) -> None:
    assert gamma_quantile(prob, shape) == pytest.approx(value, abs=2e-6)  # half of the chi-squared tables' 2k degrees


@settings(deadline=None)
@given(st.floats(0.5, 5_000), st.sampled_from([0.005, 0.025, 0.1, 0.9, 0.975, 0.995]))
def test_gamma_quantile_agrees_with_scipy(shape: float, prob: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    shape = float(f"{shape:.4g}")
    assert gamma_quantile(prob, shape) == pytest.approx(stats.gamma.ppf(prob, shape), rel=2e-5)


@settings(deadline=None)
@given(st.lists(st.floats(-2, 2), min_size=2, max_size=6))
def test_projection_is_on_the_simplex_and_changes_nothing_twice(values: list[float]) -> None:
    found = project_to_simplex(np.array(values))
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
    np.testing.assert_allclose(project_to_simplex(found), found, atol=1e-12)


def test_projection_takes_what_is_below_zero_from_the_others() -> None:
    np.testing.assert_allclose(project_to_simplex(np.array([0.7, 0.4, -0.1])), [0.65, 0.35, 0.0])


def test_variance_of_a_simple_random_sample_is_the_textbook_one() -> None:
    values = np.array([1.0, 0.0, 0.0, 1.0, 1.0])
    design = AuditDesign(inclusion_prob=np.full(5, 0.1), stratum=np.zeros(5, dtype=np.int64))
    [found] = influence_moments(((values - values.mean()) / 5)[:, None], design)
    assert found.variance[0] == pytest.approx(0.9 * 0.3 / 5)  # (1 - f) s^2 / n, s^2 = 0.3


def test_variance_of_a_stratified_sample_adds_up_over_strata() -> None:
    stratum = np.array([0, 0, 0, 1, 1, 1])
    prob = np.where(stratum == 0, 3 / 30, 3 / 60)
    values = np.array([1.0, 0, 1, 0, 0, 1])
    weight = 1 / prob / np.sum(1 / prob)
    design = AuditDesign(inclusion_prob=prob, stratum=stratum)
    [found] = influence_moments((weight * (values - weight @ values))[:, None], design)
    expected = (1 / 3) ** 2 * 0.9 * (1 / 3) / 3 + (2 / 3) ** 2 * 0.95 * (1 / 3) / 3  # W^2 (1 - f) s^2 / n
    assert found.variance[0] == pytest.approx(expected)


def test_clusters_count_as_one_unit_each() -> None:
    influence = np.array([1.0, 1, -1, -1])[:, None] / 4
    design = AuditDesign(inclusion_prob=np.full(4, 1e-9), stratum=np.zeros(4, dtype=np.int64),
                         clusters={"story": np.array([0, 0, 1, 1])})  # fmt: skip
    [alone, story] = influence_moments(influence, design, units=("article", "story"))
    assert alone.variance[0] == pytest.approx(4 / 3 * 4 / 16)
    assert story.variance[0] == pytest.approx(4 / 3 * 2 * (2 * 0.25 + 2 * 0.25 - 0.5))  # two sums of 1/2, G/(G-1) = 2
    assert story.n_units == 2


def margins_of(values: np.ndarray, *, floor: float = 0.0) -> Margins:
    """Of the mean of the values, an audit of a large archive."""
    design = AuditDesign(inclusion_prob=np.full(len(values), 1e-9), stratum=np.zeros(len(values), dtype=np.int64))
    influence = ((values - values.mean()) / len(values))[:, None]
    return margins(influence, design, units=("article",), level=0.95, floor=floor)


def errors(found: int, invented: int, n: int = 200) -> np.ndarray:
    """Residuals of an audit: articles that the classifier missed, and those that it took in wrongly."""
    return np.concatenate([np.ones(found), -np.ones(invented), np.zeros(n - found - invented)])


@pytest.mark.parametrize("rates", [(1, 2), (2, 2), (2, 3), (3, 3), (1, 4), (5, 5), (0.3, 4), (10, 5), (0.1, 3)])
def test_margins_hold_also_where_the_audit_found_few_errors(rates: tuple[float, float]) -> None:
    """Exact coverage over all counts of both kinds of error: never below, and near 95 % from five errors on."""
    mass = [np.array([math.exp(-rate) * rate**k / math.factorial(k) for k in range(25)]) for rate in rates]
    covered, truth = 0.0, (rates[0] - rates[1]) / 200
    for found in range(25):
        for invented in range(25):
            if (weight := mass[0][found] * mass[1][invented]) < 1e-6:
                continue
            ends, mean = margins_of(errors(found, invented), floor=2.25 / 200**2), (found - invented) / 200
            covered += weight * (mean - ends.below[0] <= truth <= mean + ends.above[0])
    assert 0.945 <= covered <= (0.97 if sum(rates) > 4.5 else 0.995)


def test_margins_are_longer_where_more_errors_may_be_hidden() -> None:
    ends = margins_of(errors(4, 0))
    assert ends.above[0] > 1.25 * ends.below[0]
    turned = margins_of(errors(0, 4))
    assert turned.below[0] == pytest.approx(ends.above[0])


def test_margins_of_many_articles_are_the_normal_ones_and_of_few_those_of_student() -> None:
    stats = pytest.importorskip("scipy.stats")
    for n, within in ((20_000, 0.005), (60, 0.02), (30, 0.04), (12, 0.06)):
        values = stats.norm.ppf((np.arange(n) + 0.5) / n)
        ends = margins_of(values)
        expected = stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)
        assert ends.below[0] == pytest.approx(ends.above[0], rel=1e-6)
        assert ends.above[0] == pytest.approx(expected, rel=within)


def test_strata_of_one_article_are_joined() -> None:
    assert collapse_small_strata(np.array([0, 0, 1, 2])).tolist() == [0, 0, 1, 1]
    assert collapse_small_strata(np.array([0, 0, 1, 1, 1, 2])).tolist() in ([1, 1, 0, 0, 0, 1], [0, 0, 1, 1, 1, 0])


def test_archive_read_whole_has_no_sampling_error() -> None:
    rng = np.random.default_rng(1)
    archive = simulate(rng, n=200)
    found = estimate_shares(sample_of(archive.gold, archive.probs, prob=1.0), frame_probs=archive.probs.mean(axis=0),
                            measure=np.ones(200))  # fmt: skip
    np.testing.assert_allclose(found.shares, archive.one_hot.mean(axis=0))
    np.testing.assert_allclose(found.high - found.low, 0, atol=1e-12)


def test_design_based_estimator_is_unbiased_over_every_possible_sample() -> None:
    rng = np.random.default_rng(2)
    gold, probs = rng.integers(0, 3, 7), rng.dirichlet([1, 1, 1], 7)
    means = np.zeros(3)
    samples = list(combinations(range(7), 3))
    for rows in samples:
        at = list(rows)
        weight = 7 / 3
        means += probs.mean(axis=0) + weight / 7 * (np.eye(3)[gold[at]] - probs[at]).sum(axis=0)
        found = estimate_shares(sample_of(gold[at], probs[at], prob=3 / 7), frame_probs=probs.mean(axis=0),
                                measure=np.ones(3), method="dsl", frame_total=7.0)  # fmt: skip
        raw = probs.mean(axis=0) + found.influence.sum(axis=0)
        np.testing.assert_allclose(found.shares, project_to_simplex(raw))
    np.testing.assert_allclose(means / len(samples), np.bincount(gold, minlength=3) / 7)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["ppi", "dsl", "classical"]))
def test_shares_are_on_the_simplex_and_inside_their_intervals(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    archive = simulate(rng, n=600)
    rows = rng.choice(600, 40, replace=False)
    found = estimate_shares(sample_of(archive.gold[rows], archive.probs[rows], prob=40 / 600),
                            method=method,  # type: ignore[arg-type]
                            frame_probs=archive.probs.mean(axis=0), measure=np.ones(40), frame_total=600.0)  # fmt: skip
    assert found.shares.min() >= 0
    assert found.shares.sum() == pytest.approx(1)
    assert np.all((found.low <= found.shares) & (found.shares <= found.high))
    assert np.all((found.low >= 0) & (found.high <= 1))


def test_order_of_labels_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    archive = simulate(rng, n=500)
    rows, order = rng.choice(500, 60, replace=False), np.array([2, 0, 3, 1])
    first = estimate_shares(sample_of(archive.gold[rows], archive.probs[rows]), measure=np.ones(60),
                            frame_probs=archive.probs.mean(axis=0))  # fmt: skip
    second = estimate_shares(sample_of(np.argsort(order)[archive.gold[rows]], archive.probs[rows][:, order]),
                             measure=np.ones(60), frame_probs=archive.probs.mean(axis=0)[order])  # fmt: skip
    np.testing.assert_allclose(second.shares, first.shares[order])
    np.testing.assert_allclose(second.low, first.low[order])


def test_useless_classifier_is_not_trusted() -> None:
    rng = np.random.default_rng(4)
    gold, probs = rng.integers(0, 4, 4000), rng.dirichlet(np.ones(4), 4000)
    assert power_tuning(sample_of(gold, probs), measure=np.ones(4000)) < 0.05


def test_perfect_classifier_leaves_the_rule_of_three() -> None:
    rng = np.random.default_rng(5)
    gold = rng.integers(0, 4, 300)
    found = estimate_shares(sample_of(gold, np.eye(4)[gold], prob=1e-6), measure=np.ones(300),
                            frame_probs=np.full(4, 0.25))  # fmt: skip
    np.testing.assert_allclose(found.shares, 0.25)
    np.testing.assert_allclose(found.high - found.shares, 3 / 300, rtol=0.03)


def test_one_class_audit_bounds_the_others_by_the_rule_of_three() -> None:
    gold = np.zeros(100, dtype=np.int64)
    found = estimate_shares(sample_of(gold, np.full((100, 4), 0.25), prob=1e-6), measure=np.ones(100),
                            frame_probs=np.full(4, 0.25))  # fmt: skip
    np.testing.assert_allclose(found.shares, [1, 0, 0, 0])
    np.testing.assert_allclose(found.high[1:], 3 / 100, rtol=0.03)


# ppi-python 0.2.3, ppi_mean_pointestimate and ppi_mean_ci (alpha 0.05) on `two_label_case`: with lam=PPI_TUNING, and
# the point with the lam that it finds itself (from the variance of all probabilities, audited or not).
PPI_TUNING, PPI_POINT, PPI_HALF, PPI_OWN_POINT = 0.7287717274312933, 0.462838780355, 0.0497311174, 0.46158714


def two_label_case() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gold (0 or 1) and probabilities of 300 audited articles, and the probabilities of 200,000 others."""
    rng = np.random.default_rng(6)
    gold = rng.integers(0, 2, 300)
    audited = np.clip(0.3 + 0.4 * gold + 0.35 * rng.standard_normal(300), 0, 1)
    others = np.clip(0.3 + 0.4 * (rng.random(200_000) < 0.3) + 0.35 * rng.standard_normal(200_000), 0, 1)
    return gold, audited, others


def own_two_label_estimate() -> tuple[float, float, float]:
    gold, audited, others = two_label_case()
    probs = np.stack([1 - audited, audited], axis=1)
    mean = others.mean()
    found = estimate_shares(sample_of(gold, probs, prob=300 / 200_000), measure=np.ones(300),
                            frame_probs=np.array([1 - mean, mean]))  # fmt: skip
    return float(found.shares[1]), float(found.std_error[1]), found.tuning


def test_power_tuned_estimate_is_what_ppi_python_gave() -> None:
    point, error, tuning = own_two_label_estimate()
    assert tuning == pytest.approx(PPI_TUNING)
    assert point == pytest.approx(PPI_POINT, abs=1e-9)
    assert point == pytest.approx(PPI_OWN_POINT, abs=0.1 * error)
    assert 1.959964 * error == pytest.approx(PPI_HALF, rel=0.02)


def test_power_tuned_estimate_agrees_with_ppi_python() -> None:
    ppi = pytest.importorskip("ppi_py", reason="ppi-python is not installed (it is an oracle of tests only)")
    gold, audited, others = two_label_case()
    point, error, tuning = own_two_label_estimate()
    low, high = ppi.ppi_mean_ci(gold.astype(float), audited, others, alpha=0.05, lam=tuning)
    assert point == pytest.approx(ppi.ppi_mean_pointestimate(gold.astype(float), audited, others, lam=tuning)[0])
    assert 1.959964 * error == pytest.approx((high[0] - low[0]) / 2, rel=0.02)
    assert point == pytest.approx(ppi.ppi_mean_pointestimate(gold.astype(float), audited, others)[0], abs=0.1 * error)


def test_wrong_settings_are_refused() -> None:
    gold, probs = np.array([0, 1]), np.full((2, 2), 0.5)
    with pytest.raises(DataError, match="not drawn at random"):
        sample_of(gold, probs, prob=0.0)
    with pytest.raises(ConfigError, match="none of ppi"):
        estimate_shares(sample_of(gold, probs), frame_probs=np.full(2, 0.5), measure=np.ones(2),
                        method="guess")  # type: ignore[arg-type]  # fmt: skip
    with pytest.raises(DataError, match="no audited article"):
        estimate_shares(sample_of(gold, probs), frame_probs=np.full(2, 0.5), measure=np.zeros(2))
    with pytest.raises(ConfigError, match="number of articles"):
        estimate_shares(sample_of(gold, probs), frame_probs=np.full(2, 0.5), measure=np.ones(2), method="dsl")


@pytest.mark.slow
def test_intervals_hold_the_truth_where_the_uncorrected_share_does_not() -> None:
    rng = np.random.default_rng(7)
    hits, naive, n_archives = np.zeros(4), np.zeros(4), 400
    for _ in range(n_archives):
        archive = simulate(rng, n=5_000)
        truth, rows = archive.one_hot.mean(axis=0), rng.choice(5_000, 200, replace=False)
        found = estimate_shares(sample_of(archive.gold[rows], archive.probs[rows], prob=200 / 5_000),
                                measure=np.ones(200), frame_probs=archive.probs.mean(axis=0))  # fmt: skip
        hits += (found.low <= truth) & (truth <= found.high)
        naive += abs(np.bincount(archive.stance, minlength=4) / 5_000 - truth) < 0.01
    assert np.all(hits / n_archives > 0.92)
    assert np.all(hits / n_archives < 0.985)
    assert np.mean(naive / n_archives) < 0.5
