"""Command `reproduce`: the whole study on one folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mrnet_features.cli.app import command, say_command
from mrnet_features.cli.named_files import read_exclusion
from mrnet_features.cli.option_values import check_folder, name_families
from mrnet_features.cli.options import (
    Device,
    Exclude,
    Families,
    Jobs,
    Json,
    MrnetRoot,
    NFolds,
    OnDevice,
    Quiet,
    Seed,
)
from mrnet_features.cli.terminal import print_next, quote_path

if TYPE_CHECKING:
    from mrnet_features.workflows.study import Study


@command(
    "Report",
    "mrnet-features reproduce MRNet-v1.0 --out study",
    "mrnet-features reproduce MRNet-v1.0 -o texture-study --families texture --exclude audit.json",
    resumes=True,
)
def reproduce(
    context: typer.Context,
    root: MrnetRoot,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", callback=check_folder, help="Folder for the pages and all tables."
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
    """Run the whole study and write its pages.

    Audit, feature tables, cross-validation on train, one evaluation on valid, importance. Run it
    again to continue a stopped run. The pages need the extra "report"; their text and numbers are
    written without it.
    """
    from mrnet_features.cli.format import print_json
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
        command=say_command(context),
    )
    if as_json:
        print_json({"folder": str(out), **study.as_dict()})
    else:
        _print_study(study, out)
    mine = quote_path(out / "valid-lightgbm-predictions.csv")
    print_next(f"compare {quote_path(root)} mine={mine} cnn=cnn.csv", quiet=quiet or as_json)


def _print_study(study: Study, out: Path) -> None:
    """Print scores, what was found, and where the pages are."""
    from mrnet_features.cli.format import print_summary
    from mrnet_features.cli.report import list_sentences
    from mrnet_features.report.review.write import list_missing_packages
    from mrnet_features.workflows.study import PAGES

    scored = {f"{name}, cross-validated on train": e for name, e in study.evaluations.items()}
    scored |= {f"{name}, scored once on valid": h for name, h in study.holdouts.items()}  # type: ignore[misc]
    for name, result in scored.items():
        print(f"{name}:")
        print_summary(result.summary())
        print()
    for report in study.reports.values():
        print("\n".join([report.title, *list_sentences(report), ""]))
    if list_missing_packages():
        print(
            f"The study as text: '{out / 'report.md'}'. For pages: pip install "
            "'mrnet-features[report]', and run it again."
        )
    else:
        pages = " and ".join(f"'{out / name}.html'" for name in PAGES.values())
        print(f"Pages: {pages}. Their text is in '{out / 'report.md'}'.")
