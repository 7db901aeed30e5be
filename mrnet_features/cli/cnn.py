"""Command `cnn`: cross-validation of a network on the folds of the features."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.named_files import read_exclusion
from mrnet_features.cli.option_values import (
    SERIES,
    check_folder,
    check_output,
    check_planes,
    complete_names,
    list_tasks,
    split_names,
)
from mrnet_features.cli.options import (
    Device,
    Exclude,
    FoldsFile,
    Groups,
    Jobs,
    Json,
    NFolds,
    Quiet,
    Repeats,
    Root,
    Seed,
    Split,
    Tasks,
)
from mrnet_features.cli.terminal import print_next, quote_path


class Network(StrEnum):
    """Networks to train."""

    small = "small"
    mrnet = "mrnet"


@command(
    "Study",
    "mrnet-features cnn MRNet-v1.0 --folds train-cv/folds.csv --out cnn",
    "mrnet-features cnn MRNet-v1.0 --network mrnet --weights alexnet.pth --out alexnet",
    notes=(
        "Writes predictions.csv, which `compare` takes, summary.csv, folds.csv,\n"
        "curves.csv (losses per epoch), cost.csv (seconds and memory), predictions of\n"
        "the other split (valid.csv or test.csv), and the networks. It needs PyTorch:\n"
        "pip install 'mrnet-features[cnn]'."
    ),
    resumes=True,
    unit="networks",
)
def cnn(
    root: Root,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", show_default=False, help="Folder for results and networks."),
    ],
    split: Annotated[Split, typer.Option(help="Split to train on.")] = Split.train,
    network: Annotated[
        Network,
        typer.Option(
            help="Small: about 100,000 weights, to be trained from scratch. Mrnet: the published "
            "network, an AlexNet; it needs torchvision."
        ),
    ] = Network.small,
    weights: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="Weights to start with: a state dict that PyTorch saved; random; or auto, which "
            "takes those of AlexNet from torchvision's cache if they are there. Nothing is "
            "downloaded.",
        ),
    ] = "auto",
    planes: Annotated[
        str | None,
        typer.Option(
            callback=check_planes,
            autocompletion=complete_names(*SERIES),
            show_default=False,
            help="Series to train on, comma-separated; default: every series of the folder.",
        ),
    ] = None,
    tasks: Tasks = "",
    n_folds: NFolds = 5,
    repeats: Repeats = 1,
    folds: FoldsFile = None,
    groups: Groups = "",
    exclude: Exclude = "",
    resolution: Annotated[
        int | None,
        typer.Option(
            min=64,
            max=1024,
            show_default=False,
            help="Rows and columns of a slice; default: 128 for small, 256 for mrnet.",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1, show_default=False, help="Passes over the training exams; default: 20."
        ),
    ] = None,
    device: Annotated[
        Device, typer.Option(help="Device to train on; auto is a GPU if PyTorch finds one.")
    ] = Device.auto,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace networks and results of another run.")
    ] = False,
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Cross-validate a convolutional network on the stacks: AUC per task.

    Trains one network per series, repeat and fold and combines the series. Run it again to continue
    a stopped run. Pass the folds of `cv` to compare it with the features.
    """
    from mrnet_features.cli.format import print_json, print_summary, print_table, summary_as_dict
    from mrnet_features.evaluation.protocol.folds import Folds
    from mrnet_features.plain import to_plain
    from mrnet_features.workflows.networks import refuse_other_results, train_networks

    folder = check_folder(out)
    if not overwrite:
        check_output(refuse_other_results, folder, hint="--out")
    evaluation = train_networks(
        root,
        folder,
        split=split.value,
        tasks=list_tasks(tasks),
        exclude=read_exclusion(exclude),
        groups=groups,
        folds=Folds.read(folds) if folds else None,
        n_splits=n_folds,
        n_repeats=repeats,
        network=network.value,
        weights=weights,
        series=None if planes is None else split_names(planes),
        resolution=resolution,
        epochs=epochs,
        device=device.value,
        overwrite=overwrite,
        seed=seed,
        n_jobs=jobs,
    )
    if as_json:
        cost = to_plain(evaluation.cost, "index")
        found = {"folder": str(folder), "start": evaluation.start, "cost": cost}
        print_json({**found, **summary_as_dict(evaluation)})
    else:
        print_summary(evaluation.summary())
        print(f"\nThe networks started with {evaluation.start}. Cost per series:")
        print_table(evaluation.cost.reset_index())
        print(f"Predictions, curves, networks and these tables are in '{folder}'.")
    file = quote_path(folder / "predictions.csv")
    again = f"compare {quote_path(root)} mine=train-cv/predictions.csv cnn={file}"
    print_next(f"{again} --split {split.value}", quiet=quiet or as_json)
