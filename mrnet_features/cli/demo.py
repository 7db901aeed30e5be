"""Command `demo`: synthetic knees, features, cross-validation and a page in one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import command, say_command
from mrnet_features.cli.options import Jobs, Json, Quiet, Seed, check_folder
from mrnet_features.cli.terminal import print_message, print_next, quote_path

NO_PAGE = (
    "There is no page: {packages} not installed. Run it again after pip install "
    "'mrnet-features[report]'; exams and features are kept."
)


@command(
    "Start",
    "mrnet-features demo",
    "mrnet-features demo --out more-exams --train 400 --seed 7",
    resumes=True,
)
def demo(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", "-o", callback=check_folder, help="Folder for all files.")
    ] = Path("mrnet-demo"),
    train: Annotated[int, typer.Option(min=100, help="Number of exams.")] = 160,
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make synthetic knees, extract their features, cross-validate a model and write a page.

    The quickest way to see that everything works: no data of your own are needed. The page needs
    the extra "report".
    """
    from mrnet_features.cli.format import print_json, print_summary, summary_as_dict
    from mrnet_features.report.page import Text
    from mrnet_features.report.review.write import list_missing_packages
    from mrnet_features.workflows.demo import PAGE, run_demo

    if not quiet:
        print_message(f"Writing synthetic knees, features and scores to '{out}'.")
    made = run_demo(out, n_train=train, seed=seed, n_jobs=jobs, command=say_command(context))
    page = out / PAGE
    if as_json:
        written = str(page) if made.report else None
        print_json({"folder": str(out), "page": written, **summary_as_dict(made.evaluation)})
    else:
        print_summary(made.evaluation.summary())
        print(f"Predictions, folds and this table are in '{out / 'train-cv'}'.")
        print("The knees are synthetic: these AUCs say nothing about MRNet.")
        if made.report:
            for block in made.report.parts[0].blocks:
                if isinstance(block, Text) and block.is_warning:
                    print(block.text)
            print(f"Open this page in a browser: {page}")
        else:
            print(NO_PAGE.format(packages=", ".join(list_missing_packages())))
    root, scores = quote_path(out / "knees"), quote_path(out / "train-cv" / "predictions.csv")
    table = quote_path(out / "train.parquet")
    looked = f"view {root} --predictions {scores}" if made.report else None  # needs Pillow too
    print_next(looked or f"importance {table} {root} --by family", quiet=quiet or as_json)
