"""Command `demo`: synthetic knees, features and cross-validation in one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.options import Jobs, Json, Quiet, Seed, check_folder
from mrnet_features.cli.terminal import print_message, print_next, quote_path


@command(
    "Start",
    "mrnet-features demo",
    "mrnet-features demo --out more-exams --train 400 --seed 7",
    resumes=True,
)
def demo(
    out: Annotated[
        Path, typer.Option("--out", "-o", callback=check_folder, help="Folder for all files.")
    ] = Path("mrnet-demo"),
    train: Annotated[int, typer.Option(min=100, help="Number of exams.")] = 160,
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make synthetic knees, extract their features and cross-validate a model.

    The quickest way to see that everything works: no data of your own are needed.
    """
    from mrnet_features.cli.format import print_json, print_summary, summary_as_dict
    from mrnet_features.workflows.demo import run_demo

    if not quiet:
        print_message(f"Writing synthetic knees, features and scores to '{out}'.")
    evaluation = run_demo(out, n_train=train, seed=seed, n_jobs=jobs)
    if as_json:
        print_json({"folder": str(out), **summary_as_dict(evaluation)})
    else:
        print_summary(evaluation.summary())
        print(f"Predictions, folds and this table are in '{out / 'train-cv'}'.")
        print("The knees are synthetic: these AUCs say nothing about MRNet.")
    table, root = quote_path(out / "train.parquet"), quote_path(out / "knees")
    print_next(f"importance {table} {root} --by family", quiet=quiet or as_json)
