"""Label Studio's and Argilla's own software takes our files and gives the labels back.

Both pin versions of their own: the tests run a Python that has them, named by XJSTANCE_TEST_LABEL_STUDIO (a virtual
environment with label-studio-sdk) and XJSTANCE_TEST_ARGILLA (argilla, requests).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from tests.review_data import Desk, labels_in
from xjstance.__main__ import main
from xjstance.labels.codebook import Codebook
from xjstance.labels.store import Database

pytestmark = pytest.mark.slow


def through(judged: Desk, folder: Path, kind: str, variable: str, script: str, *more: str) -> list[tuple[object, ...]]:
    """Labels after an export, a script of the other side that writes `back.json`, and an import."""
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"{variable} names no Python that has the other side's software")
    file, store = folder / "tasks.json", str(folder / "other.db")
    assert main(["labels", "export", judged.where, "-o", str(file), "--format", kind, "--with-text"]) == 0
    done = subprocess.run([python, "-c", script, str(folder), *more], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (back,) = (folder / "back").glob("*.json")
    assert main(["labels", "import", store, str(back), "--format", kind, "--queue", "again"]) == 0
    database = Database.open(store)
    found = labels_in(database)
    database.close()
    return found


_LABEL_STUDIO = """
import json, sys
from label_studio_sdk.converter import Converter
from label_studio_sdk.label_interface import LabelInterface
folder = sys.argv[1]
config = open(folder + "/tasks.config.xml", encoding="utf-8").read()
tasks = json.load(open(folder + "/tasks.json", encoding="utf-8"))
interface = LabelInterface(config)
interface.validate()
for number, task in enumerate(tasks, 1):
    assert interface.validate_task({"data": task["data"]})
    assert all(interface.validate_annotation(one) for one in task["annotations"])
    assert all(interface.validate_prediction(one) for one in task["predictions"])
    task["id"] = number
    for at, one in enumerate(task["annotations"]):
        one["id"] = number * 10 + at
json.dump(tasks, open(folder + "/full.json", "w"))
Converter(config=config, project_dir=None, download_resources=False).convert(
    folder + "/full.json", folder + "/back", "JSON", is_dir=False)
"""


def test_label_studios_own_converter_takes_the_tasks_and_gives_them_back(judged: Desk, tmp_path: Path) -> None:
    found = through(judged, tmp_path, "label-studio", "XJSTANCE_TEST_LABEL_STUDIO", _LABEL_STUDIO)
    assert found == labels_in(judged.database)


_ARGILLA = """
import sys
from pathlib import Path
from unittest.mock import MagicMock
import argilla
from argilla.records._io import JsonIO
folder, labels = Path(sys.argv[1]), sys.argv[2:]
client = MagicMock()  # there is no server
argilla.Argilla._get_default = classmethod(lambda cls: client)
settings = argilla.Settings(
    fields=[argilla.TextField("title", required=False), argilla.TextField("text")],
    questions=[argilla.LabelQuestion("stance", labels=labels), argilla.TextQuestion("note", required=False)])
settings.validate()
dataset = argilla.Dataset(name="review", settings=settings, client=client)
names = {one.name for one in settings.questions}
records = JsonIO._records_from_json(folder / "tasks.json")
for model in dataset.records._ingest_records(records):  # what the client would send: checked by its own models
    sent = model.model_dump()
    assert sent["fields"]["text"] and len(sent["responses"]) >= 1
    assert {name for one in sent["responses"] for name in one["values"]} <= names
    assert all(one["values"]["stance"]["value"] in labels for one in sent["responses"])
    assert [one["question_name"] for one in sent["suggestions"]] == ["stance"]
(folder / "back").mkdir()
JsonIO.to_json(records, folder / "back" / "records.json")
"""


def test_argillas_own_client_takes_the_records_and_gives_them_back(judged: Desk, tmp_path: Path) -> None:
    found = through(judged, tmp_path, "argilla", "XJSTANCE_TEST_ARGILLA", _ARGILLA, *Codebook.load().labels)
    assert found == labels_in(judged.database)
