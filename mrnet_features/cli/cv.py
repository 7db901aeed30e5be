"""Command `cv`: cross-validation of a baseline on a feature table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.named_files import read_exclusion
from mrnet_features.cli.option_values import check_folder, check_output, list_tasks, read_groups
from mrnet_features.cli.options import (
    Coherent,
    Exclude,
    FoldsFile,
    Groups,
    Jobs,
    Json,
    LabelRoot,
    LabelSplit,
    Model,
    NFolds,
    Quiet,
    Repeats,
    Seed,
    Split,
    Table,
    Tasks,
)
from mrnet_features.cli.terminal import print_next, quote_path, repeat_options


@command(
    "Study",
    "mrnet-features cv train.parquet MRNet-v1.0",
    "mrnet-features cv train.parquet MRNet-v1.0 --model logistic --out logistic-cv",
    "mrnet-features cv train.parquet MRNet-v1.0 --model sklearn.naive_bayes:GaussianNB -o bayes-cv",
)
def cv(
    context: typer.Context,
    table: Table,
    root: LabelRoot,
    split: LabelSplit = Split.train,
    tasks: Tasks = "",
    model: Model = "lightgbm",
    n_folds: NFolds = 5,
    repeats: Repeats = 3,
    coherent: Coherent = False,
    exclude: Exclude = "",
    seed: Seed = 0,
    folds: FoldsFile = None,
    groups: Groups = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            show_default=False,
            help="Folder for summary, predictions and folds; default: the table's name with -cv, "
            "beside it.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results of an earlier run.")
    ] = False,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Cross-validate a model on a table: AUC per task.

    Prints the AUC of each task and their mean with 95 % confidence intervals, and writes summary,
    out-of-fold predictions and folds as CSV.
    """
    from mrnet_features.cli.format import print_json, print_summary, summary_as_dict
    from mrnet_features.evaluation.protocol.folds import Folds
    from mrnet_features.workflows.score import refuse_evaluation, score_table, write_evaluation
    from mrnet_features.workflows.tables import read_scored_table

    folder = check_folder(out or table.parent / f"{table.stem}-cv")
    if not overwrite:
        check_output(refuse_evaluation, folder, hint="--out")
    given = Folds.read(folds) if folds else None
    features, labels = read_scored_table(
        table,
        root,
        split,
        exclude=read_exclusion(exclude),
        tasks=list_tasks(tasks),
        n_splits=given.n_splits if given else n_folds,
    )
    evaluation = score_table(
        features,
        labels,
        model=model,
        n_splits=n_folds,
        n_repeats=repeats,
        folds=given,
        groups=read_groups(groups, root, split, features.index, jobs),
        seed=seed,
        n_jobs=jobs,
        coherent=coherent,
    )
    write_evaluation(evaluation, folder)
    if as_json:
        print_json({"folder": str(folder), **summary_as_dict(evaluation)})
    else:
        print_summary(evaluation.summary())
        print(f"Predictions, folds and this table are in '{folder}'.")
    same = repeat_options(context, "split", "tasks", "groups", "exclude")
    again = f"importance {quote_path(table)} {quote_path(root)}{same} --by family"
    print_next(again, quiet=quiet or as_json)
