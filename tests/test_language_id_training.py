"""Training of the language identifier: which text it reads, how it is divided, and what is fitted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xjstance.labels.errors import DataError
from xjstance.models.language_doubt import Doubt
from xjstance.models.language_ngrams import NgramTables
from xjstance.models.language_scorer import Candidates, LanguageScorer
from xjstance.models.language_words import WordTables
from xjstance.training.language_id_corpus import LabelledText, read_corpora
from xjstance.training.language_id_doubt import Development, fit_doubt
from xjstance.training.language_id_folds import folds, sample
from xjstance.training.language_id_neighbours import train_neighbours
from xjstance.training.language_id_scorers import GROUPS, GroupConfig, train_scorer
from xjstance.training.language_id_unsupported import read_unsupported

_FILES = (
    "sib",
    "extra",
    "ud",
    "tico",
    "seed",
    "xquad",
    "udhr",
    "asp",
    "bible",
    "mozilla",
    "android",
    "cldr",
    "omw",
    "gatitos",
)


def _write(folder: Path, name: str, rows: list[tuple[str, str, str, str]]) -> None:
    columns = [[row[i] for row in rows] for i in range(4)]
    table = pa.table({
        "source": pa.array(columns[0], pa.string()), "split": pa.array(columns[1], pa.string()),
        "align_id": pa.array([""] * len(rows), pa.string()), "lang": pa.array(columns[2], pa.string()),
        "text": pa.array(columns[3], pa.string()),
    })  # fmt: skip
    pq.write_table(table, folder / f"{name}.parquet")


def test_read_corpora_leaves_out_ntrex_and_derives_scripts(tmp_path: Path) -> None:
    for name in _FILES:
        _write(tmp_path, name, [])
    _write(tmp_path, "sib", [("sib", "train", "uz", "Oʻzbekiston, 2019!"), ("sib", "dev", "zh-Hans", "你好")])
    _write(tmp_path, "extra", [("ntrex", "train", "ba", "Башҡортостан")])
    _write(tmp_path, "seed", [("seed", "train", "fa", "کابل")])
    found = list(read_corpora(tmp_path))
    assert [(text.tag, text.source, text.text) for text in found] == [
        ("uz-Latn", "sib", "oʻzbekiston"),
        ("uz-Cyrl", "sib", "ўзбекистон"),
        ("prs", "seed", "کابل"),
    ]


def test_read_corpora_names_the_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"sib\.parquet"):
        list(read_corpora(tmp_path))


def test_read_unsupported_keeps_evaluated_languages_unseen(tmp_path: Path) -> None:
    page = '<html data-iso6393="{}"><p>Alle Minsken wurde frij en gelyk yn weardigens en rjochten berne.</p></html>'
    for name, code in (("fri", "fri"), ("ast", "ast"), ("auv", "auv"), ("deu_1996", "deu"), ("014", "und")):
        (tmp_path / f"{name}.html").write_text(page.format(code), encoding="utf-8")
    found = list(read_unsupported(tmp_path))
    assert [text.tag for text in found] == ["x-fri"]
    assert found[0].text == "alle minsken wurde frij en gelyk yn weardigens en rjochten berne"
    with pytest.raises(DataError, match="declaration"):
        list(read_unsupported(tmp_path / "nothing"))


def test_folds_never_try_what_they_trained_on() -> None:
    texts = [LabelledText(tag, source, split, f"{tag} {source} {split} {i} " + "x" * 40)
             for tag in ("gl", "ca", "de", "yo") for source in ("sib", "ud") for split in ("train", "dev", "test")
             for i in range(30)]  # fmt: skip
    texts += [LabelledText("de", "ud", "train", f"many {i} " + "x" * 900) for i in range(200)]
    unsupported = [LabelledText(f"x-{code}", "udhr", "train", f"{code} text") for code in "abcdef"]
    for fold in folds(texts, unsupported, np.random.default_rng(0)):
        trained = {text.text for text in fold.train} | {text.text for text in fold.rivals}
        assert not trained & {text.text for text in fold.known}
        assert not trained & {text.text for text in fold.unknown}
        assert not {text.tag for text in fold.train} & {text.tag for text in fold.unknown}
        assert not any(text.tag == "de" and text.source == "sib" for text in fold.train)
    *_, last = folds(texts, unsupported, np.random.default_rng(0))
    assert {text.tag for text in last.train} == {"gl", "ca", "de", "yo"}
    assert not last.unknown


def test_sample_takes_so_many_of_each_tag() -> None:
    texts = [LabelledText(tag, "sib", "dev", str(i)) for tag in ("a", "b") for i in range(10)]
    taken = sample(texts, 3, np.random.default_rng(0))
    assert [text.tag for text in taken] == ["a"] * 3 + ["b"] * 3
    assert len({(text.tag, text.text) for text in taken}) == 6


def test_neighbours_learn_from_parallel_sources_alone() -> None:
    words = {"id": "karena kantor bisa uang", "ms": "kerana pejabat boleh wang"}
    texts = [LabelledText(tag, "sib", split, text) for tag, text in words.items() for split in ("train", "dev")]
    texts += [LabelledText("id", "bible", "train", "kerana pejabat boleh wang")] * 50
    others = {"bs": "što", "hr": "tko", "sr-Latn": "ko", "da": "a", "nb": "b", "nn": "c", "fa": "d", "prs": "e",
              "xh": "f", "zu": "g", "cs": "h", "sk": "i"}  # fmt: skip
    texts += [LabelledText(tag, "sib", split, text * 5) for tag, text in others.items() for split in ("train", "dev")]
    tables = {group.tags: group for group in train_neighbours(texts, on_all=False)}
    odds = tables["id", "ms"].log_odds(["karena uang", "kerana wang"])
    assert odds.argmax(axis=1).tolist() == [0, 1]
    assert odds.max(axis=1).tolist() == [0.0, 0.0]


def _candidates(rng: np.random.Generator, n: int, shift: float) -> Candidates:
    zeros = np.zeros(n, dtype=np.int64)
    evidence = [rng.normal(shift, 1, n).astype(np.float32) for _ in range(4)]
    scores = np.tile(np.array([3, 1, -np.inf, -np.inf], dtype=np.float32), (n, 1))
    return Candidates(
        labels=np.tile([0, 1, -1, -1], (n, 1)), witnesses=zeros, scores=scores,
        is_neighbour=np.zeros((n, 4), dtype=np.bool_), logits=evidence[0], rivals=-evidence[1],
        short_means=evidence[2], long_means=evidence[3], coverages=evidence[3], n_chars=rng.integers(20, 200, n),
    )  # fmt: skip


def test_doubt_separates_text_whose_evidence_is_unusual() -> None:
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    known = Development(_candidates(rng, 400, 3.0), np.zeros(400, dtype=np.int64), np.array(["a"] * 400))
    strange = Development(_candidates(rng, 400, -2.0), np.full(400, -1), np.array(["x", "y"] * 200))
    both = Development(
        Candidates(*[np.concatenate([getattr(known.found, name), getattr(strange.found, name)])
                     for name in Candidates.__slots__]),
        np.concatenate([known.gold, strange.gold]), np.concatenate([known.languages, strange.languages]),
    )  # fmt: skip
    doubt = fit_doubt([(both, 2)], known, np.array([True, True]), ["Latn", "Latn"], has_classifier=True)
    limits = doubt.thresholds[known.found.witnesses]
    assert (doubt.log_odds(known.found) < limits).mean() < 0.05
    assert (doubt.log_odds(strange.found) < limits).mean() > 0.95
    again = Doubt.from_json(doubt.to_json())
    np.testing.assert_allclose(again.log_odds(known.found), doubt.log_odds(known.found), atol=0.05)


@pytest.mark.slow
def test_train_scorer_names_what_it_learnt(tmp_path: Path) -> None:
    pytest.importorskip("fasttext")
    rng = np.random.default_rng(0)
    vocabulary = {"de": "der hund lief durch den wald und bellte laut", "fr": "le chien courait dans la grande forêt"}
    texts = [LabelledText(tag, "ud", "train", " ".join(rng.permutation(words.split())))
             for tag, words in vocabulary.items() for _ in range(300)]  # fmt: skip
    rivals = [LabelledText("x-fri", "udhr", "train", "de hûn rûn troch it wâld en blafte lûd")] * 50
    config = GroupConfig(name="latin", scripts=("Latn",), short=(3, 12), long=(4, 12), max_n=4, n_buckets=2000)
    scorer, output = train_scorer(texts, rivals, config, tmp_path, rng)
    assert output is not None and output.shape[0] == 3
    found = scorer.candidates(["der wald und der hund", "la forêt dans le"], ["Latn", "Latn"])
    assert [scorer.tags[i] for i in found.labels[:, 0]] == ["de", "fr"]
    assert (found.logits > found.rivals).all()


def test_scorer_without_classifier_gives_the_one_language_of_the_script() -> None:
    texts = {"el": ["η γάτα κάθισε"] * 20, "ka": ["კატა ზის"] * 20}
    groups = {"el": "Grek", "ka": "Geor"}
    short, long = (NgramTables.train(texts, groups, n=n, bits=10) for n in (2, 3))
    scorer = LanguageScorer(["el", "ka"], ["Grek", "Geor"], short, long, WordTables.train(texts))
    found = scorer.candidates(["η γάτα", "კატა", "ω ξψχ φθ"], ["Grek", "Geor", "Grek"])
    assert found.labels[:, 0].tolist() == [0, 1, 0]
    assert found.labels[:, 1].tolist() == [-1, -1, -1]
    assert found.long_means[0] > found.long_means[2]


def test_groups_cover_each_script_once() -> None:
    scripts = [script for group in GROUPS for script in group.scripts]
    assert len(scripts) == len(set(scripts))
    assert [group.name for group in GROUPS if not group.scripts] == ["single"]
