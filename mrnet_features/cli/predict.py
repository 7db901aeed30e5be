"""Command `predict`: probabilities from images, by a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.option_values import (
    check_file,
    check_parquet,
    choose_out,
    list_label_files,
    parse_root,
)
from mrnet_features.cli.options import (
    Device,
    Ids,
    Jobs,
    Json,
    OnDevice,
    Quiet,
    Split,
)
from mrnet_features.cli.terminal import print_next, quote_path


@command(
    "Study",
    "mrnet-features predict model valid-paths.csv predictions.csv",
    "mrnet-features predict model valid-paths.csv -o valid.csv --jobs 2",
)
def predict(
    model: Annotated[
        Path, typer.Argument(show_default=False, metavar="MODEL", help="Folder that `fit` wrote.")
    ],
    paths: Annotated[
        Any,
        typer.Argument(
            parser=parse_root,
            show_default=False,
            metavar="EXAMS",
            help="Folder of exams, zip file or URL, as for `extract`. Or valid-paths.csv of MRNet: "
            "three lines per exam, its sagittal, coronal and axial file.",
        ),
    ],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="OUT", show_default=False, help="CSV to write."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", show_default=False, help="The same, as an option.")
    ] = None,
    split: Annotated[
        Split | None,
        typer.Option(
            show_default=False,
            help="Split of a folder; default: valid in the layout of MRNet, test in that of the "
            "RSNA knee set.",
        ),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            show_default=False,
            help="Parquet file that keeps the features of a folder: a stopped run continues.",
        ),
    ] = None,
    ids: Ids = None,
    device: OnDevice = Device.auto,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Predict exams from their images with a saved model.

    Of a folder it writes exam ids and a probability per task, and of the test split of the RSNA
    layout the rows and columns of its sample_submission.csv. Of valid-paths.csv it writes the
    format of MRNet's competition: a line per exam, without header or ids.
    """
    from mrnet_features.cli.format import print_json
    from mrnet_features.workflows.predict import predict_folder, predict_paths

    to = choose_out(file, out)
    is_folder = not isinstance(paths, Path) or paths.is_dir()
    read = [*model.glob("bundle.json"), *model.glob("*.txt")]
    if is_folder:
        check_file(to, [*read, *list_label_files(paths, "test")])
        predictions = predict_folder(
            model,
            paths,
            to,
            split=split and split.value,
            table=table and check_parquet(table),
            ids=ids,
            device=device,
            n_jobs=jobs,
        )
    else:
        for name, value in (("--split", split), ("--table", table), ("--ids", ids)):
            if value is not None:
                raise typer.BadParameter("goes with a folder of exams.", param_hint=f"'{name}'")
        check_file(to, [paths, *read])
        predictions = predict_paths(model, paths, to, device=device, n_jobs=jobs)
    if as_json:
        print_json({"file": str(to), "n_exams": len(predictions)})
    else:
        noun = "exam" if len(predictions) == 1 else "exams"
        print(f"Predictions of {len(predictions)} {noun} in '{to}'.")
    if not is_folder:
        again = f"compare ROOT mine={quote_path(to)} cnn=cnn.csv --paths {quote_path(paths)}"
        print_next(again, quiet=quiet or as_json)
