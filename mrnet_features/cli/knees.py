"""Command `knees`: a folder of synthetic exams."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.option_values import check_folder, choose_out
from mrnet_features.cli.options import Jobs, Json, Layout, Quiet
from mrnet_features.cli.terminal import print_next, quote_path


@command(
    "Data",
    "mrnet-features knees MRNet-v1.0",
    "mrnet-features knees other-style --train 60 --valid 0 --style 3",
    "mrnet-features knees studies --layout rsna --train 40 --valid 10",
    resumes=True,
)
def knees(
    folder: Annotated[
        Path | None, typer.Argument(metavar="OUT", show_default=False, help="Folder to write.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", show_default=False, help="The same, as an option.")
    ] = None,
    layout: Annotated[
        Layout,
        typer.Option(help="mrnet: npy files; rsna: DICOM studies of several sites (extra dicom)."),
    ] = Layout.MRNET,
    train: Annotated[int, typer.Option(min=1, help="Exams in train.")] = 160,
    valid: Annotated[int, typer.Option(min=0, help="Exams in valid, or in test of rsna.")] = 40,
    seed: Annotated[
        int, typer.Option(min=0, help="Random seed; the same seed gives the same exams.")
    ] = 0,
    style: Annotated[
        int | None,
        typer.Option(
            min=1,
            show_default=False,
            help="Seed of a random style: pose, sequences, noise; without it the default.",
        ),
    ] = None,
    site_leak: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="How strongly sites depend on findings (rsna)."),
    ] = 0.0,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write synthetic exams in the layout of MRNet, or of the RSNA knee set.

    Run it again to continue a stopped run.
    """
    from mrnet_features.cli.format import print_json
    from mrnet_features.synthetic import write_knees

    to = check_folder(choose_out(folder, out))
    write_knees(
        to,
        layout.value,
        n_train=train,
        n_valid=valid,
        seed=seed,
        style=style,
        site_leak=site_leak,
        n_jobs=jobs,
    )
    if as_json:
        settings = {"train": train, "valid": valid, "seed": seed, "style": style}
        more = {"layout": layout.value, "site_leak": site_leak}
        print_json({"folder": str(to), **settings, **more})
    else:
        print(f"{train + valid} synthetic exams in '{to}'.")
    print_next(f"audit {quote_path(to)}", quiet=quiet or as_json)
