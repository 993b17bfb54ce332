"""Text normalised once, before anything reads it, with the way back to the original code points."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .zawgyi import is_zawgyi, zawgyi_to_unicode

# Marks that show nothing: soft hyphen, grapheme joiner, zero-width space and joiners, bidi controls, word joiner and
# invisible operators, byte order mark, interlinear annotation, Hangul fillers, language tags.
_INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u200b-\u200f\u202a-\u202e"
_INVISIBLE += "\u2060-\u206f\u3164\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
_SPACE = "\t\n\x0b\x0c\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CONTROL = "\x00-\x08\x0e-\x1b\x7f\x80-\x84\x86-\x9f"
_FULLWIDTH = "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"

# A single space or newline is never changed: runs, and single marks of any other kind, may be.
_CHANGE = re.compile(
    f"[{_SPACE}{_INVISIBLE}]{{2,}}|(?![ \n])[{_SPACE}{_INVISIBLE}]|[{_CONTROL}\ud800-\udfff{_FULLWIDTH}]"
)
_UNUSUAL = re.compile(
    f"[\t\x0b\x0c\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000{_INVISIBLE}{_CONTROL}"
    f"\ud800-\udfff{_FULLWIDTH}]|  | \n|\n |\n\n\n"
)
_UNUSUAL_ASCII = re.compile("[\x00-\x09\x0b-\x1f\x7f]|  | \n|\n |\n\n\n")
_MYANMAR = re.compile("[\u1000-\u109f]")
_MYANMAR_RUN = re.compile("[\u1000-\u109f]+(?: +[\u1000-\u109f]+)*")
_LINE_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028]")
_IS_SPACE = re.compile(f"[{_SPACE}]")
# Scripts whose spelling uses the zero-width (non-)joiner: Arabic, Syriac, N'Ko, the Indic blocks, Khmer, Mongolian.
_JOINING = re.compile("[\u0600-\u08ff\u0900-\u0dff\u1780-\u18af\ua840-\ua9ff\U0001e900-\U0001e95f]")
_EMOJI = re.compile("[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalisedText:
    """A text in the one form that every later step reads."""

    text: str
    """NFC, no invisible marks but the joiners a script needs, single spaces, at most one blank line in a row."""
    offsets: Sequence[int]
    """len(text) + 1 positions in the original; a half-open span maps back as original[offsets[i]:offsets[j]]."""
    is_identity: bool
    """The original was in this form already (offsets are then 0, 1, 2, ...)."""


def normalise(text: str) -> NormalisedText:
    """The text in normal form: NFC, Zawgyi to Unicode, no bidi or zero-width marks, whitespace runs as one mark.

    Zero-width joiners stay between letters of scripts that spell with them. A whitespace run becomes one space, one
    newline, or (two line breaks or more) one blank line; the ends are stripped. Fullwidth letters and digits become
    ASCII; C1 controls become the Windows-1252 character that was meant; lone surrogates become U+FFFD.
    Normalising twice changes nothing."""
    if _is_normal(text):
        return NormalisedText(text=text, offsets=range(len(text) + 1), is_identity=True)
    spans = _Spans(text)
    for _ in range(4):  # a joiner removed, or marks recomposed, may open one more change; the third round is a no-op
        spans.apply(_CHANGE, _clean)
        spans.strip()
        if _MYANMAR.search(spans.text) and is_zawgyi(spans.text):
            spans.apply(_MYANMAR_RUN, lambda s, m: zawgyi_to_unicode(m.group()))
        if not unicodedata.is_normalized("NFC", spans.text):
            spans.apply(_clusters(), lambda s, m: unicodedata.normalize("NFC", m.group()))
        if _is_normal(spans.text):
            break
    return NormalisedText(text=spans.text, offsets=spans.offsets, is_identity=spans.text == text)


def _is_normal(text: str) -> bool:
    if not text:
        return True
    if text[0] in " \n" or text[-1] in " \n":
        return False
    if text.isascii():
        return not _UNUSUAL_ASCII.search(text)
    if _UNUSUAL.search(text) and any(_clean(text, m) != m.group() for m in _CHANGE.finditer(text)):
        return False
    if not unicodedata.is_normalized("NFC", text):
        return False
    return not (_MYANMAR.search(text) and is_zawgyi(text))


def _clean(text: str, match: re.Match[str]) -> str:
    run = match.group()
    code = ord(run[0])
    if 0xFF10 <= code <= 0xFF5A:
        return chr(code - 0xFEE0)
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if 0x80 <= code <= 0x9F and code != 0x85:  # 0x85 is the next-line control; the rest are Windows-1252 misread
        return bytes([code]).decode("cp1252", errors="ignore")
    n_breaks = len(_LINE_BREAK.findall(run)) + 2 * run.count("\u2029")
    if n_breaks:
        return "\n" if n_breaks == 1 else "\n\n"
    if _IS_SPACE.search(run):
        return " "
    joiners = [c for c in run if c in "\u200c\u200d"]
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    if joiners and before and after:
        is_spelling = _JOINING.match(before) and _JOINING.match(after)
        if is_spelling or (joiners[-1] == "\u200d" and _EMOJI.match(before) and _EMOJI.match(after)):
            return joiners[-1]
    return ""


@lru_cache(maxsize=1)
def _clusters() -> re.Pattern[str]:
    """A character with all that may compose with it: what NFC can change lies within one match."""
    joins = {c for c in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(c)}
    for code in range(0xA0, 0x1F000):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            joins.add(chr(int(parts[1], 16)))
    joins.update(map(chr, [*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]))
    inside = "".join(sorted(joins))
    codes = (*range(0xA0, 0xD800), *range(0xE000, 0x2FA20))
    alone = "".join(char for char in map(chr, codes) if not unicodedata.is_normalized("NFC", char))
    return re.compile(f".[{re.escape(inside)}]+|[{re.escape(alone)}]", re.DOTALL)


class _Spans:
    """A text under change, and for each of its code points the position in the original."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offsets = array("l", range(len(text) + 1))

    def apply(self, pattern: re.Pattern[str], replace: Callable[[str, re.Match[str]], str]) -> None:
        text, offsets = self.text, self.offsets
        pieces: list[str] = []
        moved = array("l")
        done = 0
        for match in pattern.finditer(text):
            new = replace(text, match)
            if new == match.group():
                continue
            start, end = match.span()
            pieces += text[done:start], new
            moved += offsets[done:start]
            moved.extend(offsets[min(start + i, end - 1)] for i in range(len(new)))
            done = end
        if done:
            self.text = "".join([*pieces, text[done:]])
            self.offsets = moved + offsets[done:]

    def strip(self) -> None:
        start = len(self.text) - len(self.text.lstrip(" \n"))
        end = len(self.text.rstrip(" \n"))
        if start or end < len(self.text):
            end = max(start, end)
            self.text, self.offsets = self.text[start:end], self.offsets[start : end + 1]
