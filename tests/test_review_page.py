"""The review page: blind, keyboard's requests, drafts, undo, adjudication; nothing lost, nothing mixed up."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("argon2")

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.review_browser import Browser, Page
from tests.review_data import MODEL, TEXTS, Desk, queued
from xjstance.labels.records import WindowStart
from xjstance.labels.review.article_view import Reading, paragraphs
from xjstance.labels.review.settings import ReviewSettings
from xjstance.labels.store import all_annotations, judged_items


def test_labelling_goes_on_to_the_next_article_until_none_is_left(store: Desk) -> None:
    ant = Browser(store, "ant")
    n = 0
    while (path := ant.next_item(store.queue)) is not None:
        assert ant.judge(path, "neutral") == f"/queue/{store.queue}/next"
        n += 1
    assert n == 10
    assert store.labels() == ["neutral"] * 10
    assert "judged 10; 0 still want somebody. 10 in the last hour" in ant.get("/").text


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
    assert store.labels() == ["critical", None, "praising"]


def test_two_tabs_and_double_clicks_write_one_row(store: Desk) -> None:
    ant = Browser(store, "ant")
    path = ant.next_item(store.queue) or ""
    first, second = ant.get(path).forms[path], ant.get(path).forms[path]
    ant.post(path, {**first, "label": "critical"})
    ant.post(path, {**first, "label": "critical"})
    assert "in another tab" in ant.post(path, {**second, "label": "neutral"}, 409)
    assert store.labels() == ["critical"]


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
    assert store.labels() == []


def test_odd_clock_of_a_browser_is_left_out(store: Desk) -> None:
    ant = Browser(store, "ant")
    for seconds in ("nan", "-inf", ""):
        ant.judge(ant.next_item(store.queue) or "", "neutral", seconds=seconds)
    with store.database.reading() as session:
        assert [one.seconds for one in all_annotations(session)] == [None] * 3
    assert store.labels() == ["neutral"] * 3


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


def test_decision_is_refused_where_something_was_added_meanwhile(store: Desk) -> None:
    ant, bee, owl, elk = (Browser(store, name) for name in ("ant", "bee", "owl", "elk"))
    path = ant.next_item(store.queue) or ""
    for reader, label in ((ant, "critical"), (bee, "neutral")):
        reader.next_item(store.queue)
        reader.judge(path, label)
    settle = path.replace("item", "settle")
    first, second = owl.get(settle).forms[settle], elk.get(settle).forms[settle]
    decision = {"kind": "decision", "label": "neutral", "note": "procedural"}
    owl.post(settle, {**first, **decision, "request_id": "1"})
    owl.post(settle, {**first, **decision, "request_id": "1"})  # sent again
    answer = elk.post(settle, {**second, **decision, "label": "critical", "request_id": "2"}, 409)
    assert "Something was added to this article since you opened it" in answer
    assert store.labels() == ["critical", "neutral", "neutral"]


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
    for odd in ("order=p_x", "after=1", "after=nan~1", "after=1e300~1", "after=1~9999999999999", "tag=%00", "order='",
                "outlet=%27%20OR%201%3D1--"):  # fmt: skip
        assert len(ids(odd)) == (0 if "OR" in odd else 11), odd


@pytest.mark.parametrize("query", ["", "order=certainty&", "order=certainty&down=1&", "order=p_critical&", "down=1&"])
def test_pages_of_a_long_queue_hold_every_article_once(store: Desk, query: str) -> None:
    probs = [(0.1, 0.5 + number % 7 / 20, 0.2, 0.2 - number % 7 / 20) for number in range(230)]  # many ties
    store.add([queued(number, probs=one) for number, one in enumerate(probs, 100)], name="long")
    elk = Browser(store, "elk")
    found: list[str] = []
    path: str | None = f"/queue/{store.queue}?{query}"
    while path:
        page = elk.get(path)
        found += [word for word in page.words if word.startswith("a") and word[1:].isdigit()]
        following = [attributes["href"] for name, attributes in page.tags if "after=" in (attributes.get("href") or "")
                     and "after=&" not in f"{attributes['href']}&"]  # fmt: skip
        path = f"/queue/{store.queue}{following[0]}" if following else None
    assert len(found) == 230 and set(found) == {f"a{number}" for number in range(100, 330)}


def test_readers_are_told_what_is_open_in_their_languages(store: Desk) -> None:
    store.hire("ox", languages=("ug", "bo"))
    assert "judged 0; 2 still want somebody" in Browser(store, "ox").get("/").text


def test_whoever_labels_sees_neither_scores_nor_labels_of_what_is_before_them(store: Desk) -> None:
    elk, ant = Browser(store, "elk"), Browser(store, "ant")
    path = elk.next_item(store.queue) or ""
    ant.next_item(store.queue)
    ant.judge(path, "critical", note="ant's remark", is_flagged="yes")
    listed = elk.client.get(f"/queue/{store.queue}?order=p_critical&stance=critical").text
    assert "hidden from you" in listed and "0.60" not in listed and MODEL in listed
    assert "Label it first" in elk.get(path.replace("item", "settle"), 403).text
    assert "critical" not in elk.get(f"/queue/{store.queue}/disagreements").text
    elk.judge(path, "neutral")
    assert "ant's remark" in elk.get(path.replace("item", "settle")).text
    with store.database.reading() as session:
        assert [one.is_blind for one in all_annotations(session)] == [True, True]


def test_whoever_saw_scores_or_labels_before_is_no_blind_reader(store: Desk) -> None:
    elk, owl, ant = (Browser(store, name) for name in ("elk", "owl", "ant"))
    assert "does not count as blind" in elk.get(f"/queue/{store.queue}").text
    first = ant.next_item(store.queue) or ""
    ant.judge(first, "critical")
    owl.get(first.replace("item", "settle"))
    assert owl.next_item(store.queue) != first
    elk.judge(elk.next_item(store.queue) or "", "neutral")
    with store.database.reading() as session:
        assert [(one.reviewer, one.shown_model) for one in all_annotations(session)] == [("ant", None), ("elk", MODEL)]


def test_whoever_settles_an_article_never_labels_it_blind(store: Desk) -> None:
    ant, bee, owl = (Browser(store, name) for name in ("ant", "bee", "owl"))
    path = ant.next_item(store.queue) or ""
    ant.judge(path, "critical", is_flagged="yes")
    listed = owl.get(f"/queue/{store.queue}/disagreements").text
    assert "Flagged" in listed and "critical" not in listed
    settle = path.replace("item", "settle")
    token = owl.get(settle).forms[settle]["csrf"]
    owl.get(path, 403)
    owl.post(path, {"csrf": token, "request_id": "1", "label": "neutral"}, 403)
    own = owl.next_item(store.queue) or ""
    assert own != path
    owl.post(own.replace("item", "settle"), {"csrf": token, "request_id": "2", "kind": "return", "note": "x"}, 403)
    owl.judge(own, "neutral")
    ant.next_item(store.queue)
    ant.judge(own, "critical")
    owl.get(own.replace("item", "settle"))
    owl.judge(own, "critical")
    with store.database.reading() as session:
        found = all_annotations(session)
    assert [(one.reviewer, one.label, one.is_blind) for one in found[1:]] == [
        ("owl", "neutral", True), ("ant", "critical", True), ("owl", "critical", False),
    ]  # fmt: skip
    assert bee.next_item(store.queue) == path


def test_window_borders_and_what_was_not_read_are_shown_after_the_own_label(store: Desk) -> None:
    text = "One is read. Two is read. Three is read. Four is not."
    starts = [WindowStart(field="title", start=0)]
    starts += [WindowStart(field="text", start=start) for start in (3, 12, 41)]  # the first of them cuts a sentence
    store.add([queued(50, tag="en", title="Title", text=text)], name="long", find_windows=lambda *_: starts)
    ant = Browser(store, "ant")
    path = ant.next_item(store.queue) or ""
    assert "data-window" not in ant.client.get(path).text
    ant.judge(path, "critical")
    shown = ant.client.get(path).text
    body = shown[shown.index('data-field="text"') : shown.index("</article>")]
    marked = re.sub("<[^>]*>", "", re.sub(r'<span class="unread">([^<]*)</span>', r"{\1}",
                                          re.sub(r'<span class="window"[^>]*data-window="([^"]*)">', r"|\1|", body)))
    _, _, marked = marked.partition(">")
    assert marked.strip() == "One|2| is read. |3|Two is read. Three is read. |4 not read|{Four is not.}"
    assert "A numbered bar marks where a window begins; what was not read" in Page(shown).text


def test_windows_that_are_not_known_are_not_shown(store: Desk) -> None:
    ant = Browser(store, "ant")
    path = ant.next_item(store.queue) or ""
    ant.judge(path, "critical")
    page = ant.get(path)
    assert "Where the windows begin is not known here" in page.text
    assert not any("data-window" in attributes for _, attributes in page.tags)


@settings(max_examples=80, deadline=None)
@given(text=st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("\n 。. །ہ"), max_size=300),
       starts=st.lists(st.integers(0, 300), max_size=4).map(sorted), n_read=st.integers(1, 5))
def test_paragraphs_hold_every_visible_character_at_its_place(text: str, starts: list[int], n_read: int) -> None:
    reading = Reading(starts=tuple(WindowStart(field="text", start=start) for start in starts), n_read=n_read)
    seen: set[int] = set()
    for paragraph in paragraphs(text, "text", reading=reading):
        for piece in paragraph.pieces:
            assert text[piece.start : piece.end] == piece.text
            assert not piece.is_sentence or "".join(part.text for part in piece.parts) == piece.text
            seen.update(range(piece.start, piece.end))
    assert all(number in seen or text[number].isspace() for number in range(len(text)))
