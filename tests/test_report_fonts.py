"""Fonts that a page embeds: only for scripts beyond Latin, only what it shows, only from open Noto fonts."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest

pytest.importorskip("fontTools")
pytest.importorskip("brotli")

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from xjstance.inference.report_fonts import embedded_fonts, wanted_characters

OPEN = "This Font Software is licensed under the SIL Open Font License, Version 1.1."


def make_font(path: Path, characters: str, *, licence: str = OPEN) -> None:
    """A font with a square for each character."""
    names = {ord(char): f"u{ord(char):X}" for char in characters}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 500), (500, 500), (500, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square = pen.glyph()
    builder.setupGlyf(dict.fromkeys([".notdef", *names.values()], square))
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": path.stem, "styleName": "Regular", "fullName": f"{path.stem} Full",
                            "copyright": "Made for a test", "licenseDescription": licence})  # fmt: skip
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)


def fonts_in(css: str) -> list[TTFont]:
    """The embedded fonts, read back."""
    data = re.findall(r"url\(data:font/woff2;base64,([^)]+)\)", css)
    return [TTFont(io.BytesIO(base64.b64decode(text))) for text in data]


def test_only_characters_beyond_latin_are_wanted() -> None:
    assert wanted_characters("Straße, café, Việt † ‡ − … 12 😀\n") == set()
    assert wanted_characters("Жа 新闻。") == {ord(char) for char in "Жа新闻。"}


def test_font_is_cut_to_the_glyphs_that_the_page_shows(tmp_path: Path) -> None:
    make_font(tmp_path / "NotoSansCyrillic-Regular.ttf", "абвгд")
    found = embedded_fonts("Daily ва daily", [tmp_path])
    [font] = fonts_in(found.css)
    assert set(font.getBestCmap()) == {ord("в"), ord("а")}
    assert "unicode-range:U+430,U+432,U+200C,U+200D}" in found.css
    assert found.lacks == ()
    assert "NotoSansCyrillic-Regular Full" in found.used[0] and "Open Font License" in found.used[0]
    assert font["name"].getDebugName(0) == "Made for a test"  # the licence wants it kept


def test_several_fonts_share_the_scripts_and_the_one_named_after_a_script_goes_first(tmp_path: Path) -> None:
    make_font(tmp_path / "NotoSans-Regular.ttf", "аሀ")
    make_font(tmp_path / "NotoSansEthiopic-Regular.ttf", "ሀ")
    found = embedded_fonts("а ሀ", [tmp_path])
    assert [set(font.getBestCmap()) for font in fonts_in(found.css)] == [{ord("ሀ")}, {ord("а")}]


@pytest.mark.parametrize(
    ("name", "licence"),
    [("NotoSansThai-Regular.ttf", "All rights reserved"), ("Other-Regular.ttf", OPEN), ("NotoSansThai-Bold.ttf", OPEN)],
)
def test_other_fonts_are_not_embedded_and_the_lack_is_told(tmp_path: Path, name: str, licence: str) -> None:
    make_font(tmp_path / name, "กข", licence=licence)
    found = embedded_fonts("กข", [tmp_path])
    assert found.css == "" and found.used == ()
    assert found.lacks[0].startswith("No Noto font was found for Thai") and "fonts-noto-core" in found.lacks[0]


def test_broken_font_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "NotoSansThai-Regular.ttf").write_bytes(b"\x00\x01\x00\x00\x00\x01junk")
    make_font(tmp_path / "NotoSerifThai-Regular.ttf", "ก")
    assert len(fonts_in(embedded_fonts("ก", [tmp_path, tmp_path / "not there"]).css)) == 1


def test_page_in_latin_needs_no_font(tmp_path: Path) -> None:
    assert embedded_fonts("Stance by language †", [tmp_path]).css == ""
