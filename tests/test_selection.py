"""What to label next: right inclusion probabilities, quotas, no copies, and errors in words."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.review_data import queued
from tests.test_review_import import items_of
from xjstance.__main__ import main
from xjstance.inference.audited_labels import AuditedLabels, DrawnSample
from xjstance.inference.prevalence_audit import prepare_audit
from xjstance.inference.prevalence_source import PredictionSource, connect
from xjstance.inference.prevalence_table import build_table
from xjstance.inference.selection import SelectionSettings, _Picker, select_articles
from xjstance.inference.selection_frame import ScoredFrame
from xjstance.inference.selection_random import draw_random_share, exact_sizes
from xjstance.inference.selection_texts import N_DIMENSIONS, NEAR_COPY, Floats, Key, text_vector
from xjstance.labels.audit_sample import read_queue
from xjstance.labels.errors import ConfigError, DataError
from xjstance.labels.prediction_table import to_row

LABELS = ("praising", "critical", "neutral", "unrelated")
TAGS = ("en", "zh-Hans", "ug-Arab", "ug-Cyrl")


def frame_of(n: int, *, seed: int = 0, tags: tuple[str, ...] = TAGS) -> ScoredFrame:
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(4, 0.7), n)
    shares = np.array([0.6, 0.3, 0.07, 0.03])[: len(tags)]
    return ScoredFrame(
        ids=[f"a{at:05}" for at in range(n)], text_sha256s=[f"{at:064x}" for at in range(n)],
        tags=np.array(tags)[rng.choice(len(tags), n, p=shares / shares.sum())].tolist(), stances=probs.argmax(1),
        probs=probs, stories=[None] * n, labels=LABELS, sha256="f" * 64, codebook="xinjiang@1+0123456789ab",
    )  # fmt: skip


def write_run(folder: Path, n: int = 20) -> tuple[Path, Path]:
    """Predictions as JSONL and the archive that they are of: articles that are unlike one another."""
    run, archive = folder / "run.jsonl", folder / "archive.jsonl"
    with run.open("w", encoding="utf-8") as rows, archive.open("w", encoding="utf-8") as texts:
        for number in range(n):
            probs = np.random.default_rng(number).dirichlet(np.ones(4)).tolist()
            words = " ".join(f"{value:x}" for value in np.random.default_rng(number).integers(0, 1 << 40, 30).tolist())
            one = queued(number, tag=("en", "zh-Hans")[number % 2], probs=tuple(probs), text=words)
            assert one.prediction is not None
            rows.write(json.dumps(to_row(one.prediction, LABELS)) + "\n")
            texts.write(json.dumps({"id": one.article.id, "title": one.article.title, "text": words}) + "\n")
    return run, archive


def random_vectors(keys: list[Key]) -> Floats:
    found = np.random.default_rng(1).normal(size=(len(keys), 32)).astype(np.float32)
    vectors: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
    return vectors


def test_inclusion_probabilities_are_how_often_articles_are_drawn() -> None:
    frame, n_draws = frame_of(50), 1_500
    drawn, probs = Counter[str](), dict[str, float]()
    for seed in range(n_draws):
        for item in draw_random_share(frame, 32, rng=np.random.default_rng(seed)):
            drawn[item.id] += 1
            probs[item.id] = item.inclusion_prob
    assert set(probs) == set(frame.ids)
    shares = np.array([drawn[name] / n_draws for name in frame.ids])
    promised = np.array([probs[name] for name in frame.ids])
    errors = np.sqrt(promised * (1 - promised) / n_draws)
    assert np.all(np.abs(shares - promised) <= 4.5 * errors + 1e-9)


def test_picks_do_not_change_what_is_drawn() -> None:
    frame, settings = frame_of(300), SelectionSettings(budget=100, random_share=0.5, per_language=5)
    queue = select_articles(frame, settings, random_vectors, rng=np.random.default_rng(8))
    random = sorted((item for item in queue.items if item.inclusion_prob > 0), key=lambda item: item.id)
    assert random == draw_random_share(frame, 50, rng=np.random.default_rng(8))


def test_weighted_random_share_estimates_the_archive_and_the_picks_would_not() -> None:
    frame, settings = frame_of(400), SelectionSettings(budget=80, random_share=0.5)
    truth = (np.random.default_rng(3).random(400) < 0.2 + 0.5 * frame.uncertainty).astype(float)
    by_id = dict(zip(frame.ids, truth.tolist(), strict=True))
    weighted, naive = [], []
    for seed in range(100):
        queue = select_articles(frame, settings, random_vectors, rng=np.random.default_rng(seed))
        random = [item for item in queue.items if item.inclusion_prob > 0]
        weighted.append(sum(by_id[item.id] / item.inclusion_prob for item in random) / 400)
        naive.append(np.mean([by_id[item.id] for item in queue.items]))
    error = np.std(weighted) / np.sqrt(100)
    assert abs(np.mean(weighted) - truth.mean()) < 4 * error
    assert np.mean(naive) - truth.mean() > 0.05


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=60), st.data())
def test_sizes_sum_to_n_and_leave_no_stratum_out(strata: list[str], data: st.DataObject) -> None:
    counts = Counter(strata)
    least = sum(min(2, size) for size in counts.values())
    n = data.draw(st.integers(least, len(strata)))
    sizes = exact_sizes(strata, n)
    assert sum(sizes.values()) == n and set(sizes) == set(counts)
    assert all(min(2, counts[name]) <= size <= counts[name] for name, size in sizes.items())


@pytest.mark.parametrize(("n", "strata"), [(60, 16), (9, 4), (3, 1)])
def test_strata_are_as_fine_as_the_share_affords(n: int, strata: int) -> None:
    frame = frame_of(3_000)
    items = draw_random_share(frame, n, rng=np.random.default_rng(0))
    assert len(items) == n and len({item.stratum for item in items}) == strata
    assert sum(1 / item.inclusion_prob for item in items) == pytest.approx(3_000)


def test_quotas_count_what_was_drawn_and_reasons_add_up() -> None:
    frame = frame_of(500)
    settings = SelectionSettings(budget=100, quotas={"ug": 15, "ug-Cyrl": 6}, diverse_share=0.5)
    queue = select_articles(frame, settings, random_vectors, rng=np.random.default_rng(0))
    tags = dict(zip(frame.ids, frame.tags, strict=True))
    languages = Counter(tags[item.id] for item in queue.items)
    assert languages["ug-Cyrl"] >= 6 and languages["ug-Cyrl"] + languages["ug-Arab"] >= 15
    reasons = Counter(item.reason for item in queue.items)
    assert reasons["audit"] == 20 and sum(reasons.values()) == 100 == len({item.id for item in queue.items})
    assert reasons["quota"] > 0 and abs(reasons["uncertain"] - reasons["diverse"]) <= 1
    picked = [item for item in queue.items if item.reason != "audit"]
    assert all(item.inclusion_prob == 0 and item.stratum == "all" for item in picked)


def test_uncertain_picks_are_uncertain_and_near_copies_are_picked_once() -> None:
    frame = frame_of(200)
    settings = SelectionSettings(budget=30, random_share=0, diverse_share=0)
    same = np.tile(np.eye(1, 8, dtype=np.float32), (200, 1))
    queue = select_articles(frame, settings, lambda keys: same[: len(keys)], rng=np.random.default_rng(0))
    assert len(queue.items) == 1 and queue.items[0].id == frame.ids[int(frame.uncertainty.argmax())]
    assert any("near-copies" in text for text in queue.warnings)
    queue = select_articles(frame, settings, random_vectors, rng=np.random.default_rng(0))
    rows = [frame.ids.index(item.id) for item in queue.items]
    assert frame.uncertainty[rows].mean() > np.quantile(frame.uncertainty, 0.8)


@given(st.integers(0, 10_000))
def test_picks_are_those_of_comparing_every_candidate_each_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, n_taken = int(rng.integers(5, 60)), int(rng.integers(0, 4))
    vectors = rng.normal(size=(n, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    value, among = rng.random(n), rng.random(n) < 0.5
    picker = _Picker(vectors, value, n_taken=n_taken)
    nearness = np.zeros(n)
    for at in range(n_taken):
        nearness = np.maximum(nearness, vectors @ vectors[at])
    is_open, expected = np.arange(n) >= n_taken, []
    for reason, allowed, worth in (("quota", among, value), ("uncertain", True, value), ("diverse", True, np.ones(n))):
        picker.pick(6, reason, among=among if reason == "quota" else None)
        for _ in range(6):
            rows = is_open & (nearness < NEAR_COPY) & allowed
            if rows.any():
                at = int(np.argmax(np.where(rows, worth * (1 - nearness), -1)))
                is_open[at] = False
                nearness = np.maximum(nearness, vectors @ vectors[at])
                expected.append(at)
    assert list(picker.picked) == expected


def test_one_article_of_a_story_and_none_that_was_labelled() -> None:
    frame = frame_of(40)
    stories: list[int | None] = [at // 4 for at in range(40)]
    frame = ScoredFrame(**{name: getattr(frame, name) for name in frame.__slots__} | {"stories": stories})
    known = {(frame.ids[at], frame.text_sha256s[at]) for at in range(0, 40, 4)}
    settings = SelectionSettings(budget=20, random_share=0)
    queue = select_articles(frame, settings, random_vectors, rng=np.random.default_rng(0), known=known)
    told = [stories[frame.ids.index(item.id)] for item in queue.items]
    assert len(told) == len(set(told)) == 10 and not known & {(item.id, item.text_sha256) for item in queue.items}
    assert "only 10 articles can be chosen" in queue.warnings[0]


def test_a_budget_that_does_not_hold_the_quotas_says_what_would() -> None:
    frame, settings = frame_of(500), SelectionSettings(budget=20, quotas={"ug": 15, "en": 5})
    with pytest.raises(ConfigError, match=r"4 are drawn at random and the quotas of 2 languages take 20.*budget of 25"):
        select_articles(frame, settings, random_vectors, rng=np.random.default_rng(0))
    settings = SelectionSettings(budget=25, quotas={"ug": 15, "en": 5})
    assert len(select_articles(frame, settings, random_vectors, rng=np.random.default_rng(0)).items) == 25
    with pytest.raises(DataError, match="no scored article is in 'fr'; there are en"):
        select_articles(frame, SelectionSettings(budget=9, quotas={"fr": 2}), random_vectors,
                        rng=np.random.default_rng(0))  # fmt: skip


def test_vectors_of_copies_are_near_and_of_others_far() -> None:
    one = "Officials praised the new schools, the roads and the cotton harvest in the south of the region."
    assert text_vector(one) @ text_vector(one.replace("cotton", "tomato")) > 0.85
    assert abs(text_vector(one) @ text_vector("外交部发言人周三回答了记者的提问。")) < 0.25
    assert text_vector("").tolist() == [0.0] * N_DIMENSIONS


def test_command_writes_a_queue_that_review_takes_and_report_knows(tmp_path: Path) -> None:
    run, archive = write_run(tmp_path, 40)
    queue, store = tmp_path / "next.jsonl", tmp_path / "reviews.db"
    assert main(["select", str(run), "--archive", str(archive), "--budget", "20", "-o", str(queue)]) == 0
    items = read_queue(queue)
    assert len(items) == 20 and sum(item.inclusion_prob > 0 for item in items) == 4
    arguments = ["review", str(run), "--archive", str(archive), "--store", str(store), "--queue", str(queue)]
    assert main([*arguments, "--import-only"]) == 0
    assert {name for name, _, _ in items_of(store)} == {item.id for item in items}
    assert Counter(reason for _, _, reason in items_of(store)) == Counter(item.reason for item in items)
    connection = connect()
    table = build_table(PredictionSource.open(run), connection)
    audited = AuditedLabels(samples=(DrawnSample(name="next", items=tuple(items)),), source="next",
                            labels={(item.id, item.text_sha256): "neutral" for item in items})  # fmt: skip
    prepared = prepare_audit(audited, table)
    connection.close()
    assert len(prepared.story) == 4 and prepared.n_not_random == 16
    assert not any("stands for" in text for text in prepared.warnings)
    assert float(np.sum(prepared.sample.design.weight)) == pytest.approx(40)


def test_command_repeats_itself_and_leaves_earlier_queues_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, archive = write_run(tmp_path, 40)
    base = ["select", str(run), "--archive", str(archive), "--random-share", "0", "--budget", "15", "-q"]
    first, again, later = (tmp_path / name for name in ("first.csv", "again.csv", "later.csv"))
    assert main([*base, "-o", str(first)]) == main([*base, "-o", str(again)]) == 0
    assert first.read_bytes() == again.read_bytes()
    assert main([*base, "--exclude", str(first), "-o", str(later)]) == 0
    assert not {item.id for item in read_queue(first)} & {item.id for item in read_queue(later)}
    capsys.readouterr()
    assert main(base) == 0
    assert len([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == 15


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "5"], "name it with --archive"),
        (["--archive", "ARCHIVE"], "say with --budget"),
        (["--archive", "ARCHIVE", "--budget", "5", "--quota", "ug"], "write LANGUAGE=NUMBER"),
        (["--archive", "ARCHIVE", "--budget", "5", "-o", "queue.txt"], "written as .csv or .jsonl"),
        (["--archive", "OTHER", "--budget", "5"], "is not in the archive"),
        (["--archive", "CHANGED", "--budget", "5"], "not the one that was scored"),
        (["--suspects", "corpus", "--archive", "ARCHIVE"], "belong to a selection from an archive"),
    ],
)
def test_errors_say_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str],
                               message: str) -> None:  # fmt: skip
    run, archive = write_run(tmp_path)
    other, changed = tmp_path / "other.jsonl", tmp_path / "changed.jsonl"
    other.write_text('{"id": "x", "text": "Another archive."}\n', encoding="utf-8")
    rows = [json.loads(line) for line in archive.read_text(encoding="utf-8").splitlines()]
    changed.write_text("".join(json.dumps(row | {"text": "Changed."}) + "\n" for row in rows), encoding="utf-8")
    names = {"ARCHIVE": str(archive), "OTHER": str(other), "CHANGED": str(changed)}
    assert main(["select", str(run), *(names.get(one, one) for one in arguments)]) == 1
    assert message in capsys.readouterr().err
