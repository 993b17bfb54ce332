"""The pages for everybody: no serious finding of axe-core, usable at 200 % zoom and on a phone, light and dark."""

from __future__ import annotations

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("argon2")
pytest.importorskip("axe_playwright_python")

from tests.browser.conftest import People, Window
from tests.review_data import TEXTS, queued

pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")


def long_article(tag: str) -> str:
    """Many sentences, and a word without an end, as archives hold them."""
    return "\n\n".join([" ".join([TEXTS[tag][1]] * 12)] * 3) + "\n\n" + "https://news.example/" + "x" * 300


@pytest.fixture
def paths(people: People) -> dict[str, list[str]]:
    """Name -> the pages that they may open, after a disagreement."""
    people.queue([
        queued(number, tag=tag, text=long_article(tag), outlet="daily.example" * 8)
        for number, tag in enumerate(("ug-Arab", "mn-Mong", "bo", "zh-Hans"))
    ])  # fmt: skip
    desk = people.site.desk
    queue, items = desk.queue, []
    for name, label in (("ant", "critical"), ("bee", "neutral")):
        item = desk.take(name) or 0
        desk.judge(name, item, label, note="x" * 200, request_id=f"{queue}-{name}")
        items = [item, desk.take(name) or 0]
    return {
        "": ["/sign-in"],
        "ant": ["/", f"/item/{items[0]}", f"/item/{items[1]}", f"/queue/{queue}/own", f"/queue/{queue}/codebook"],
        "owl": [f"/queue/{queue}/disagreements", f"/settle/{items[0]}", f"/queue/{queue}/agreement"],
        "elk": ["/people", f"/queue/{queue}"],
    }


def findings(window: Window) -> list[str]:
    """Serious violations that axe-core sees."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(window.page).response["violations"]
    return [
        f"{window.page.url}: {one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found if one["impact"] in SERIOUS for node in one["nodes"]
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(people: People, paths: dict[str, list[str]], scheme: str) -> None:
    found = []
    for name, own in paths.items():
        if scheme == "dark" and name != "ant":
            continue  # the colours are the same everywhere
        window = people.window(name or None, color_scheme=scheme, bypass_csp=True)  # axe's own script is inline
        for path in own:
            window.go(path)
            for details in window.page.locator("details").all():
                details.evaluate("one => { one.open = true; }")
            found += findings(window)
            window.picture(f"{scheme}-{name}{path.replace('/', '_')}")
    assert found == []


@pytest.mark.parametrize(("width", "height", "ratio"), [(640, 400, 2), (360, 640, 3)], ids=["zoom200", "phone"])
def test_no_page_scrolls_sideways(people: People, paths: dict[str, list[str]], width: int, height: int,
                                  ratio: int) -> None:  # fmt: skip
    for name, own in paths.items():
        window = people.window(name or None, width=width, height=height, device_scale_factor=ratio)
        for path in own:
            window.go(path)
            wide = window.page.evaluate(
                "() => [...document.querySelectorAll('body *')].filter((one) => "
                "!one.closest('table, [lang=mn-Mong]') && "
                "one.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((one) => "
                "one.outerHTML.slice(0, 120))"
            )
            assert wide == [], (path, wide[:3])
            assert window.page.evaluate(
                "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            ), path
            window.picture(f"{width}-{name}{path.replace('/', '_')}")
        window.check()


def test_label_buttons_stay_in_sight_on_a_phone(people: People, paths: dict[str, list[str]]) -> None:
    window = people.window("ant", width=360, height=640)
    window.go(paths["ant"][2])
    for name in ("praising", "critical", "neutral", "unrelated"):
        box = window.page.get_by_role("button", name=name).bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 640, name
        assert box["height"] >= 44, name
    covered = window.page.locator(".labels").bounding_box()
    assert covered is not None and covered["height"] <= 640 * 0.45
