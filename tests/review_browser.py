"""Somebody at the review page, without a real browser: keeps the cookie, fills forms in."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from fastapi.testclient import TestClient

from tests.review_data import Desk
from xjstance.labels.review.app import create_app
from xjstance.labels.review.settings import ReviewSettings
from xjstance.labels.store.accounts import start_session

ADDRESS = "http://127.0.0.1:8765"


class Page(HTMLParser):
    """Forms and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: dict[str, dict[str, str]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._form: dict[str, str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "form":
            self._form = self.forms.setdefault(found.get("action") or "", {})
        elif tag == "input" and self._form is not None and found.get("type") == "hidden":
            self._form[found.get("name") or ""] = found.get("value") or ""

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


class Browser:
    """One person's browser."""

    def __init__(self, desk: Desk, name: str | None = None, *, settings: ReviewSettings | None = None) -> None:
        self.client = TestClient(
            create_app(desk.database, settings, clock=desk.clock), base_url=ADDRESS, follow_redirects=False
        )
        if name is not None:
            with desk.database.writing() as session:
                token = start_session(session, desk.people[name], now=desk.clock())
            self.client.cookies.set("xjstance_session", token)

    def get(self, path: str, status: int = 200) -> Page:
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return Page(answer.text)

    def post(self, path: str, data: dict[str, Any], status: int = 303) -> str:
        """Where the answer leads, or what it says."""
        answer = self.client.post(path, data=data)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer.headers.get("location") or Page(answer.text).text

    def next_item(self, queue: int) -> str | None:
        """Path of the next article; None when nothing is left."""
        answer = self.client.get(f"/queue/{queue}/next")
        return answer.headers["location"] if answer.status_code == 303 else None

    def judge(self, path: str, label: str | None, *, status: int = 303, **more: str) -> str:
        """Open an article and give it a label (None: skip)."""
        form = self.get(path).forms[path]
        kind = {"kind": "label", "label": label} if label else {"kind": "skip"}
        return self.post(path, {**form, **kind, **more}, status)
