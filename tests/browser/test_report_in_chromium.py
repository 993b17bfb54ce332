"""The report in a real browser: interactive without network or eval, readable without script, in the dark, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("vl_convert")
pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("argon2")

from tests.browser.conftest import SCREENSHOTS
from tests.test_report import HOSTILE, make_paths, report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    assert report(make_paths(folder), folder / "page.html", "--by", "language,month,outlet") == 0
    return folder / "page.html"


class Opened:
    """A page and all that it said or asked for."""

    def __init__(self, browser: Browser, place: Path, **options: object) -> None:
        self.context = browser.new_context(viewport={"width": 1200, "height": 900}, **options)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda one: self.complaints.append(one.text))
        self.page.on("pageerror", lambda one: self.complaints.append(str(one)))
        self.page.on("dialog", lambda one: self.complaints.append(one.message))
        self.page.on("request", lambda one: self._asked(one.url))
        self.page.goto(place.as_uri())

    def _asked(self, url: str) -> None:
        if not url.startswith(("file:", "data:")):
            self.complaints.append(f"asked for {url}")

    def draw_all(self) -> None:
        """Scroll to every shown chart and wait for it."""
        for chart in self.page.locator(".chart").all():
            if chart.is_visible():
                chart.scroll_into_view_if_needed()
                self.page.wait_for_selector(f'[data-chart="{chart.get_attribute("data-chart")}"].drawn')

    def picture(self, name: str) -> None:
        if SCREENSHOTS:
            self.page.screenshot(path=str(Path(SCREENSHOTS) / f"report-{name}.png"), full_page=True)


@pytest.fixture
def opened(chromium: Browser, place: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    found = Opened(chromium, place, **getattr(request, "param", {}))
    yield found
    found.context.close()


def test_every_chart_becomes_interactive_and_the_policy_refuses_nothing(opened: Opened) -> None:
    opened.draw_all()
    assert opened.page.locator(".chart.drawn").count() >= 7
    opened.page.get_by_label("side by side").check()
    opened.draw_all()
    assert opened.page.locator(".chart.drawn").count() == opened.page.locator(".chart").count()
    opened.picture("side-by-side")
    assert opened.complaints == []


def test_tooltip_tells_the_numbers_and_a_hostile_name_is_text(opened: Opened) -> None:
    opened.page.locator("#cut-3 .chart").first.scroll_into_view_if_needed()
    opened.page.wait_for_selector("#cut-3 .chart.drawn")
    bars = opened.page.locator("#cut-3 .chart.drawn .mark-rect.role-mark path")
    told = []
    for at in range(bars.count()):
        bars.nth(at).hover(force=True)
        told.append(opened.page.locator("#vg-tooltip-element").inner_text())
        if HOSTILE in told[-1]:
            break
    assert HOSTILE in told[-1]
    assert all(word in told[-1] for word in ("share", "from", "to", "audited", "%"))
    assert opened.page.locator("#vg-tooltip-element script").count() == 0
    assert opened.complaints == []


def test_name_in_the_legend_shows_its_series_alone(opened: Opened) -> None:
    chart = opened.page.locator('[data-chart="shares-2-as_published"]')
    chart.scroll_into_view_if_needed()
    opened.page.wait_for_selector('[data-chart="shares-2-as_published"].drawn')
    before = chart.locator(".mark-line path[opacity='0.15']").count()
    chart.locator(".role-legend-label text", has_text="critical").click()
    chart.locator(".mark-line path[opacity='0.15']").first.wait_for()
    assert before == 0
    assert chart.locator(".mark-line path[opacity='0.15']").count() == 3


@pytest.mark.parametrize("opened", [{"java_script_enabled": False}], indirect=True)
def test_without_script_pictures_and_tables_are_there(opened: Opened) -> None:
    assert opened.page.locator(".chart > svg").count() >= 10
    assert opened.page.locator("#cut-1 .chart > svg text", has_text="zh-Hans").first.is_visible()
    assert opened.page.locator("table").count() >= 10


@pytest.mark.parametrize("opened", [{"color_scheme": "dark"}, {"color_scheme": "light"}], indirect=True)
def test_text_in_charts_has_the_colour_of_the_page_around_it(opened: Opened) -> None:
    opened.draw_all()
    found = opened.page.evaluate(
        "() => [...document.querySelectorAll('.chart.drawn text')].map(one => getComputedStyle(one).fill)"
    )
    assert set(found) == {opened.page.evaluate("getComputedStyle(document.body).color")}
    opened.picture(str(opened.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")))


@pytest.mark.parametrize("opened", [{"color_scheme": "dark"}], indirect=True)
def test_paper_is_white_with_both_countings_and_no_controls(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert opened.page.locator("#cut-1 h3").all_inner_texts() == ["as published", "once per story"]
    assert not opened.page.locator(".controls").is_visible()
    opened.picture("print")


@pytest.mark.parametrize("opened", [{"color_scheme": "dark"}, {"color_scheme": "light"}], indirect=True)
def test_axe_finds_no_serious_violation(opened: Opened) -> None:
    pytest.importorskip("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    opened.draw_all()
    found = Axe().run(opened.page).response["violations"]
    assert [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found
            if one["impact"] in ("serious", "critical")] == []  # fmt: skip
