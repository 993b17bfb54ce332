"""Write a report: one page, one JSON file, or a folder with page, numbers, tables and charts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..labels.errors import ConfigError
from .atomic_file import cannot_write, not_a_folder, write_atomically
from .report_charts import charts
from .report_html import render
from .report_tables import TABLES, to_csv, to_latex


def write_report(report: Mapping[str, Any], output: Path) -> None:
    """Write NAME.html, NAME.json, or the folder NAME.

    Raises: ConfigError: another ending. DataError: the place cannot be written.
    """
    if output.suffix == ".html":
        write_atomically(output, render(report).encode())
    elif output.suffix == ".json":
        write_atomically(output, _json(report))
    elif output.suffix:
        raise ConfigError(f"-o {output}: name it .html or .json, or give it no ending for a folder with all")
    else:
        _write_folder(report, output)


def _write_folder(report: Mapping[str, Any], folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if folder.exists() and not folder.is_dir():
        raise not_a_folder(folder)
    try:
        for part in (folder, folder / "tables", folder / "charts"):
            part.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    write_atomically(folder / "report.html", render(report).encode())
    write_atomically(folder / "report.json", _json(report))
    for name, rows_of in TABLES.items():
        rows = rows_of(report)
        if rows:
            write_atomically(folder / "tables" / f"{name}.csv", to_csv(rows).encode())
            pq.write_table(pa.Table.from_pylist(rows), folder / "tables" / f"{name}.parquet")
    for cut in report["cuts"]:
        write_atomically(folder / "tables" / f"shares_{file_name(cut['name'])}.tex", to_latex(report, cut).encode())
    for chart in charts(report):
        svg = chart.standalone()
        write_atomically(folder / "charts" / f"{chart.name}.svg", svg.encode())
        png = _png(svg)
        if png is not None:
            write_atomically(folder / "charts" / f"{chart.name}.png", png)


def file_name(text: str) -> str:
    """A text as part of a file name."""
    return re.sub(r"[^\w.-]+", "_", text).strip("_") or "table"


def _json(report: Mapping[str, Any]) -> bytes:
    return json.dumps(report, ensure_ascii=False, indent=1).encode() + b"\n"


def _png(svg: str) -> bytes | None:
    """The chart as PNG where vl-convert is installed (extra `report`), else None: SVG is always there."""
    try:
        import vl_convert  # type: ignore[import-not-found]
    except ImportError:
        return None
    png: bytes = vl_convert.svg_to_png(svg, scale=2)
    return png
