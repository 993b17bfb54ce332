"""Several audit samples of one run: weights from all of them, overlaps, pieces, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.simulated_archive import simulate
from tests.simulated_run import LABELS, write_run
from xjstance.inference.audit_plan import draw_plan, plan_audit
from xjstance.inference.audited_labels import AuditedLabels, join_audits, read_audit
from xjstance.inference.estimators import AuditSample, estimate_shares
from xjstance.inference.estimators_variance import AuditDesign
from xjstance.inference.prevalence import PrevalenceSettings, estimate_cut
from xjstance.inference.prevalence_audit import prepare_audit
from xjstance.inference.prevalence_cuts import Cut
from xjstance.inference.prevalence_source import PredictionSource, connect
from xjstance.inference.prevalence_table import PredictionTable, build_table
from xjstance.labels.audit_sample import QueueItem
from xjstance.labels.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """A run, and two samples of it with their gold labels in files."""

    table: PredictionTable
    truth: dict[str, Any]
    by_language: list[QueueItem]
    by_year: list[QueueItem]
    folder: Path

    def write(self, name: str, items: list[QueueItem]) -> Path:
        """Read every item as the truth has it."""
        gold = dict(zip(self.truth["ids"].tolist(), self.truth["gold"].tolist(), strict=True))
        path = self.folder / f"{name}.jsonl"
        rows = [asdict(item) | {"label": LABELS[gold[item.id]]} for item in items]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    def read(self, *paths: Path) -> AuditedLabels:
        return read_audit(paths, codebook=None, labels=LABELS)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samples]:
    tmp_path = tmp_path_factory.mktemp("samples")
    truth = write_run(tmp_path / "run", n=3_000, rng=np.random.default_rng(5), n_languages=4, n_months=24, n_outlets=30)
    connection = connect()
    table = build_table(PredictionSource.open(tmp_path / "run"), connection)
    drawn = []
    for by, seed, half in (("language", 1, 0.12), ("year", 2, 0.08)):
        plan = plan_audit(table, (Cut(by=(by,)),), half_width=half)
        drawn.append(draw_plan(table, plan, rng=np.random.default_rng(seed)))
    yield Samples(table=table, truth=truth, by_language=drawn[0], by_year=drawn[1], folder=tmp_path)
    connection.close()


def test_two_samples_weigh_one_over_the_sum_of_both_probabilities(samples: Samples) -> None:
    paths = samples.write("language", samples.by_language), samples.write("year", samples.by_year)
    found = prepare_audit(samples.read(*paths), samples.table)
    design = found.sample.design
    assert len(found.story) == len(samples.by_language) + len(samples.by_year)
    assert design.expected is not None
    rate_of_year = {item.stratum: item.inclusion_prob for item in samples.by_year}
    for at, item in enumerate(samples.by_language):
        year, stance = found.dimensions["year"][at], LABELS[found.stance[at]]
        other = rate_of_year[f"{year or '(none)'}/{stance}"]
        assert design.inclusion_prob[at] == item.inclusion_prob
        assert design.expected[at] == pytest.approx(item.inclusion_prob + other)
    assert np.sum(design.weight) == pytest.approx(len(samples.truth["ids"]), rel=0.03)
    assert any("2 samples are used together" in text for text in found.warnings)
    alone = prepare_audit(samples.read(paths[1]), samples.table)
    widths = []
    for audit in (found, alone):
        cell = estimate_cut(samples.table, Cut(), audit, PrevalenceSettings()).cell(())
        assert cell.estimate is not None
        widths.append(float(np.mean(cell.estimate.high - cell.estimate.low)))
    assert widths[0] < widths[1]


def test_part_of_the_archive_drawn_more_densely_is_used_with_the_rest(samples: Samples) -> None:
    dense = [item for item in samples.by_year if item.stratum.startswith("2019/")]
    paths = samples.write("language", samples.by_language), samples.write("dense", dense)
    found = prepare_audit(samples.read(*paths), samples.table)
    assert np.sum(found.sample.design.weight) == pytest.approx(len(samples.truth["ids"]), rel=0.05)


def test_pieces_of_one_sample_are_one_sample(samples: Samples) -> None:
    half = len(samples.by_year) // 2
    paths = samples.write("first", samples.by_year[:half]), samples.write("second", samples.by_year[half:])
    found = prepare_audit(samples.read(*paths), samples.table)
    whole = prepare_audit(samples.read(samples.write("all", samples.by_year)), samples.table)
    assert found.sample.design.expected is None
    assert np.sum(found.sample.design.weight) == pytest.approx(np.sum(whole.sample.design.weight))
    assert any("parts of one sample" in text for text in found.warnings)


def test_one_sample_given_twice_counts_once(samples: Samples) -> None:
    path = samples.write("year", samples.by_year)
    part = samples.write("part", samples.by_year[:20])
    found = prepare_audit(join_audits(samples.read(path), samples.read(part)), samples.table)
    assert len(found.story) == len(samples.by_year)
    assert any("counted once" in text for text in found.warnings)


def test_what_one_sample_read_counts_in_the_other(samples: Samples) -> None:
    both = {item.id for item in samples.by_language} & {item.id for item in samples.by_year}
    assert both
    language, year = samples.write("language", samples.by_language), samples.write("year", samples.by_year)
    rows = [json.loads(line) for line in year.read_text(encoding="utf-8").splitlines()]
    rows = [row | {"label": "" if row["id"] in both else row["label"]} for row in rows]
    year.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert prepare_audit(samples.read(language, year), samples.table).n_unread == 0


def test_samples_of_unknown_strata_are_refused_in_words(samples: Samples) -> None:
    groups = [replace(item, stratum=f"group {item.stratum[-3:]}") for item in samples.by_year]
    paths = samples.write("language", samples.by_language), samples.write("groups", groups)
    with pytest.raises(DataError, match="cannot be told from the run's columns"):
        prepare_audit(samples.read(*paths), samples.table)


def test_samples_that_disagree_or_follow_two_codebooks_are_refused(samples: Samples) -> None:
    first = samples.read(samples.write("year", samples.by_year))
    other = dict.fromkeys(first.labels, "neutral") | {("b", "0" * 64): "neutral"}
    with pytest.raises(DataError, match="settle it first"):
        join_audits(first, replace(first, labels=other))
    with pytest.raises(DataError, match="different codebooks"):
        join_audits(replace(first, codebook="a@1"), replace(first, codebook="b@1"))


def test_pilot_and_later_sample_are_unbiased_and_their_intervals_hold() -> None:
    """300 audits of one archive: a pilot of each label, and a later sample that leaves a part of the archive out."""
    rng = np.random.default_rng(8)
    archive = simulate(rng, n=4_000)
    truth = archive.one_hot.mean(axis=0)
    pilot_stratum, later_stratum = archive.stance, (archive.outlet % 3)
    pilot_sizes = {0: 40, 1: 40, 2: 40, 3: 40}
    later_sizes = {0: 90, 1: 30}  # outlets of the third kind had no chance in the later sample
    n_of = [np.bincount(pilot_stratum, minlength=4), np.bincount(later_stratum, minlength=3)]
    rates = [np.array([pilot_sizes[at] / n_of[0][at] for at in range(4)]),
             np.array([later_sizes.get(at, 0) / n_of[1][at] for at in range(3)])]  # fmt: skip
    expected = rates[0][pilot_stratum] + rates[1][later_stratum]
    estimates, hits = [], np.zeros(4)
    for _ in range(300):
        rows, own, stratum = [], [], []
        for strata, sizes, rate, shift in ((pilot_stratum, pilot_sizes, rates[0], 0),
                                           (later_stratum, later_sizes, rates[1], 10)):  # fmt: skip
            for name, n in sizes.items():
                drawn = rng.choice(np.flatnonzero(strata == name), n, replace=False)
                rows.append(drawn)
                own.append(np.full(n, rate[name]))
                stratum.append(np.full(n, name + shift))
        at = np.concatenate(rows)
        design = AuditDesign(inclusion_prob=np.concatenate(own), stratum=np.concatenate(stratum),
                             expected=expected[at])  # fmt: skip
        found = estimate_shares(
            AuditSample(gold=archive.one_hot[at], probs=archive.probs[at], design=design),
            frame_probs=archive.probs.mean(axis=0), measure=np.ones(len(at)),
        )  # fmt: skip
        estimates.append(found.shares)
        hits += (found.low <= truth) & (truth <= found.high)
    error = np.std(estimates, axis=0) / np.sqrt(300)
    assert np.all(np.abs(np.mean(estimates, axis=0) - truth) < 4 * error + 0.002)
    assert np.all(hits / 300 > 0.91)
    assert np.all(hits / 300 < 0.99)
