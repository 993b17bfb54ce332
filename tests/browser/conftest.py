"""A real headless Chromium, and one person's window on the review page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.review_site import Site, site
from xjstance.labels.store import QueuedArticle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request

CHROMIUM = shutil.which("chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
SCREENSHOTS = os.environ.get("XJSTANCE_SCREENSHOTS")
"""Folder that pictures go to, to be looked at; unset: none are taken."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; it ends with the module, because its event loop would be in the way of other tests."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Window:
    """One person's window: every request and every complaint of the browser is kept."""

    page: Page
    address: str
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def judge(self, key: str) -> None:
        """Press a key that leads to the next page, and wait for that page."""
        before = self.page.locator("input[name=request_id]").first.get_attribute("value")
        self.page.keyboard.press(key)
        self.page.wait_for_function(
            "before => document.readyState === 'complete' && "
            "document.querySelector('input[name=request_id]')?.value !== before",
            arg=before,
        )

    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def picture(self, name: str) -> None:
        if SCREENSHOTS:
            self.page.screenshot(path=str(Path(SCREENSHOTS) / f"{name}.png"), full_page=True)

    def check(self) -> None:
        """Nothing was asked of the network, the content policy refused nothing, no foreign script ran."""
        assert (self.foreign, self.complaints, self.dialogs) == ([], [], [])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A store with its server and its people; each test makes a queue of its own."""
    with site(str(tmp_path_factory.mktemp("store") / "reviews.db")) as found:
        found.desk.hire_staff()
        yield found


@pytest.fixture
def people(chromium: Browser, served: Site) -> Iterator[People]:
    """Windows for the people of the store."""
    made = People(served, chromium)
    try:
        yield made
    finally:
        made.close()


class People:
    """Opens windows."""

    def __init__(self, found: Site, chromium: Browser) -> None:
        self.site = found
        self.chromium = chromium
        self.contexts: list[Any] = []

    def queue(self, articles: list[QueuedArticle]) -> None:
        """A queue for this test; people go on in it."""
        desk = self.site.desk
        desk.add(articles, name=f"queue {desk.queue + 1}")

    def begin(self, name: str, **options: Any) -> Window:
        """Somebody's window at the first article."""
        window = self.window(name, **options)
        window.go(f"/queue/{self.site.desk.queue}/next")
        return window

    def window(self, name: str | None = None, *, width: int = 1280, height: int = 800, **options: Any) -> Window:
        """A window of its own browser profile, signed in as somebody (None: nobody)."""
        context = self.chromium.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        if name is not None:
            context.add_cookies([{"name": "xjstance_session", "value": self.site.token(name),
                                  "url": self.site.address}])  # fmt: skip
        return self.watched(context.new_page())

    def watched(self, page: Page) -> Window:
        window = Window(page, self.site.address)

        def requested(one: Request) -> None:
            if not one.url.startswith((self.site.address, "data:", "blob:")):
                window.foreign.append(one.url)

        def said(one: ConsoleMessage) -> None:
            if one.type in ("error", "warning"):
                window.complaints.append(one.text)

        def opened(one: Dialog) -> None:
            window.dialogs.append(one.message)
            one.dismiss()

        page.on("request", requested)
        page.on("console", said)
        page.on("pageerror", lambda one: window.complaints.append(str(one)))
        page.on("dialog", opened)
        return window

    def close(self) -> None:
        for context in self.contexts:
            context.close()
