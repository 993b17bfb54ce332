"""What the language identifier reads of a text: no markup, no addresses, no digits or punctuation, lower case."""

from __future__ import annotations

import re

_MAYBE_NOISE = re.compile(r"[<@{]|://|www\.")
_NOISE = re.compile(
    r"<(?:script|style)\b.*?</(?:script|style)>"  # code inside a page
    r"|</?[a-zA-Z!][^<>]{0,500}>"  # a tag
    r"|&[a-zA-Z]{2,8};|&#\d{1,7};"  # an entity
    r"|(?:https?://|www\.)\S+"  # an address
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"  # an e-mail address
    r"|[@#]\w+",  # a handle or a tag
    re.DOTALL | re.ASCII,
)
# Everything between words, in the ranges that hold no letters; apostrophes and joiners stay inside words.
_SEPARATORS = re.compile(
    "[\x00-&(-@\\[-`{-~\u00a0-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2000-\u200b\u200e-\u2018\u201a-\u2bff"
    "\u3000-\u3004\u3008-\u3020\uff01-\uff20\uff3b-\uff40\uff5b-\uff65\ufffd\u060c\u061b\u061f\u06d4\u0964\u0965]+"
)


def without_markup(text: str) -> str:
    """The text without tags, entities, web and e-mail addresses and handles."""
    return _NOISE.sub(" ", text) if _MAYBE_NOISE.search(text) else text


def words_only(text: str) -> str:
    """The words of a text in lower case between single spaces, apostrophes as `'`: what the n-grams are made of."""
    return _SEPARATORS.sub(" ", text.lower().replace("\u2019", "'")).strip()
