from __future__ import annotations

import pytest

from xjstance.labels.errors import ConfigError
from xjstance.labels.prediction_table import column_names, from_row, to_arrow, to_row
from xjstance.labels.records import Article
from xjstance.models.bundle import Bundle
from xjstance.models.classifier import ScoringSettings, StanceClassifier

ENGLISH = "Officials praised the schools in Xinjiang on Monday. Former detainees described the camps to reporters."


def test_scored_article_has_calibrated_probabilities_and_a_set_with_its_stance(
    tiny_classifier: StanceClassifier,
) -> None:
    found = tiny_classifier.classify(ENGLISH, title="Report from the region")
    assert (found.status, found.language, found.script) == ("scored", "en", "Latn")
    assert found.probs is not None and sum(found.probs) == pytest.approx(1)
    assert found.stance == tiny_classifier.labels[found.probs.index(max(found.probs))]
    assert found.stance_set is not None and found.stance in found.stance_set
    assert found.balance == pytest.approx(found.probs[0] - found.probs[1])
    assert found.n_tokens == found.n_tokens_read > 0
    assert found.is_validated is False


@pytest.mark.parametrize(
    ("text", "status", "language"),
    [("", "empty", "und"), (" \n\u200b ", "empty", "und"), ("…!!! ???", "empty", "und"),
     ("1234 5678 90", "unrouted", "zxx")],
)  # fmt: skip
def test_text_without_language_gets_no_stance(
    tiny_classifier: StanceClassifier, text: str, status: str, language: str
) -> None:
    found = tiny_classifier.classify(text)
    assert (found.status, found.language, found.stance, found.probs) == (status, language, None, None)
    assert found.reason


def test_predictions_keep_the_order_of_articles_and_their_metadata(tiny_classifier: StanceClassifier) -> None:
    articles = [Article(id=str(n), text=ENGLISH + " More." * n, date=f"2020-01-{n + 1:02d}") for n in range(9)]
    found = list(tiny_classifier.classify_many(articles))
    assert [prediction.id for prediction in found] == [article.id for article in articles]
    assert [prediction.metadata["date"] for prediction in found] == [article.date for article in articles]


def test_long_article_is_read_whole_in_windows(tiny_classifier: StanceClassifier) -> None:
    found = tiny_classifier.classify(f"{ENGLISH} " * 30)
    assert found.n_windows > 3
    assert found.n_tokens_read == found.n_tokens


def test_window_limit_shows_what_was_not_read(tiny_bundle: Bundle) -> None:
    limited = StanceClassifier.load(tiny_bundle.folder, settings=ScoringSettings(max_windows=2, precision="f32"))
    found = limited.classify(f"{ENGLISH} " * 30)
    assert found.n_windows == 2
    assert 0 < found.n_tokens_read < found.n_tokens


def test_fixed_language_and_score_unknown_route_what_identification_would_not(tiny_bundle: Bundle) -> None:
    fixed = StanceClassifier.load(tiny_bundle.folder, settings=ScoringSettings(language="sw", precision="f32"))
    assert (fixed.classify(ENGLISH).language, fixed.classify(ENGLISH).script) == ("sw", "Latn")
    with pytest.raises(ConfigError, match="'xx-Nope' is no supported tag"):
        StanceClassifier.load(tiny_bundle.folder, settings=ScoringSettings(language="xx-Nope"))


def test_evidence_names_sentences_of_the_original_fields(tiny_bundle: Bundle) -> None:
    classifier = StanceClassifier.load(tiny_bundle.folder, settings=ScoringSettings(evidence=2, precision="f32"))
    article = Article(id="a", title="Report 3", text="Incomes rose\u200b and visitors came.  It is a crime. No vote.")
    found = classifier.classify_articles([article])[0]
    assert found.evidence is not None and len(found.evidence) == 2
    assert found.evidence[0].score >= found.evidence[1].score
    sentences = {"Report 3", "Incomes rose\u200b and visitors came.", "It is a crime.", "No vote."}
    for item in found.evidence:
        assert getattr(article, item.field)[item.start : item.end] in sentences


def test_row_has_the_contract_columns_and_survives_the_way_back(tiny_classifier: StanceClassifier) -> None:
    found = tiny_classifier.classify(ENGLISH)
    row = to_row(found, tiny_classifier.labels)
    assert list(row) == column_names(tiny_classifier.labels)
    assert list(row)[:14] == [
        "id", "status", "reason", "text_sha256", "language", "script", "language_prob", "route", "stance",
        "p_praising", "p_critical", "p_neutral", "p_unrelated", "balance",
    ]  # fmt: skip
    assert list(row)[14:] == [
        "stance_set", "is_confident", "is_validated", "n_tokens", "n_tokens_read", "n_windows", "duplicate_of", "model",
        "codebook", "date", "outlet", "url",
    ]  # fmt: skip
    assert from_row(row, tiny_classifier.labels) == found
    assert to_arrow([found], tiny_classifier.labels).to_pylist() == [row]


@pytest.mark.parametrize(
    ("hint", "mode", "agrees"),
    [
        ("en", "check", True),
        ("English", "ignore", True),
        ("de", "trust", False),
        ("fr", "check", False),
        (None, "check", None),
    ],
)
def test_prediction_notes_whether_the_language_column_agrees_with_the_text(
    tiny_bundle: Bundle, hint: str | None, mode: str, agrees: bool | None
) -> None:
    settings = ScoringSettings(precision="f32", language_hint=mode)  # type: ignore[arg-type]
    classifier = StanceClassifier.load(tiny_bundle.folder, settings=settings)
    (found,) = classifier.classify_articles([Article(id="a", text=ENGLISH, language=hint)])
    assert found.hint_agrees is agrees
