"""The server is killed while a real browser saves: what was acknowledged is there, what was not is saved once later."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("argon2")

from tests.browser.conftest import People
from tests.browser.review_site import site
from tests.review_data import queued

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def fragile(chromium: Browser, tmp_path: Path) -> Iterator[People]:
    """A server that may die."""
    with site(str(tmp_path / "reviews.db")) as found:
        found.desk.hire("ant")
        people = People(found, chromium)
        try:
            yield people
        finally:
            people.close()


def test_server_killed_in_the_middle_of_a_save_loses_and_doubles_nothing(fragile: People) -> None:
    fragile.queue([queued(number) for number in range(6)])
    ant = fragile.begin("ant")
    for _ in range(3):
        ant.judge("2")
    with ant.page.expect_response("**/draft"):
        ant.press("n")
        ant.page.keyboard.insert_text("typed before the crash")
    ant.press("Escape")
    url = ant.page.url
    lock = sqlite3.connect(fragile.site.where, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")  # the save has begun and waits for the disk
    with ant.page.expect_request(lambda one: one.method == "POST" and one.url == url):
        ant.press("1")
    fragile.site.kill()
    lock.execute("ROLLBACK")
    lock.close()
    assert [one.label for one in fragile.site.annotations()] == ["critical"] * 3
    fragile.site.start()
    ant.complaints.clear()
    ant.page.goto(url)
    assert ant.page.locator("#note").input_value() == "typed before the crash"
    ant.judge("1")
    assert [(one.label, one.note) for one in fragile.site.annotations()[3:]] == [
        ("praising", "typed before the crash")
    ]  # fmt: skip
    ant.check()


def test_label_whose_answer_was_lost_is_not_written_twice(fragile: People) -> None:
    fragile.queue([queued(number) for number in range(3)])
    ant = fragile.begin("ant")
    url = ant.page.url
    form = {
        one.get_attribute("name") or "": one.input_value()
        for one in ant.page.locator("#judge input[type=hidden]").all()
    }
    ant.judge("2")
    fragile.site.kill()
    fragile.site.start()
    answer = ant.page.context.request.post(url, form={**form, "label": "critical"}, max_redirects=0)
    assert answer.status == 303
    assert [one.label for one in fragile.site.annotations()] == ["critical"]
