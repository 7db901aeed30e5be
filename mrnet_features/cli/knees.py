"""Command `knees`: a folder of synthetic exams."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import app
from mrnet_features.cli.options import Jobs, Json, check_folder


@app.command()
def knees(
    out: Annotated[Path, typer.Argument(callback=check_folder, help="Folder to write.")],
    train: Annotated[int, typer.Option(min=1, help="Exams in train.")] = 160,
    valid: Annotated[int, typer.Option(min=0, help="Exams in valid.")] = 40,
    seed: Annotated[
        int, typer.Option(min=0, help="Random seed; the same seed gives the same exams.")
    ] = 0,
    style: Annotated[
        int | None,
        typer.Option(
            min=1, help="Seed of a random style: pose, sequences, noise; without it the default."
        ),
    ] = None,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Write synthetic exams in the layout of MRNet.

    Run it again to continue a stopped run.
    """
    from mrnet_features.cli.format import print_json
    from mrnet_features.synthetic import write_knees

    write_knees(out, n_train=train, n_valid=valid, seed=seed, style=style, n_jobs=jobs)
    if as_json:
        settings = {"train": train, "valid": valid, "seed": seed, "style": style}
        print_json({"folder": str(out), **settings})
    else:
        print(f"{train + valid} synthetic exams in '{out}'.")
