"""Command `reproduce`: the whole study on one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import app
from mrnet_features.cli.options import (
    Device,
    Exclude,
    Families,
    Jobs,
    Json,
    OnDevice,
    Root,
    Seed,
    check_folder,
    name_families,
    read_exclusion,
)


@app.command()
def reproduce(
    root: Root,
    out: Annotated[
        Path, typer.Option(callback=check_folder, help="Folder for the report and all tables.")
    ],
    families: Families = "baseline",
    device: OnDevice = Device.auto,
    exclude: Exclude = "",
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Run the whole study and write a report.

    Audit, feature tables, cross-validation on train, one evaluation on valid, importance. Run it
    again to continue a stopped run.
    """
    from mrnet_features.cli.format import print_json
    from mrnet_features.files import read_text
    from mrnet_features.workflows.study import run_study

    study = run_study(
        root,
        out,
        families=name_families(families),
        device=device,
        exclude=read_exclusion(exclude),
        seed=seed,
        n_jobs=jobs,
    )
    if as_json:
        print_json(study.as_dict())
    else:
        print(read_text(out / "report.md"))
        print(f"This report and its tables are in '{out}'.")
