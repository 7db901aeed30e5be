"""Arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mrnet_features.cli.option_values import (
    be_quiet,
    check_families,
    check_jobs,
    check_model,
    complete_families,
    complete_names,
    parse_root,
)


class Split(StrEnum):
    """Splits of MRNet (train, valid) and of the RSNA layout (train, test)."""

    train = "train"
    valid = "valid"
    test = "test"


class Layout(StrEnum):
    """Layouts of synthetic exams."""

    MRNET = "mrnet"
    RSNA = "rsna"


class Rule(StrEnum):
    """Rules that choose a threshold."""

    youden = "youden"
    sensitivity = "sensitivity"
    specificity = "specificity"


class Device(StrEnum):
    """Devices to compute on."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class Grouping(StrEnum):
    """What columns are grouped by."""

    family = "family"
    statistic = "statistic"
    region = "region"
    structure = "structure"
    series = "series"
    plane = "plane"
    pool = "pool"
    cluster = "cluster"
    column = "column"


Root = Annotated[
    Any,  # AnyPath, which typer can't tell from its parts
    typer.Argument(
        parser=parse_root,
        show_default=False,
        metavar="ROOT",
        help="Folder of exams: in the layout of MRNet (train/, train-acl.csv, ...) or of the RSNA "
        "knee set (train.csv, train_series/, ...), or DICOM studies without tables. Of the first "
        "two, also a zip file or a URL such as s3://bucket/folder.",
    ),
]
MrnetRoot = Annotated[
    Any,
    typer.Argument(
        parser=parse_root,
        show_default=False,
        metavar="ROOT",
        help="Folder in the layout of MRNet: train/, train-acl.csv, ...; or a zip file or URL.",
    ),
]
LabelRoot = Annotated[
    Any,
    typer.Argument(
        parser=parse_root,
        show_default=False,
        metavar="ROOT",
        help="Folder of exams in the layout of MRNet or of the RSNA knee set, or a zip file or URL "
        "of it; or a CSV of labels: a column exam and one per task, with 0, 1 or nothing.",
    ),
]
Table = Annotated[
    Path,
    typer.Argument(
        show_default=False,
        metavar="TABLE",
        help="Feature table, a parquet file or a folder of tables.",
    ),
]
LabelSplit = Annotated[Split, typer.Option(help="Split of the exams in the table.")]
Tasks = Annotated[
    str,
    typer.Option(
        help="Tasks, comma-separated; default: all that have enough positive and negative exams."
    ),
]
Groups = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Keep groups of exams in one fold: a CSV with a column exam and one of groups, such "
        "as the patient. Or the word scanner: by scanner and patient, from DICOM headers.",
    ),
]
Ids = Annotated[
    Path | None,
    typer.Option(
        show_default=False,
        help="Of a folder of DICOM studies: CSV with the columns folder and exam, for exam ids "
        "other than the names of the folders.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        callback=be_quiet,
        help="Print the result, warnings and errors only: no progress and no advice.",
    ),
]
Model = Annotated[
    str,
    typer.Option(
        callback=check_model,
        autocompletion=complete_names("lightgbm", "logistic", "prior"),
        help="Model to fit for each task: lightgbm, logistic, prior, or any scikit-learn "
        "classifier as module:object, such as own_models:make. Its code is run.",
    ),
]
Repeats = Annotated[
    int, typer.Option(min=1, max=1000, help="Number of repeats, each with its own folds.")
]
FoldsFile = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        show_default=False,
        help="CSV of folds to use (exam,repeat,fold) instead of new ones.",
    ),
]
NFolds = Annotated[
    int,
    typer.Option(
        min=2, max=1000, help="Number of folds. Each needs two exams of each class of every task."
    ),
]
Coherent = Annotated[
    bool,
    typer.Option(
        "--coherent",
        help="Raise the probability of abnormal by those of acl and meniscus, where every torn "
        "knee is labelled abnormal. It can rank better; the probability becomes too high.",
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", "-j", callback=check_jobs, help="Parallel processes; -1 for every core."
    ),
]
Seed = Annotated[
    int,
    typer.Option(min=0, max=2**32 - 1, help="Random seed; the same seed gives the same result."),
]
OnDevice = Annotated[
    Device, typer.Option(help="Device to extract features on; auto is the CPU in this version.")
]
Families = Annotated[
    str,
    typer.Option(
        callback=check_families,
        autocompletion=complete_families,
        help="Preset (minimal, baseline, texture or full), or names of families, comma-separated.",
    ),
]
Exclude = Annotated[
    str,
    typer.Option(
        help="Exam ids such as 0042, comma-separated, or the output of `audit --json` saved to a "
        "file, which excludes all exams it rejects."
    ),
]
