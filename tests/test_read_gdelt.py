"""GDELT lists and their join with fetched pages."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest

from xjstance.inference.gdelt_join import GdeltJoin, LossRow, address_key
from xjstance.inference.gdelt_languages import language_tag
from xjstance.inference.gdelt_list import GdeltEntry, read_gdelt_list
from xjstance.labels.errors import DataError
from xjstance.labels.language_tags import SUPPORTED_TAGS
from xjstance.labels.records import Article, RejectedRecord

ARTLIST = {
    "articles": [
        {"url": "https://www.a.example/1?utm_source=x", "url_mobile": "https://m.a.example/1", "title": "Eins",
         "seendate": "20230918T031500Z", "domain": "a.example", "language": "German", "sourcecountry": "Germany"},
        {"url": "https://b.example/2", "title": "二", "seendate": "20230919T000000Z", "domain": "b.example",
         "language": "Chinese"},
        {"url": "https://b.example/3", "language": "Chinese"},
        {"title": "no address"},
    ]
}  # fmt: skip


def gkg_line(url: str, *, collection: str = "1", translation: str = "", title: str = "T") -> str:
    cells = [""] * 27
    cells[0:5] = ["20150218230000-0", "20150218230000", collection, "c.example", url]
    cells[11] = "a person"
    cells[25], cells[26] = translation, f"<PAGE_TITLE>{title}</PAGE_TITLE>"
    return "\t".join(cells)


def test_gdelt_list_reads_artlist_json(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps(ARTLIST))
    first, second, third, bad = read_gdelt_list(tmp_path / "list.json")
    assert first == GdeltEntry(url="https://www.a.example/1?utm_source=x", title="Eins", date="2023-09-18T03:15:00Z",
                               outlet="a.example", language="de", other_urls=("https://m.a.example/1",))  # fmt: skip
    assert isinstance(second, GdeltEntry) and second.language == "zh"
    assert isinstance(third, GdeltEntry) and (third.title, third.date) == ("", None)
    assert isinstance(bad, RejectedRecord) and bad.line == 4


def test_gdelt_list_reads_artlist_csv(tmp_path: Path) -> None:
    content = '\ufeff"URL","MobileURL","Date","Title"\n"https://a.example/1","","2017-03-01 12:00:00","One, two"\n'
    (tmp_path / "list.csv.gz").write_bytes(gzip.compress(content.encode()))
    assert list(read_gdelt_list(tmp_path / "list.csv.gz")) == [
        GdeltEntry(url="https://a.example/1", title="One, two", date="2017-03-01T12:00:00Z")
    ]


def test_gdelt_list_reads_zipped_gkg_web_records(tmp_path: Path) -> None:
    lines = [gkg_line("https://c.example/1", translation="srclc:uig;eng:X"), gkg_line("citation", collection="2"),
             gkg_line("https://c.example/2"), "cut\toff"]  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x.gkg.csv", "\n".join(lines))
    (tmp_path / "x.gkg.csv.zip").write_bytes(buffer.getvalue())
    first, second, bad = read_gdelt_list(tmp_path / "x.gkg.csv.zip")
    assert first == GdeltEntry(url="https://c.example/1", title="T", date="2015-02-18T23:00:00Z", outlet="c.example",
                               language="ug")  # fmt: skip
    assert isinstance(second, GdeltEntry) and second.language == "en"
    assert isinstance(bad, RejectedRecord) and "has 2 of 27 GKG columns" in bad.reason


@pytest.mark.parametrize("content", [b'{"error": "x"}', b"{broken", b"name,date\n1,2\n", b"PK\x03\x04broken", b""])
def test_gdelt_list_that_is_none_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(DataError, match="list"):
        list(read_gdelt_list(tmp_path / "list"))


def test_gdelt_join_takes_listed_pages_and_counts_losses(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps(ARTLIST))
    join = GdeltJoin([tmp_path / "list.json"])
    pages: list[Article | RejectedRecord] = [
        Article(id="p1", text="words", url="http://m.a.example/1/", outlet="m.a.example", date="2020-01-01"),
        Article(id="p2", text="words", url="https://other.example/"),
        Article(id="p3", title="t", text=" ", url="https://b.example/2#top"),
        RejectedRecord(file="x.warc", line=4, reason="damaged"),
    ]
    rejected_entry, first, third, damaged = join.join(pages)
    assert isinstance(rejected_entry, RejectedRecord) and "no url" in rejected_entry.reason
    assert first == Article(id="p1", title="Eins", text="words", url="http://m.a.example/1/", outlet="a.example",
                            date="2023-09-18T03:15:00Z", language="de")  # fmt: skip
    assert isinstance(third, Article) and third.title == "t"
    assert damaged == pages[3]
    assert join.n_unlisted == 1
    assert [(row, row.n_missing) for row in join.losses()] == [
        (LossRow(language="zh", n_listed=2, n_read=0, n_without_text=1), 1),
        (LossRow(language="de", n_listed=1, n_read=1, n_without_text=0), 0),
    ]
    join.close()


@pytest.mark.parametrize(
    ("one", "other"),
    [("http://www.a.example/x/", "https://a.example/x"), ("https://a.example/x?a=1&utm_medium=m#f", "a.example/x?a=1"),
     ("https://A.example:443/x", "https://a.example/x")],
)  # fmt: skip
def test_address_key_ignores_what_tells_no_pages_apart(one: str, other: str) -> None:
    assert address_key(one) == address_key(other if "//" in other else f"https://{other}")
    assert address_key(one) != address_key("https://a.example/X")


def test_gdelt_languages_are_known_tags() -> None:
    bare = {tag.partition("-")[0] for tag in SUPPORTED_TAGS} | {"ku"}
    names = ("Spanish", "zho", "Norwegian", "uig", "ru")
    assert [language_tag(name) for name in names] == ["es", "zh", "nb", "ug", "ru"]
    assert language_tag("Klingon") is None and language_tag("") is None
    from xjstance.inference import gdelt_languages

    assert set(gdelt_languages._TAGS.values()) <= bare
