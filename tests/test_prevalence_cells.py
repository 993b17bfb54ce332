"""Cuts, audits and suppression on a small run of files, against loops over the same rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from tests.simulated_run import LABELS, write_audit, write_run
from xjstance.inference.audit_plan import describe_plan, draw_plan, neyman_sizes, plan_audit
from xjstance.inference.audited_labels import AuditedLabels, DrawnSample, read_audit
from xjstance.inference.compare_runs import compare_runs
from xjstance.inference.prevalence import PrevalenceSettings, estimate_cut
from xjstance.inference.prevalence_audit import PreparedAudit, prepare_audit
from xjstance.inference.prevalence_contrasts import difference, trend
from xjstance.inference.prevalence_cuts import Cut, count_cut
from xjstance.inference.prevalence_errors import error_directions, estimate_confusion
from xjstance.inference.prevalence_source import PredictionSource, connect
from xjstance.inference.prevalence_table import PredictionTable, build_table
from xjstance.inference.prevalence_units import independent_units
from xjstance.inference.write_tables import csv_cell
from xjstance.labels.audit_sample import QueueItem, frame_sha256
from xjstance.labels.errors import ConfigError, DataError

SETTINGS = PrevalenceSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """A run of 6,000 articles in five languages, and an audit of 600."""

    run: Path
    audit: Path
    rows: list[dict[str, Any]]
    truth: dict[str, Any]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(11)
    truth = write_run(folder / "run", n=6_000, rng=rng, n_languages=5, n_months=6, n_outlets=40)
    write_audit(folder / "audit.jsonl", truth, n=600, rng=rng)
    rows = pq.read_table(folder / "run" / "part-00000.parquet").to_pylist()
    clusters = {row["text_sha256"]: row["cluster_id"] for row in pq.read_table(folder / "run" / "clusters.parquet").to_pylist()}  # fmt: skip  # noqa: E501
    for row in rows:
        row["story"] = clusters[row["text_sha256"]]
    return Files(run=folder / "run", audit=folder / "audit.jsonl", rows=rows, truth=truth)


@pytest.fixture
def table(files: Files) -> Iterator[PredictionTable]:
    connection = connect()
    yield build_table(PredictionSource.open(files.run), connection,
                      outlets=files.run.parent / "run-outlets.csv")  # fmt: skip
    connection.close()


@pytest.fixture
def audit(files: Files, table: PredictionTable) -> PreparedAudit:
    return prepare_audit(read_audit([files.audit], codebook=None, labels=LABELS), table)


def loop_cells(rows: list[dict[str, Any]]) -> dict[tuple[str, str | None], dict[str, Any]]:
    """Counts and mean probabilities by language and month, both ways of counting, row by row."""
    cells: dict[tuple[str, str | None], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["status"] == "scored":
            tag = row["language"] if row["language"] not in ("zh", "ug") else f"{row['language']}-{row['script']}"
            cells[tag, row["date"][:7] if row["date"] else None].append(row)
    found = {}
    for key, members in cells.items():
        stories = defaultdict(list)
        for row in members:
            stories[row["story"]].append(row)
        published = np.mean([[row[f"p_{label}"] for label in LABELS] for row in members], axis=0)
        once = np.mean([np.mean([[row[f"p_{label}"] for label in LABELS] for row in story], axis=0)
                        for story in stories.values()], axis=0)  # fmt: skip
        found[key] = {"n": len(members), "stories": len(stories), "published": published, "once": once}
    return found


def test_cells_are_what_a_loop_over_the_rows_gives(files: Files, table: PredictionTable) -> None:
    expected = loop_cells(files.rows)
    found = count_cut(table, Cut(by=("language", "month")))
    assert set(found.cells) == set(expected)
    for key, both in found.cells.items():
        wanted = expected[key]  # type: ignore[index]
        assert both["as_published"].n_articles == wanted["n"]
        assert both["once_per_story"].n_stories == wanted["stories"]
        np.testing.assert_allclose(both["as_published"].probs, wanted["published"], atol=1e-6)
        np.testing.assert_allclose(both["once_per_story"].probs, wanted["once"], atol=1e-6)


def test_frame_is_named_as_queues_name_it(files: Files, table: PredictionTable) -> None:
    shas = [row["text_sha256"] for row in files.rows if row["status"] == "scored"]
    assert table.frame() == frame_sha256(shas, model=table.model, codebook=table.codebook)


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_other_forms_give_the_same_cells(files: Files, table: PredictionTable, tmp_path: Path, ending: str) -> None:
    rows = [{key: value for key, value in row.items() if key != "story"} for row in files.rows[:500]]
    plain = pa.Table.from_pylist(rows)
    pq.write_table(plain, tmp_path / "some.parquet")
    other = tmp_path / f"some.{ending}"
    if ending == "jsonl":
        other.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        cells = [{key: str(csv_cell(value)) for key, value in row.items()} for row in rows]
        pa_csv.write_csv(pa.Table.from_pylist(cells), other)
    counted = []
    for path in (tmp_path / "some.parquet", other):
        connection = connect()
        counted.append(count_cut(build_table(PredictionSource.open(path), connection), Cut(by=("outlet",))))
        connection.close()
    assert set(counted[0].cells) == set(counted[1].cells)
    for key, both in counted[0].cells.items():
        np.testing.assert_allclose(both["as_published"].probs, counted[1].cells[key]["as_published"].probs, atol=1e-6)


def test_corrected_shares_are_nearer_the_truth_than_the_classifier(files: Files, table: PredictionTable,
                                                                    audit: PreparedAudit) -> None:  # fmt: skip
    truth = np.bincount(files.truth["gold"], minlength=4) / len(files.truth["gold"])
    cell = estimate_cut(table, Cut(), audit, SETTINGS).cell(())
    assert cell.estimate is not None
    assert np.all((cell.estimate.low <= truth) & (truth <= cell.estimate.high))
    assert abs(cell.estimate.shares - truth).sum() < abs(cell.frame.stances - truth).sum()


def test_left_out_language_leaves_the_others_as_they_are(table: PredictionTable, audit: PreparedAudit) -> None:
    whole = estimate_cut(table, Cut(by=("language",)), audit, SETTINGS)
    part = estimate_cut(table, Cut(by=("language",), without=(("language", "zh"),)), audit, SETTINGS)
    assert {cell.key for cell in part.cells} == {cell.key for cell in whole.cells} - {("zh-Hans",), ("zh-Hant",)}
    np.testing.assert_allclose(part.cell(("en",)).frame.probs, whole.cell(("en",)).frame.probs)


def test_small_cells_are_suppressed_with_the_reason(table: PredictionTable, audit: PreparedAudit) -> None:
    found = estimate_cut(table, Cut(by=("language", "month")), audit, SETTINGS)
    reasons = {cell.suppressed.split(", fewer")[0].split(" ", 1)[1] for cell in found.cells if cell.suppressed}
    assert reasons == {"articles", "audited articles"}
    assert all((cell.estimate is None) == (cell.suppressed is not None) for cell in found.cells)


def test_cells_of_few_outlets_are_suppressed_where_outlets_are_the_units(table: PredictionTable,
                                                                        audit: PreparedAudit) -> None:  # fmt: skip
    settings = PrevalenceSettings(units=("article", "outlet"), min_units=100)
    cell = estimate_cut(table, Cut(), audit, settings).cell(())
    assert cell.estimate is None
    assert cell.suppressed is not None and "outlet units, fewer than 100" in cell.suppressed


def test_without_audit_nothing_is_corrected(table: PredictionTable) -> None:
    found = estimate_cut(table, Cut(by=("language",)), None, SETTINGS)
    assert not found.is_corrected
    assert all(cell.estimate is None for cell in found.cells)


def test_difference_is_zero_against_itself_and_wider_than_nothing(table: PredictionTable, audit: PreparedAudit) -> None:
    found = estimate_cut(table, Cut(by=("language",)), audit, SETTINGS)
    design = audit.sample.design
    first, second = found.cell(("en",)), found.cell(("zh-Hans",))
    same = difference(first, first, design, SETTINGS, name="same")
    np.testing.assert_allclose(same.estimate, 0)
    apart = difference(first, second, design, SETTINGS, name="apart")
    assert first.estimate is not None and second.estimate is not None
    np.testing.assert_allclose(apart.estimate, first.estimate.shares - second.estimate.shares)
    assert np.all(apart.high - apart.low > 0)


def test_trend_of_a_straight_line_is_its_slope(table: PredictionTable, audit: PreparedAudit) -> None:
    found = estimate_cut(table, Cut(by=("month",)), audit, SETTINGS)
    slope = trend(found, audit.sample.design, SETTINGS)
    cells = [cell for cell in found.cells if cell.counting == "as_published" and cell.estimate and cell.key[0]]
    shares = np.array([cell.estimate.shares for cell in cells if cell.estimate])
    expected = np.polyfit(np.arange(len(cells)), shares, 1)[0]
    assert slope is not None
    np.testing.assert_allclose(slope.estimate, expected, atol=1e-9)


def test_confusion_and_both_error_directions(audit: PreparedAudit) -> None:
    confusion = estimate_confusion(audit, LABELS, SETTINGS)
    assert confusion.shares.sum() == pytest.approx(1)
    assert confusion.counts.sum() == len(audit.story)
    assert confusion.accuracy.share == pytest.approx(np.trace(confusion.shares))
    whole = error_directions(audit, "group", LABELS, SETTINGS, positive="praising", negative="critical")[0]
    gold = confusion.shares.sum(axis=1)
    assert whole.negative_as_positive.share == pytest.approx(confusion.shares[1, 0] / gold[1])
    assert whole.positive_as_negative.share == pytest.approx(confusion.shares[0, 1] / gold[0])


def changed(files: Files, tmp_path: Path, **values: Any) -> Path:
    """The audit with some values changed in every row."""
    rows = [json.loads(line) | values for line in files.audit.read_text(encoding="utf-8").splitlines()]
    path = tmp_path / "changed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> AuditedLabels:
    return read_audit([path], codebook=None, labels=LABELS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"inclusion_prob": 0.0}, "drawn at random"),
        ({"frame": "f" * 64}, "another run"),
        ({"codebook": "other@1+000000000000"}, "different codebooks"),
        ({"label": "hostile"}, "none of the run's"),
        ({"inclusion_prob": 2.0}, "from 0 to 1"),
    ],
)
def test_audits_that_do_not_fit_are_refused(files: Files, table: PredictionTable, tmp_path: Path,
                                            values: dict[str, Any], message: str) -> None:  # fmt: skip
    with pytest.raises(DataError, match=message):
        prepare_audit(read(changed(files, tmp_path, **values)), table)


def test_file_that_mixes_two_samples_is_refused(files: Files, tmp_path: Path) -> None:
    other = changed(files, tmp_path, inclusion_prob=0.5)
    other.write_text(files.audit.read_text(encoding="utf-8") + other.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(DataError, match="mixes overlapping samples"):
        read_audit([other], codebook=None, labels=LABELS)


def test_two_labels_for_one_article_are_refused(files: Files, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="two labels"):
        read_audit([files.audit, changed(files, tmp_path, label="praising")], codebook=None, labels=LABELS)


def test_sample_of_another_archive_is_refused_also_when_another_run_is_allowed(files: Files, table: PredictionTable,
                                                                                tmp_path: Path) -> None:  # fmt: skip
    path = changed(files, tmp_path, frame="f" * 64)
    assert "another scoring" in " ".join(prepare_audit(read(path), table, other_run=True).warnings)
    with pytest.raises(DataError, match="another archive"):
        prepare_audit(read(changed(files, tmp_path, frame="f" * 64, text_sha256="a" * 64)), table, other_run=True)


def test_audit_of_one_class_and_of_lone_strata_warns(files: Files, table: PredictionTable, tmp_path: Path) -> None:
    found = prepare_audit(read(changed(files, tmp_path, label="neutral")), table)
    assert found.warnings[0].startswith("All audited articles are neutral")
    rows = [json.loads(line) for line in files.audit.read_text(encoding="utf-8").splitlines()][:40]
    rows[0]["stratum"] = "alone"
    path = tmp_path / "few.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert any("one audited article (alone)" in text for text in prepare_audit(read(path), table).warnings)


def test_sample_that_was_chosen_by_what_it_says_is_told(files: Files, table: PredictionTable, audit: PreparedAudit,
                                                        tmp_path: Path) -> None:  # fmt: skip
    assert not any("does not look like" in text for text in audit.warnings)
    rows = [json.loads(line) for line in files.audit.read_text(encoding="utf-8").splitlines()]
    n = sum(row["status"] == "scored" for row in files.rows)
    picked = [row | {"stratum": "all"} for row in rows if row["label"] == "critical"]
    picked = [row | {"inclusion_prob": len(picked) / n} for row in picked]
    path = tmp_path / "picked.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in picked), encoding="utf-8")
    told = [text for text in prepare_audit(read(path), table).warnings if "does not look like the archive" in text]
    assert len(told) == 1 and "chosen by hand" in told[0]


@pytest.mark.parametrize(
    "values",
    [{"p_critical": float("nan")}, {"p_critical": None}, {"p_critical": -3.0}, {"p_critical": float("inf")},
     {"stance": None}, {"stance": "<b>other"}],
)  # fmt: skip
def test_damaged_rows_are_refused_with_an_example(files: Files, tmp_path: Path, values: dict[str, Any]) -> None:
    plain = pq.read_table(files.run / "part-00000.parquet")
    rows = plain.to_pylist()
    at = next(place for place, row in enumerate(rows) if row["status"] == "scored")
    rows[at] |= values
    pq.write_table(pa.Table.from_pylist(rows, schema=plain.schema), tmp_path / "damaged.parquet")
    connection = connect()
    with pytest.raises(DataError, match=rf"1 scored rows have no label .*one is '{rows[at]['id']}'"):
        build_table(PredictionSource.open(tmp_path / "damaged.parquet"), connection)
    connection.close()


def test_unread_articles_weigh_on_the_read_ones(files: Files, table: PredictionTable, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in files.audit.read_text(encoding="utf-8").splitlines()]
    for row in rows[::2]:
        row["label"] = ""
    path = tmp_path / "half.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = prepare_audit(read(path), table)
    assert found.n_unread == (len(rows) + 1) // 2
    n = sum(row["status"] == "scored" for row in files.rows)
    assert np.sum(1 / found.sample.design.inclusion_prob) == pytest.approx(n, rel=1e-6)


def labelled_sample(files: Files, rows: list[dict[str, Any]], prob: float) -> AuditedLabels:
    """An audit of the given rows."""
    gold = dict(zip(files.truth["ids"].tolist(), files.truth["gold"].tolist(), strict=True))
    frame = json.loads(files.audit.read_text(encoding="utf-8").splitlines()[0])["frame"]
    return labelled_items([QueueItem(id=row["id"], text_sha256=row["text_sha256"], frame=frame, stratum="all",
                                     inclusion_prob=prob, reason="audit") for row in rows], gold)  # fmt: skip


def labelled_items(items: list[QueueItem], gold: dict[str, int]) -> AuditedLabels:
    """One sample, read whole."""
    labels = {(item.id, item.text_sha256): LABELS[gold[item.id]] for item in items}
    return AuditedLabels(samples=(DrawnSample(name="test", items=tuple(items)),), labels=labels, source="test")


def test_units_follow_from_what_was_drawn(files: Files, table: PredictionTable) -> None:
    scored = [row for row in files.rows if row["status"] == "scored"]
    rng = np.random.default_rng(12)
    articles = [scored[at] for at in rng.choice(len(scored), 300, replace=False)]

    def units_of(rows: list[dict[str, Any]], prob: float) -> tuple[str, ...]:
        return independent_units(table, prepare_audit(labelled_sample(files, rows, prob), table))[0]

    assert units_of(articles, 300 / len(scored)) == ("article",)
    stories = sorted({row["story"] for row in scored})
    drawn = {stories[at] for at in rng.choice(len(stories), 200, replace=False)}
    whole = [row for row in scored if row["story"] in drawn]
    assert "story" in units_of(whole, 200 / len(stories))
    few = [row for row in scored if row["outlet"] in {f"outlet{value:04}.example" for value in range(3)}]
    assert "outlet" in units_of(few, 0.1)


def test_reports_by_person_are_refused(files: Files, table: PredictionTable) -> None:
    with pytest.raises(ConfigError, match="never grouped by person"):
        build_table(table.source, table.connection, dimensions=["author"])


def test_neyman_sizes_give_the_wanted_variance() -> None:
    counts, deviations = np.array([1000.0, 4000, 20]), np.array([0.5, 0.1, 0.5])
    sizes = neyman_sizes(counts, deviations, variance=0.0001)
    assert sizes[2] <= 20
    variance = np.sum((counts / counts.sum()) ** 2 * deviations**2 / sizes * (1 - sizes / counts))
    assert variance <= 0.0001 * 1.0001
    assert sizes[0] > sizes[1]  # a quarter of the articles, five times the spread


def test_plan_is_drawn_from_the_run_and_reaches_its_width(files: Files, table: PredictionTable,
                                                           audit: PreparedAudit) -> None:  # fmt: skip
    plan = plan_audit(table, (Cut(by=("language",)),), half_width=0.06, pilot=audit)
    items = draw_plan(table, plan, rng=np.random.default_rng(1))
    assert len(items) == plan.n
    assert plan.n == int(next(describe_plan(plan)).split(" ")[0].replace(",", ""))
    known = {(row["id"], row["text_sha256"]) for row in files.rows if row["status"] == "scored"}
    assert {(item.id, item.text_sha256) for item in items} <= known
    assert {item.frame for item in items} == {table.frame()}
    gold = dict(zip(files.truth["ids"].tolist(), files.truth["gold"].tolist(), strict=True))
    labels = labelled_items(items, gold)
    found = estimate_cut(table, Cut(by=("language",)), prepare_audit(labels, table), SETTINGS)
    halves = [(cell.estimate.high - cell.estimate.low).max() / 2 for cell in found.cells
              if cell.estimate and cell.counting == "as_published"]  # fmt: skip
    assert len(halves) == len({stratum.group for stratum in plan.strata})
    assert max(halves) < 1.4 * 0.06
    assert np.mean(halves) < 1.15 * 0.06


def test_comparison_of_a_run_with_itself_finds_nothing_and_with_another_names_articles(
        files: Files, table: PredictionTable, tmp_path: Path) -> None:  # fmt: skip
    assert compare_runs(table, PredictionSource.open(files.run))["label changed"] == 0
    rows = pq.read_table(files.run / "part-00000.parquet").to_pylist()
    at = next(place for place, row in enumerate(rows) if row["stance"] == "critical")
    rows[at]["stance"] = "praising"
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "other.parquet")
    found = compare_runs(table, PredictionSource.open(tmp_path / "other.parquet"))
    assert found["label changed"] == 1
    assert found["examples"][0] | {"earlier_prob": None, "later_prob": None} == {
        "id": rows[at]["id"], "earlier": "praising", "later": "critical", "earlier_prob": None, "later_prob": None,
    }  # fmt: skip
