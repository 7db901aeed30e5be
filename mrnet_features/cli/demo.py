"""Command `demo`: synthetic knees, features, cross-validation and a page in one run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mrnet_features.cli.app import command, say_command
from mrnet_features.cli.option_values import check_folder
from mrnet_features.cli.options import (
    Jobs,
    Json,
    Layout,
    Quiet,
    Seed,
)
from mrnet_features.cli.terminal import print_message, print_next, quote_path

if TYPE_CHECKING:
    from mrnet_features.workflows.demo import Demo

NO_PAGE = (
    "There is no page: {packages} not installed. Run it again after pip install "
    "'mrnet-features[report]'; exams and features are kept."
)


SETS = {Layout.MRNET: "MRNet", Layout.RSNA: "any set of patients"}


@command(
    "Start",
    "mrnet-features demo",
    "mrnet-features demo --out more-exams --train 400 --seed 7",
    "mrnet-features demo --out dicom-demo --layout rsna",
    resumes=True,
)
def demo(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", "-o", callback=check_folder, help="Folder for all files.")
    ] = Path("mrnet-demo"),
    layout: Annotated[
        Layout,
        typer.Option(
            help="Layout: npy files (mrnet), or DICOM studies of several sites (rsna), "
            "which need the extra dicom and about 1.5 GB."
        ),
    ] = Layout.MRNET,
    train: Annotated[
        int | None,
        typer.Option(
            min=100, show_default=False, help="Number of exams; default: 160, or 100 DICOM studies."
        ),
    ] = None,
    cnn: Annotated[
        bool,
        typer.Option(
            "--cnn",
            help="Also train a small network on the same folds, for some minutes, and compare the "
            "two; needs the extra cnn.",
        ),
    ] = False,
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make synthetic knees, extract their features, cross-validate a model and write a page.

    The quickest way to see that everything works: no data of your own are needed. The page needs
    the extra "report". With --layout rsna: DICOM studies are audited first, and the model is
    cross-validated in folds that keep scanners and patients together and in random folds.
    """
    from mrnet_features.cli.format import (
        print_json,
        print_summary,
        print_table,
        summary_as_dict,
        table_as_rows,
    )
    from mrnet_features.report.page import Text
    from mrnet_features.report.review.earlier import VIEWER, find_folder
    from mrnet_features.report.review.write import list_missing_packages
    from mrnet_features.workflows.demo import PAGE, SITE_LEAK, run_demo

    if not quiet:
        print_message(f"Writing synthetic knees, features and scores to '{out}'.")
    made = run_demo(
        out,
        layout=layout.value,
        n_train=train,
        seed=seed,
        n_jobs=jobs,
        command=say_command(context),
        cnn=cnn,
    )
    page = out / PAGE
    if as_json:
        written = str(page) if made.report else None
        found = {"folder": str(out), "page": written, **summary_as_dict(made.evaluation)}
        found |= {"network": summary_as_dict(made.network)} if made.network else {}
        if made.gap is not None:
            found["gap"] = table_as_rows(made.gap.summary().reset_index())
        print_json(found)
    else:
        print_summary(made.evaluation.summary())
        print(f"Predictions, folds and this table are in '{out / 'train-cv'}'.")
        if made.gap is not None:
            print("\nThe same model in random folds, and the difference:")
            print_table(made.gap.summary().reset_index())
            print(
                f"The site of a knee was made to depend on its findings (site_leak={SITE_LEAK:g}); "
                "random folds reward a model that recognises it."
            )
        _print_network(made)
        print(f"The knees are synthetic: these AUCs say nothing about {SETS[layout]}.")
        if made.report:
            for block in made.report.parts[0].blocks:
                if isinstance(block, Text) and block.is_warning:
                    print(block.text)
            print(f"Open this page in a browser: {page}")
            if made.gap is not None:
                print(f"Look at the studies: {find_folder(page) / VIEWER}")
        else:
            print(NO_PAGE.format(packages=", ".join(list_missing_packages())))
    root, scores = quote_path(out / "knees"), quote_path(out / "train-cv" / "predictions.csv")
    table = quote_path(out / "train.parquet")
    looked = f"view {root} --predictions {scores}" if made.report else None  # needs Pillow too
    print_next(looked or f"importance {table} {root} --by family", quiet=quiet or as_json)


def _print_network(made: Demo) -> None:
    """Print the summary of the network, if one was trained."""
    from mrnet_features.cli.format import print_summary

    if made.network is not None:
        print("\nA small network in the same folds:")
        print_summary(made.network.summary())
