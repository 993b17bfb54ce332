"""Charts as Vega-Lite: what they show, and that no name out of an archive can write into them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.test_report import HOSTILE, Paths, make_paths, report
from xjstance.inference import report_vega
from xjstance.inference.report_chart_parts import Chart
from xjstance.inference.report_chart_style import clean_text, unique_names
from xjstance.inference.report_charts import charts
from xjstance.inference.report_html import render

pytest.importorskip("vl_convert")


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    return make_paths(tmp_path_factory.mktemp("charts"))


@pytest.fixture(scope="module")
def numbers(paths: Paths, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("numbers") / "a.json"
    assert report(paths, place, "--by", "language,month,outlet") == 0
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def drawn(numbers: dict[str, Any]) -> dict[str, Chart]:
    return {chart.name: chart for chart in charts(numbers)}


def rows_of(chart: Chart) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = chart.spec["data"]["values"]
    return rows


def nodes(value: Any) -> Iterator[Any]:
    """Every node of a specification."""
    yield value
    if isinstance(value, dict):
        for item in value.values():
            yield from nodes(item)
    elif isinstance(value, list):
        for item in value:
            yield from nodes(item)


def test_every_simple_cut_has_charts_for_both_ways_of_counting(drawn: dict[str, Chart]) -> None:
    assert set(drawn) == {
        *(f"shares-{number}-{counting}" for number in range(4) for counting in ("as_published", "once_per_story")),
        "balance-2-as_published", "balance-2-once_per_story", "volume", "error-directions",
    }  # fmt: skip


def test_rows_of_a_chart_are_the_numbers_of_the_report(drawn: dict[str, Chart], numbers: dict[str, Any]) -> None:
    cell = next(cell for cell in numbers["cuts"][1]["cells"] if cell["name"] == "en" and not cell["suppressed"])
    rows = rows_of(drawn["shares-1-as_published"])
    [row] = [row for row in rows if (row["cell"], row["label"]) == ("en", "critical")]
    values = cell["shares"]["critical"]
    assert [row[name] for name in ("share", "low", "high", "uncorrected")] == [
        values[name] for name in ("share", "low", "high", "uncorrected")]  # fmt: skip
    assert row["audited"] == cell["audited"]


def test_months_without_a_cell_break_the_line(numbers: dict[str, Any]) -> None:
    cells = numbers["cuts"][2]["cells"]
    gone = sorted(cell["name"] for cell in cells if cell["key"][0])[3]
    for cell in cells:
        if cell["name"] == gone:
            cell["suppressed"] = "too few"
    try:
        found = {chart.name: chart for chart in charts(numbers)}["shares-2-as_published"]
    finally:
        for cell in cells:
            if cell["name"] == gone:
                cell["suppressed"] = None
    assert {row["share"] for row in rows_of(found) if row["date"] == f"{gone}-01"} == {None}


def test_series_are_picked_in_the_legend_and_every_chart_has_tooltips(drawn: dict[str, Chart]) -> None:
    legends = {
        name for name, chart in drawn.items()
        if any(isinstance(node, dict) and node.get("bind") == "legend" for node in nodes(chart.spec))
    }  # fmt: skip
    assert legends == {"shares-2-as_published", "shares-2-once_per_story", "volume", "error-directions"}
    for name, chart in drawn.items():
        assert any(isinstance(node, dict) and "tooltip" in node for node in nodes(chart.spec)), name
        assert bool(chart.hint) == (name in legends)


def test_names_of_the_archive_are_only_ever_data(drawn: dict[str, Chart]) -> None:
    assert any(HOSTILE in row["cell"] for row in rows_of(drawn["shares-3-as_published"]))
    for chart in drawn.values():
        rest = {key: value for key, value in chart.spec.items() if key != "data"}
        assert "alert" not in json.dumps(rest)
        assert not any(isinstance(node, dict) and ("href" in node or "url" in node) for node in nodes(rest))


def test_svg_is_xml_in_which_hostile_names_are_text(drawn: dict[str, Chart]) -> None:
    svg = report_vega.standalone_svg(drawn["shares-3-as_published"])
    found = ElementTree.fromstring(svg)
    assert {node.tag.rpartition("}")[2] for node in found.iter()} <= {"svg", "g", "path", "rect", "text", "line"}
    assert any("</td><s" in (node.text or "") for node in found.iter())  # cut to the width that labels have
    assert report_vega.to_png(svg).startswith(b"\x89PNG")


def test_names_that_xml_forbids_or_that_turn_the_text_around_are_cleaned() -> None:
    assert clean_text("a\x00b\x1bc") == "a\ufffdb\ufffdc"
    assert clean_text("evil\u202egro.elpmaxe\n  x") == "evilgro.elpmaxe x"
    assert clean_text("روزنامه\u200cها") == "روزنامه\u200cها"  # the joiner shapes the word
    assert unique_names(["x" * 90 + "1", "x" * 90 + "2", ""], ["", " †", ""]) == [
        "x" * 59 + "…", "x" * 59 + "… †", "(blank)"]  # fmt: skip
    assert unique_names(["a", "a", "a"]) == ["a", "a (2)", "a (3)"]


def test_json_in_a_page_cannot_end_its_script() -> None:
    text = report_vega.embedded({"cell": "</script><!--\u2028<script>"})
    assert "<" not in text and "\u2028" not in text
    assert json.loads(text) == {"cell": "</script><!--\u2028<script>"}


def test_policy_of_the_page_names_exactly_its_scripts_and_no_eval(numbers: dict[str, Any]) -> None:
    page = render(numbers).html
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    assert len(scripts) == 3
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert re.findall(r"'sha256-([^']+)'", policy) == digests
    assert "unsafe-eval" not in policy and policy.startswith("default-src 'none'")
    assert "University of Washington" in page


def test_page_shows_each_chart_with_words_before_any_script_runs(numbers: dict[str, Any]) -> None:
    page = render(numbers).html
    places = re.findall(r'<div class="scroll chart" role="img" data-chart="([\w-]+)" aria-label="([^"]+)"><svg', page)
    assert {name for name, _ in places} == {chart.name for chart in charts(numbers)}
    assert all(len(told) > 30 for _, told in places)


def test_without_the_extra_the_page_keeps_its_tables_and_says_what_to_install(
        numbers: dict[str, Any], paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.setattr(report_vega, "_converter", lambda: None)
    page = render(numbers)
    assert report_vega.EXTRA in page.lacks
    assert "pip install &#x27;xjstance[report]&#x27;" in page.html
    assert "<svg" not in page.html and page.html.count("<script>") == 1
    assert "<caption>Shares in per cent, as published, corrected by audit</caption>" in page.html
    from xjstance.__main__ import main

    assert main(["report", str(paths.run), "-o", str(tmp_path / "all")]) == 0
    assert "pip install 'xjstance[report]'" in capsys.readouterr().err
    assert list((tmp_path / "all" / "charts").iterdir()) == []
