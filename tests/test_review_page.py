"""The review page: blind, nothing lost, nothing mixed up, and safe against what articles and strangers bring."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("argon2")

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.review_browser import Browser
from tests.review_data import MODEL, TEXTS, Desk, desk, queued
from xjstance.labels.review.app import create_app
from xjstance.labels.review.article_view import paragraphs
from xjstance.labels.review.settings import ReviewSettings
from xjstance.labels.store import all_annotations, broken_links, judged_items
from xjstance.labels.store.accounts import invite

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\' OR 1=1;--'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Desk]:
    """A queue of ten scripts, two readers, an adjudicator, an administrator."""
    with desk(str(tmp_path / "reviews.db")) as found:
        for name, role in (("ant", "reviewer"), ("bee", "reviewer"), ("owl", "adjudicator"), ("elk", "administrator")):
            found.hire(name, role)
        found.add([queued(number) for number in range(10)])
        yield found


def labels_of(store: Desk) -> list[str | None]:
    with store.database.reading() as session:
        assert list(broken_links(session)) == []
        return [one.label for one in all_annotations(session)]


def test_labelling_goes_on_to_the_next_article_until_none_is_left(store: Desk) -> None:
    ant = Browser(store, "ant")
    n = 0
    while (path := ant.next_item(store.queue)) is not None:
        assert ant.judge(path, "neutral") == f"/queue/{store.queue}/next"
        n += 1
    assert n == 10
    assert labels_of(store) == ["neutral"] * 10
    assert "10 in the last hour" in ant.get("/").text


def test_article_shows_every_script_with_its_own_language_and_direction(store: Desk) -> None:
    ant = Browser(store, "ant")
    for number, (tag, (title, text)) in enumerate(TEXTS.items()):
        path = ant.next_item(store.queue)
        assert path is not None
        page = ant.get(path)
        assert title in page.text
        assert all(part in page.text for part in text.split())
        languages = {attributes.get("lang") for name, attributes in page.tags if name == "p"} - {None}
        directions = {attributes.get("dir") for name, attributes in page.tags if name == "p" and "lang" in attributes}
        assert (languages, directions) == ({tag}, {"auto"}), number
        ant.judge(path, None)


def test_prediction_and_outlet_are_hidden_until_the_own_label_is_given(store: Desk) -> None:
    ant = Browser(store, "ant")
    path = ant.next_item(store.queue) or ""
    hidden = ant.client.get(path).text
    for secret in (MODEL, "What the model said", "0.60", "daily.example", "audit", "sentence evidence"):
        assert secret not in hidden, secret
    ant.judge(path, "critical")
    shown = ant.client.get(path).text
    for word in (MODEL, "What the model said", "0.60", "daily.example", "the rest was not read", "sentence evidence"):
        assert word in shown, word
    ant.judge(path, "neutral")
    with store.database.reading() as session:
        assert [(one.label, one.shown_model) for one in all_annotations(session)] == [
            ("critical", None), ("neutral", MODEL),
        ]  # fmt: skip


def test_readers_never_see_what_others_said(store: Desk) -> None:
    ant, bee = Browser(store, "ant"), Browser(store, "bee")
    path = ant.next_item(store.queue) or ""
    ant.judge(path, "critical", note="ant's own remark")
    assert bee.next_item(store.queue) == path
    bee.judge(path, "neutral")
    page = bee.client.get(path).text
    assert "remark" not in page and "ant" not in bee.get(path).text.split()


def test_undo_is_a_new_row_and_opens_the_article_again(store: Desk) -> None:
    ant = Browser(store, "ant")
    path = ant.next_item(store.queue) or ""
    ant.judge(path, "critical")
    following = ant.next_item(store.queue) or ""
    undo = f"/queue/{store.queue}/undo"
    form = ant.get(following).forms[undo]
    assert ant.post(undo, form) == path
    assert ant.post(undo, form) == path
    ant.judge(path, "praising")
    assert labels_of(store) == ["critical", None, "praising"]


def test_two_tabs_and_double_clicks_write_one_row(store: Desk) -> None:
    ant = Browser(store, "ant")
    path = ant.next_item(store.queue) or ""
    first, second = ant.get(path).forms[path], ant.get(path).forms[path]
    ant.post(path, {**first, "label": "critical"})
    ant.post(path, {**first, "label": "critical"})
    assert "in another tab" in ant.post(path, {**second, "label": "neutral"}, 409)
    assert labels_of(store) == ["critical"]


def test_drafts_come_back_and_go_with_the_label(store: Desk) -> None:
    ant = Browser(store, "ant")
    path = ant.next_item(store.queue) or ""
    form = ant.get(path).forms[path]
    draft = {**form, "note": "نصف ملاحظة", "spans": '[{"field":"text","start":0,"end":5}]', "confidence": "low"}
    ant.post(f"{path}/draft", draft, 200)
    page = ant.get(path)
    assert page.forms[path]["spans"] == draft["spans"] and "نصف ملاحظة" in page.text
    ant.post(path, {**form, "label": "neutral", "note": draft["note"], "spans": draft["spans"], "confidence": "low",
                    "seconds": "12.5", "is_flagged": "yes"})  # fmt: skip
    with store.database.reading() as session:
        (one,) = all_annotations(session)
    assert (one.note, one.confidence, one.seconds, one.is_flagged) == ("نصف ملاحظة", "low", 12.5, True)
    assert [(span.start, span.end) for span in one.spans] == [(0, 5)]


@pytest.mark.parametrize("broken", [
    {"spans": "not json"}, {"spans": '[{"field":"text","start":5,"end":2}]'}, {"spans": '[{"field":"x"}]'},
    {"spans": '{"a":1}'}, {"label": "good"}, {"kind": "decision"}, {"after": "x"}, {"seconds": "nan?"},
    {"confidence": "sure"}, {"spans": "[" * 20_000}, {"kind": ""},
])  # fmt: skip
def test_broken_requests_are_refused_and_write_nothing(store: Desk, broken: dict[str, str]) -> None:
    ant = Browser(store, "ant")
    path = ant.next_item(store.queue) or ""
    form = ant.get(path).forms[path]
    ant.post(path, {**form, "label": "neutral", **broken}, 400)
    assert labels_of(store) == []


def test_break_is_suggested_after_reading_without_a_pause(store: Desk) -> None:
    ant = Browser(store, "ant", settings=ReviewSettings(break_after_minutes=20))
    for _ in range(3):
        ant.judge(ant.next_item(store.queue) or "", "neutral")
        store.clock.forward(minutes=9)
    assert "A break of ten minutes" in ant.get(ant.next_item(store.queue) or "").text
    store.clock.forward(minutes=11)
    assert "A break of ten minutes" not in ant.get(ant.next_item(store.queue) or "").text


def test_disagreement_is_settled_with_a_reason_or_sent_back(store: Desk) -> None:
    ant, bee, owl = (Browser(store, name) for name in ("ant", "bee", "owl"))
    path = ant.next_item(store.queue) or ""
    ant.judge(path, "critical", note="two sources", spans='[{"field":"title","start":0,"end":3}]')
    bee.next_item(store.queue)
    bee.judge(path, "neutral")
    listed = f"/queue/{store.queue}/disagreements"
    assert "1 to settle, 0 settled" in owl.get(listed).text
    settle = path.replace("item", "settle")
    page = owl.get(settle)
    assert "ant: critical" in page.text and "bee: neutral" in page.text and "two sources" in page.text
    token = page.forms[settle]["csrf"]
    owl.post(settle, {"csrf": token, "request_id": "1", "kind": "decision", "label": "critical", "note": " "}, 400)
    back = {"csrf": token, "request_id": "2", "kind": "return", "note": "look at the last line"}
    assert owl.post(settle, back) == listed
    assert ant.next_item(store.queue) == path
    assert "Sent back to you: look at the last line" in ant.get(path).text
    ant.judge(path, "critical")
    owl.post(settle, {"csrf": token, "request_id": "3", "kind": "decision", "label": "critical", "note": "dominant"})
    with store.database.reading() as session:
        assert [(one.source, one.gold) for one in judged_items(session, only_labelled=True)] == [
            ("adjudicated", "critical")
        ]  # fmt: skip
    assert "0 to settle, 1 settled" in owl.get(listed).text


def test_queue_is_sorted_and_filtered_by_every_score(store: Desk) -> None:
    store.add([queued(20, tag="ar", probs=(0.9, 0.05, 0.03, 0.02), outlet="x.example")])
    elk = Browser(store, "elk")

    def ids(query: str) -> list[str]:
        page = elk.get(f"/queue/{store.queue}?{query}")
        return [word for word in page.words if word.startswith("a") and word[1:].isdigit()]

    assert ids("order=p_praising&down=1")[0] == "a20"
    assert ids("order=p_praising")[-1] == "a20"
    assert ids("order=certainty&down=1")[0] == ids("order=margin&down=1")[0] == "a20"
    assert ids("outlet=x.example") == ids("stance=praising") == ["a20"]
    assert ids("tag=ar") == ["a0", "a20"]
    for odd in ("order=p_x", "page=9999999999999", "page=-1", "tag=%00", "order='", "outlet=%27%20OR%201%3D1--"):
        elk.get(f"/queue/{store.queue}?{odd}")


# ---- strangers and roles ----




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
    assert labels_of(store) == []
    good = ant.client.post(path, data={**form, "label": "neutral"}, headers={"origin": "http://127.0.0.1:8765"})
    assert good.status_code == 303


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
    assert labels_of(store) == ["neutral"]
    own = f"/people/{store.people['elk'].number}/active"
    assert "cannot shut yourself out" in elk.post(own, elk.get("/people").forms[own], 400)


def test_guessing_passwords_is_slowed_down(store: Desk) -> None:
    nobody = Browser(store)
    for _ in range(5):
        nobody.post("/sign-in", {"name": "ant", "password": "wrong password"}, 403)
    assert "Too many" in nobody.post("/sign-in", {"name": "ant", "password": "wrong password"}, 429)
    store.clock.forward(minutes=16)
    nobody.post("/sign-in", {"name": "a\x00'--", "password": "wrong password"}, 403)


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


# ---- what articles bring ----


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
            assert "<script>alert" not in page and "<img" not in page and "<script>\"" not in page
        assert "&lt;script&gt;alert(1)" in pages[0] and "{{7*7}}" in pages[0]


def test_every_answer_forbids_foreign_and_inline_code(store: Desk) -> None:
    ant = Browser(store, "ant")
    path = ant.next_item(store.queue) or ""
    for asked in ("/", path, "/sign-in", "/nowhere", "/static/review.js", "/static/htmx-2.0.8.min.js"):
        answer = ant.client.get(asked)
        policy = answer.headers["content-security-policy"]
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
    assert labels_of(store) == []


def test_static_folder_does_not_leak_files(store: Desk) -> None:
    nobody = Browser(store)
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2fcodebook.py", "/static/%00"):
        assert nobody.client.get(path).status_code in (400, 404), path


@settings(max_examples=80, deadline=None)
@given(text=st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("\n 。. །ہ"), max_size=300))
def test_paragraphs_hold_every_visible_character_at_its_place(text: str) -> None:
    seen: set[int] = set()
    for paragraph in paragraphs(text, "text"):
        for piece in paragraph.pieces:
            assert text[piece.start : piece.end] == piece.text
            seen.update(range(piece.start, piece.end))
    assert all(number in seen or text[number].isspace() for number in range(len(text)))
