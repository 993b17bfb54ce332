"""The parts of the language identifier, each alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xjstance.labels.language_tags import NO_LANGUAGE
from xjstance.models.language_cleaning import without_markup, words_only
from xjstance.models.language_code import is_code
from xjstance.models.language_doubt import candidate_shares
from xjstance.models.language_guess import LanguageGuess
from xjstance.models.language_han import HanEvidence
from xjstance.models.language_hint import agrees, apply_hint
from xjstance.models.language_ngrams import JoinedTexts, NgramTables, ngram_hashes
from xjstance.models.language_pieces import is_other_mongolian, pieces_of
from xjstance.models.language_scorer import Candidates
from xjstance.models.language_scripts import LETTER_SCRIPTS, letter_counts
from xjstance.models.language_verdict import PieceVerdict, no_language, verdict
from xjstance.models.language_windows import MAX_WINDOWS, WINDOW, windows
from xjstance.models.language_words import WordTables

_WORDS = st.text(st.sampled_from("abcdefghij жзик"), min_size=0, max_size=30).map(lambda text: " ".join(text.split()))


def test_words_only_keeps_letters_marks_and_apostrophes() -> None:
    assert words_only("L’été 2019: «C’est» l'eau — où?") == "l'été c'est l'eau où"
    assert words_only("हिन्दी, १२३।") == "हिन्दी १२३"
    assert words_only("مى‌خواهم، ٢٠؟") == "مى‌خواهم ٢٠"
    assert words_only("12 % — 3.5") == ""


def test_without_markup_takes_out_tags_addresses_and_handles() -> None:
    text = "<p class='x'>Read https://example.org/a?b=1 or mail a.b@example.org, &nbsp;says @someone</p>"
    assert words_only(without_markup(text)) == "read or mail says"
    assert without_markup("a < b and c > d") == "a < b and c > d"


def test_windows_spread_over_a_long_text() -> None:
    text = " ".join(f"w{i:04d}" for i in range(2000))
    found = windows(text)
    assert len(found) == MAX_WINDOWS
    assert found[0].startswith("w0000 ")
    assert found[-1].endswith(" w1999")
    assert all(len(window) <= WINDOW and "w" in window for window in found)
    assert all(len(word) == 5 for window in found for word in window.split())


@given(st.text(st.sampled_from("ab \n。"), max_size=2000))
def test_windows_are_stretches_of_the_text(text: str) -> None:
    assert all(window in text for window in windows(text))


def test_letter_counts_fold_japanese_and_korean() -> None:
    counts = letter_counts(["新疆の人権", "신장 新疆", "新疆人权", "слово word", ""])
    named = [{LETTER_SCRIPTS[j]: int(n) for j, n in enumerate(row) if n and j} for row in counts]
    assert named == [{"Jpan": 5}, {"Kore": 4}, {"Hani": 4}, {"Latn": 4, "Cyrl": 5}, {}]


def test_pieces_split_a_text_in_two_scripts() -> None:
    found = pieces_of(["The committee met on Monday in the city. Комитет собрался в понедельник в городе."])
    assert [piece.script for piece in found] == ["Cyrl", "Latn"]
    assert found[0].cleaned == "комитет собрался в понедельник в городе"
    assert found[1].cleaned == "the committee met on monday in the city"


def test_pieces_leave_a_foreign_name_in_its_sentence() -> None:
    found = pieces_of(["Компания Microsoft объявила о новых правилах для всех пользователей в понедельник."])
    assert [piece.script for piece in found] == ["Cyrl"]


def test_pieces_repair_cyrillic_typed_with_latin_letters() -> None:
    found = pieces_of(["Рaмпa в пaртији: кoмисијa ћe сутрa oдлучити o предлoгу вaше групe"])  # a, e, o are Latin here
    assert [(piece.script, piece.cleaned) for piece in found] == [
        ("Cyrl", "рампа в партији комисија ће сутра одлучити предлогу ваше групе")
    ]


@given(st.lists(_WORDS, max_size=6))
def test_word_coverages_equal_a_loop(texts: list[str]) -> None:
    tables = WordTables.train({"a": ["ab ab жз", "ce"], "b": ["zzzz"]})
    rows = np.arange(len(texts)) % 2
    expected = [
        float(np.mean([word in (("ab", "жз", "ce"), ("zzzz",))[row] for word in text.split()])) if text.split() else 0.0
        for text, row in zip(texts, rows, strict=True)
    ]
    np.testing.assert_allclose(tables.coverages(JoinedTexts.of(texts), rows), np.array(expected), atol=1e-6)


@given(st.lists(_WORDS, max_size=6), st.integers(1, 5))
def test_ngram_means_equal_a_loop(texts: list[str], n: int) -> None:
    rng = np.random.default_rng(0)
    bits = 8
    tables = NgramTables(
        ["a", "b"],
        n,
        bits,
        rng.integers(0, 4, (2, 1 << bits), dtype=np.uint8),
        np.array([-3, -1, 1, 2], dtype=np.float32),
    )
    rows = np.arange(len(texts)) % 3 - 1
    expected = []
    for text, row in zip(texts, rows, strict=True):
        points = np.array([ord(char) for char in f" {text} "], dtype=np.uint32)
        levels = [
            tables.levels[tables.codes[row, int(ngram_hashes(points[i : i + n], n, bits)[0])]]
            for i in range(len(points) - n + 1)
        ]
        expected.append(np.mean(levels) if levels and row >= 0 else 0.0)
    np.testing.assert_allclose(tables.means(JoinedTexts.of(texts), rows), expected, atol=1e-5)


def test_ngram_tables_prefer_the_language_they_saw_and_pack_without_loss() -> None:
    texts = {"x": ["the cat sat on the mat"] * 50, "y": ["der hund lief durch den wald"] * 50}
    tables = NgramTables.train(texts, {"x": "Latn", "y": "Latn"}, n=3, bits=12)
    again = NgramTables.from_packed(tables.tags, 3, 12, tables.packed(), tables.levels)
    np.testing.assert_array_equal(again.codes, tables.codes)
    joined = JoinedTexts.of(["the mat", "der wald"])
    own = again.means(joined, np.array([0, 1]))
    other = again.means(joined, np.array([1, 0]))
    assert (own > 0).all()
    assert (other < 0).all()


def test_candidate_shares_sum_to_one_and_sharpen_with_length() -> None:
    scores = np.array([[2.0, 1.0, -np.inf, -np.inf]] * 2, dtype=np.float32)
    zeros = np.zeros(2, dtype=np.float32)
    found = Candidates(
        labels=np.array([[0, 1, -1, -1]] * 2), witnesses=np.array([0, 0]), scores=scores,
        is_neighbour=np.zeros((2, 4), dtype=np.bool_), logits=zeros, rivals=zeros, short_means=zeros, long_means=zeros,
        coverages=zeros, n_chars=np.array([20, 200]),
    )  # fmt: skip
    shares = candidate_shares(found, (1.0, 0.4))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert shares[1, 0] > shares[0, 0] > 0.5


def _piece(*tags: str, share: float = 0.99, odds: float = 4.0, n: int = 100, script: str = "Latn") -> PieceVerdict:
    rest = (1 - share) / max(len(tags) - 1, 1)
    return PieceVerdict(script, n, tags, (share, *[rest] * (len(tags) - 1)), odds, 0.0)


def test_verdict_of_an_article_in_two_languages_gives_both_shares() -> None:
    guess = verdict([_piece("en", "de", n=300), _piece("de", "en", n=100)])
    assert guess.tag == "en"
    assert guess.shares == (("en", 0.75), ("de", 0.25))


def test_verdict_pools_windows_that_cannot_tell_neighbours_apart() -> None:
    pieces = [_piece("hr", "bs", share=0.6), _piece("bs", "hr", share=0.55), _piece("hr", "bs", share=0.8)]
    guess = verdict(pieces)
    assert guess.tag == "hr"
    assert guess.shares == (("hr", 1.0),)


def test_verdict_is_unknown_below_the_threshold_and_keeps_the_script() -> None:
    guess = verdict([_piece("es", "pt", odds=-1.0)])
    assert (guess.tag, guess.script) == ("und", "Latn")
    assert verdict([_piece("es", odds=-3.0), _piece("es", odds=-2.0)]).tag == "und"


def test_no_language_where_letters_are_few() -> None:
    assert no_language(20, 100) is not None
    assert no_language(80, 100) is None
    guess = no_language(0, 10)
    assert guess is not None and guess.language == NO_LANGUAGE


@pytest.mark.parametrize(
    "text",
    ["for (int i = 0; i < n; ++i) { total += row[i] * weight[i]; }",
     "def normalise(text):\n    return {k: v for k, v in table.items() if k in text}",
     '{"id": 17, "status": ["ok", "late"], "path": "/var/log/app.log"}',
     "U2FsdGVkX1+vupppZksvRf5pq5g5XjFRlipRkwB0K1Y96Qsv2Lm+31cmzaAILwyt"],
)  # fmt: skip
def test_code_is_told_from_prose(text: str) -> None:
    assert is_code(text)


@pytest.mark.parametrize(
    "text",
    ["He said (and I quote) that 50% of the $20 million, or 10 million, would be paid by the end of May; no more.",
     "short <b>", "Wednesday's meeting ended at 10:30/22:30 without a result."],
)  # fmt: skip
def test_prose_is_not_code(text: str) -> None:
    assert not is_code(text)


def test_han_evidence_pools_over_pieces() -> None:
    first, second = HanEvidence.of("新疆人民", 4), HanEvidence.of("維吾爾", 3)
    assert first.verdict() == ("zh", "Hans", 0.65)
    assert (first + second).verdict()[:2] == ("zh", "Hant")
    assert HanEvidence.of("佢哋話唔知", 5).verdict()[0] == "yue"
    assert HanEvidence.of("気象庁発表", 5).verdict()[:2] == ("ja", "Jpan")


def test_other_languages_in_mongolian_script_are_not_mongolian() -> None:
    assert not is_other_mongolian("ᠮᠣᠩᠭᠣᠯ ᠬᠡᠯᠡ")
    assert is_other_mongolian("ᠮᠠᠨᠵᡠ ᡤᡳᠰᡠᠨ")


def _guess(language: str, script: str = "Latn", prob: float = 0.9) -> LanguageGuess:
    return LanguageGuess(language=language, script=script, prob=prob)


@pytest.mark.parametrize(
    ("guess", "hint", "mode", "tag"),
    [
        (_guess("de"), "fr", "ignore", "de"),
        (_guess("de"), "fr", "check", "de"),
        (_guess("de"), "fr", "trust", "fr"),
        (_guess("de"), "ru", "trust", "de"),  # not written in Latin script
        (_guess("und"), "fr", "check", "fr"),
        (_guess("de", prob=0.3), "nl", "check", "nl"),
        (_guess("hr"), "bs", "check", "bs"),
        (_guess("hr"), "sr", "check", "sr-Latn"),
        (_guess("zxx", "Zyyy"), "en", "trust", "zxx"),
        (_guess("zh", "Hant"), "Cantonese", "check", "yue"),
        (_guess("zh", "Hant"), "zh", "trust", "zh-Hant"),
        (_guess("und", "Arab"), "Kurdish", "check", "ckb"),
        (_guess("de"), "Klingon", "trust", "de"),
        (_guess("de"), None, "trust", "de"),
    ],
)
def test_apply_hint(guess: LanguageGuess, hint: str | None, mode: str, tag: str) -> None:
    assert apply_hint(guess, hint, mode=mode).tag == tag  # type: ignore[arg-type]


def test_agrees_is_none_where_either_side_says_nothing() -> None:
    said: Sequence[bool | None] = [agrees(_guess("de"), x) for x in ("de", "German", "fr", "xx", None)]
    assert said == [True, True, False, None, None]
    assert agrees(_guess("und"), "de") is None
    assert agrees(_guess("sr"), "sr-Cyrl") is False
