"""Command `importance`: how much each group of columns contributes to LightGBM's predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.named_files import read_exclusion
from mrnet_features.cli.option_values import (
    check_file,
    check_views,
    complete_names,
    list_label_files,
    list_tasks,
    read_groups,
    split_names,
)
from mrnet_features.cli.options import (
    Exclude,
    Grouping,
    Groups,
    Jobs,
    Json,
    LabelRoot,
    LabelSplit,
    NFolds,
    Quiet,
    Seed,
    Split,
    Table,
    Tasks,
)
from mrnet_features.cli.terminal import print_next, quote_path, repeat_options
from mrnet_features.messages import quote, suggest_name


@command(
    "Study",
    "mrnet-features importance train.parquet MRNet-v1.0 --by family",
    "mrnet-features importance train.parquet MRNet-v1.0 --by region --task acl --views permutation",
    "mrnet-features importance train.parquet MRNet-v1.0 --by plane --out importance.csv",
)
def importance(
    context: typer.Context,
    table: Table,
    root: LabelRoot,
    split: LabelSplit = Split.train,
    tasks: Tasks = "",
    by: Annotated[
        Grouping,
        typer.Option(
            help="Group columns by a part of their names (structure: a region without its side), "
            "by correlation (cluster), or not at all (column)."
        ),
    ] = Grouping.family,
    views: Annotated[
        str,
        typer.Option(
            callback=check_views,
            autocompletion=complete_names("shap", "permutation", "drop_group", "single_group"),
            help="One or more, separated by commas: shap (SHAP values), permutation (AUC drop "
            "when the group is shuffled), drop_group (AUC drop without the group), single_group "
            "(AUC of the group alone).",
        ),
    ] = "shap,permutation",
    task: Annotated[
        str, typer.Option(help="Task to print; default: the mean, or the task if there is one.")
    ] = "",
    n_folds: NFolds = 5,
    groups: Groups = "",
    exclude: Exclude = "",
    seed: Seed = 0,
    jobs: Jobs = -1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", show_default=False, help="CSV of all tasks to write."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the importance of each group of columns to LightGBM.

    Values are measured on held-out exams and have 95 % confidence intervals.
    """
    from mrnet_features.cli.format import print_json, print_table
    from mrnet_features.files.csv_format import format_csv
    from mrnet_features.files.writing import write_text
    from mrnet_features.plain import to_plain
    from mrnet_features.workflows.score import measure_importance
    from mrnet_features.workflows.tables import read_scored_table

    check_file(out, [table, *list_label_files(root, split)])
    features, labels = read_scored_table(
        table,
        root,
        split,
        exclude=read_exclusion(exclude),
        tasks=list_tasks(tasks),
        n_splits=n_folds,
    )
    names = [*labels.columns, *(["mean"] if labels.shape[1] > 1 else [])]
    shown = task or names[-1]
    if shown not in names:
        raise typer.BadParameter(
            f"must be one of {', '.join(names)}, got {quote(shown)}.{suggest_name(shown, names)}",
            param_hint="'--task'",
        )
    found = measure_importance(
        features,
        labels,
        by=by.value,
        views=split_names(views),
        n_splits=n_folds,
        groups=read_groups(groups, root, split, features.index, jobs),
        seed=seed,
        n_jobs=jobs,
    )
    if out:
        write_text(out, format_csv(found.frame()))
    summary = found.summary(shown)
    if as_json:
        print_json(to_plain(summary.reset_index()))
    else:
        print_table(summary.reset_index())
    same = repeat_options(context, "split", "tasks", "groups", "exclude")
    again = f"fit {quote_path(table)} {quote_path(root)}{same} --out model"
    print_next(again, quiet=quiet or as_json)
