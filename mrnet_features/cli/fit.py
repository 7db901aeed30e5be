"""Command `fit`: a LightGBM model fitted on a whole table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.named_files import read_exclusion
from mrnet_features.cli.option_values import check_folder, check_target, list_tasks, read_groups
from mrnet_features.cli.options import (
    Coherent,
    Exclude,
    Groups,
    Jobs,
    Json,
    LabelRoot,
    LabelSplit,
    NFolds,
    Quiet,
    Rule,
    Seed,
    Split,
    Table,
    Tasks,
)
from mrnet_features.cli.terminal import print_next, quote_path


@command(
    "Study",
    "mrnet-features fit train.parquet MRNet-v1.0 --out model",
    "mrnet-features fit train.parquet MRNet-v1.0 -o sensitive --rule sensitivity --target 0.95",
)
def fit(
    table: Table,
    root: LabelRoot,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            callback=check_folder,
            help="Folder for the model, as LightGBM text files and JSON.",
        ),
    ],
    split: LabelSplit = Split.train,
    tasks: Tasks = "",
    rule: Annotated[
        Rule,
        typer.Option(
            help="How to choose thresholds: largest sum of sensitivity and specificity (youden), "
            "or a given sensitivity or specificity."
        ),
    ] = Rule.youden,
    target: Annotated[
        float,
        typer.Option(
            callback=check_target,
            help="Sensitivity or specificity to reach, above 0 and at most 1; unused by youden.",
        ),
    ] = 0.9,
    n_folds: NFolds = 5,
    groups: Groups = "",
    coherent: Coherent = False,
    exclude: Exclude = "",
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit LightGBM on all exams of a table and save it.

    Thresholds are chosen on the out-of-fold predictions of a cross-validation, whose AUCs are
    printed.
    """
    from mrnet_features.cli.format import print_json, print_summary, summary_as_dict
    from mrnet_features.workflows.exam_folders import MRNET, RSNA, name_layout
    from mrnet_features.workflows.fit import fit_table
    from mrnet_features.workflows.tables import read_scored_table

    features, labels = read_scored_table(
        table,
        root,
        split,
        exclude=read_exclusion(exclude),
        tasks=list_tasks(tasks),
        n_splits=n_folds,
    )
    fitted = fit_table(
        features,
        labels,
        out,
        rule=rule.value,
        target=target,
        n_splits=n_folds,
        groups=read_groups(groups, root, split, features.index, jobs),
        seed=seed,
        n_jobs=jobs,
        coherent=coherent,
    )
    thresholds = fitted.bundle.thresholds
    if as_json:
        print_json(
            {
                "folder": str(out),
                "thresholds": dict(thresholds),
                **summary_as_dict(fitted.evaluation),
            }
        )
    else:
        print_summary(fitted.evaluation.summary())
        print(f"Thresholds: {', '.join(f'{t} {value:.3f}' for t, value in thresholds.items())}.")
        print(f"{fitted.bundle!r} in '{out}'.")
    paths = quote_path(root) if (root / "valid").is_dir() else "valid-paths.csv"
    layout = "" if root.is_file() else name_layout(root)
    exams = {
        MRNET: f"{paths} predictions.csv",
        RSNA: f"{quote_path(root)} submission.csv",
    }.get(layout, "FOLDER predictions.csv")
    print_next(f"predict {quote_path(out)} {exams}", quiet=quiet or as_json)
