"""A Parquet file for `datasets.load_dataset("parquet", data_files=...)`: an article a row, who said what as a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from .tasks import Task, without_surrogates


def write_dataset(tasks: Iterable[Task], path: Path, *, with_text: bool) -> int:
    """Write the file; returns the rows. `label` is the gold label, null where there is none yet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    span = pa.struct([("field", pa.string()), ("start", pa.int64()), ("end", pa.int64())])
    label = pa.struct([("reviewer", pa.string()), ("label", pa.string()), ("at", pa.string()),
                       ("confidence", pa.string()), ("note", pa.string()), ("is_flagged", pa.bool_()),
                       ("is_blind", pa.bool_()), ("spans", pa.list_(span))])  # fmt: skip
    prediction = pa.struct([("model", pa.string()), ("stance", pa.string()), ("score", pa.float64())])
    names = ("id", "text_sha256", "frame", "stratum", "reason", "language", "date", "outlet", "url", "codebook",
             "label", "label_source")  # fmt: skip
    schema = pa.schema(
        [*((name, pa.string()) for name in names), ("inclusion_prob", pa.float64()), ("labels", pa.list_(label)),
         ("predictions", pa.list_(prediction)), *((name, pa.string()) for name in ("title", "text") if with_text)]
    )  # fmt: skip
    rows = []
    for task in tasks:
        row = {**asdict(task.item), "language": task.tag, "date": task.date, "outlet": task.outlet, "url": task.url,
               "codebook": task.codebook, "label": task.gold, "label_source": task.gold_source,
               "labels": [asdict(one) | {"note": without_surrogates(one.note)} for one in task.labels],
               "predictions": [asdict(one) for one in task.predictions], "title": task.title,
               "text": task.text}  # fmt: skip
        rows.append({name: without_surrogates(one) if isinstance(one, str) else one for name, one in row.items()})
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return len(rows)
