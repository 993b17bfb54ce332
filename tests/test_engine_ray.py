"""The Ray engine on a real cluster of two nodes: equal to the local engine, also when a node is killed."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fake_classifier import IDENTITY, FakeClassifier, fail_to_load, make_fake
from xjstance.__main__ import main
from xjstance.inference.archive import Archive
from xjstance.inference.chunks import ChunkSizes
from xjstance.inference.classify_archive import RunResult, classify_archive
from xjstance.inference.columns import ColumnMapping
from xjstance.inference.engine_local import Engine
from xjstance.inference.engine_ray import RayEngine
from xjstance.inference.protocol import ClassifierFactory
from xjstance.labels.errors import ConfigError, ModelError
from xjstance.labels.records import Article, Prediction

if TYPE_CHECKING:
    from xjstance.models.bundle import Bundle

ray = pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray leaves pipes of its processes to the garbage collector
    pytest.mark.filterwarnings("ignore:.*unclosed.*:pytest.PytestUnraisableExceptionWarning"),
]

SIZES = ChunkSizes(part_articles=40, chunk_articles=8)


@dataclass
class TwoNodes:
    """A head that holds this process, and another node."""

    address: str
    head: str
    """Id of the head's node."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[TwoNodes]:
    from ray.cluster_utils import Cluster

    quick = {
        "worker_niceness": 0,
        "health_check_initial_delay_ms": 0,
        "health_check_period_ms": 500,
        "health_check_failure_threshold": 4,
    }
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "_system_config": quick})
    head = cluster.head_node.node_id if cluster.head_node else ""
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    yield TwoNodes(address=cluster.address, head=head)
    if ray.is_initialized():
        ray.shutdown()
    cluster.shutdown()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class NodeKiller:
    """Makes classifiers: the one on the second node kills it over a chunk, the head waits for that."""

    head: str
    marker: Path

    def __call__(self) -> FakeClassifier:
        return _Killing(self.head, self.marker)


class _Killing(FakeClassifier):
    def __init__(self, head: str, marker: Path) -> None:
        super().__init__()
        self._is_head = ray.get_runtime_context().get_node_id() == head
        self._marker = marker

    def classify_articles(self, articles: Sequence[Article]) -> list[Prediction]:
        if not self._is_head and not self._marker.exists():
            self._marker.touch()
            os.kill(os.getppid(), signal.SIGKILL)  # the node's own process
            os.kill(os.getpid(), signal.SIGKILL)
        while not self._marker.exists():
            threading.Event().wait(0.01)
        return super().classify_articles(articles)


def archive(folder: Path, n: int = 150) -> Archive:
    path = folder / "archive.jsonl"
    rows = [
        {"id": f"a{at}", "text": f"Report {at % 90} from the region. {'More words. ' * (at % 7)}"} for at in range(n)
    ]
    rows[30] = {"id": "bad", "text": "boom"}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Archive.open([str(path)], columns=ColumnMapping())


def run(folder: Path, output: Path, factory: ClassifierFactory, engine: Engine | None) -> RunResult:
    return classify_archive(archive(folder), factory, identity=IDENTITY, output=output, sizes=SIZES, engine=engine)


def parts(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [*sorted(folder.glob("*.parquet")), folder / "rejected.jsonl"]}


def test_rows_are_those_of_the_local_engine_and_finished_parts_are_skipped(nodes: TwoNodes, tmp_path: Path) -> None:
    engine = RayEngine(address=nodes.address)
    local = run(tmp_path, tmp_path / "local", make_fake, None)
    found = run(tmp_path, tmp_path / "ray", make_fake, engine)
    assert found.counts.to_dict() == local.counts.to_dict()
    assert parts(tmp_path / "ray") == parts(tmp_path / "local")
    (tmp_path / "ray" / "part-00002.parquet").unlink()
    run(tmp_path, tmp_path / "ray", make_fake, engine)
    assert (tmp_path / "ray" / "run.json").exists()
    rows = sum(len(ids) for ids in _ids(tmp_path / "ray").values())
    assert rows == 150
    again = run(tmp_path, tmp_path / "ray", fail_to_load, engine)  # nothing is left, so no model is made
    assert again.counts.n_rows == 150
    assert not ray.is_initialized()


def _ids(folder: Path) -> dict[str, list[str]]:
    import pyarrow.parquet as pq

    return {path.name: pq.read_table(path)["id"].to_pylist() for path in sorted(folder.glob("part-*.parquet"))}


def test_model_that_cannot_be_loaded_stops_the_run_with_its_message(nodes: TwoNodes, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="fetch the bundle again"):
        run(tmp_path, tmp_path / "out", fail_to_load, RayEngine(address=nodes.address))


def test_missing_gpus_and_clusters_are_refused_in_words(nodes: TwoNodes, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no GPU"):
        run(tmp_path, tmp_path / "out", make_fake, RayEngine(address=nodes.address, is_gpu=True))
    assert main(["classify", "x.jsonl", "--ray-address", "auto"]) == 1
    assert main(["classify", "x.jsonl", "--engine", "spark"]) == 1
    assert main(["classify", "x.jsonl", "--engine", "ray", "--device", "cuda:1"]) == 1


def test_command_gives_the_same_file_with_a_real_bundle(nodes: TwoNodes, tiny_bundle: Bundle, tmp_path: Path) -> None:
    archive(tmp_path, 40)
    command = [
        "classify",
        str(tmp_path / "archive.jsonl"),
        "--model",
        str(tiny_bundle.folder),
        "--language",
        "en",
        "-q",
    ]
    assert main([*command, "-o", str(tmp_path / "a.parquet"), "--processes", "1"]) == 0
    assert main([*command, "-o", str(tmp_path / "b.parquet"), "--engine", "ray", "--ray-address", nodes.address]) == 0
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_killed_node_costs_only_time(nodes: TwoNodes, tmp_path: Path, caplog: Any) -> None:
    run(tmp_path, tmp_path / "local", make_fake, None)
    factory = NodeKiller(head=nodes.head, marker=tmp_path / "killed")
    run(tmp_path, tmp_path / "ray", factory, RayEngine(address=nodes.address, n_actors=2))
    assert (tmp_path / "killed").exists()
    assert any("was lost" in record.message for record in caplog.records)
    assert parts(tmp_path / "ray") == parts(tmp_path / "local")
