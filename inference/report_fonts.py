"""Fonts for the scripts that a page shows, taken from the Noto fonts of the machine and cut to the glyphs it needs.

A page that is opened elsewhere may meet a system without the script of an outlet's name. Noto fonts are under the Open
Font License, which allows embedding. Latin is left to the fonts of the reader's system, as are symbols.
"""

from __future__ import annotations

import base64
import io
import os
import re
import struct
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FAMILY = "Report scripts"
"""Name of the embedded fonts in the page's style."""
_FONT_FILE = re.compile(r"Noto(Sans|Serif)[A-Za-z]*(-Regular|-VF|\[[\w,]+\])?\.(ttf|otf|ttc)")
"""Upright fonts of normal weight; Debian's file names, and those of variable fonts."""
_LICENCE = "Open Font License"
_FIRST = 0x370
"""Below it stand Latin letters and their marks."""
_SYMBOLS = range(0x2000, 0x2C00)
_JOINERS = frozenset((0x200C, 0x200D))
"""They shape letters beside them, and go with every script."""
_FULL_NAME, _LICENCE_TEXT, _LICENCE_URL = 4, 13, 14
"""Entries of a font's name table [OpenType]."""
_NO_FONTS = ("No Noto font was found for {scripts}: those texts are shown in the fonts of the reader's system, if it "
             "has any (on Debian: apt install fonts-noto-core fonts-noto-cjk).")  # fmt: skip
_NO_EXTRA = ("No fonts were embedded for {scripts}, which needs the extra `report` (pip install 'xjstance[report]'): "
             "those texts are shown in the fonts of the reader's system, if it has any.")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedFonts:
    """What a page holds beside its text."""

    css: str = ""
    """@font-face rules with the fonts in them."""
    used: tuple[str, ...] = ()
    """Names and licence of the fonts, in words."""
    lacks: tuple[str, ...] = ()
    """Scripts without a font, in words."""


def embedded_fonts(text: str, folders: Sequence[Path] | None = None) -> EmbeddedFonts:
    """Fonts for all that a text holds beyond Latin.

    Args: folders: where fonts are; None is where systems keep them.
    """
    wanted = wanted_characters(text)
    if not wanted:
        return EmbeddedFonts()
    try:
        import brotli  # noqa: F401  (fontTools writes WOFF2 by it)
        import fontTools  # noqa: F401
    except ImportError:
        return EmbeddedFonts(lacks=(_NO_EXTRA.format(scripts=_scripts(wanted)),))
    rules, names, missing = [], [], set(wanted)
    for path in _candidates(system_folders() if folders is None else folders, wanted):
        if not missing:
            break
        found = _cut(path, missing)
        if found is not None:
            rule, name, covered = found
            rules.append(rule)
            names.append(name)
            missing -= covered
    used = (f"Embedded, cut to the glyphs used: {', '.join(names)} (SIL Open Font License 1.1).",) if names else ()
    lacks = (_NO_FONTS.format(scripts=_scripts(missing)),) if missing else ()
    return EmbeddedFonts(css="".join(rules), used=used, lacks=lacks)


def wanted_characters(text: str) -> set[int]:
    """Code points of a text that need a font beyond Latin: letters, marks, digits and punctuation of other scripts."""
    found = set()
    for char in set(text):
        code = ord(char)
        if code < _FIRST or code in _SYMBOLS or unicodedata.category(char)[0] in "CSZ":
            continue
        if not unicodedata.name(char, "LATIN").startswith("LATIN"):
            found.add(code)
    return found


def system_folders() -> list[Path]:
    """Where Linux, macOS and Windows keep fonts."""
    home = Path.home()
    if sys.platform == "darwin":
        return [home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")]
    if os.name == "nt":
        return [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts",
                home / "AppData/Local/Microsoft/Windows/Fonts"]  # fmt: skip
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share")
    return [data / "fonts", home / ".fonts", Path("/usr/local/share/fonts"), Path("/usr/share/fonts")]


def _candidates(folders: Iterable[Path], wanted: set[int]) -> Iterator[Path]:
    """Font files, first those named after a script of the text, sans before serif."""
    files = {path.name: path for folder in folders for path in sorted(folder.rglob("Noto*"))
             if _FONT_FILE.fullmatch(path.name)}  # fmt: skip
    words = {_script(code).lower() for code in wanted}

    def rank(name: str) -> tuple[bool, bool, str]:
        return not any(word in name.lower() for word in words), "Serif" in name, name

    return (files[name] for name in sorted(files, key=rank))


def _script(code: int) -> str:
    """First word of a character's name, which is that of its script for letters: ARABIC, CYRILLIC, CJK."""
    word = unicodedata.name(chr(code), "unnamed").split(" ")[0].split("-")[0]
    return "CJK" if word in ("HIRAGANA", "KATAKANA", "HANGUL", "FULLWIDTH", "IDEOGRAPHIC") else word


def _scripts(codes: Iterable[int]) -> str:
    return ", ".join(sorted({_script(code).title() for code in codes}))


def _cut(path: Path, missing: set[int]) -> tuple[str, str, set[int]] | None:
    """A rule with the glyphs of a font file that are missing, the font's name, and what it covers; None: nothing."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTLibError

    try:
        font = _open(path)
        covered = missing & font.getBestCmap().keys()
        licence = " ".join(str(font["name"].getDebugName(at) or "") for at in (_LICENCE_TEXT, _LICENCE_URL))
        if not covered or not ("OFL" in licence or _LICENCE.lower() in licence.lower()):
            return None
        name = str(font["name"].getDebugName(_FULL_NAME) or path.stem)
        options = Options(layout_features=["*"], hinting=False, notdef_outline=True, name_IDs=["*"], flavor="woff2")
        cutter = Subsetter(options)
        cutter.populate(unicodes=covered | _JOINERS)
        cutter.subset(font)
        font.flavor = "woff2"
        buffer = io.BytesIO()
        font.save(buffer)
    except (OSError, TTLibError, KeyError, AssertionError, struct.error):  # a broken file; another may have the glyphs
        return None
    data = base64.b64encode(buffer.getvalue()).decode()
    ranges = ",".join(f"U+{code:X}" for code in sorted(covered | _JOINERS))
    rule = (f'@font-face{{font-family:"{FAMILY}";src:url(data:font/woff2;base64,{data}) format("woff2");'
            f"unicode-range:{ranges}}}")  # fmt: skip
    return rule, name, covered


def _open(path: Path) -> Any:
    """A font; of a collection, the one for Simplified Chinese, else the first."""
    from fontTools.ttLib import TTCollection, TTFont

    content = io.BytesIO(path.read_bytes())  # lazy reading would keep the file open
    if path.suffix != ".ttc":
        return TTFont(content, lazy=True)
    fonts = TTCollection(content, lazy=True).fonts
    names = [str(font["name"].getDebugName(_FULL_NAME)).removesuffix(" Regular") for font in fonts]
    return next((font for font, name in zip(fonts, names, strict=True) if name.endswith(" SC")), fonts[0])
