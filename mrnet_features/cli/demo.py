"""Command `demo`: synthetic knees, features and cross-validation in one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import app
from mrnet_features.cli.options import Jobs, Json, Seed, check_folder
from mrnet_features.cli.terminal import print_message


@app.command()
def demo(
    out: Annotated[Path, typer.Option(callback=check_folder, help="Folder for all files.")] = Path(
        "mrnet-demo"
    ),
    train: Annotated[int, typer.Option(min=100, help="Number of exams.")] = 160,
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Make synthetic knees, extract features and cross-validate."""
    from mrnet_features.cli.format import (
        format_summary,
        print_json,
        summary_as_dict,
    )
    from mrnet_features.workflows.demo import run_demo

    print_message(f"Writing synthetic knees, features and scores to '{out}'.")
    evaluation = run_demo(out, n_train=train, seed=seed, n_jobs=jobs)
    if as_json:
        print_json({"folder": str(out), **summary_as_dict(evaluation)})
    else:
        print(format_summary(evaluation.summary()))
        print(f"Predictions, folds and this table are in '{out / 'train-cv'}'.")
        print("The knees are synthetic: these AUCs say nothing about MRNet.")
