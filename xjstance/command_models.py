"""`xjstance models`: which bundles are here, and what is in one."""

from __future__ import annotations

import json
from typing import Annotated

import typer

models_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List and show model bundles.")


@models_app.command("list")
def list_bundles() -> None:
    """List the bundles that travel with the package."""
    from xjstance.models.bundle import BUNDLES, Bundle, shipped_bundles

    for name in shipped_bundles():
        bundle = Bundle.load(BUNDLES / name)
        typer.echo(
            f"{name}\t{bundle.signature}\t{bundle.codebook.signature}\t{len(bundle.manifest.languages)} languages"
        )


@models_app.command("show")
def show(
    bundle: Annotated[
        str | None, typer.Argument(help="Bundle folder or name; the embedded default if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole manifest as one JSON object.")] = False,
) -> None:
    """Check a bundle (hashes, tokenisation, codebook) and print what is in it."""
    from xjstance.models.bundle import Bundle

    found = Bundle.load(bundle)
    manifest = found.manifest
    if as_json:
        typer.echo(json.dumps(json.loads(manifest.to_json()), ensure_ascii=False))
        return
    calibration = manifest.calibration
    validated = sorted(tag for tag in manifest.languages if calibration.is_validated(tag, tag.split("-")[0]))
    rows = {
        "bundle": found.signature,
        "folder": str(found.folder),
        "codebook": found.codebook.signature,
        "target": found.codebook.target,
        "labels": ", ".join(manifest.labels),
        "languages": f"{len(manifest.languages)} ({len(validated)} validated: {', '.join(validated) or 'none'})",
        "window": f"{manifest.max_tokens} tokens, aggregation {manifest.aggregation.rule}",
        "confident from": f"{calibration.confident_at:.3f} (not validated: {calibration.confident_at_unvalidated:.3f})",
        "90 % sets": f"labels with p >= {1 - calibration.conformal_at:.3f}",
        "precisions": ", ".join(f"{name} {share:.4f}" for name, share in sorted(manifest.precisions.items())),
        "training data": manifest.training_data_sha256[:12],
        "software": ", ".join(f"{name} {version}" for name, version in sorted(manifest.software.items())),
        "files": "",
    }
    for name, value in rows.items():
        typer.echo(f"{name:16s}{value}".rstrip())
    for name, sha256 in sorted(manifest.files.items()):
        typer.echo(f"  {sha256[:12]}  {(found.folder / name).stat().st_size:>11,d}  {name}")
    typer.echo("all hashes, the codebook and the tokenisation were checked")
