"""Where the windows behind a prediction begin in the original title and text, for a person to see what was read."""

from __future__ import annotations

from ..labels.records import Article, Prediction, WindowStart
from .article_text import ArticleText
from .bundle import Bundle
from .tokenizer import StanceTokenizer
from .windows import Window, windows


def window_starts(article: Article, prediction: Prediction, bundle: Bundle) -> list[WindowStart]:
    """One a window, in reading order; the first `prediction.n_windows` were read, the rest was not.

    Empty where one window was the whole article, and where this is not how the prediction came about: it is another
    bundle's, or the tokens are not those that were counted.
    """
    is_whole = prediction.n_windows <= 1 and prediction.n_tokens_read == prediction.n_tokens
    if prediction.model != bundle.signature or is_whole:
        return []
    text = ArticleText.of(article)
    cut = windows(text, bundle.tokenizer, max_tokens=bundle.manifest.max_tokens)
    n_tokens = [len(window.token_ids) for window in cut]
    if (sum(n_tokens), sum(n_tokens[: prediction.n_windows])) != (prediction.n_tokens, prediction.n_tokens_read):
        return []
    return _starts(text, cut, bundle.tokenizer)


def _starts(text: ArticleText, cut: list[Window], tokenizer: StanceTokenizer) -> list[WindowStart]:
    found = []
    n_before, sentence = 0, -1
    for window in cut:
        at = window.start
        if at != sentence:
            n_before, sentence = 0, at
        else:  # a sentence longer than a window goes on in this one, after the tokens that earlier windows hold
            at += tokenizer.encode_with_offsets(_sentence_from(text, at))[1][n_before]
        n_before += len(window.token_ids)
        field, start = text.original(at)
        found.append(WindowStart(field=field, start=start))
    return found


def _sentence_from(text: ArticleText, start: int) -> str:
    end = next(sentence.end for sentence in text.sentences if sentence.start == start)
    return text.content[start:end]
