"""Counts of a run, the summary table, run.json and the progress line."""

from __future__ import annotations

import io
import json
from datetime import datetime, timezone
from pathlib import Path

from rich.console import Console

from tests.fake_classifier import IDENTITY, LABELS
from xjstance.inference.archive import Archive
from xjstance.inference.progress import ProgressBar, progress_line
from xjstance.inference.run_counts import RunCounts
from xjstance.inference.run_record import run_record
from xjstance.inference.summary import summary_table
from xjstance.labels.records import Prediction, RejectedRecord


def counts() -> RunCounts:
    found = RunCounts()
    for language, script, stance, n in (("ug", "Arab", "praising", 3), ("ug", "Cyrl", "neutral", 1),
                                        ("en", "Latn", "critical", 2)):  # fmt: skip
        for at in range(n):
            probs = tuple(float(label == stance) for label in LABELS)
            found.add_row(Prediction(id=f"{language}{at}", status="scored", text_sha256="0", language=language,
                                     script=script, stance=stance, probs=probs, n_tokens=10, n_tokens_read=8,
                                     duplicate_of="x" if at else None))  # fmt: skip
    found.add_row(Prediction(id="e", status="empty", text_sha256="0", language="zxx", script="Zyyy"))
    for line in range(7):
        found.add_rejected(RejectedRecord(file="x.jsonl", line=line + 1, reason="is not JSON"))
    return found


def shown(table: object) -> list[list[str]]:
    stream = io.StringIO()
    Console(file=stream, width=200).print(table)
    return [line.replace("│", " ").replace("┃", " ").split() for line in stream.getvalue().splitlines()]


def test_counts_add_up_by_status_language_and_stance() -> None:
    found = counts().to_dict()
    assert found["by_status"] == {"scored": 6, "unrouted": 0, "empty": 1, "rejected": 0}
    assert found["by_stance"] == {"praising": 3, "critical": 2, "neutral": 1}
    assert found["by_language"] == {"en": {"critical": 2}, "ug-Arab": {"praising": 3}, "ug-Cyrl": {"neutral": 1},
                                    "zxx": {"empty": 1}}  # fmt: skip
    assert (found["duplicates"], found["rejected_records"], found["tokens"], found["tokens_read"]) == (3, 7, 60, 48)


def test_counts_name_the_first_five_rejected_records() -> None:
    assert counts().first_rejected == [f"x.jsonl:{line}: is not JSON" for line in range(1, 6)]


def test_counts_compare_the_language_column_with_the_text() -> None:
    found = RunCounts()
    for hint, language, agrees in (
        ("en", "en", True),
        ("English", "ug", False),
        ("en", "ug", False),
        (None, "ug", None),
    ):
        found.add_hint(hint, Prediction(id="a", status="empty", text_sha256="0", language=language, script="Arab",
                                        hint_agrees=agrees))  # fmt: skip
    pairs = {"English in the column, row ug-Arab": 1, "en in the column, row ug-Arab": 1}
    assert found.to_dict()["language_column"] == {"compared": 3, "differ": 2, "pairs": pairs}


def test_summary_has_a_row_a_language_and_a_footer() -> None:
    rows = shown(summary_table(counts(), LABELS))
    assert ["ug-Arab", "3", "3", "·", "·", "·", "·", "·", "·"] in rows
    assert ["en", "2", "·", "2", "·", "·", "·", "·", "·"] in rows
    assert ["all", "7", "3", "2", "1", "·", "·", "1", "·"] in rows


def test_summary_joins_the_languages_beyond_the_limit() -> None:
    rows = shown(summary_table(counts(), LABELS, max_languages=2))
    assert ["2", "more", "2", "·", "·", "1", "·", "·", "1", "·"] in rows


def test_run_record_holds_versions_settings_and_counts() -> None:
    content = run_record(identity=IDENTITY, settings={"seed": 1}, inputs=[{"file": "x", "size_bytes": 3}],
                         counts=counts(), started=datetime(2026, 1, 2, tzinfo=timezone.utc), seconds=1.25)  # fmt: skip
    record = json.loads(content)
    assert (record["model"], record["settings"], record["seconds"]) == (IDENTITY.model, {"seed": 1}, 1.25)
    assert record["started"] == "2026-01-02T00:00:00+00:00"
    assert {"python", "xjstance", "pyarrow", "numpy"} <= set(record["versions"])


def test_progress_line_counts_the_speed_without_an_earlier_run() -> None:
    assert progress_line(counts(), 2.0, n_before=3) == "7 articles · 2.0/s · 6 scored, 1 empty"


def test_progress_bar_draws_at_most_four_times_a_second(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "words"}\n')
    times = iter([0.0, 0.1, 0.2, 0.3, 0.4])
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120)
    with ProgressBar(Archive.open([str(tmp_path / "x.jsonl")]), console=console, clock=lambda: next(times)) as bar:
        for _ in range(4):
            bar(counts())
    assert stream.getvalue().count("7 articles") in (1, 2)  # once by the call at 0.3 s, once when it ends
