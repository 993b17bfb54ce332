"""The report command from files to files: page, numbers, tables, charts, wording, bad input."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.simulated_run import write_audit, write_run
from xjstance.__main__ import main
from xjstance.inference.report_vega import can_draw
from xjstance.labels.audit_sample import read_queue

HOSTILE = '=HYPERLINK("x")</td><script>alert(1)</script>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """A simulated run with its audit and outlet table."""

    run: Path
    audit: Path
    outlets: Path


def make_paths(folder: Path) -> Paths:
    """A run in which one outlet has a hostile name."""
    rng = np.random.default_rng(21)
    truth = write_run(folder / "run", n=5_000, rng=rng, n_languages=5, n_months=8, n_outlets=30)
    part = folder / "run" / "part-00000.parquet"
    rows = pq.read_table(part).to_pylist()
    for row in rows:
        if row["outlet"] == "outlet0000.example":
            row["outlet"] = HOSTILE
    pq.write_table(pa.Table.from_pylist(rows), part)
    write_audit(folder / "audit.jsonl", truth, n=800, rng=rng)
    return Paths(run=folder / "run", audit=folder / "audit.jsonl", outlets=folder / "run-outlets.csv")


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    return make_paths(tmp_path_factory.mktemp("report"))


def report(paths: Paths, output: Path, *options: str, audited: bool = True) -> int:
    audit = ["--audit", str(paths.audit)] if audited else []
    return main(["report", str(paths.run), "-q", "-o", str(output), *audit, *options])


class Page(HTMLParser):
    """Headings, addresses and scripts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.addresses: list[str] = []
        self.n_scripts = 0
        self._in_heading = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_heading = tag in ("h1", "h2")
        if self._in_heading:
            self.headings.append("")
        self.n_scripts += tag == "script"
        names = ("href", "src", "xlink:href", "action", "data")
        self.addresses += [value or "" for name, value in attrs if name in names]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h1", "h2"):
            self._in_heading = False

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.headings[-1] += data


def test_folder_holds_page_numbers_tables_and_charts(paths: Paths, tmp_path: Path) -> None:
    assert report(paths, tmp_path / "all", "--by", "language,month,language*month") == 0
    found = {path.relative_to(tmp_path / "all").as_posix() for path in (tmp_path / "all").rglob("*") if path.is_file()}
    assert {"report.html", "report.json", "tables/shares.csv", "tables/shares.parquet", "tables/volume.csv",
            "tables/confusion.csv", "tables/error_directions.csv", "tables/shares_language.tex"} <= found  # fmt: skip
    if can_draw():
        assert {f"charts/{name}.{ending}" for name in ("volume", "shares-1-as_published", "error-directions")
                for ending in ("svg", "png")} <= found  # fmt: skip


def test_page_needs_no_network_and_says_what_it_is(paths: Paths, tmp_path: Path) -> None:
    assert report(paths, tmp_path / "page.html", "--by", "language,outlet") == 0
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = Page(text)
    assert all(address.startswith("#") for address in page.addresses)
    assert page.n_scripts == (5 if can_draw() else 2)
    assert "default-src 'none'" in text
    assert "corrected by 80" in text or re.search(r"corrected by \d+ audited articles", text)
    assert "Out of scope: moderation" in text


def test_texts_of_the_archive_cannot_act_on_the_page_or_in_a_spreadsheet(paths: Paths, tmp_path: Path) -> None:
    assert report(paths, tmp_path / "all", "--by", "outlet") == 0
    text = (tmp_path / "all" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "alert(1)" in text
    with (tmp_path / "all" / "tables" / "shares.csv").open(encoding="utf-8", newline="") as file:
        cells = {row["cell"] for row in csv.DictReader(file)}
    assert f"'{HOSTILE}" in cells


def test_every_heading_of_shares_says_uncorrected_without_an_audit(paths: Paths, tmp_path: Path) -> None:
    assert report(paths, tmp_path / "raw.html", "--by", "language,month", audited=False) == 0
    text = (tmp_path / "raw.html").read_text(encoding="utf-8")
    shares = [heading for heading in Page(text).headings if heading.startswith("Shares")]
    assert len(shares) == 3
    assert all("(uncorrected)" in heading for heading in shares)
    assert "<title>Stance by language, outlet and month (uncorrected)</title>" in text
    titles = re.findall(r"<(?:figcaption|caption)>([^<]+)<", text)
    shown = [title for title in titles if title.startswith(("Shares", "Stance"))]
    assert len(shown) >= 6
    assert all("uncorrected" in title for title in shown)
    assert "corrected by audit" not in text


def test_uncorrected_shares_never_stand_in_the_column_of_corrected_ones(paths: Paths, tmp_path: Path) -> None:
    assert report(paths, tmp_path / "raw", "--by", "language", audited=False) == 0
    rows = pq.read_table(tmp_path / "raw" / "tables" / "shares.parquet").to_pylist()
    assert {row["share"] for row in rows} == {None}
    assert not any(row["is_corrected"] for row in rows)
    assert "UNCORRECTED" not in (tmp_path / "raw" / "tables" / "volume.csv").read_text()


def test_folder_keeps_no_table_or_chart_of_an_earlier_report(paths: Paths, tmp_path: Path) -> None:
    assert report(paths, tmp_path / "all", "--by", "language,outlet") == 0
    (tmp_path / "all" / "tables" / "mine.csv").write_text("kept", encoding="utf-8")
    assert report(paths, tmp_path / "all", "--by", "language", audited=False) == 0
    names = {path.name for path in (tmp_path / "all").rglob("*.*")}
    assert "mine.csv" in names
    assert not names & {"confusion.csv", "error_directions.csv", "shares_outlet.tex", "error-directions.svg"}


def test_every_chart_file_shows_its_title_and_whether_it_is_corrected(paths: Paths, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    assert report(paths, tmp_path / "raw", "--by", "language,month", audited=False) == 0
    assert report(paths, tmp_path / "told", "--by", "language,month") == 0
    for folder, words in (("raw", ", uncorrected</text>"), ("told", ", corrected by audit</text>")):
        charts = sorted((tmp_path / folder / "charts").glob("*.svg"))
        shown = [chart for chart in charts if chart.name.startswith(("shares", "balance"))]
        assert len(shown) >= 4
        assert all(words in chart.read_text(encoding="utf-8") for chart in shown)
    for folder, words in (("raw", "UNCORRECTED, as published."), ("told", "corrected by audit, 95\\,\\% intervals")):
        table = (tmp_path / folder / "tables" / "shares_language.tex").read_text(encoding="utf-8")
        assert f"\\footnotesize Shares in per cent, {words}" in table


def test_latex_marks_what_the_page_marks_and_no_name_can_act(paths: Paths, tmp_path: Path) -> None:
    from xjstance.inference.report_tables import to_latex

    assert report(paths, tmp_path / "a.json", "--by", "outlet") == 0
    found = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    cut = found["cuts"][1]
    for cell, name in zip(cut["cells"], ("[2cm] x", "a\n\nb \\input{/etc/passwd}", "50 % & more_"), strict=False):
        cell |= {"name": name, "is_validated": False}
    lines = to_latex(found, cut).splitlines()
    assert any(line.startswith("{}[2cm] x$^\\dagger$ & ") for line in lines)
    assert any(line.startswith("a b \\textbackslash{}input\\{/etc/passwd\\}$^") for line in lines)
    assert any(line.startswith("50 \\% \\& more\\_") for line in lines)
    assert "$^\\ddagger$ Fewer than 10 audited articles of the label." in "".join(lines)
    columns = lines[1].count("r") - "tabular".count("r") + 1
    rows = [line for line in lines[4:] if line.endswith("\\\\") and "multicolumn" not in line]
    assert rows and all(re.sub(r"\\&", "", line).count("&") == columns - 1 for line in rows)


def test_numbers_are_the_same_on_every_run_and_add_up(paths: Paths, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        assert report(paths, tmp_path / name, "--compare", "en:zh-Hans", "--without", "language=zh") == 0
    first, second = (json.loads((tmp_path / name).read_text(encoding="utf-8")) for name in ("a.json", "b.json"))
    assert first | {"generated": ""} == second | {"generated": ""}
    for cut in first["cuts"]:
        for cell in cut["cells"]:
            shares = [values["share"] for values in cell["shares"].values()]
            if cell["suppressed"] is None:
                assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert sum(first["volume"]["by_status"].values()) == 5_000
    assert first["contrasts"][0]["name"] == "en minus zh-Hans"
    assert [cut["name"] for cut in first["cuts"]][-1] == "month without language=zh"


def test_months_of_ten_articles_are_suppressed_with_the_reason(paths: Paths, tmp_path: Path) -> None:
    assert report(paths, tmp_path / "a.json", "--by", "month", "--min-articles", "100000") == 0
    found = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    cells = found["cuts"][1]["cells"]
    assert all("fewer than 100,000" in cell["suppressed"] for cell in cells)
    assert all(values["uncorrected"] is None for cell in cells for values in cell["shares"].values())
    assert any("suppressed" in text for text in found["warnings"])
    assert any("no date" in text for text in found["warnings"])


def test_outlet_groups_get_both_error_directions(paths: Paths, tmp_path: Path) -> None:
    assert report(paths, tmp_path / "a.json", "--by", "group", "--outlets", str(paths.outlets)) == 0
    found = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    groups = {item["group"] for item in found["errors"]["directions"] if item["dimension"] == "group"}
    assert groups - {"(none)"} == {"state", "private", "public"}  # one outlet is not in the table
    assert {"praising_as_critical", "critical_as_praising"} <= set(found["errors"]["directions"][0])


def test_report_like_the_reference_study(paths: Paths, tmp_path: Path) -> None:
    assert report(paths, tmp_path / "a.json", "--like", "aspi2022") == 0
    found = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    names = [cut["name"] for cut in found["cuts"]]
    assert names[:5] == ["all", "language", "month", "outlet", "language*month"]
    assert "all without language=zh" in names
    assert report(paths, tmp_path / "b.json", "--like", "aspi2022", "--by", "month,script") == 0
    names = [cut["name"] for cut in json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))["cuts"]]
    assert names[:6] == ["all", "language", "month", "outlet", "language*month", "script"]


def test_plan_writes_a_queue_that_the_report_accepts(paths: Paths, tmp_path: Path,
                                                     capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    queue = tmp_path / "queue.jsonl"
    assert report(paths, tmp_path / "x", "--by", "language", "--plan-audit", str(queue), "--half-width", "0.1") == 0
    items = read_queue(queue)
    assert f"{len(items):,} articles to audit" in capsys.readouterr().err
    rows = [json.loads(line) | {"label": "neutral"} for line in queue.read_text(encoding="utf-8").splitlines()]
    queue.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main(["report", str(paths.run), "-q", "--audit", str(queue), "-o", str(tmp_path / "b.json")]) == 0


def test_comparison_with_another_run_is_a_section(paths: Paths, tmp_path: Path) -> None:
    assert report(paths, tmp_path / "a.html", "--against", str(paths.run)) == 0
    assert "Against another run" in (tmp_path / "a.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--by", "planet"], "no such column"),
        (["--by", "author"], "never grouped by person"),
        (["--by", ","], "name dimensions"),
        (["--compare", "en:xx"], "no cut has both cells (en, xx)"),
        (["--compare", "en"], "write two cells"),
        (["--without", "zh"], "DIMENSION=VALUE"),
        (["--level", "95"], "0.95 is usual"),
        (["--method", "magic"], "none of ppi"),
        (["--units", "person"], "none of auto"),
        (["--like", "other"], "there is aspi2022"),
        (["--outlets", "missing.csv"], "column 'outlet'"),
        (["--clusters", "missing.parquet"], "leave --clusters out"),
    ],
)
def test_wrong_options_are_refused_in_words(paths: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                            options: list[str], message: str) -> None:  # fmt: skip
    assert report(paths, tmp_path / "a.json", *options) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"), [("nothing.parquet", "is not there"), ("rows.xlsx", "are a folder of parts")]
)
def test_wrong_predictions_are_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str,
                                                message: str) -> None:  # fmt: skip
    assert main(["report", str(tmp_path / name), "-o", str(tmp_path / "a.json")]) == 1
    assert message in capsys.readouterr().err


def test_table_without_predictions_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"id": ["a"], "text": ["b"]}), tmp_path / "other.parquet")
    assert main(["report", str(tmp_path / "other.parquet")]) == 1
    assert "output of xjstance classify" in capsys.readouterr().err


def test_names_of_files_are_no_patterns_and_text_is_no_number(paths: Paths, tmp_path: Path,
                                                              capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    rows = pq.read_table(paths.run / "part-00000.parquet")
    pq.write_table(rows.slice(0, 100), tmp_path / "a*[1]?.parquet")
    pq.write_table(rows.slice(100, 100), tmp_path / "ab1c.parquet")
    assert main(["report", str(tmp_path / "a*[1]?.parquet"), "-q", "-o", str(tmp_path / "a.json")]) == 0
    found = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert sum(found["volume"]["by_status"].values()) == 100
    with (tmp_path / "b.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows.column_names)
        writer.writeheader()
        writer.writerows(row | {"p_critical": "much"} for row in rows.slice(0, 50).to_pylist())
    assert main(["report", str(tmp_path / "b.csv"), "-o", str(tmp_path / "b.json")]) == 1
    assert "probabilities that do not sum to one" in capsys.readouterr().err


def test_settings_that_do_nothing_or_promise_more_are_told(paths: Paths, tmp_path: Path) -> None:
    assert report(paths, tmp_path / "a.json", "--without", "language=xx", "--min-audited", "5") == 0
    told = " ".join(json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["warnings"])
    assert "No scored article has language=xx" in told
    assert "from 5 audited articles on; how often intervals hold was simulated from 30 on" in told


def test_standard_output_is_json(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(paths.run), "-q"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["is_corrected"] is False


def test_database_is_kept_with_readable_articles_and_every_table(paths: Paths, tmp_path: Path) -> None:
    import duckdb

    place = tmp_path / "kept.duckdb"
    options = ["--by", "language", "--outlets", str(paths.outlets), "--database", str(place)]
    assert report(paths, tmp_path / "a", *options) == 0
    numbers = json.loads((tmp_path / "a" / "report.json").read_text(encoding="utf-8"))
    connection = duckdb.connect(str(place), read_only=True)
    [(n, n_ids)] = connection.execute("SELECT count(*), count(DISTINCT id) FROM prediction").fetchall()
    assert n == 5_000 and n_ids == 5_000
    stances = "SELECT stance, count(*) FROM prediction WHERE status = 'scored' GROUP BY stance"
    whole = numbers["cuts"][0]["cells"][0]
    for label, count in connection.execute(stances).fetchall():
        assert count / whole["articles"] == pytest.approx(whole["shares"][label]["uncorrected"], abs=1e-5)
    weights, audited = connection.execute("SELECT sum(weight), count(*) FROM audited").fetchall()[0]
    assert weights == pytest.approx(whole["articles"], rel=1e-6)
    assert audited == numbers["audit"]["audited"]
    joined = connection.execute("SELECT count(*) FROM audited JOIN prediction USING (id, text_sha256)").fetchall()[0][0]
    assert joined == audited
    facts = dict(connection.execute("SELECT name, value FROM about").fetchall())
    assert facts["frame"] == numbers["run"]["frame"] and facts["schema"] == "1"
    [(share,)] = connection.execute("""SELECT share FROM shares WHERE cut = 'all' AND counting = 'as_published'
        AND label = 'critical'""").fetchall()
    assert share == whole["shares"]["critical"]["share"]
    connection.close()
    assert [path.name for path in tmp_path.iterdir() if "kept" in path.name] == ["kept.duckdb"]


def test_database_names_every_article_that_changed_against_another_run(paths: Paths, tmp_path: Path) -> None:
    import duckdb

    rows = pq.read_table(paths.run / "part-00000.parquet").to_pylist()
    turned = [row["id"] for row in rows if row["stance"] == "critical"][:60]
    other = [row | {"stance": "neutral"} if row["id"] in turned else row for row in rows]
    pq.write_table(pa.Table.from_pylist(other), tmp_path / "b.parquet")
    options = ["--against", str(tmp_path / "b.parquet"), "--database", str(tmp_path / "a.duckdb")]
    assert report(paths, tmp_path / "a.json", *options) == 0
    connection = duckdb.connect(str(tmp_path / "a.duckdb"), read_only=True)
    found = connection.execute("SELECT id, earlier, later FROM changed_article").fetchall()
    connection.close()
    assert found == [(name, "neutral", "critical") for name in sorted(turned)]
    assert len(json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["against"]["examples"]) == 50


def test_database_is_not_left_half_written(paths: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "kept.duckdb"
    assert report(paths, tmp_path / "a.json", "--by", "planet", "--database", str(place)) == 1
    assert list(tmp_path.iterdir()) == []
    assert report(paths, tmp_path / "a.json", "--database", str(tmp_path / "kept.sql")) == 1
    assert "NAME.duckdb" in capsys.readouterr().err


def test_page_tells_volume_outlets_strata_and_how_it_was_scored(paths: Paths, tmp_path: Path) -> None:
    record = json.loads((paths.run / "run.json").read_text(encoding="utf-8"))
    more = record | {"settings": {"precision": "bf16", "language": None}, "versions": {"openvino": "2026.4.1"},
                     "inputs": [{"file": "archive.jsonl.gz", "size_bytes": 1_234}],
                     "counts": {"language_column": {"compared": 90, "differ": 4, "pairs": {}}}}  # fmt: skip
    (paths.run / "run.json").write_text(json.dumps(more), encoding="utf-8")
    try:
        assert report(paths, tmp_path / "all", "--like", "aspi2022") == 0
    finally:
        (paths.run / "run.json").write_text(json.dumps(record), encoding="utf-8")
    text = (tmp_path / "all" / "report.html").read_text(encoding="utf-8")
    for words in ("Largest outlets", "Strata of the sample", "precision bf16", "openvino 2026.4.1",
                  "archive.jsonl.gz (1,234 bytes)", "differs from the identified language in 4 of 90"):  # fmt: skip
        assert words in text
    with (tmp_path / "all" / "tables" / "volume.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["articles"] == "5000" and float(rows[0]["per_cent"]) == 100
    assert sum(float(row["per_cent"]) for row in rows[1:]) == pytest.approx(100, abs=0.1)
    with (tmp_path / "all" / "tables" / "outlets.csv").open(encoding="utf-8", newline="") as file:
        articles = [int(row["articles"]) for row in csv.DictReader(file)]
    assert articles == sorted(articles, reverse=True)
