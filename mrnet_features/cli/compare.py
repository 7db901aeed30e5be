"""Command `compare`: paired comparison of prediction files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import TYPED, command
from mrnet_features.cli.named_files import read_models
from mrnet_features.cli.option_values import check_file, list_label_files, list_tasks
from mrnet_features.cli.options import (
    Json,
    LabelRoot,
    Quiet,
    Split,
    Tasks,
)
from mrnet_features.cli.terminal import hide_home, print_next


@command(
    "Study",
    "mrnet-features compare MRNet-v1.0 mine=mine.csv cnn=cnn.csv",
    "mrnet-features compare MRNet-v1.0 cnn=cnn.csv mine=predictions.csv --paths valid-paths.csv",
    "mrnet-features compare MRNet-v1.0 cnn=cnn.csv mine=mine.csv --added-value --n-folds 2",
)
def compare(
    context: typer.Context,
    root: LabelRoot,
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=FILE",
            help="Two or more models: predictions of `cv`, a table with exam ids, or the "
            "competition's predictions.csv.",
        ),
    ],
    split: Annotated[
        Split | None,
        typer.Option(
            show_default=False,
            help="Split of the predicted exams; default: valid in the layout of MRNet, else train.",
        ),
    ] = None,
    tasks: Tasks = "",
    paths: Annotated[
        Path | None,
        typer.Option(
            show_default=False, help="valid-paths.csv, for files that have neither header nor ids."
        ),
    ] = None,
    subset: Annotated[
        bool, typer.Option("--subset", help="Compare on the exams that all files have.")
    ] = False,
    added_value: Annotated[
        bool,
        typer.Option(
            "--added-value",
            help="Also test whether adding each further model to the first improves it (logistic "
            "regression on both scores).",
        ),
    ] = False,
    n_folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=1000,
            show_default=False,
            help="With --added-value: number of folds; by default 5, or as many as there are two "
            "exams of each class for.",
        ),
    ] = None,
    id_width: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=200,
            show_default=False,
            help="Pad exam ids with leading zeros to this many digits.",
        ),
    ] = None,
    logits: Annotated[
        bool, typer.Option("--logits", help="All files hold log-odds, not probabilities.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", show_default=False, help="CSV of the differences to write."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare the AUCs of two or more models pair by pair.

    Prints each difference with its 95 % confidence interval, its p value and the minimum
    detectable difference.
    """
    from mrnet_features.cli.format import print_comparison, print_json
    from mrnet_features.files.csv_format import format_csv
    from mrnet_features.files.writing import write_text
    from mrnet_features.workflows.compare_files import compare_files
    from mrnet_features.workflows.exam_folders import MRNET, load_known_labels, name_layout
    from mrnet_features.workflows.tasks import choose_tasks

    if n_folds is not None and not added_value:
        raise typer.BadParameter("goes with --added-value.", param_hint="'--n-folds'")
    files = read_models(models)
    for each in Split:
        check_file(out, [*files.values(), paths, *list_label_files(root, each)])
    if paths is not None and not paths.is_file():  # files with ids would do without it
        raise typer.BadParameter(f"There is no file '{paths}'.", param_hint="'--paths'")
    is_mrnet = not root.is_file() and name_layout(root) == MRNET
    chosen = split or (Split.valid if is_mrnet else Split.train)
    labels = load_known_labels(root, chosen, tasks=list_tasks(tasks))
    result = compare_files(
        files,
        choose_tasks(labels, list_tasks(tasks)),
        paths=paths,
        subset=subset,
        added_value=added_value,
        n_splits=n_folds,
        id_width=id_width,
        logits=logits,
    )
    if out:
        write_text(out, format_csv(result.comparison.summary()))
    if as_json:
        print_json(result.as_dict())
    else:
        print_comparison(result)
    if not added_value:
        again = hide_home(context.meta[TYPED])
        print_next(f"{again} --added-value", quiet=quiet or as_json)
