"""Every letter of every language of the set is drawn with a glyph of its own on the article's page, not as a box."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("fastapi")
pytest.importorskip("argon2")

from tests.browser.conftest import People
from tests.review_data import queued
from xjstance.labels.labelled_corpus import CORPUS, read_corpus
from xjstance.labels.language_tags import SUPPORTED_TAGS

pytestmark = pytest.mark.browser

FAMILIES = ("Noto Sans", "Noto Serif Tibetan", "Noto Sans Mongolian", "Noto Nastaliq Urdu", "Noto Sans CJK SC")
"""In Debian's packages fonts-noto-core and fonts-noto-cjk."""

_BOXES = """([tag, letters]) => {
  const shown = document.querySelector('.text > p');
  shown.lang = tag;
  shown.textContent = letters.join(' ');
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 60;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.font = `24px ${getComputedStyle(shown).fontFamily}`;
  const drawn = (text) => {
    context.clearRect(0, 0, 60, 60);
    context.fillText(text, 12, 40);
    return context.getImageData(0, 0, 60, 60).data.join();
  };
  const box = drawn('\\u0378');
  return letters.filter((letter) => drawn(letter) === box);
}"""
"""Letters that look as one does which Unicode has not assigned, in the page's own fonts for a language."""


def installed() -> set[str]:
    """Font families of the machine."""
    if shutil.which("fc-list") is None:
        return set()
    lines = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, check=True).stdout.splitlines()
    return {name.strip() for line in lines for name in line.split(",")}


def used(page: Any) -> set[str]:
    """Families that Chromium took for the first paragraph."""
    tools = page.context.new_cdp_session(page)
    tools.send("DOM.enable")
    tools.send("CSS.enable")
    root = tools.send("DOM.getDocument")["root"]["nodeId"]
    node = tools.send("DOM.querySelector", {"nodeId": root, "selector": ".text > p"})["nodeId"]
    found = tools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    tools.detach()
    return {font["familyName"] for font in found}


def test_every_letter_of_every_language_has_a_glyph(people: People) -> None:
    if missing := sorted(set(FAMILIES) - installed()):
        pytest.skip(f"{missing[0]} is not installed (Debian: apt-get install fonts-noto-core fonts-noto-cjk)")
    if not CORPUS.is_dir():
        pytest.skip("the labelled corpus, which has text in every language, is only in a checkout")
    people.queue([queued(0)])
    page = people.begin("ant").page
    boxes, families = {}, {}
    for tag in SUPPORTED_TAGS:
        articles = read_corpus(CORPUS / f"{tag}.jsonl")
        letters = sorted({letter for one in articles for letter in f"{one.title}{one.text}" if not letter.isspace()})
        assert len(letters) > 20, tag
        if found := page.evaluate(_BOXES, [tag, letters]):
            boxes[tag] = found
        families[tag] = used(page)
    assert page.evaluate(_BOXES, ["en", ["a", "\u0378"]]) == ["\u0378"]  # a missing letter is seen as such
    assert boxes == {}
    of_script = {"bo": "Noto Serif Tibetan", "mn-Mong": "Noto Sans Mongolian", "ur": "Noto Nastaliq Urdu",
                 "ja": "Noto Sans CJK JP", "ko": "Noto Sans CJK KR", "zh-Hant": "Noto Sans CJK TC",
                 "ug-Arab": "Noto Sans Arabic", "km": "Noto Sans Khmer", "am": "Noto Sans Ethiopic"}  # fmt: skip
    assert {tag: of_script[tag] for tag in of_script if of_script[tag] not in families[tag]} == {}
