"""Write a report: one page, one JSON file, or a folder with page, numbers, tables and charts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..labels.errors import ConfigError
from . import report_vega
from .atomic_file import cannot_write, not_a_folder, write_atomically
from .report_charts import charts
from .report_html import render
from .report_tables import TABLES, to_csv, to_latex

_MAX_NAME = 60
"""Characters of a file's name; in any script that is at most 240 bytes, where file systems take 255."""


def write_report(report: Mapping[str, Any], output: Path) -> tuple[str, ...]:
    """Write NAME.html, NAME.json, or the folder NAME; returns what the page lacks on this machine, in words.

    Raises: ConfigError: another ending. DataError: the place cannot be written.
    """
    if output.suffix == ".html":
        return _write_page(report, output)
    if output.suffix == ".json":
        write_atomically(output, _json(report))
        return ()
    if output.suffix:
        raise ConfigError(f"-o {output}: name it .html or .json, or give it no ending for a folder with all")
    return _write_folder(report, output)


def _write_page(report: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    page = render(report)
    write_atomically(path, page.html.encode())
    return page.lacks


def _write_folder(report: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if folder.exists() and not folder.is_dir():
        raise not_a_folder(folder)
    try:
        for part in (folder, folder / "tables", folder / "charts"):
            part.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    _clear(folder)
    lacks = _write_page(report, folder / "report.html")
    write_atomically(folder / "report.json", _json(report))
    for name, rows_of in TABLES.items():
        rows = rows_of(report)
        if rows:
            write_atomically(folder / "tables" / f"{name}.csv", to_csv(rows).encode())
            pq.write_table(pa.Table.from_pylist(rows), folder / "tables" / f"{name}.parquet")
    for name, cut in _latex_names(report["cuts"]).items():
        write_atomically(folder / "tables" / f"{name}.tex", to_latex(report, cut).encode())
    for chart in charts(report) if report_vega.can_draw() else []:
        svg = report_vega.standalone_svg(chart)
        write_atomically(folder / "charts" / f"{chart.name}.svg", svg.encode())
        write_atomically(folder / "charts" / f"{chart.name}.png", report_vega.to_png(svg))
    return lacks


def _clear(folder: Path) -> None:
    """Remove what an earlier report left there: a table that this report does not have would pass for its own."""
    ours = [*(f"tables/{name}.{ending}" for name in TABLES for ending in ("csv", "parquet")), "tables/shares_*.tex",
            *(f"charts/{name}.{ending}" for name in ("shares-*", "balance-*", "volume", "error-directions")
              for ending in ("svg", "png"))]  # fmt: skip
    try:
        for pattern in ours:
            for path in folder.glob(pattern):
                path.unlink()
    except OSError as error:
        raise cannot_write(folder, error) from error


def _latex_names(cuts: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """A file name for each cut, short enough for every file system; no two alike."""
    found: dict[str, Mapping[str, Any]] = {}
    for number, cut in enumerate(cuts):
        name = "shares_" + (re.sub(r"[^\w.-]+", "_", cut["name"]).strip("_") or "table")
        if len(name) > _MAX_NAME or name in found:
            name = f"{name[:_MAX_NAME]}_{number}"
        found[name] = cut
    return found


def _json(report: Mapping[str, Any]) -> bytes:
    return json.dumps(report, ensure_ascii=False, indent=1).encode() + b"\n"
