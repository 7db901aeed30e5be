"""Command `predict`: probabilities from images, by a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.options import Device, Jobs, Json, OnDevice, Quiet, check_file, choose_out
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
        Path,
        typer.Argument(
            show_default=False,
            metavar="PATHS",
            help="valid-paths.csv: three lines per exam, its sagittal, coronal and axial file.",
        ),
    ],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="OUT", show_default=False, help="predictions.csv to write."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", show_default=False, help="The same, as an option.")
    ] = None,
    device: OnDevice = Device.auto,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Predict exams from their images with a saved model.

    Writes the competition's format: a line per exam with the probabilities of abnormal, acl and
    meniscus, without header or ids.
    """
    from mrnet_features.cli.format import print_json
    from mrnet_features.workflows.predict import predict_paths

    to = choose_out(file, out)
    check_file(to, [paths, *model.glob("bundle.json"), *model.glob("*.txt")])
    predictions = predict_paths(model, paths, to, device=device, n_jobs=jobs)
    if as_json:
        print_json({"file": str(to), "n_exams": len(predictions)})
    else:
        print(f"Predictions of {len(predictions)} exams in '{to}'.")
    again = f"compare ROOT mine={quote_path(to)} cnn=cnn.csv --paths {quote_path(paths)}"
    print_next(again, quiet=quiet or as_json)
