"""Write synthetic studies as a folder in the layout of the RSNA 2026 knee set."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import shutil
import zlib
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import delayed

from mrnet_features.files.csv_format import format_csv
from mrnet_features.files.writing import write_text
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.names import SPLITS
from mrnet_features.series.dicom_files import import_pydicom
from mrnet_features.synthetic.compiled import source_stamp
from mrnet_features.synthetic.folder import find_checksum, open_folder, read_record
from mrnet_features.synthetic.studies.findings import FINDINGS
from mrnet_features.synthetic.studies.study import describe_study, draw_study, sample_study
from mrnet_features.synthetic.style import read_style

NAMES = {"train": "train", "valid": "test"}
"""Split of the layout by that of MRNet."""

SERIES_COLUMNS = (
    "StudyInstanceUID", "SeriesInstanceUID", "Fluid_Sensitive", "Fat_Suppression",
    "Anatomical_Plane",
)  # fmt: skip

PLUGINS = ("openjpeg", "rle")
"""Modules that encode the compressed files."""

UNFINISHED = ".unfinished"
"""Folder of the studies that are being written."""


def write_studies(
    root: Path, settings: dict[str, Any], n_jobs: int | None, progress: bool | None
) -> None:
    """Write the studies that are missing or damaged, then the tables.

    A study has about five series and 12 MB. Its record, with the checksums of all files, is written
    last, so that a file that is missing or damaged is found by the next run.

    Parameters
    ----------
    root : Path
    settings : dict
        Of `write.write_knees`, without `source`.
    n_jobs : int or None
    progress : bool or None

    Raises
    ------
    ModuleNotFoundError
        If pydicom or one of its plugins is missing.
    ValueError, FileExistsError, OSError, RuntimeError
        As `write.write_knees`.
    """
    check_writers()
    settings = {**settings, "source": stamp_sources()}
    names = list(NAMES.values())
    parts = [f"{name}_series" for name in names] + [f".records/{name}" for name in names]
    with open_folder(root, settings, [*parts, UNFINISHED]):
        _write_all(root, settings, n_jobs, progress)
        shutil.rmtree(root / UNFINISHED, ignore_errors=True)


def check_writers() -> None:
    """Raise ModuleNotFoundError unless DICOM files can be written."""
    import_pydicom("pydicom")
    missing = [name for name in PLUGINS if importlib.util.find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(
            "DICOM files are compressed by the plugins pylibjpeg-openjpeg and pylibjpeg-rle, of "
            "which one is missing: pip install 'mrnet-features[dicom]'."
        )


def stamp_sources() -> int:
    """Checksum of the code that draws and writes the studies."""
    stamp = source_stamp()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        stamp = zlib.crc32(path.read_bytes(), stamp)
    return stamp


def _write_all(
    root: Path, settings: dict[str, Any], n_jobs: int | None, progress: bool | None
) -> None:
    counts = {"train": settings["n_train"], "valid": settings["n_valid"]}
    studies = [(split, k) for split in SPLITS for k in range(counts[split])]
    # Worker processes may have been started in another working folder.
    to = root.absolute()
    calls = (delayed(write_study)(to, settings, split, k) for split, k in studies)
    records: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as results,
        show_progress(len(studies), "knees", "study", progress) as bar,
    ):
        for (split, _), record in zip(studies, results, strict=True):
            records[split].append(record)
            bar.update()
    for split in SPLITS:
        write_tables(root, NAMES[split], records[split])


def write_study(root: Path, settings: dict[str, Any], split: str, index: int) -> dict[str, Any]:
    """Write the files of one study unless they are sound, and return its record.

    Parameters
    ----------
    root : Path
    settings : dict
    split : {"train", "valid"}
    index : int

    Returns
    -------
    dict
        `truth`, `labels`, `report`, `series`, `checksums` by path in the study's folder, and
        `settings`.
    """
    name = NAMES[split]
    path = root / ".records" / name / f"{index:06d}.json"
    record = read_record(path)
    if record is not None and record.get("settings") == settings:
        folder = root / f"{name}_series" / record["truth"]["StudyInstanceUID"]
        if all(find_checksum(folder / file) == s for file, s in record["checksums"].items()):
            return record
    study = sample_study(
        settings["seed"], split, index, read_style(settings["style"]), settings["site_leak"]
    )
    partial = root / UNFINISHED / study.uid
    shutil.rmtree(partial, ignore_errors=True)
    checksums, rows = {}, []
    for row, files in draw_study(study):
        rows.append(row)
        folder = partial / row["SeriesInstanceUID"]
        folder.mkdir(parents=True)
        for uid, data in files:
            (folder / f"{uid}.dcm").write_bytes(data)
            checksums[f"{row['SeriesInstanceUID']}/{uid}.dcm"] = zlib.crc32(data)
    _move_files(partial, root / f"{name}_series" / study.uid, list(checksums))
    record = {
        "truth": describe_study(study),
        "labels": study.labels,
        "report": study.report,
        "series": rows,
        "checksums": checksums,
        "settings": settings,
    }
    write_text(path, json.dumps(record))
    return record


def _move_files(source: Path, target: Path, files: list[str]) -> None:
    """Move a folder to its place; of one that exists, replace only these files."""
    if not target.exists():
        source.replace(target)
        return
    for file in files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (source / file).replace(target / file)
    shutil.rmtree(source)


def write_tables(root: Path, name: str, records: list[dict[str, Any]]) -> None:
    """Write the tables of one split.

    Parameters
    ----------
    root : Path
    name : {"train", "test"}
    records : list of dict
        As `write_study` returns them.
    """
    ids = [record["truth"]["StudyInstanceUID"] for record in records]
    table = pd.DataFrame({"StudyInstanceUID": ids}, dtype=object)
    if name == "train":
        table["Report"] = [record["report"] for record in records]
        for finding in FINDINGS:
            values = [record["labels"][finding] for record in records]
            table[finding] = pd.array(values, dtype="Int64")
    else:
        sample = table.assign(**dict.fromkeys(FINDINGS, 0.5))
        write_text(root / "sample_submission.csv", format_csv(sample))
    write_text(root / f"{name}.csv", format_csv(table))
    series = [row for record in records for row in record["series"]]
    listed = [_list_series(row) for row in series if row["is_listed"]]
    write_text(
        root / f"{name}_series.csv", format_csv(pd.DataFrame(listed, columns=list(SERIES_COLUMNS)))
    )
    truth = pd.DataFrame([record["truth"] for record in records])
    for finding in FINDINGS if records else ():
        truth[finding] = truth[finding].astype("Int64")
    write_text(root / f"{name}-truth.csv", format_csv(truth))
    write_text(root / f"{name}-series-truth.csv", format_csv(pd.DataFrame(series)))


def _list_series(row: dict[str, Any]) -> dict[str, Any]:
    """Row of the table of series, which may be wrong."""
    is_fluid = int(row["listed_weighting"] == "fluid")
    return {
        "StudyInstanceUID": row["StudyInstanceUID"],
        "SeriesInstanceUID": row["SeriesInstanceUID"],
        "Fluid_Sensitive": is_fluid,
        "Fat_Suppression": is_fluid,
        "Anatomical_Plane": row["listed_plane"].capitalize(),
    }
