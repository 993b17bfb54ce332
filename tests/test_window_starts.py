"""Where the windows behind a prediction begin in the original fields: exactly the text that the model read."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import sentencepiece

from tests.review_data import TEXTS
from xjstance.labels.normalise import normalise
from xjstance.labels.records import Article, Prediction
from xjstance.models.article_text import ArticleText
from xjstance.models.bundle import Bundle
from xjstance.models.tokenizer import SENTENCEPIECE_FILE
from xjstance.models.window_starts import window_starts
from xjstance.models.windows import windows


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """The shipped one."""
    return Bundle.load()


def prediction_of(article: Article, bundle: Bundle, *, n_read: int | None = None) -> Prediction:
    """What scoring says of the windows."""
    cut = windows(ArticleText.of(article), bundle.tokenizer, max_tokens=bundle.manifest.max_tokens)
    read = cut[:n_read]
    return Prediction(
        id=article.id, text_sha256=article.sha256, status="scored", stance="neutral", probs=(0.1, 0.1, 0.7, 0.1),
        model=bundle.signature, n_windows=len(read), n_tokens=sum(len(one.token_ids) for one in cut),
        n_tokens_read=sum(len(one.token_ids) for one in read),
    )  # fmt: skip


@pytest.mark.parametrize("tag", list(TEXTS))
def test_original_from_one_start_to_the_next_is_the_windows_text(tag: str, bundle: Bundle) -> None:
    title, body = TEXTS[tag]
    untidy = body.replace(" ", " \u200b  ").replace("a", "\uff41")
    article = Article(id="a", title=f" {title} ", text="\n \n\n".join([untidy] * 30))
    text = ArticleText.of(article)
    cut = windows(text, bundle.tokenizer, max_tokens=bundle.manifest.max_tokens)
    found = window_starts(article, prediction_of(article, bundle), bundle)
    assert len(found) == len(cut) > 2
    assert (found[0].field, {one.field for one in found[1:]}) == ("title", {"text"})
    ends = [one.start for one in found[1:]] + [len(article.text)]
    assert "".join(normalise(article.text[: ends[0]]).text.split()) in "".join(text.content[: cut[0].end].split())
    for window, start, end in zip(cut[1:], found[1:], ends[1:], strict=True):
        read = text.content[window.start : window.end]
        assert normalise(article.text[start.start : end]).text.split() == read.split()


def test_sentence_longer_than_a_window_is_divided_between_its_tokens(bundle: Bundle) -> None:
    article = Article(id="a", text="新疆维吾尔自治区人民政府新闻办公室举行发布会" * 45)
    found = window_starts(article, prediction_of(article, bundle), bundle)
    processor = sentencepiece.SentencePieceProcessor(str(bundle.folder / SENTENCEPIECE_FILE))
    pieces = processor.encode(article.text, out_type=str)
    room = bundle.manifest.max_tokens - 2
    lengths = [len("".join(pieces[: room * n]).replace("\u2581", "")) for n in range(len(found))]
    assert len(found) > 1 and [one.start for one in found] == lengths


def test_what_was_not_read_begins_after_the_windows_that_were(bundle: Bundle) -> None:
    article = Article(id="a", text="The parliament voted on the motion today. " * 200)
    whole = window_starts(article, prediction_of(article, bundle), bundle)
    assert window_starts(article, prediction_of(article, bundle, n_read=2), bundle) == whole
    assert all(first.start < second.start for first, second in pairwise(whole))


def test_nothing_is_said_of_a_prediction_that_did_not_come_about_so(bundle: Bundle) -> None:
    article = Article(id="a", text="The parliament voted on the motion today. " * 200)
    good = prediction_of(article, bundle)
    short = Article(id="b", text="The parliament voted.")
    assert window_starts(article, replace(good, model="other@0123456789ab"), bundle) == []
    assert window_starts(article, replace(good, n_tokens=good.n_tokens + 1), bundle) == []
    assert window_starts(short, prediction_of(short, bundle), bundle) == []
