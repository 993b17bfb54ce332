"""People at the review page in a real Chromium: by keyboard, in ten scripts, together, blind, with marks and drafts."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("argon2")

from tests.browser.conftest import People
from tests.review_data import MODEL, TEXTS, queued
from xjstance.labels.sentences import sentence_spans
from xjstance.labels.store.accounts import end_all_sessions, invite

pytestmark = pytest.mark.browser

LABELS = ("praising", "critical", "neutral", "unrelated")


def test_fifty_articles_in_ten_scripts_are_labelled_by_keyboard(people: People) -> None:
    people.queue([queued(number) for number in range(50)])
    window = people.begin("ant")
    wanted = []
    for number in range(50):
        tag = list(TEXTS)[number % len(TEXTS)]
        if number < len(TEXTS):
            shown = window.page.locator(".text p").first
            assert shown.get_attribute("lang") == tag
            expected = "rtl" if tag in ("ar", "ug-Arab", "he") else "ltr"
            assert shown.evaluate("one => getComputedStyle(one).direction") == expected, tag
        window.press("j", "j", "e")
        if number < len(TEXTS):
            window.picture(f"article-{tag}")
        note = ""
        if number % 7 == 3:
            note = TEXTS[tag][0]
            window.press("n")
            window.page.keyboard.insert_text(note)
            window.press("Escape")
        if number % 5 == 1:
            window.press("f")
        if number % 3 == 1:
            window.press("h")
        is_skipped = number % 25 == 24
        window.judge("s" if is_skipped else str(number % 4 + 1))
        wanted.append((f"a{number}", None if is_skipped else LABELS[number % 4], note, number % 5 == 1,
                       "high" if number % 3 == 1 else None))  # fmt: skip
    assert "Nothing is left for you" in window.text()
    found = people.site.annotations()
    assert [(one.article_id, one.label, one.note, one.is_flagged, one.confidence) for one in found] == wanted
    for number, one in enumerate(found):
        text = f"{list(TEXTS.values())[number % len(TEXTS)][1]}\n\n{number}"
        (mark,) = one.spans
        assert (mark.field, (mark.start, mark.end)) == ("text", next(iter(sentence_spans(text)))), one.article_id
        assert one.is_blind and one.seconds is not None and 0 <= one.seconds < 60
    window.check()


def test_two_reviewers_at_once_stay_blind_and_a_third_settles(people: People) -> None:
    people.queue([queued(number) for number in range(6)])
    ant, bee, owl = people.begin("ant"), people.begin("bee"), people.window("owl")
    for number in range(6):
        for window, key, note in ((ant, "2", "ant was here"), (bee, "3" if number == 1 else "2", "bee was here")):
            content = window.page.content()
            for secret in (MODEL, "What the model said", "daily.example", "audit", "was here"):
                assert secret not in content, secret
            window.press("n")
            window.page.keyboard.insert_text(note)
            window.press("Escape")
            window.judge(key)
    owl.go(f"/queue/{people.site.desk.queue}/disagreements")
    assert "1 to settle, 0 settled" in owl.text()
    owl.picture("disagreements")
    owl.page.get_by_role("link", name="a1").click()
    text = owl.text()
    assert "ant: critical" in text and "bee: neutral" in text and "ant was here" in text
    owl.picture("settle")
    owl.page.get_by_role("textbox", name="Reason").fill("the accusers dominate")
    owl.page.get_by_role("button", name="critical").click()
    owl.page.wait_for_url("**/disagreements")
    assert "0 to settle, 1 settled" in owl.text()
    found = people.site.annotations()
    assert [(one.reviewer, one.kind, one.label) for one in found if one.article_id == "a1"] == [
        ("ant", "label", "critical"), ("bee", "label", "neutral"), ("owl", "decision", "critical"),
    ]  # fmt: skip
    assert len(found) == 13 and all(one.is_blind for one in found[:12])
    for window in (ant, bee, owl):
        window.check()


def test_undo_adds_a_row_and_the_prediction_shows_only_after_the_own_label(people: People) -> None:
    people.queue([queued(number) for number in range(3)])
    ant = people.begin("ant")
    first = ant.page.url
    ant.judge("2")
    ant.judge("u")
    assert ant.page.url == first and "What the model said" not in ant.text()
    ant.judge("1")
    ant.page.goto(first)
    assert "What the model said" in ant.text() and MODEL in ant.text()
    ant.picture("after-own-label")
    ant.judge("3")
    assert [(one.kind, one.label, one.shown_model) for one in people.site.annotations()] == [
        ("label", "critical", None), ("retract", None, None), ("label", "praising", None), ("label", "neutral", MODEL),
    ]  # fmt: skip
    ant.check()


_SELECT = """([start, end]) => {
  const place = (wanted) => {
    let seen = 0;
    const walk = document.createTreeWalker(document.querySelector('.text > p'), NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const size = walk.currentNode.data.length;
      if (wanted <= seen + size) return [walk.currentNode, wanted - seen];
      seen += size;
    }
  };
  const range = document.createRange();
  range.setStart(...place(start)); range.setEnd(...place(end));
  const chosen = getSelection(); chosen.removeAllRanges(); chosen.addRange(range);
}"""
"""Selects a stretch of the first paragraph, as a mouse would; counted in UTF-16 units, as browsers do."""


def test_selection_is_marked_by_code_points_in_every_script(people: People) -> None:
    texts = {tag: f"\U0001f600 {body}" for tag, (_, body) in TEXTS.items()}
    people.queue([queued(at, tag=tag, text=text) for at, (tag, text) in enumerate(texts.items())])
    ant = people.begin("ant")
    wanted = []
    for tag, text in texts.items():
        start, end = 9, len(text) - 3
        ant.page.evaluate(_SELECT, [len(text[:at].encode("utf-16-le")) // 2 for at in (start, end)])
        ant.press("e")
        shown = ant.page.locator("#marks bdi").inner_text()
        assert shown.split() == text[start:end].split(), tag
        coloured = ant.page.evaluate("[...CSS.highlights.get('marks')].map(String).join(' ')")
        assert "".join(coloured.split()) == "".join(text[start:end].split()), tag
        ant.picture(f"selection-{tag}")
        ant.judge("2")
        wanted.append([("text", start, end)])
    found = [[(span.field, span.start, span.end) for span in one.spans] for one in people.site.annotations()]
    assert found == wanted
    ant.check()


def test_drafts_survive_a_closed_tab_and_the_second_tab_is_told(people: People) -> None:
    people.queue([queued(number) for number in range(2)])
    ant = people.begin("ant")
    with ant.page.expect_response("**/draft"):
        ant.press("n")
        ant.page.keyboard.insert_text("half a remark")
    with ant.page.expect_response("**/draft"):
        ant.press("Escape", "j", "e")
    url = ant.page.url
    second = people.watched(ant.page.context.new_page())
    ant.page.close()
    second.page.goto(url)
    assert second.page.locator("#note").input_value() == "half a remark"
    assert len(json.loads(second.page.locator("#spans").input_value())) == 1
    third = people.watched(second.page.context.new_page())
    third.page.goto(url)
    second.judge("1")
    third.press("2")
    third.page.get_by_role("heading", name="Already judged").wait_for()
    third.complaints.clear()  # the browser reports the refusal (409) itself
    second.page.go_back()
    second.page.get_by_text("You labelled this").wait_for()
    assert [one.label for one in people.site.annotations()] == ["praising"]
    second.check()
    third.check()


def test_keys_work_on_the_keyboards_of_other_scripts(people: People) -> None:
    people.queue([queued(number) for number in range(3)])
    ant = people.begin("ant")
    for key, code in (("ت", "KeyJ"), ("ث", "KeyE"), ("А", "KeyF"), ("д", "KeyL")):  # also with the capitals lock
        ant.page.evaluate("([key, code]) => document.body.dispatchEvent("
                          "new KeyboardEvent('keydown', { key, code, bubbles: true }))", [key, code])  # fmt: skip
    before = ant.page.url
    ant.page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', "
                      "{ key: '\u0662', code: 'Digit2', bubbles: true }))")  # fmt: skip
    ant.page.wait_for_url(lambda url: url != before)
    (one,) = people.site.annotations()
    assert (one.label, one.is_flagged, one.confidence, len(one.spans)) == ("critical", True, "low", 1)
    ant.check()


def test_what_was_typed_survives_the_end_of_the_session(people: People) -> None:
    people.queue([queued(number) for number in range(2)])
    ant = people.begin("ant")
    first = ant.page.url
    desk = people.site.desk
    with desk.database.writing() as session:
        end_all_sessions(session, desk.people["ant"])
    with ant.page.expect_response("**/draft") as answer:
        ant.press("j", "e", "f", "n")
        ant.page.keyboard.insert_text("typed too late")
    assert answer.value.status == 401
    ant.page.get_by_text("draft not kept: sign in again").wait_for()
    ant.press("Escape", "2")
    ant.page.get_by_text("Your session has ended").wait_for()
    ant.complaints.clear()  # the browser reports the refusals (401) itself
    ant.page.context.add_cookies([{"name": "xjstance_session", "value": people.site.token("ant"),
                                   "url": people.site.address}])  # fmt: skip
    ant.go(f"/queue/{desk.queue}/next")
    assert ant.page.url == first
    ant.page.get_by_text("restored what had not been kept").wait_for()
    ant.judge("2")
    ant.page.goto(first)
    assert ant.page.locator("#saved").inner_text() == ""  # not restored again
    (one,) = people.site.annotations()
    assert (one.label, one.note, one.is_flagged, len(one.spans)) == ("critical", "typed too late", True, 1)
    ant.check()


def test_invitation_password_and_sign_in_by_hand(people: People) -> None:
    people.queue([queued(number) for number in range(1)])
    desk = people.site.desk
    with desk.database.writing() as session:
        token = invite(session, desk.people["ant"], by="elk", now=desk.clock())
    new = people.window()
    new.go("/")
    assert new.page.url.endswith("/sign-in")
    new.go(f"/invitation/{token}")
    new.picture("invitation")
    new.page.get_by_label("Password").fill("a long password")
    new.page.get_by_role("button", name="Begin").click()
    new.page.get_by_role("link", name="Read on").last.wait_for()
    new.picture("home")
    new.page.get_by_role("button", name="Sign out").click()
    new.page.get_by_label("Pseudonym").fill("ant")
    new.page.get_by_label("Password").fill("a long password")
    new.page.get_by_role("button", name="Sign in").click()
    new.page.get_by_role("link", name="Read on").last.wait_for()
    (cookie,) = new.page.context.cookies()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    new.check()
