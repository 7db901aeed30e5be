"""Command `extract`: the feature table of a split."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.named_files import read_exclusion
from mrnet_features.cli.option_values import (
    SERIES,
    check_jobs,
    check_parquet,
    check_planes,
    complete_names,
    name_families,
    split_names,
)
from mrnet_features.cli.options import (
    Device,
    Exclude,
    Families,
    Ids,
    Json,
    OnDevice,
    Quiet,
    Root,
    Split,
)
from mrnet_features.cli.terminal import print_next, quote_path, repeat_options


class OnError(StrEnum):
    """What to do about an exam that can't be read or described."""

    stop = "stop"
    skip = "skip"


class Missing(StrEnum):
    """What to do about an exam without a series."""

    error = "error"
    nan = "nan"


class Sides(StrEnum):
    """What to do about the side of the knee."""

    fold = "fold"
    known = "known"
    guess = "guess"


@command(
    "Table",
    "mrnet-features extract MRNet-v1.0 --out train.parquet",
    "mrnet-features extract MRNet-v1.0 --split valid -o valid.parquet",
    "mrnet-features extract MRNet-v1.0 -o sagittal.parquet --families glcm,fluid --planes sagittal",
    notes=(
        "A folder without tables is taken as DICOM studies: one subfolder per study, or\n"
        "one study. Of each plane one series is chosen. No tag with a name, date of\n"
        "birth or patient id is kept, but the names of the folders become exam ids.\n\n"
        "On a Dask cluster: start `dask scheduler`, and on each machine `dask worker\n"
        "tcp://10.0.0.1:8786 --nworkers auto --nthreads 1`, with the address that the\n"
        "scheduler prints; then add `--dask tcp://10.0.0.1:8786`."
    ),
    resumes=True,
)
def extract(
    context: typer.Context,
    root: Root,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", callback=check_parquet, help="Parquet file to write."),
    ],
    split: Annotated[Split, typer.Option(help="Split to read.")] = Split.train,
    families: Families = "baseline",
    planes: Annotated[
        str | None,
        typer.Option(
            callback=check_planes,
            autocompletion=complete_names(*SERIES),
            show_default=False,
            help="Series to read, comma-separated: planes, or names such as sagittal_fluid. "
            "Default: every series that an exam of the folder has.",
        ),
    ] = None,
    missing: Annotated[
        Missing | None,
        typer.Option(
            show_default=False,
            help="What to do about an exam without a series: stop (error), or leave its columns of "
            "that series empty (nan). Default: error in the layout of MRNet, else nan.",
        ),
    ] = None,
    sides: Annotated[
        Sides,
        typer.Option(
            help="Combine the two sides of the knee without saying which is medial (fold), or name "
            "them medial and lateral (known); then a tag of the DICOM or NIfTI files must say the "
            "side of every exam. Guess also takes the side from the position in the scanner, which "
            "can be wrong."
        ),
    ] = Sides.fold,
    exclude: Exclude = "",
    ids: Ids = None,
    device: OnDevice = Device.auto,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            "-j",
            callback=check_jobs,
            help="Parallel processes; -1 for every core. On a GPU: threads that read files.",
        ),
    ] = -1,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            show_default=False,
            help="Scheduler of a Dask cluster whose workers describe the exams. They need the same "
            "packages, and the same files under the same paths.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            show_default=False,
            help="Maximum number of exams per batch on a GPU; default: up to 64, limited by "
            "memory.",
        ),
    ] = None,
    on_error: Annotated[
        OnError | None,
        typer.Option(
            show_default=False,
            help="What to do about an exam that can't be read or described: stop, or skip it and "
            "list it in OUT.errors.csv (without .parquet). Default: stop in the layout of MRNet, "
            "else skip.",
        ),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Compare the pixels of all exams with those of a finished table."
        ),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Extract the features of every exam of a split.

    Run it again to continue a stopped run, or to update a table whose exams have changed. Skipped
    exams are tried again; the exit status is 0 with a warning.
    """
    from mrnet_features.cli.format import print_json
    from mrnet_features.extraction.table_files.keys import SKIPPED
    from mrnet_features.workflows.exam_folders import MRNET, STUDIES, name_layout
    from mrnet_features.workflows.tables import extract_table

    _, head = extract_table(
        root,
        split,
        out,
        families=name_families(families),
        planes=None if planes is None else split_names(planes),
        missing=None if missing is None else missing.value,
        sides=sides.value,
        exclude=read_exclusion(exclude),
        ids=ids,
        device=device,
        n_jobs=jobs,
        batch_size=batch_size,
        verify=verify,
        on_error=None if on_error is None else on_error.value,
        dask=dask,
    )
    n_exams, n_features = len(head.ids), len(head.columns)
    if as_json:
        provenance = {**head.provenance, "fingerprints": None}
        del provenance["file_states"]
        print_json({"table": str(out), "n_features": n_features, **provenance})
    else:
        noun = "exam" if n_exams == 1 else "exams"
        print(f"{n_exams} {noun} x {n_features} features in '{out}'.")
    layout = name_layout(root)
    labels = "labels.csv" if layout == STUDIES else quote_path(root)
    same = repeat_options(context, "split", "exclude")
    skipped = head.provenance.get(SKIPPED) if layout == MRNET else None
    if skipped:  # they have labels, which `cv` would miss in the table
        without = ",".join(filter(None, [exclude, *skipped]))
        same = f"{repeat_options(context, 'split')} --exclude {shlex.quote(without)}"
    print_next(f"cv {quote_path(out)} {labels}{same}", quiet=quiet or as_json)
