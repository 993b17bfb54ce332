"""`xjstance models`: which bundles are here, what is in one, fetch another, hand one on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

models_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="List, show, fetch and export model bundles."
)


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


@models_app.command("fetch")
def fetch(
    source: Annotated[str, typer.Argument(help="Hub id (owner/name), or a folder.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder; left out: where the hub id finds it again.")
    ] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit on the hub.")] = None,
    sha256: Annotated[str, typer.Option(help="First digits of the manifest's sha256 that it must have.")] = "",
    encoder: Annotated[
        bool, typer.Option("--encoder", help="An encoder for `train --base`, not a bundle.")
    ] = False,
) -> None:  # fmt: skip
    """Fetch a bundle, check it (hashes, codebook, tokenisation), and put it in place; the one command with a network.

    Nothing is written unless all is right. Pickled weights are never read.
    """
    from xjstance.labels.errors import ConfigError
    from xjstance.models.bundle_fetch import fetch_bundle, fetch_encoder
    from xjstance.models.fetched import fetched_folder

    if output is None and Path(source).is_dir():
        raise ConfigError(f"{source}: is a folder already; say with -o where its copy goes")
    target = output or fetched_folder(source)
    if encoder:
        if sha256:
            raise ConfigError("--sha256 is that of a bundle's manifest; an encoder has none")
        fetch_encoder(source, target, revision=revision)
        typer.echo(f"{source}\t{target}")
        return
    bundle = fetch_bundle(source, target, revision=revision, sha256=sha256)
    typer.echo(f"{bundle.manifest.name}\t{bundle.signature}\t{bundle.manifest_sha256}\t{target}")


@models_app.command("export")
def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="New folder.")],
    bundle: Annotated[
        str | None, typer.Argument(help="Bundle folder or name; the embedded default if left out.")
    ] = None,
    file_format: Annotated[str, typer.Option("--format", help="transformers or openvino.")] = "transformers",
) -> None:
    """Write a bundle for other programs: a plain transformers folder, or OpenVINO IR, with what calibrates it."""
    from xjstance.models.bundle import Bundle
    from xjstance.models.bundle_export import export_bundle

    for name in export_bundle(Bundle.load(bundle), output, file_format):
        typer.echo(f"{(output / name).stat().st_size:>11,d}  {name}")
