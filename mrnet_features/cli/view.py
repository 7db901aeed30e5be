"""Command `view`: a page to look at exams in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.option_values import check_file, list_label_files, split_names
from mrnet_features.cli.options import Json, Quiet, Root, Split
from mrnet_features.cli.terminal import print_next, quote_path, repeat_options

SHOWN = 6
"""Exams of a page where none are named."""


@command(
    "Data",
    "mrnet-features view MRNet-v1.0 --out view.html",
    "mrnet-features view MRNet-v1.0 -o two.html --exams 0003,0007",
    "mrnet-features view MRNet-v1.0 --predictions cnn.csv",
)
def view(
    context: typer.Context,
    root: Root,
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")] = Path(
        "view.html"
    ),
    split: Annotated[Split, typer.Option(help="Split of the exams.")] = Split.train,
    exams: Annotated[
        str,
        typer.Option(
            help="Exam ids, comma-separated; default: the first six, or with --predictions the "
            "six where they differ most from the labels."
        ),
    ] = "",
    predictions: Annotated[
        Path | None,
        typer.Option(help="Probabilities to show: a file of `cv`, or a table with exam ids."),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a page to look at exams in a browser.

    It shows the series of each exam, overlays and labels, and takes your marks, which it saves as
    JSON for `--exclude`. One file, about 0.9 MB per exam, which works offline. It holds the
    pictures: share it only as the data may be shared.
    """
    from mrnet_features.cli.format import print_json
    from mrnet_features.evaluation.comparison.read_predictions import (
        list_columns,
        read_predictions,
    )
    from mrnet_features.report.disagreement import rank_disagreements
    from mrnet_features.report.viewer.view import write_view
    from mrnet_features.workflows.exam_folders import load_exams
    from mrnet_features.workflows.studies import keep_readable

    check_file(out, list_label_files(root, split))
    dataset = load_exams(root, split)
    if not exams:
        dataset = keep_readable(dataset)
    chosen, scores = list(dataset.ids), None
    if predictions is not None:
        columns = list_columns(predictions)
        labels = dataset.labels[[task for task in dataset.labels if task in columns]]
        labels = labels[labels.notna().any(axis=1)]
        if labels.empty:
            scores = read_predictions(predictions)
        else:
            scores = read_predictions(predictions, labels=labels)
            chosen = list(rank_disagreements(labels, scores).index) or chosen
    ids = split_names(exams) or chosen[:SHOWN]
    try:
        _ = dataset[ids]
    except KeyError as error:
        message = str(error.args[0]).removesuffix(" See `ids` for all.")
        raise typer.BadParameter(message, param_hint="'--exams'") from error
    write_view(out, dataset, scores, ids=ids)
    if as_json:
        print_json({"file": str(out), "exams": ids})
    else:
        print(f"Page with {len(ids)} of {len(dataset)} exams in '{out}'.")
    again = f"extract {quote_path(root)}{repeat_options(context, 'split')}"
    print_next(f"{again} --out {split.value}.parquet", quiet=quiet or as_json)
    if show:
        typer.launch(out.absolute().as_uri())
