"""Command `cv`: cross-validation of a baseline on a feature table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import app
from mrnet_features.cli.options import (
    Coherent,
    Exclude,
    Jobs,
    Json,
    LabelSplit,
    Model,
    Root,
    Seed,
    Split,
    Table,
    check_folder,
    read_exclusion,
)


@app.command()
def cv(
    table: Table,
    root: Root,
    split: LabelSplit = Split.train,
    model: Annotated[Model, typer.Option(help="Baseline to fit for each task.")] = Model.lightgbm,
    n_folds: Annotated[int, typer.Option(min=2, help="Number of folds.")] = 5,
    repeats: Annotated[
        int, typer.Option(min=1, max=1000, help="Number of repeats, each with its own folds.")
    ] = 3,
    coherent: Coherent = False,
    exclude: Exclude = "",
    seed: Seed = 0,
    folds: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CSV of folds to use (exam,repeat,fold) instead of new ones.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for summary, predictions and folds; default: the table's name with -cv, "
            "beside it."
        ),
    ] = None,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Cross-validate a model on a table: AUC per task.

    Prints the AUC of each task and their mean with 95 % confidence intervals, and writes summary,
    out-of-fold predictions and folds as CSV.
    """
    from mrnet_features.cli.format import format_summary, print_json, summary_as_dict
    from mrnet_features.evaluation.protocol.folds import Folds
    from mrnet_features.workflows.score import score_table, write_evaluation
    from mrnet_features.workflows.tables import read_table

    folder = check_folder(out or table.parent / f"{table.stem}-cv")
    features, labels = read_table(table, root, split, exclude=read_exclusion(exclude))
    evaluation = score_table(
        features,
        labels,
        model=model,
        n_splits=n_folds,
        n_repeats=repeats,
        folds=Folds.read(folds) if folds else None,
        seed=seed,
        n_jobs=jobs,
        coherent=coherent,
    )
    write_evaluation(evaluation, folder)
    if as_json:
        print_json({"folder": str(folder), **summary_as_dict(evaluation)})
    else:
        print(format_summary(evaluation.summary()))
        print(f"Predictions, folds and this table are in '{folder}'.")
