"""The review page against strangers and hostile articles: sessions, roles, tokens, escaping, headers, limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("argon2")

from tests.review_browser import Browser
from tests.review_data import Desk, desk, queued
from xjstance.labels.review.app import create_app
from xjstance.labels.review.settings import ReviewSettings
from xjstance.labels.store.accounts import invite

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}' OR 1=1;--"


def api_routes(store: Desk) -> list[tuple[str, str]]:
    """Every path of the description, so that no route is forgotten."""
    found = []
    for path, methods in create_app(store.database).openapi()["paths"].items():
        for name in ("queue", "item", "number"):
            path = path.replace(f"{{{name}}}", "1")
        found += [(method.upper(), path.replace("{token}", "x")) for method in methods]
    return found


OPEN = {"/sign-in", "/invitation/x"}


def test_no_route_answers_somebody_who_is_not_signed_in(store: Desk) -> None:
    routes = api_routes(store)
    assert len(routes) >= 18
    nobody = Browser(store)
    for method, path in routes:
        if path in OPEN:
            continue
        answer = nobody.client.request(method, path, data={"csrf": "x"} if method == "POST" else None)
        if method == "GET":
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), path
        else:
            assert answer.status_code == 401, path


def test_roles_open_only_what_they_allow(store: Desk) -> None:
    for_adjudicators = {f"/queue/{store.queue}/disagreements", "/settle/1", f"/queue/{store.queue}/agreement"}
    for_administrators = {"/people", f"/queue/{store.queue}", "/people/1/invite", "/people/1/active"}
    routes = [route for route in api_routes(store) if route[1] in for_adjudicators | for_administrators]
    assert len(routes) >= 7
    for name, closed in (("ant", for_adjudicators | for_administrators), ("owl", for_administrators)):
        browser = Browser(store, name)
        token = browser.get("/").forms["/sign-out"]["csrf"]
        for method, path in routes:
            if path in closed:
                data = {"csrf": token, "is_active": "no"} if method == "POST" else None
                assert browser.client.request(method, path, data=data).status_code == 403, (name, method, path)
    assert Browser(store, "owl").get(f"/queue/{store.queue}/disagreements")
    assert Browser(store, "elk").get("/people")


def test_reader_cannot_open_an_item_that_was_not_given(store: Desk) -> None:
    ant, bee = Browser(store, "ant"), Browser(store, "bee")
    path = ant.next_item(store.queue) or ""
    bee.get(path, 403)
    token = bee.get("/").forms["/sign-out"]["csrf"]
    bee.post(path, {"csrf": token, "request_id": "1", "label": "neutral"}, 403)
    bee.post(f"{path}/draft", {"csrf": token}, 403)
    for odd in ("0", "-1", "99999999999999999999", "1e3", "x", "1%00"):
        assert ant.client.get(f"/item/{odd}").status_code in (403, 404)


def test_writes_need_the_sessions_own_token_and_the_same_origin(store: Desk) -> None:
    ant, bee = Browser(store, "ant"), Browser(store, "bee")
    path = ant.next_item(store.queue) or ""
    form = ant.get(path).forms[path]
    for token in ("", "x", bee.get("/").forms["/sign-out"]["csrf"]):
        ant.post(path, {**form, "csrf": token, "label": "neutral"}, 403)
    for headers in ({"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        answer = ant.client.post(path, data={**form, "label": "neutral"}, headers=headers)
        assert answer.status_code == 403, headers
    assert ant.client.get("/", headers={"host": "evil.example"}).status_code == 400
    assert store.labels() == []
    good = ant.client.post(path, data={**form, "label": "neutral"}, headers={"origin": "http://127.0.0.1:8765"})
    assert good.status_code == 303


def test_every_write_refuses_a_foreign_token_an_upload_and_a_foreign_page(store: Desk) -> None:
    elk, ant = Browser(store, "elk"), Browser(store, "ant")
    elk.next_item(store.queue)
    foreign = ant.get("/").forms["/sign-out"]["csrf"]
    routes = [path for method, path in api_routes(store) if method == "POST" and path not in OPEN]
    assert len(routes) >= 8
    for path in routes:
        for data in ({}, {"csrf": ""}, {"csrf": foreign}, {"csrf": "\ud7ff\0"}):
            assert elk.client.post(path, data=data).status_code == 403, path
        own = elk.get("/").forms["/sign-out"]["csrf"]
        files = {"file": ("../../../etc/cron.d/x", b"x")}
        assert elk.client.post(path, data={"csrf": own}, files=files).status_code in (400, 403), path
        answer = elk.client.post(path, data={"csrf": own}, headers={"sec-fetch-site": "same-site"})
        assert answer.status_code == 403, path
    assert store.labels() == [] and "elk" in elk.get("/").text


def test_file_names_and_other_peoples_words_are_never_markup(tmp_path: Path) -> None:
    from xjstance.__main__ import main

    file = tmp_path / "<img src=x onerror=alert(1)>.jsonl"
    line = {"id": 1, "text": "A text.", "label": ["critical"], "username": "<script>alert(2)</script>",
            "Comments": ["<svg onload=alert(3)>"]}  # fmt: skip
    file.write_text(json.dumps(line) + "\n", encoding="utf-8")
    where = str(tmp_path / "reviews.db")
    assert main(["labels", "import", where, str(file), "--format", "doccano", "--queue", "<b>queue</b>"]) == 0
    with desk(where) as store:
        store.hire("elk", "administrator")
        elk = Browser(store, "elk")
        for path in ("/", "/people", "/queue/1", "/settle/1", "/queue/1/disagreements"):
            page = elk.client.get(path).text
            assert not any(found in page for found in ("<img", "<svg", "<script>", "<b>")), path
        assert "<svg onload=alert(3)>" in elk.get("/settle/1").text


def test_invitation_works_once_sets_a_password_and_gives_a_fresh_session(store: Desk) -> None:
    with store.database.writing() as session:
        token = invite(session, store.people["ant"], by="test", now=store.clock())
    new = Browser(store)
    new.client.cookies.set("xjstance_session", "planted")
    assert "10 to 200 characters" in new.post(f"/invitation/{token}", {"password": "short"}, 400)
    answer = new.client.post(f"/invitation/{token}", data={"password": "a long password"})
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 303 and "planted" not in cookie
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    Browser(store).get(f"/invitation/{token}", 404)
    Browser(store).post(f"/invitation/{token}", {}, 404)
    again = Browser(store)
    assert again.post("/sign-in", {"name": "ant", "password": "a long password"}) == "/"
    assert "ant" in again.get("/").text


def test_new_password_ends_the_sessions_of_the_old_one(store: Desk) -> None:
    thief, ant = Browser(store, "ant"), Browser(store)
    with store.database.writing() as session:
        token = invite(session, store.people["ant"], by="test", now=store.clock())
    ant.post(f"/invitation/{token}", {"password": "a long password"})
    assert ant.get("/") and thief.client.get("/").headers["location"] == "/sign-in"


def test_invitations_and_sessions_end(store: Desk) -> None:
    with store.database.writing() as session:
        token = invite(session, store.people["ant"], by="test", now=store.clock())
    ant = Browser(store, "ant")
    store.clock.forward(hours=13)
    assert ant.client.get("/").headers["location"] == "/sign-in"
    store.clock.forward(hours=60)
    Browser(store).get(f"/invitation/{token}", 404)


def test_shut_out_people_lose_their_session_and_keep_their_labels(store: Desk) -> None:
    ant, elk = Browser(store, "ant"), Browser(store, "elk")
    ant.judge(ant.next_item(store.queue) or "", "neutral")
    path = f"/people/{store.people['ant'].number}/active"
    elk.post(path, elk.get("/people").forms[path])
    assert ant.client.get("/").headers["location"] == "/sign-in"
    assert store.labels() == ["neutral"]
    own = f"/people/{store.people['elk'].number}/active"
    assert "cannot shut yourself out" in elk.post(own, elk.get("/people").forms[own], 400)


def test_guessing_passwords_is_slowed_down(store: Desk) -> None:
    nobody = Browser(store)
    for _ in range(5):
        nobody.post("/sign-in", {"name": "ant", "password": "wrong password"}, 403)
    assert "Too many" in nobody.post("/sign-in", {"name": "ant", "password": "wrong password"}, 429)
    store.clock.forward(minutes=16)
    nobody.post("/sign-in", {"name": "a\x00'--", "password": "wrong password"}, 403)


def test_guessing_over_many_names_is_slowed_down_by_address(store: Desk) -> None:
    nobody = Browser(store)
    for number in range(20):
        nobody.post("/sign-in", {"name": f"nobody{number}", "password": "wrong password"}, 403)
    nobody.post("/sign-in", {"name": "ant", "password": "wrong password"}, 429)


def test_links_behind_a_proxy_are_secret_on_the_way(store: Desk) -> None:
    elk = Browser(store, "elk", settings=ReviewSettings(is_https=True))
    token = elk.get("/people").forms["/people"]["csrf"]
    page = elk.post("/people", {"csrf": token, "name": "fox", "role": "reviewer"}, 200)
    assert "https://127.0.0.1:8765/invitation/" in page


def test_sign_out_ends_the_session_on_the_server(store: Desk) -> None:
    ant = Browser(store, "ant")
    cookie = ant.client.cookies["xjstance_session"]
    ant.post("/sign-out", ant.get("/").forms["/sign-out"])
    ant.client.cookies.set("xjstance_session", cookie)
    assert ant.client.get("/").headers["location"] == "/sign-in"


def test_administrator_invites_by_pseudonym_and_role(store: Desk) -> None:
    elk = Browser(store, "elk")
    token = elk.get("/people").forms["/people"]["csrf"]
    page = elk.post("/people", {"csrf": token, "name": "fox", "role": "reviewer", "languages": "ug, zh-Hans"}, 200)
    assert "http://127.0.0.1:8765/invitation/" in page and "ug, zh-Hans" in page
    for wrong in ({"name": "fox"}, {"name": "Jane Doe"}, {"name": "cow", "role": "king"},
                  {"name": "cow", "languages": "<script>"}, {"name": HOSTILE}):  # fmt: skip
        elk.post("/people", {"csrf": token, "name": "cow", "role": "reviewer", **wrong}, 400)


def test_hostile_article_is_shown_as_text_everywhere(tmp_path: Path) -> None:
    with desk(str(tmp_path / "reviews.db")) as store:
        for name, role in (("ant", "reviewer"), ("bee", "reviewer"), ("elk", "administrator")):
            store.hire(name, role)
        one = queued(0, title=HOSTILE, text=f"{HOSTILE}\n\n\x00\x07\u202e {HOSTILE}", outlet=HOSTILE)
        store.add([one], name=f"queue {HOSTILE}")
        ant, bee, elk = (Browser(store, name) for name in ("ant", "bee", "elk"))
        path = ant.next_item(store.queue) or ""
        pages = [ant.client.get(path).text]
        ant.judge(path, "critical", note=HOSTILE)
        bee.next_item(store.queue)
        bee.judge(path, "neutral", note=HOSTILE)
        settle = path.replace("item", "settle")
        pages += [ant.client.get(path).text, ant.client.get(f"/queue/{store.queue}/own").text, ant.client.get("/").text]
        queue = f"/queue/{store.queue}"
        for name in (settle, f"{queue}/disagreements", queue, f"{queue}?outlet=%22%3E%3Cscript%3E"):
            pages.append(elk.client.get(name).text)
        for page in pages:
            assert "<script>alert" not in page and "<img" not in page and '<script>"' not in page
        assert "&lt;script&gt;alert(1)" in pages[0] and "{{7*7}}" in pages[0]


def test_every_answer_forbids_foreign_and_inline_code(store: Desk) -> None:
    ant = Browser(store, "ant")
    path = ant.next_item(store.queue) or ""
    for asked in ("/", path, "/sign-in", "/nowhere", "/static/review.js", "/static/htmx-2.0.8.min.js"):
        answer = ant.client.get(asked)
        policy = answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "same-origin"  # another one empties the Origin of our own forms
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["x-frame-options"] == "DENY"
        if not asked.startswith("/static/"):
            assert answer.headers["cache-control"] == "no-store"
            for _, attributes in Browser(store, "ant").get(asked, answer.status_code).tags:
                assert "style" not in attributes and not any(name.startswith("on") for name in attributes)
                for name in ("src", "href", "action", "hx-post"):
                    assert (attributes.get(name) or "/").startswith(("/", "?", "#"))


def test_htmx_may_not_evaluate_or_leave_the_site(store: Desk) -> None:
    page = Browser(store, "ant").get("/")
    (config,) = [attributes["content"] for name, attributes in page.tags if attributes.get("name") == "htmx-config"]
    found = json.loads(config or "")
    assert (found["allowEval"], found["includeIndicatorStyles"], found["selfRequestsOnly"]) == (False, False, True)


def test_oversized_bodies_and_uploads_are_refused(store: Desk) -> None:
    ant = Browser(store, "ant", settings=ReviewSettings(max_body_bytes=10_000))
    path = ant.next_item(store.queue) or ""
    form = ant.get(path).forms[path]
    assert ant.client.post(path, data={**form, "note": "x" * 20_000}).status_code == 413
    chunks = (b"note=" + b"x" * 4_000 for _ in range(5))
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert ant.client.post(path, content=chunks, headers=headers).status_code == 413
    assert ant.client.post(path, data=form, files={"f": b"x"}).status_code in (400, 403)
    assert store.labels() == []


def test_static_folder_does_not_leak_files(store: Desk) -> None:
    nobody = Browser(store)
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2fcodebook.py", "/static/%00"):
        assert nobody.client.get(path).status_code in (400, 404), path
