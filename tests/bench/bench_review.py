"""The review page under load, against the real server: 20 reviewers at once, a queue of 200,000, kill -9 during writes.

    python tests/bench/bench_review.py --store /tmp/bench.db --json tests/bench/results/review_sqlite.json
    python tests/bench/bench_review.py --store postgresql://postgres@127.0.0.1:55432/bench --json ...

The store has to be empty. Three parts:
1. reviewers label at once in a queue whose places are just enough; every label that was acknowledged is looked for
   afterwards, and no item may have more labels than it wants or two of one person;
2. pages over a large queue, one after the other;
3. the server is killed (SIGKILL) while four people save, started again, and what it had acknowledged is looked for.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import random
import re
import statistics
import threading
import time
import urllib.parse
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from tests.browser.review_site import Site, site
from tests.review_data import TEXTS, queued
from xjstance.labels.store.tables import AnnotationRow, ArticleRow, ItemRow, PredictionRow, QueueRow, ScoreRow

LABELS = ("praising", "critical", "neutral", "unrelated")
MODEL = "bench@0123456789ab"


class Reviewer:
    """One person's connection."""

    def __init__(self, found: Site, name: str) -> None:
        self.name, self.port = name, found.port
        self.headers = {"Cookie": f"xjstance_session={found.token(name)}", "Host": f"127.0.0.1:{found.port}"}
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        self.seconds: dict[str, list[float]] = {"next": [], "item": [], "save": []}

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        body = urllib.parse.urlencode(form) if form else None
        headers = self.headers | ({"Content-Type": "application/x-www-form-urlencoded"} if form else {})
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.headers.get("location", ""), answer.read().decode()

    def timed(self, kind: str, *ask: Any) -> tuple[int, str, str]:
        started = time.perf_counter()
        found = self.ask(*ask)
        self.seconds[kind].append(time.perf_counter() - started)
        return found

    def label(self, queue: int, label: str) -> tuple[int, str] | None:
        """Label the next article; item and request id once it is acknowledged, None when nothing is left."""
        status, where, _ = self.timed("next", "GET", f"/queue/{queue}/next")
        if status != 303:
            return None
        _, _, page = self.timed("item", "GET", where)
        form = page[page.index('id="judge"') :]
        values = {name: match[1] for name in ("csrf", "request_id", "after")
                  if (match := re.search(rf'name="{name}" value="([^"]*)"', form))}  # fmt: skip
        status, _, text = self.timed("save", "POST", where, {**values, "kind": "label", "label": label})
        if status != 303:
            raise RuntimeError(f"{status}: {text[-400:]}")
        return int(where.rpartition("/")[2]), values["request_id"]


def fill(found: Site, n: int) -> int:
    """A queue of n articles, in the tables at once; its number."""
    rng = random.Random(1)
    with found.desk.database.writing() as session:
        first = session.scalars(select(QueueRow)).first()
        assert first is not None
        queue = QueueRow(name="large", codebook=first.codebook, model=MODEL, is_blind=True, added_at="2026")
        session.add(queue)
        session.flush()
        for start in range(1_000_000, 1_000_000 + n, 5_000):
            numbers = range(start, min(start + 5_000, 1_000_000 + n))
            bodies = list(TEXTS.values())
            tags = ["lb" if k % 5_000 == 7 else list(TEXTS)[k % 10] for k in numbers]
            probs = [sorted((rng.random() for _ in LABELS), reverse=True) for _ in numbers]
            probs = [[value / sum(four) for value in four] for four in probs]
            session.execute(insert(ArticleRow), [
                {"number": k, "id": f"big-{k}", "text_sha256": f"{k:064x}", "title": bodies[k % 10][0],
                 "text": bodies[k % 10][1] * 15, "tag": tag, "outlet": f"o{k % 500}.example"}
                for k, tag in zip(numbers, tags, strict=True)
            ])  # fmt: skip
            session.execute(insert(ItemRow), [
                {"number": k, "queue": queue.number, "article": k, "tag": tag, "position": k, "frame": "f",
                 "stratum": "all", "inclusion_prob": 0.0, "reason": "uncertain", "n_wanted": 2, "n_taken": 0,
                 "is_open": True} for k, tag in zip(numbers, tags, strict=True)
            ])  # fmt: skip
            session.execute(insert(PredictionRow), [
                {"number": k, "article": k, "model": MODEL, "codebook": first.codebook, "stance": LABELS[k % 4],
                 "top_prob": four[0], "margin": four[0] - four[1], "is_confident": False, "is_validated": True,
                 "details": {"stance_set": ["critical"], "n_tokens": 900, "n_tokens_read": 900, "n_windows": 2,
                             "evidence": []}} for k, four in zip(numbers, probs, strict=True)
            ])  # fmt: skip
            session.execute(insert(ScoreRow), [
                {"prediction": k, "label": LABELS[(k + at) % 4], "prob": prob}
                for k, four in zip(numbers, probs, strict=True) for at, prob in enumerate(four)
            ])  # fmt: skip
        return queue.number


def share(seconds: list[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    cuts = statistics.quantiles(seconds, n=20) if len(seconds) > 1 else seconds * 19
    return {
        "n": len(seconds),
        "p50_ms": round(1000 * statistics.median(seconds), 1),
        "p95_ms": round(1000 * cuts[18], 1),
    }


def at_once(found: Site, n_people: int, n_labels: int) -> dict[str, Any]:
    """Part 1."""
    queue = found.desk.queue
    people = [Reviewer(found, f"r{number}") for number in range(n_people)]
    acknowledged: list[tuple[str, int, str, str]] = []

    def work(person: Reviewer, seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(n_labels):
            label = rng.choice(LABELS)
            done = person.label(queue, label)
            if done is None:
                return
            acknowledged.append((person.name, *done, label))

    started = time.perf_counter()
    threads = [threading.Thread(target=work, args=(one, at)) for at, one in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - started
    held = written(found)
    rows = found.annotations()
    per_item = Counter(one.item for one in rows)
    with found.desk.database.reading() as session:
        wanted = {row.number: row.n_wanted for row in session.scalars(select(ItemRow).where(ItemRow.queue == queue))}
    return {
        "reviewers": n_people, "labels_acknowledged": len(acknowledged), "labels_in_store": len(rows),
        "lost": sum(held.get(request) != (name, item, label) for name, item, request, label in acknowledged),
        "given_twice_to_one_person": len(rows) - len({(one.item, one.reviewer) for one in rows}),
        "items_beyond_quota": sum(n > wanted[item] for item, n in per_item.items()),
        "wall_s": round(wall, 1), "labels_per_s": round(len(rows) / wall, 1),
        **{kind: share([second for one in people for second in one.seconds[kind]]) for kind in ("next", "item", "save")},
    }  # fmt: skip


def written(found: Site) -> dict[str, tuple[str, int, str | None]]:
    """Request id -> who, item, label."""
    with found.desk.database.reading() as session:
        rows = session.scalars(select(AnnotationRow)).all()
        return {row.request_id: (row.content["reviewer"], row.item, row.label) for row in rows}


def pages(found: Site, queue: int, n: int) -> dict[str, Any]:
    """Part 2."""
    elk, result = Reviewer(found, "elk"), {}
    for name, path in {
        "start": "/", "queue": f"/queue/{queue}", "by certainty": f"/queue/{queue}?order=certainty",
        "by margin, downwards": f"/queue/{queue}?order=margin&down=1", "by p_critical": f"/queue/{queue}?order=p_critical",
        "by p_neutral, downwards": f"/queue/{queue}?order=p_neutral&down=1",
        "by certainty in Uyghur": f"/queue/{queue}?order=certainty&tag=ug-Arab",
        "one outlet": f"/queue/{queue}?outlet=o7.example", "predicted critical, open": f"/queue/{queue}?stance=critical&open=1",
        "40 articles of 200,000": f"/queue/{queue}?order=certainty&tag=lb",
        "from the middle": f"/queue/{queue}?after=1100000~1100000",
        "from the middle by certainty": f"/queue/{queue}?order=certainty&after=0.5~1",
        "disagreements": f"/queue/{queue}/disagreements", "own": f"/queue/{queue}/own",
    }.items():  # fmt: skip
        elk.seconds[name] = []
        for _ in range(n):
            assert elk.timed(name, "GET", path)[0] == 200, path
        result[name] = share(elk.seconds[name])
    for name, suffix in (("r0", ""), ("lux", ", reading one rare language")):
        person = Reviewer(found, name)
        for number in range(n):
            if person.label(queue, LABELS[number % 4]) is None:
                break
        result |= {f"{kind}{suffix}": share(person.seconds[kind]) for kind in ("next", "item", "save")}
    return result


def kills(found: Site, queue: int, n: int, seed: int) -> dict[str, Any]:
    """Part 3."""
    rng = random.Random(seed)
    acknowledged: list[tuple[str, int, str, str]] = []
    n_before = sum(one.reviewer != "lux" for one in found.annotations())
    lost = 0
    for _ in range(n):

        def work(person: Reviewer) -> None:
            try:
                while (done := person.label(queue, "neutral")) is not None:
                    acknowledged.append((person.name, *done, "neutral"))
            except (OSError, http.client.HTTPException):
                return

        before = len(acknowledged)
        threads = [threading.Thread(target=work, args=(Reviewer(found, f"r{at}"),)) for at in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) == before and any(thread.is_alive() for thread in threads):
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.3))
        found.kill()
        for thread in threads:
            thread.join()
        held = written(found)
        lost += sum(held.get(request) != (name, item, label) for name, item, request, label in acknowledged[before:])
        found.start()
    held = written(found)
    lost += sum(held.get(request) != (name, item, label) for name, item, request, label in acknowledged)
    rows = [one for one in found.annotations() if one.reviewer != "lux"]  # the chain is checked here
    return {"kills": n, "labels_acknowledged": len(acknowledged), "labels_in_store": len(rows) - n_before,
            "lost": lost, "given_twice_to_one_person": len(rows) - len({(one.item, one.reviewer) for one in rows}),
            "chain": "whole"}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", required=True)
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--queue", type=int, default=200_000)
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with site(asked.store, starts=False) as found:
        desk = found.desk
        if written(found):
            raise SystemExit(f"{asked.store}: is not empty")
        desk.hire("elk", "administrator")
        desk.hire("lux", languages=("lb",))
        for number in range(asked.reviewers):
            desk.hire(f"r{number}")
        n = asked.reviewers * asked.labels
        desk.add([queued(number) for number in range(n // 2 + n // 20)], name="tight")
        found.start()
        report: dict[str, Any] = {
            "date": datetime.now(timezone.utc).date().isoformat(), "store": desk.database.engine.dialect.name,
            "python": platform.python_version(), "cores": os.cpu_count(), "load_1_min": round(os.getloadavg()[0], 1),
            "machine": platform.machine(), "at_once": at_once(found, asked.reviewers, asked.labels),
        }  # fmt: skip
        print(json.dumps(report, indent=1), flush=True)
        large = fill(found, asked.queue)
        desk.database.refresh_statistics()
        desk.queue = large
        report["pages"] = {"articles": asked.queue, "load_1_min": round(os.getloadavg()[0], 1),
                           **pages(found, large, asked.pages)}  # fmt: skip
        print(json.dumps(report["pages"], indent=1), flush=True)
        report["kill_9"] = kills(found, large, asked.kills, seed=7)
    print(json.dumps(report["kill_9"], indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
