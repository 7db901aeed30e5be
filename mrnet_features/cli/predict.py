"""Command `predict`: probabilities from images, by a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import app
from mrnet_features.cli.options import Device, Jobs, Json, OnDevice, check_file


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="Folder that `fit` wrote.")],
    paths: Annotated[
        Path,
        typer.Argument(
            help="valid-paths.csv: three lines per exam, its sagittal, coronal and axial file."
        ),
    ],
    out: Annotated[Path, typer.Argument(help="predictions.csv to write.")],
    device: OnDevice = Device.auto,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Predict exams from their images with a saved model.

    Writes the competition's format: a line per exam with the probabilities of abnormal, acl and
    meniscus, without header or ids.
    """
    from mrnet_features.cli.format import print_json
    from mrnet_features.workflows.predict import predict_paths

    check_file(out, [paths, *model.glob("bundle.json"), *model.glob("*.txt")])
    predictions = predict_paths(model, paths, out, device=device, n_jobs=jobs)
    if as_json:
        print_json({"file": str(out), "n_exams": len(predictions)})
    else:
        print(f"Predictions of {len(predictions)} exams in '{out}'.")
