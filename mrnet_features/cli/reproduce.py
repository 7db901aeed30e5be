"""Command `reproduce`: the whole study on one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.named_files import read_exclusion
from mrnet_features.cli.options import (
    Device,
    Exclude,
    Families,
    Jobs,
    Json,
    NFolds,
    OnDevice,
    Quiet,
    Root,
    Seed,
    check_folder,
    name_families,
)
from mrnet_features.cli.terminal import print_next, quote_path


@command(
    "Report",
    "mrnet-features reproduce MRNet-v1.0 --out report",
    "mrnet-features reproduce MRNet-v1.0 -o texture-report --families texture --exclude audit.json",
    resumes=True,
)
def reproduce(
    root: Root,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", callback=check_folder, help="Folder for the report and all tables."
        ),
    ],
    families: Families = "baseline",
    n_folds: NFolds = 5,
    device: OnDevice = Device.auto,
    exclude: Exclude = "",
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
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
        n_splits=n_folds,
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
    mine = quote_path(out / "valid-lightgbm-predictions.csv")
    print_next(f"compare {quote_path(root)} mine={mine} cnn=cnn.csv", quiet=quiet or as_json)
