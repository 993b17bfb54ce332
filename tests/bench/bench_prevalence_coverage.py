"""How often the report's intervals hold the truth: audits of simulated archives with known shares.

    PYTHONPATH=. python tests/bench/bench_prevalence_coverage.py --archives 4000 --workers 2 \\
        -o tests/bench/results/prevalence_coverage.json

Each row is a design: how the archive is, how the audit is drawn, what is estimated. Each of the archives is drawn
anew, with its own outlets, stories and classifier errors; the truth is the share in that archive.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.simulated_archive import SimulatedArchive, simulate
from xjstance.inference.estimators import AuditSample, Method, estimate_shares
from xjstance.inference.estimators_margins import margins
from xjstance.inference.estimators_variance import AuditDesign, variance_floor

COMMON, RARE, RARER, RAREST = (0.3, 0.25, 0.3, 0.15), (0.05, 0.25, 0.4, 0.3), (0.02, 0.1, 0.4, 0.48), (0.01, 0.05, 0.2, 0.74)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawn:
    """Rows of an audit with their inclusion probabilities and strata."""

    rows: np.ndarray
    prob: np.ndarray
    stratum: np.ndarray
    expected: np.ndarray | None = None
    """Sum of the probabilities in all samples, where there are several."""


def by_article(archive: SimulatedArchive, n: int, rng: np.random.Generator) -> Drawn:
    """A simple random sample of articles."""
    rows = rng.choice(archive.n, n, replace=False)
    return Drawn(rows, np.full(n, n / archive.n), np.zeros(n, dtype=np.int64))


def by_stance(archive: SimulatedArchive, n: int, rng: np.random.Generator) -> Drawn:
    """Stratified by the classifier's label: equal numbers from each, so unequal probabilities."""
    parts = []
    for label in range(4):
        members = np.flatnonzero(archive.stance == label)
        size = min(n // 4, len(members))
        parts.append((rng.choice(members, size, replace=False), size / len(members), label))
    return Drawn(np.concatenate([rows for rows, _, _ in parts]),
                 np.concatenate([np.full(len(rows), prob) for rows, prob, _ in parts]),
                 np.concatenate([np.full(len(rows), label) for rows, _, label in parts]))  # fmt: skip


def twice(archive: SimulatedArchive, n: int, rng: np.random.Generator) -> Drawn:
    """A pilot of a third, equal numbers from each of the classifier's labels, and a later sample in two parts of the
    archive (two thirds of the outlets, one of them more densely), drawn without regard to the pilot."""
    pilot = by_stance(archive, n // 3, rng)
    kind = archive.outlet % 3
    rates = {0: 0.45 * n / np.sum(kind == 0), 1: (n - n // 3 - round(0.45 * n)) / np.sum(kind == 1), 2: 0.0}
    parts = [
        rng.choice(np.flatnonzero(kind == at), round(rates[at] * np.sum(kind == at)), replace=False) for at in (0, 1)
    ]
    pilot_rate = {label: pilot.prob[pilot.stratum == label][0] for label in np.unique(pilot.stratum)}
    rows = np.concatenate([pilot.rows, *parts])
    own = np.concatenate([pilot.prob, *(np.full(len(part), rates[at]) for at, part in enumerate(parts))])
    expected = np.array([pilot_rate[label] for label in archive.stance[rows]]) + np.array(
        [rates[at] for at in kind[rows]]
    )
    return Drawn(rows, own, np.concatenate([pilot.stratum, *(np.full(len(part), 10 + at) for at, part in enumerate(parts))]),
                 expected)  # fmt: skip


def by_pilot(archive: SimulatedArchive, n: int, rng: np.random.Generator) -> Drawn:
    """A pilot of a third, and a later sample that goes where the pilot's residuals were large (Neyman), of the same strata."""
    pilot = by_stance(archive, n // 3, rng)
    residual = np.abs(archive.one_hot[pilot.rows] - archive.probs[pilot.rows]).sum(axis=1)
    labels = np.unique(pilot.stratum)
    members = {label: np.flatnonzero(archive.stance == label) for label in labels}
    doubt = np.array([len(members[label]) * (residual[pilot.stratum == label].std() + 0.05) for label in labels])
    sizes = np.clip(np.round((n - n // 3) * doubt / doubt.sum()), 2, [len(members[label]) for label in labels]).astype(
        int
    )
    later = [rng.choice(members[label], size, replace=False) for label, size in zip(labels, sizes, strict=True)]
    pilot_rate = {label: pilot.prob[pilot.stratum == label][0] for label in labels}
    later_rate = {label: size / len(members[label]) for label, size in zip(labels, sizes, strict=True)}
    rows = np.concatenate([pilot.rows, *later])
    own = np.concatenate(
        [pilot.prob, *(np.full(len(part), later_rate[label]) for label, part in zip(labels, later, strict=True))]
    )
    expected = np.array([pilot_rate[label] + later_rate[label] for label in archive.stance[rows]])
    strata = [np.full(len(part), 10 + label) for label, part in zip(labels, later, strict=True)]
    return Drawn(rows, own, np.concatenate([pilot.stratum, *strata]), expected)


def by_size(archive: SimulatedArchive, n: int, rng: np.random.Generator) -> Drawn:
    """Unequal probabilities within strata: Poisson-like, outlets weighted 1 to 5 by their number."""
    weight = 1.0 + 4 * (archive.outlet % 5) / 4
    prob = np.minimum(n * weight / weight.sum(), 1)
    rows = np.flatnonzero(rng.random(archive.n) < prob)
    return Drawn(rows, prob[rows], np.zeros(len(rows), dtype=np.int64))


def by_story(archive: SimulatedArchive, n: int, rng: np.random.Generator) -> Drawn:
    """A simple random sample of stories; the label counts for all copies."""
    n_stories = int(archive.story.max()) + 1
    rows = np.flatnonzero(np.isin(archive.story, rng.choice(n_stories, n, replace=False)))
    return Drawn(rows, np.full(len(rows), n / n_stories), np.zeros(len(rows), dtype=np.int64))


def by_outlet(archive: SimulatedArchive, n: int, rng: np.random.Generator) -> Drawn:
    """Outlets drawn in proportion to size (systematic), then ten articles of each."""
    sizes = np.bincount(archive.outlet)
    n_outlets = n // 10
    order = rng.permutation(len(sizes))
    ends = np.cumsum(sizes[order])
    points = (rng.random() + np.arange(n_outlets)) * archive.n / n_outlets
    chosen = order[np.searchsorted(ends, points)]
    rows = np.concatenate([rng.choice(np.flatnonzero(archive.outlet == outlet), 10, replace=False)
                           if sizes[outlet] >= 10 else np.flatnonzero(archive.outlet == outlet)
                           for outlet in np.unique(chosen)])  # fmt: skip
    size = sizes[archive.outlet[rows]]
    prob = np.minimum(n_outlets * size / archive.n, 1) * np.minimum(10 / size, 1)
    return Drawn(rows, prob, np.zeros(len(rows), dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One row of the table."""

    name: str
    n: int
    draw: Callable[[SimulatedArchive, int, np.random.Generator], Drawn] = by_article
    archive: dict[str, Any] = field(default_factory=dict)
    units: tuple[str, ...] = ("article",)
    cell: float = 1.0
    """Share of the outlets that form the cell."""
    once_per_story: bool = False
    difference: bool = False
    """Cell minus the rest."""
    methods: tuple[Method, ...] = ("ppi", "dsl", "classical")


def designs() -> list[Design]:
    """All rows."""
    rows = [Design(name=f"accuracy {accuracy}", n=200, archive={"accuracy": accuracy}) for accuracy in (0.6, 0.7, 0.8, 0.9, 0.95)]  # fmt: skip
    rows += [Design(name=f"rare {shares[0]:.0%}", n=n, archive={"shares": shares, "outlet_spread": 40.0})
             for shares, n in ((RARE, 200), (RARE, 1000), (RARER, 200), (RARER, 500), (RARER, 1000), (RAREST, 200), (RAREST, 1000))]  # fmt: skip
    rows += [
        Design(name="hard labels", n=200, archive={"hard": True}),
        Design(
            name="hard labels, accuracy 0.95", n=200, archive={"hard": True, "accuracy": 0.95, "outlet_error": 0.02}
        ),
        Design(name="hard labels, rare 5%", n=200, archive={"hard": True, "shares": RARE, "outlet_spread": 40.0}),
        Design(name="stratified by stance", n=200, draw=by_stance),
        Design(
            name="stratified by stance, rare 5%", n=200, draw=by_stance, archive={"shares": RARE, "outlet_spread": 40.0}
        ),
        Design(name="pilot and later sample together", n=300, draw=twice),
        Design(
            name="pilot and later sample, rare 5%", n=300, draw=twice, archive={"shares": RARE, "outlet_spread": 40.0}
        ),
        Design(name="pilot, later sample where it found doubt", n=300, draw=by_pilot),
        Design(name="unequal probabilities 1 to 5", n=200, draw=by_size),
        Design(name="stories drawn, copies counted", n=200, draw=by_story, units=("article", "story")),
        Design(
            name="stories drawn, rare 5%",
            n=200,
            draw=by_story,
            units=("article", "story"),
            archive={"shares": RARE, "outlet_spread": 40.0},
        ),
        Design(name="30 outlets drawn, 10 each", n=300, draw=by_outlet, units=("article", "story", "outlet")),
        Design(
            name="30 outlets, strong clusters",
            n=300,
            draw=by_outlet,
            units=("article", "story", "outlet"),
            archive={"outlet_spread": 2.0, "outlet_error": 0.15},
        ),
        Design(
            name="60 outlets, strong clusters",
            n=600,
            draw=by_outlet,
            units=("article", "story", "outlet"),
            archive={"outlet_spread": 2.0, "outlet_error": 0.15},
        ),
        Design(name="strong clusters, articles drawn", n=200, archive={"outlet_spread": 2.0, "outlet_error": 0.15}),
        Design(
            name="the same, outlets as units too",
            n=200,
            units=("article", "story", "outlet"),
            archive={"outlet_spread": 2.0, "outlet_error": 0.15},
        ),
        Design(name="cell of a fifth, 200 in it", n=1000, cell=0.2),
        Design(name="once per story", n=200, once_per_story=True),
        Design(name="once per story, stratified", n=400, draw=by_stance, once_per_story=True),
        Design(name="difference of two cells", n=400, cell=0.5, difference=True),
        Design(name="few: 100 articles", n=100),
        Design(name="few: 50 articles", n=50),
        Design(name="few: 30 articles", n=30),
        Design(name="few: 30 articles, rare 5%", n=30, archive={"shares": RARE, "outlet_spread": 40.0}),
        Design(name="few: 10 outlets, 10 each", n=100, draw=by_outlet, units=("article", "story", "outlet")),
    ]
    return rows


def sample_of(archive: SimulatedArchive, drawn: Drawn) -> AuditSample:
    """The audited rows as the estimators take them."""
    clusters = {name: np.unique(codes[drawn.rows], return_inverse=True)[1].astype(np.int64)
                for name, codes in (("story", archive.story), ("outlet", archive.outlet))}  # fmt: skip
    design = AuditDesign(inclusion_prob=drawn.prob, stratum=drawn.stratum, clusters=clusters, expected=drawn.expected)
    return AuditSample(gold=archive.one_hot[drawn.rows], probs=archive.probs[drawn.rows], design=design)


def run(design: Design, *, n_archives: int, seed: int) -> dict[str, Any]:
    """Coverage and mean width by label of each method, over the archives."""
    rng = np.random.default_rng(seed)
    hits = {name: np.zeros(4) for name in (*design.methods, "uncorrected")}
    widths = {name: np.zeros(4) for name in hits}
    bias = {name: np.zeros(4) for name in hits}
    tunings, audited = [], np.zeros(4)
    for _ in range(n_archives):
        archive = simulate(rng, n=max(20 * design.n, 4_000), **design.archive)
        sample = sample_of(archive, drawn := design.draw(archive, design.n, rng))
        cells = [archive.outlet < design.cell * 300]
        if design.difference:
            cells.append(~cells[0])
        measure = 1 / np.bincount(archive.story)[archive.story] if design.once_per_story else np.ones(archive.n)
        signs = (1.0, -1.0)
        truth = sum(
            sign * (measure * cell) @ archive.one_hot / (measure @ cell)
            for sign, cell in zip(signs, cells, strict=False)
        )
        audited += sample.gold[cells[0][drawn.rows]].sum(axis=0)
        for method in design.methods:
            found = [estimate_shares(sample, frame_probs=(measure * cell) @ archive.probs / (measure @ cell),
                                     measure=(measure * cell)[drawn.rows], method=method, units=design.units,
                                     frame_total=float(measure @ cell)) for cell in cells]  # fmt: skip
            if design.difference:
                floor = sum(variance_floor(item.cell_weight, sample.design) for item in found)
                ends = margins(
                    found[0].influence - found[1].influence, sample.design, units=design.units, level=0.95, floor=floor
                )
                point = found[0].shares - found[1].shares
                low, high = point - ends.below, point + ends.above
            else:
                point, low, high = found[0].shares, found[0].low, found[0].high
            hits[method] += (low <= truth) & (truth <= high)
            widths[method] += high - low
            bias[method] += point - truth
            if method == "ppi":
                tunings.append(found[0].tuning)
        naive = [np.eye(4)[archive.stance[cell]].mean(axis=0) for cell in cells]
        point = naive[0] - naive[1] if design.difference else naive[0]
        half = 1.96 * np.sqrt(sum(share * (1 - share) / cell.sum() for share, cell in zip(naive, cells, strict=True)))
        hits["uncorrected"] += abs(point - truth) <= half
        widths["uncorrected"] += 2 * half
        bias["uncorrected"] += point - truth
    return {
        "design": design.name, "n": design.n, "audited_by_label": (audited / n_archives).round(1).tolist(),
        "tuning": round(float(np.mean(tunings)), 2),
        "methods": {name: {"coverage": (hits[name] / n_archives).round(4).tolist(),
                           "width": (widths[name] / n_archives).round(4).tolist(),
                           "bias": (bias[name] / n_archives).round(4).tolist()} for name in hits},
    }  # fmt: skip


def as_markdown(record: dict[str, Any]) -> str:
    """The table for people: lowest and highest coverage of the four labels in per cent, mean width in points."""
    names = list(record["rows"][0]["methods"])
    lines = [f"{record['archives']:,} archives a row, 95 % intervals: lowest to highest coverage of the four labels in per cent, "
             "and the mean width in percentage points.", "",
             f"| design | audited | of the rarest label | {' | '.join(names)} |", f"|---|---:|---:|{'---|' * len(names)}"]  # fmt: skip
    for row in record["rows"]:
        cells = []
        for name in names:
            found = row["methods"][name]
            low, high = 100 * min(found["coverage"]), 100 * max(found["coverage"])
            cells.append(f"{low:.1f} to {high:.1f} ({100 * sum(found['width']) / len(found['width']):.1f})")
        lines.append(f"| {row['design']} | {row['n']:,} | {min(row['audited_by_label']):.0f} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run all rows; print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--archives", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--only", default="")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    started = time.perf_counter()
    record: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(), "python": platform.python_version(),
        "numpy": np.__version__, "date": datetime.now(timezone.utc).date().isoformat(), "archives": arguments.archives,
        "seed": arguments.seed, "level": 0.95, "labels": ["praising", "critical", "neutral", "unrelated"], "rows": [],
    }  # fmt: skip
    chosen = [design for design in designs() if arguments.only in design.name]
    with ProcessPoolExecutor(arguments.workers) as pool:
        for row in pool.map(partial(run, n_archives=arguments.archives, seed=arguments.seed), chosen):
            record["rows"].append(row)
            record["seconds"] = round(time.perf_counter() - started)
            print(as_line(row), flush=True)
            if arguments.output:
                arguments.output.write_text(json.dumps(record) + "\n", encoding="utf-8")
                arguments.output.with_suffix(".md").write_text(as_markdown(record), encoding="utf-8")


def as_line(row: dict[str, Any]) -> str:
    """One row for the screen: lowest and highest coverage of the four labels, and the mean width."""
    told = "  ".join(f"{name} {100 * min(found['coverage']):.1f}-{100 * max(found['coverage']):.1f} w {np.mean(found['width']):.3f}"
                     for name, found in row["methods"].items())  # fmt: skip
    return f"{row['design']:34s} n {row['n']:5d} rarest {min(row['audited_by_label']):6.1f}  {told}"


if __name__ == "__main__":
    main()
