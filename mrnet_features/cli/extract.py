"""Command `extract`: the feature table of a split."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import app
from mrnet_features.cli.options import (
    Device,
    Exclude,
    Families,
    Json,
    OnDevice,
    Root,
    Split,
    check_jobs,
    check_parquet,
    name_families,
    read_exclusion,
)


class OnError(StrEnum):
    """What to do about an exam that can't be read or described."""

    stop = "stop"
    skip = "skip"


@app.command()
def extract(
    root: Root,
    out: Annotated[Path, typer.Option(callback=check_parquet, help="Parquet file to write.")],
    split: Annotated[Split, typer.Option(help="Split to read.")] = Split.train,
    families: Families = "baseline",
    exclude: Exclude = "",
    device: OnDevice = Device.auto,
    jobs: Annotated[
        int,
        typer.Option(
            callback=check_jobs,
            help="Parallel processes; -1 for every core. On a GPU: threads that read files.",
        ),
    ] = -1,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Maximum number of exams per batch on a GPU; default: up to 64, limited by "
            "memory.",
        ),
    ] = None,
    on_error: Annotated[
        OnError,
        typer.Option(
            help="What to do about an exam that can't be read or described: stop, or skip it and "
            "list it in OUT.errors.csv (without .parquet)."
        ),
    ] = OnError.stop,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Compare the pixels of all exams with those of a finished table."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Extract the features of every exam of a split.

    Run it again to continue a stopped run, or to update a table whose exams have changed. Skipped
    exams are tried again; the exit status is 0 with a warning.
    """
    from mrnet_features.cli.format import print_json
    from mrnet_features.workflows.tables import make_table

    _, features = make_table(
        root,
        split,
        out,
        families=name_families(families),
        exclude=read_exclusion(exclude),
        device=device,
        n_jobs=jobs,
        batch_size=batch_size,
        verify=verify,
        on_error=on_error.value,
    )
    n_exams, n_features = features.shape
    if as_json:
        provenance = {**features.attrs["provenance"], "fingerprints": None}
        del provenance["file_states"]
        print_json({"table": str(out), "n_features": n_features, **provenance})
    else:
        print(f"{n_exams} exams x {n_features} features in '{out}'.")
