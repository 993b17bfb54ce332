from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xjstance.labels.audit_sample import (
    draw_audit_sample,
    frame_sha256,
    proportional_sizes,
    read_queue,
    write_queue,
)  # fmt: skip
from xjstance.labels.errors import ConfigError, DataError

IDS = [f"a{n}" for n in range(100)]
HASHES = [f"{n:064x}" for n in range(100)]
STRATA = ["en"] * 80 + ["ug-Arab"] * 20


def test_sample_has_the_sizes_and_probabilities_of_its_strata() -> None:
    items = draw_audit_sample(IDS, HASHES, STRATA, frame="f", sizes={"en": 8, "ug-Arab": 30},
                              rng=np.random.default_rng(1))  # fmt: skip
    english = [item for item in items if item.stratum == "en"]
    assert len(english) == 8 and {item.inclusion_prob for item in english} == {0.1}
    assert len(items) == 28 and {item.inclusion_prob for item in items if item.stratum == "ug-Arab"} == {1.0}
    assert [item.id for item in items] == sorted((item.id for item in items), key=IDS.index)


def test_every_article_of_a_stratum_is_drawn_equally_often() -> None:
    rng = np.random.default_rng(2)
    counts = dict.fromkeys(IDS[80:], 0)
    for _ in range(2_000):
        for item in draw_audit_sample(IDS, HASHES, STRATA, frame="f", sizes={"ug-Arab": 5}, rng=rng):
            counts[item.id] += 1
    assert min(counts.values()) > 420 and max(counts.values()) < 580


@pytest.mark.parametrize("name", ["queue.csv", "queue.jsonl"])
def test_queue_survives_its_file(tmp_path: Path, name: str) -> None:
    items = draw_audit_sample(IDS, HASHES, STRATA, frame="f", sizes={"en": 3}, rng=np.random.default_rng(3))
    write_queue(items, tmp_path / name)
    assert read_queue(tmp_path / name) == items


def test_broken_queue_and_unknown_stratum_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    path.write_text("id,text_sha256,frame,stratum,reason\na,b,c,d,e\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"queue\.csv:1: column 'inclusion_prob' is missing"):
        read_queue(path)
    with pytest.raises(ConfigError, match="no article is in stratum 'fr'"):
        draw_audit_sample(IDS, HASHES, STRATA, frame="f", sizes={"fr": 3}, rng=np.random.default_rng(3))


def test_frame_depends_on_contents_and_model_not_on_order() -> None:
    one = frame_sha256(HASHES, model="m@1", codebook="c@1")
    assert one == frame_sha256(reversed(HASHES), model="m@1", codebook="c@1")
    assert one != frame_sha256(HASHES[:-1], model="m@1", codebook="c@1")
    assert one != frame_sha256(HASHES, model="m@2", codebook="c@1")


def test_proportional_sizes_leave_no_stratum_without() -> None:
    assert proportional_sizes(["a"] * 990 + ["b"] * 9 + ["c"], 100) == {"a": 99, "b": 2, "c": 1}
