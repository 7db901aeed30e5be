"""Write synthetic exams as a folder in the layout of MRNet-v1.0."""

import contextlib
import io
import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import delayed

from mrnet_features.files.csv_format import format_csv
from mrnet_features.files.writing import replace_file, write_text
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.messages import quote
from mrnet_features.names import PLANES, SPLITS, TASKS
from mrnet_features.synthetic.compiled import source_stamp
from mrnet_features.synthetic.folder import find_checksum, open_folder, read_record
from mrnet_features.synthetic.lesion_positions import (
    POSITION_COLUMNS,
    describe_lesions,
    locate_lesions,
)
from mrnet_features.synthetic.scan import draw_scene
from mrnet_features.synthetic.scene import sample_scene
from mrnet_features.synthetic.studies.layout import write_studies
from mrnet_features.synthetic.style import Style, as_style, describe_style, read_style

LAYOUTS = ("mrnet", "rsna")


def write_knees(
    folder: str | os.PathLike[str],
    layout: str = "mrnet",
    *,
    n_train: int = 160,
    n_valid: int = 40,
    seed: int = 0,
    style: int | Style | None = None,
    site_leak: float = 0.0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> Path:
    """Write synthetic exams as a folder in the layout of a public data set, and return the folder.

    After an interruption, call it again: complete exams are kept, damaged ones are made again.
    Exam k of a split depends only on `seed`, `style`, the split and k.

    Parameters
    ----------
    folder : path
        Created if it does not exist.
    layout : {"mrnet", "rsna"}
        "mrnet": one npy file per exam and plane, as MRNet-v1.0. "rsna": DICOM studies of several
        makers and sites, as the RSNA 2026 knee set; needs the extra ``dicom``.
    n_train, n_valid : int
        Number of exams in the two splits; in the layout "rsna", `n_valid` counts the test split. In
        the layout "mrnet", ids start at 0000 in train and continue in valid; they have more digits
        if there are more than 10,000 exams.
    seed : int
        Seed of the set, 0 or more.
    style : int or Style, optional
        What the exams of the set have in common, as those of one hospital do: pose, sequences,
        noise, resolution, prevalence of small lesions. A number, 1 or more, is the seed of a random
        style; by default the exams are those of the default set. In the layout "rsna", sequences,
        pixels, coil and noise vary from site to site.
    site_leak : float
        How strongly the site of a study depends on its findings, 0 (not at all) to 1; only in the
        layout "rsna".
    n_jobs : int, optional
        Number of parallel processes, as in joblib.
    progress : bool, optional
        Whether to show a progress bar; by default only on a terminal.

    Returns
    -------
    pathlib.Path
        `folder`. In the layout "mrnet" it holds
        ``{train,valid}/{axial,coronal,sagittal}/0000.npy`` (uint8, (n_slices, 256, 256)),
        ``{train,valid}-{abnormal,acl,meniscus}.csv`` (no header), ``{train,valid}-truth.csv`` and
        ``{train,valid}-lesions.csv`` (with header). In the layout "rsna" it holds
        ``{train,test}.csv``, ``{train,test}_series.csv``, ``sample_submission.csv``,
        ``{train,test}_series/STUDY/SERIES/PICTURE.dcm``, ``{train,test}-truth.csv`` and
        ``{train,test}-series-truth.csv``. In both, ``knees.json`` holds seed, style, counts, and a
        checksum of the code that draws the exams.

    Raises
    ------
    ValueError
        If a count or the seed is negative, both counts are 0, the style is less than 1, the layout
        is unknown, `site_leak` can't be used, or `folder` holds exams made with other settings or
        by another version of the code.
    FileExistsError
        If `folder` holds files that this function did not write.
    OSError
        If the folder can't be written: the disk is full, or the folder is read-only.
    RuntimeError
        If another process is writing `folder`.
    ModuleNotFoundError
        If the layout is "rsna" and pydicom or one of its plugins is missing.

    Notes
    -----
    **Layout "mrnet".** Columns of the truth table: `id`; the true labels `abnormal`, `acl`,
    `meniscus` and, for each, whether the label file differs (`_flipped`); `acl_state` (intact,
    mucoid, partial, complete), `acl_drop_mm`, `tibia_shift_mm`, `pcl_buckled`; `meniscus_tears`
    ("side horn kind"), `meniscus_worn`; `effusion_ml` (physiologic fluid included), `oedema` and
    `cartilage_defects` (sites), `baker_ml`, `red_marrow` (number of islands), `magic_angle`;
    `laterality` (with the patient's right on the left of coronal and axial pictures), `tesla`,
    `size`; `bad_plane` and `bad_reason` (empty, "out of view" or "ghosts"); and for each plane
    `n_slices`, `reversed` (whether the slices are in reverse order) and `noise` (SD in grey
    levels). Lists are separated by "; ".

    The joint is the plane through the middle of the menisci, along the tibial plateau. Its columns
    count pixels and slices of the stack as stored: `coronal_joint_row` and `coronal_joint_column`
    of its middle, on the middle slice; `coronal_joint_tilt` in rows per column,
    `coronal_joint_slice_tilt` in rows per slice; the same for sagittal; `axial_joint_row`,
    `axial_joint_column` and `axial_joint_slice`.

    The table of lesions has a row per lesion and plane in which it is in view: `id`; `lesion`
    (acl, effusion, baker, oedema, defect, worn, tear); `site`; `plane`; the first and the last
    slice, row and column of its box (`first_slice` to `last_column`), and its centre
    (`centre_slice`, `centre_row`, `centre_column`), counted from 0 in the stack as stored; and
    `n_pixels`, its number of pixels. The box of a torn ACL holds the ligament's course between its
    footprints. An effusion, joint fluid beyond 10 ml, has a row for each recess.
    `synthetic.find_lesions` gives the pixels.

    **Layout "rsna".** Study k is drawn as exam k of the layout "mrnet" (person, lesions, pose), and
    scanned anew by one of 24 sites, which differ in maker, field strength, sequences, pixel size,
    slices, DICOM tags and compression. Six slots (each plane fluid-sensitive and structural) have
    gaps at the rates of the set that is imitated; a few studies have a second or a thin series in a
    slot, a localiser, or one series that is not what the table says. Three of the twelve findings
    (MCL, Synovitis, Fracture) are not drawn, and never labelled. One study of 12 has the true
    findings as labels and no report; the others have those of a short synthetic report, which
    agree with the truth in about 82 % and have gaps. One study of 25 shows the knee of the study
    before again, with the same lesions and the same PatientID. A study has about 12 MB.

    Truth table: `StudyInstanceUID`, `site`, `maker`, `side`, `patient` (PatientID), `is_gold`
    (whether the labels are the true ones), `repeats` (the study that shows the same knee), the
    findings, the lesions as above, `tesla`, `size`, and the middle of the joint in the patient in
    mm (`joint_x_mm` to the left, `joint_y_mm` to the back, `joint_z_mm` to the head).

    Truth table of series: plane, weighting and kind (usual, second, thin, localiser) of every
    series, what the table of series says of it, and why that is wrong (`mistake`: plane, weighting,
    fat not suppressed, localiser).
    """
    root = Path(folder)
    check_counts(seed, n_train, n_valid)
    as_style(style)
    if layout not in LAYOUTS:
        raise ValueError(f"`layout` must be one of {', '.join(LAYOUTS)}, got {quote(layout)}.")
    if not 0.0 <= site_leak <= 1.0:
        raise ValueError(f"`site_leak` must be from 0 to 1, got {site_leak}.")
    settings: dict[str, Any] = {
        "seed": seed,
        "n_train": n_train,
        "n_valid": n_valid,
        "style": describe_style(style),
    }
    if layout == "rsna":
        settings |= {"layout": layout, "site_leak": float(site_leak)}
        write_studies(root, settings, n_jobs, progress)
        return root
    if site_leak > 0.0:
        raise ValueError(
            "`site_leak` must be 0 in the layout of MRNet, which names no scanners, got "
            f"{site_leak}. Pass layout='rsna'."
        )
    settings["source"] = source_stamp()
    parts = [f"{split}/{plane}" for split in SPLITS for plane in PLANES]
    parts += [f".records/{split}" for split in SPLITS]
    with open_folder(root, settings, parts):
        write_exams(root, settings, n_jobs, progress)
    return root


def check_counts(seed: int, n_train: int, n_valid: int) -> None:
    """Raise ValueError unless the seed and the numbers of exams can be used."""
    for name, number in {"seed": seed, "n_train": n_train, "n_valid": n_valid}.items():
        if number < 0:
            raise ValueError(f"`{name}` must be 0 or more, got {number}. Raise it.")
    if n_train + n_valid == 0:
        raise ValueError("`n_train` + `n_valid` must be at least 1, got 0. Ask for an exam.")


def write_exams(
    root: Path, settings: dict[str, Any], n_jobs: int | None, progress: bool | None
) -> None:
    """Write the exams that are missing or damaged, then the tables."""
    counts = {"train": settings["n_train"], "valid": settings["n_valid"]}
    exams = [(split, k) for split in SPLITS for k in range(counts[split])]
    n_digits = max(4, len(str(len(exams) - 1)))
    # Worker processes may have been started in another working folder.
    to = root.absolute()
    calls = (
        delayed(write_exam)(to, settings, split, k, f"{number:0{n_digits}d}")
        for number, (split, k) in enumerate(exams)
    )
    rows: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as results,
        show_progress(len(exams), "knees", "exam", progress) as bar,
    ):
        for (split, _), row in zip(exams, results, strict=True):
            rows[split].append(row)
            bar.update()
    for split in SPLITS:
        write_tables(root, split, rows[split])


def write_exam(
    root: Path, settings: dict[str, Any], split: str, index: int, name: str
) -> dict[str, Any]:
    """Write the stacks of one exam unless they are sound, and return its labels and truth.

    The record of the exam is written last and holds checksums of the files, so that a file that
    is empty, cut short or full of zeros after a crash is found.
    """
    path = root / ".records" / split / f"{name}.json"
    stacks = {plane: root / split / plane / f"{name}.npy" for plane in PLANES}
    record = read_record(path)
    if record is not None and record.get("settings") == settings:
        found = {plane: find_checksum(stack) for plane, stack in stacks.items()}
        if found == record.get("checksums"):
            return record
    scene = sample_scene(settings["seed"], split, index, style=read_style(settings["style"]))
    exam = draw_scene(scene)
    checksums = {}
    for plane, stack in stacks.items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, exam.stacks[plane], version=(1, 0), allow_pickle=False)
        checksums[plane] = zlib.crc32(buffer.getvalue())
        with replace_file(stack) as partial:
            partial.write_bytes(buffer.getvalue())
    lesions = describe_lesions(locate_lesions(scene))
    row = {"id": name, "labels": exam.labels, "truth": exam.truth, "lesions": lesions}
    record = {**row, "checksums": checksums, "settings": settings}
    write_text(path, json.dumps(record))
    return record


def write_tables(root: Path, split: str, rows: list[dict[str, Any]]) -> None:
    """Write the label files, the truth table and the table of lesions of one split."""
    for task in TASKS:
        lines = "".join(f"{row['id']},{row['labels'][task]}\n" for row in rows)
        write_text(root / f"{split}-{task}.csv", lines)
    table = pd.DataFrame([{"id": row["id"], **row["truth"]} for row in rows])
    write_text(root / f"{split}-truth.csv", format_csv(table))
    lesions = [{"id": row["id"], **lesion} for row in rows for lesion in row["lesions"]]
    positions = pd.DataFrame(lesions, columns=["id", *POSITION_COLUMNS])
    write_text(root / f"{split}-lesions.csv", format_csv(positions))
