"""From HTML pages to articles: extraction, and pages that hang, bloat or crash."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from xjstance.inference.archive import Archive
from xjstance.inference.page_extractor import PageExtractor
from xjstance.inference.page_text import Page, PageText
from xjstance.labels.records import Article, RejectedRecord

SENTENCE = "The county opened a new market hall on Monday, and traders from the region came to see it. "
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memory limits")
HTML = (
    "<html><head><title>Market hall opened</title><meta name='author' content='A. Person'>"
    "<meta property='article:published_time' content='2019-05-04'></head><body><nav>Home | News</nav><article>"
    f"<h1>Market hall opened</h1><p>{SENTENCE * 4}</p><p>{SENTENCE * 3}</p></article><footer>Imprint</footer>"
    "</body></html>"
)


def poisonous(page: Page) -> PageText:
    """Stands for trafilatura on pages that do what their content says."""
    if page.content == b"hang":
        time.sleep(600)
    if page.content == b"spin":
        while True:
            pass
    if page.content == b"crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if page.content == b"bloat":
        return PageText(text=str(len(bytearray(8 << 30))))
    if page.content == b"raise":
        raise ValueError("a bad page")
    return PageText(text=page.content.decode())


def extracted(*contents: bytes, cpu_s: float = 20, wall_s: float = 60, n_processes: int = 1) -> list[str]:
    pages = [Page(id=str(at), content=content, file="x") for at, content in enumerate(contents)]
    with PageExtractor(n_processes=n_processes, cpu_s=cpu_s, wall_s=wall_s, extract=poisonous) as extractor:
        found = []
        for item in extractor.extract(pages):
            assert not isinstance(item, RejectedRecord)
            found.append(item[1] if isinstance(item[1], str) else item[1].text)
        return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"crash", "crashed the process"),
        (b"raise", "cannot be read (ValueError: a bad page)"),
        pytest.param(b"bloat", "more than 2 GiB of memory", marks=ON_LINUX),
    ],
)
def test_page_extractor_loses_only_the_poisonous_page(content: bytes, reason: str) -> None:
    first, bad, *others = extracted(b"one", content, b"two", b"three", n_processes=2)
    assert (first, others) == ("one", ["two", "three"])
    assert reason in bad


@pytest.mark.slow
def test_page_extractor_gives_up_a_page_that_hangs() -> None:
    found = extracted(b"one", b"hang", b"two", wall_s=6)
    assert [found[0], found[2]] == ["one", "two"]
    assert "takes longer than 6 s" in found[1]


@pytest.mark.slow
def test_page_extractor_limits_processor_time() -> None:
    found = extracted(b"one", b"spin", b"two", cpu_s=0.5)
    assert [found[0], found[2]] == ["one", "two"]
    assert "more than 0.5 s of processor time" in found[1]


@pytest.mark.slow
def test_page_extractor_keeps_the_pages_before_an_error_of_the_source() -> None:
    def source() -> Iterator[Page]:
        for at in range(5):
            yield Page(id=str(at), content=b"page %d" % at, file="x")
        raise OSError("the disk is gone")

    found = []
    with PageExtractor(extract=poisonous) as extractor:
        with pytest.raises(OSError, match="the disk is gone"):
            for item in extractor.extract(source()):
                found.append(item)
        assert len(found) == 5
        assert len(list(extractor.extract([Page(id="next", content=b"next", file="x")]))) == 1


@pytest.mark.slow
def test_html_folder_gives_articles_without_authors(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    (tmp_path / "a.html").write_text(HTML)
    (tmp_path / "b.htm").write_text("<html><body></body></html>")
    (tmp_path / "c.html.gz").write_bytes(b"\x1f\x8b\x08broken")
    full, empty, broken = Archive.open([str(tmp_path)])
    assert isinstance(full, Article)
    assert (full.id, full.title, full.date) == (str(tmp_path / "a.html"), "Market hall opened", "2019-05-04")
    assert SENTENCE.strip() in full.text and "Person" not in full.content + str(full.metadata)
    assert isinstance(empty, Article) and empty.content == ""
    assert isinstance(broken, RejectedRecord) and broken.id == str(tmp_path / "c.html.gz")


@pytest.mark.slow
def test_warc_file_gives_articles_and_rejected_records(tmp_path: Path) -> None:
    pytest.importorskip("trafilatura")
    from tests.test_read_warc import record

    (tmp_path / "x.warc").write_bytes(record("a", HTML.encode()) + b"junk\r\n" + record("b", HTML.encode()))
    first, junk, second = Archive.open([str(tmp_path / "x.warc")])
    assert isinstance(first, Article) and isinstance(second, Article) and isinstance(junk, RejectedRecord)
    assert (first.id, first.outlet, first.url, second.id) == ("a", "a.example", "https://www.a.example/a", "b")
    assert first.source.endswith("x.warc:1")
