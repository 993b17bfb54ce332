"""Split text in any script into sentences, by offsets.

Rules rather than a model: a sentence ends at a line break, at a mark that only ends sentences (。 ։ ። ။ ། ។ ...), or
at . ! ? … followed by white space where the next letter is no small letter and the word before the dot is no
initial or short abbreviation. Scripts that write no sentence mark (Thai, Lao) end a stretch at a space once it is
long enough. Nothing is dropped: the stretches cover every visible character of the text, in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_CHARS = 1_000
"""A stretch without any end mark is divided at white space after about this many characters."""

MIN_UNMARKED_CHARS = 120
"""Thai and Lao write spaces between clauses: a stretch ends at the first space after this many characters."""

_CLOSERS = "\"'”’»›)]}」』】》〉）"
_ALWAYS = "。！？｡։።፧။།༎។៕᠃᠉।॥؟۔‼⁇⁈⁉"
_END = re.compile(
    rf"[{_ALWAYS}]+[{re.escape(_CLOSERS)}]*\s*|[.!?…]+[{re.escape(_CLOSERS)}]*(?=\s)\s*|[!?]+(?=[\u3400-\u9FFF])|\n\s*"
)
_UNMARKED = re.compile(r"[\u0E00-\u0EFF]")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'«“])(?:\w|\w{1,3}\.\w|Mr|Mrs|Ms|Dr|Prof|St|Sen|Rep|Gov|Gen|Lt|Jr|No|Nr|vs|etc|Bd|"
    r"ca|bzw|z\.B|u\.a|Sr|Sra|им|ул|гг|проф|акад|руб|тыс|млн|млрд)$"
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Half-open spans of the sentences of `text`, without surrounding white space, in order."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if match.end() <= start or not _ends_sentence(text, start, match):
            continue
        spans.extend(_trimmed(text, start, match.end()))
        start = match.end()
    spans.extend(_trimmed(text, start, len(text)))
    return spans


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    mark = match.group()
    if "\n" in mark or mark[0] in _ALWAYS:
        return True
    if match.end() < len(text) and text[match.end()].islower():
        return False
    return not (mark.startswith(".") and _ABBREVIATION.search(text[max(start, match.start() - 8) : match.start()]))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start == end:
        return
    limit = MIN_UNMARKED_CHARS if _UNMARKED.search(text, start, end) else MAX_CHARS
    while end - start > limit:
        cut = text.find(" ", start + limit, end)
        if cut < 0:
            cut = start + limit if end - start > 2 * MAX_CHARS else end
        yield start, cut
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end
