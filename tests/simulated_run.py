"""A simulated run as files: predictions like those of `classify`, clusters of near-duplicates, an audit.

    PYTHONPATH=. python tests/simulated_run.py --articles 494710 --audited 2000 -o build/simulated

No text is invented: only the numbers and names that a report needs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.simulated_archive import ERRORS
from xjstance.labels.audit_sample import draw_audit_sample, frame_sha256
from xjstance.labels.codebook import Codebook
from xjstance.labels.language_tags import SUPPORTED_TAGS, split_tag

NEWS = {
    "Arab": "خەۋەرلەر", "Hans": "新闻", "Hant": "新聞", "Cyrl": "Жаңалықтар", "Tibt": "གསར་འགྱུར", "Mong": "ᠮᠡᠳᠡᠭᠡ",
    "Jpan": "ニュース",
    "Kore": "뉴스", "Thai": "ข่าว", "Laoo": "ຂ່າວ", "Khmr": "ព័ត៌មាន", "Mymr": "သတင်း", "Deva": "समाचार", "Beng": "সংবাদ",
    "Guru": "ਖ਼ਬਰਾਂ", "Gujr": "સમાચાર", "Sinh": "පුවත්", "Taml": "செய்தி", "Telu": "వార్తలు", "Knda": "ಸುದ್ದಿ", "Mlym": "വാർത്ത",
    "Orya": "ସମ୍ବାଦ", "Hebr": "חדשות", "Ethi": "ዜና", "Grek": "Ειδήσεις", "Armn": "Լուրեր", "Geor": "ახალი ამბები",
}  # fmt: skip
"""A word for news by script, for names of outlets."""
LABELS = ("praising", "critical", "neutral", "unrelated")
BLOCK = 250_000


def language_shares(n_languages: int) -> np.ndarray:
    """55 % Chinese, 35 % English, the rest falling off, as in the reference study."""
    rest = 1 / np.arange(1, n_languages - 1) ** 1.1
    return np.concatenate([[0.55, 0.35], 0.10 * rest / rest.sum()])


def write_run(folder: Path, *, n: int, rng: np.random.Generator, n_languages: int = 68, n_months: int = 48,
              n_outlets: int = 4_000, own_script: bool = False) -> dict[str, Any]:  # fmt: skip
    """Write parts, clusters.parquet, run.json and outlets.csv; returns gold labels and what an audit is drawn from.

    Args: own_script: name the outlets in the script of their language.
    """
    folder.mkdir(parents=True, exist_ok=True)
    codebook = Codebook.load().signature
    model = "simulated@0123456789ab"
    tags = ["zh-Hans", "en", *(tag for tag in SUPPORTED_TAGS if tag not in ("zh-Hans", "en"))][:n_languages]
    languages, scripts = zip(*(split_tag(tag) for tag in tags), strict=True)
    by_language = np.stack([[0.55, 0.05, 0.15, 0.25] if tag.startswith("zh") else rng.dirichlet([1.5, 3, 2, 4])
                            for tag in tags])  # fmt: skip
    outlet_language = rng.choice(n_languages, n_outlets, p=language_shares(n_languages))
    outlet_language[:n_languages] = np.arange(n_languages)
    size = rng.pareto(1.1, n_outlets) + 0.05
    words = [NEWS.get(scripts[at], "outlet") if own_script else "outlet" for at in outlet_language]
    names = np.array([f"{word}{value:04}.example" for value, word in enumerate(words)])
    by_label = {at: np.flatnonzero(outlet_language == at) for at in range(n_languages)}
    shas, golds, stances, ids, written, kept_languages = [], [], [], [], 0, []
    clusters: list[pa.Table] = []
    part = 0
    while written < n:
        m = min(BLOCK, n - written)
        copies = np.where(rng.random(m) < 0.8, 1, rng.geometric(0.3, m))
        story = np.repeat(np.arange(m), copies)[:m]
        language = rng.choice(n_languages, m, p=language_shares(n_languages))
        language = language[np.searchsorted(story, story)]
        gold = (rng.random(m)[:, None] > np.cumsum(by_language[language], axis=1)[:, :-1]).sum(axis=1)
        gold = gold[np.searchsorted(story, story)]
        accuracy = np.where(language < 2, 0.84, 0.72)
        wrong = (rng.random(m)[:, None] > np.cumsum(ERRORS[gold], axis=1)[:, :-1]).sum(axis=1)
        called = np.where(rng.random(m) < accuracy, gold, wrong)
        sure = 0.35 + 0.65 * rng.beta(4, 1.5, m)
        probs = rng.dirichlet(np.full(4, 0.7), m) * (1 - sure)[:, None]
        probs[np.arange(m), called] += sure
        outlet = np.zeros(m, dtype=np.int64)
        for at, members in by_label.items():
            rows = np.flatnonzero(language == at)
            outlet[rows] = rng.choice(members, len(rows), p=size[members] / size[members].sum())
        month = rng.integers(0, n_months, m)
        dates = np.array([f"{2018 + at // 12}-{at % 12 + 1:02}-15" for at in range(n_months)])[month]
        status = np.where(rng.random(m) < 0.97, "scored", rng.choice(["unrouted", "empty", "rejected"], m))
        scored = status == "scored"
        sha = np.array(
            [s[-8:] + s[:-8] for s in (f"{int(v) * 2654435761 % (1 << 32):064x}" for v in range(written, written + m))]
        )
        identity = np.array([f"a{value:08}" for value in range(written, written + m)])
        stance = probs.argmax(axis=1)
        null = ~scored
        table = {
            "id": identity, "status": status, "reason": pa.nulls(m, pa.string()), "text_sha256": sha,
            "language": pa.array(np.array(languages)[language]), "script": pa.array(np.array(scripts)[language]),
            "language_prob": np.full(m, 0.99), "route": pa.array(["simulated"] * m),
            "stance": pa.array(np.array(LABELS)[stance], mask=null),
            **{f"p_{label}": pa.array(probs[:, at], mask=null) for at, label in enumerate(LABELS)},
            "balance": pa.array(probs[:, 0] - probs[:, 1], mask=null),
            "is_confident": pa.array(probs.max(axis=1) > 0.7, mask=null),
            "is_validated": pa.array(language < 40, mask=null),
            "n_tokens": np.full(m, 400), "n_tokens_read": np.full(m, 400), "n_windows": np.full(m, 4),
            "duplicate_of": pa.nulls(m, pa.string()), "model": pa.array([model] * m),
            "codebook": pa.array([codebook] * m),
            "date": pa.array(dates, mask=rng.random(m) < 0.01),
            "outlet": names[outlet],
            "url": pa.nulls(m, pa.string()),
        }  # fmt: skip
        pq.write_table(pa.table(table), folder / f"part-{part:05}.parquet", compression="zstd")
        first = np.array([f"{written + value:08x}" for value in range(m)])[np.searchsorted(story, story)]
        clusters.append(pa.table({"text_sha256": sha, "cluster_id": first, "size": np.bincount(story)[story]}))
        shas.append(sha[scored])
        golds.append(gold[scored])
        stances.append(stance[scored])
        ids.append(identity[scored])
        kept_languages.append(language[scored])
        written += m
        part += 1
    pq.write_table(pa.concat_tables(clusters), folder / "clusters.parquet")
    (folder / "run.json").write_text(json.dumps({"model": model, "codebook": codebook, "labels": list(LABELS)}))
    with (folder.parent / f"{folder.name}-outlets.csv").open("w", encoding="utf-8") as file:
        file.write("outlet,group\n")
        for value in range(n_outlets):
            file.write(f"{names[value]},{('state', 'private', 'public')[value % 3]}\n")
    return {"ids": np.concatenate(ids), "sha": np.concatenate(shas), "gold": np.concatenate(golds),
            "stance": np.concatenate(stances), "language": np.concatenate(kept_languages), "model": model,
            "codebook": codebook, "tags": tags}  # fmt: skip


def write_audit(path: Path, run: dict[str, Any], *, n: int, rng: np.random.Generator) -> None:
    """A sample stratified by Chinese, English, other languages and by stance, with its gold labels."""
    group = np.array(["zh", "en", "other"])[np.minimum(run["language"], 2)]
    strata = [f"{name}/{LABELS[stance]}" for name, stance in zip(group, run["stance"], strict=True)]
    sizes = dict.fromkeys(sorted(set(strata)), n // len(set(strata)))
    frame = frame_sha256(run["sha"], model=run["model"], codebook=run["codebook"])
    ids, gold = run["ids"].tolist(), dict(zip(run["ids"].tolist(), run["gold"].tolist(), strict=True))
    items = draw_audit_sample(ids, run["sha"].tolist(), strata, frame=frame, sizes=sizes, rng=rng)
    with path.open("w", encoding="utf-8") as file:
        for item in items:
            values = {name: getattr(item, name) for name in item.__slots__}
            file.write(json.dumps(values | {"label": LABELS[gold[item.id]]}) + "\n")


def main() -> None:
    """Write a run and its audit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--articles", type=int, default=494_710)
    parser.add_argument("--audited", type=int, default=2_000)
    parser.add_argument("--languages", type=int, default=68)
    parser.add_argument("--own-script", action="store_true", help="name outlets in the script of their language")
    parser.add_argument("--seed", type=int, default=9)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    run = write_run(arguments.output, n=arguments.articles, rng=rng, n_languages=arguments.languages,
                    own_script=arguments.own_script)  # fmt: skip
    if arguments.audited:
        write_audit(arguments.output.parent / f"{arguments.output.name}-audit.jsonl", run, n=arguments.audited, rng=rng)


if __name__ == "__main__":
    main()
