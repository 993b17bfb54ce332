"""Agreement from a store: the command and the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")

from tests.review_browser import Browser
from tests.review_data import MODEL, desk, queued
from xjstance.__main__ import main


def test_agreement_of_a_store_counts_blind_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = str(tmp_path / "reviews.db")
    given = [("critical", "critical"), ("neutral", "neutral"), ("praising", "critical"), ("unrelated", "unrelated")]
    with desk(where) as store:
        for name, role in (("ant", "reviewer"), ("bee", "reviewer"), ("owl", "adjudicator")):
            store.hire(name, role)
        store.add([queued(number, tag="ar") for number in range(5)])
        for labels in given:
            for name, label in zip(("ant", "bee"), labels, strict=True):
                item = store.take(name) or 0
                store.judge(name, item, label)
        store.judge("bee", item, "neutral", shown_model=MODEL)
        assert "pair ant bee" in Browser(store, "owl").get(f"/queue/{store.queue}/agreement").text
    assert main(["labels", "agreement", where, "--json", "--resamples", "20"]) == 0
    found = {(row["group"], row["coefficient"]): row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert found["all", "agreement"]["value"] == 0.75
    assert found["all", "agreement"]["articles"] == 4
    assert found["language ar", "alpha"]["value"] == found["all", "alpha"]["value"]
    assert found["pair ant bee", "cohen"]["value"] == pytest.approx(0.6667, abs=1e-4)
    assert main(["labels", "agreement", where, "--queue", "none"]) == 1
    assert "there is no queue 'none'" in capsys.readouterr().err
