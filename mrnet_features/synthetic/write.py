"""Write synthetic exams as a folder in the layout of MRNet-v1.0."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import delayed

from mrnet_features.files import replace_file, write_text
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.names import PLANES, SPLITS, TASKS
from mrnet_features.synthetic.compiled import source_stamp
from mrnet_features.synthetic.scan import draw_knee


def write_knees(
    folder: str | os.PathLike[str],
    *,
    n_train: int = 160,
    n_valid: int = 40,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> Path:
    """Write synthetic exams in the layout of MRNet-v1.0, and return the folder.

    After an interruption, call it again: complete exams are kept. Exam k of a split depends only
    on `seed`, the split and k.

    Parameters
    ----------
    folder : path
        Created if it does not exist.
    n_train, n_valid : int
        Number of exams in the two splits. Ids start at 0000 in train and continue in valid.
    seed : int
        Seed of the set, 0 or more.
    n_jobs : int, optional
        Number of parallel processes, as in joblib.
    progress : bool, optional
        Whether to show a progress bar; by default only on a terminal.

    Returns
    -------
    pathlib.Path
        `folder`, holding ``{train,valid}/{axial,coronal,sagittal}/0000.npy`` (uint8, (n_slices,
        256, 256)), ``{train,valid}-{abnormal,acl,meniscus}.csv`` (no header),
        ``{train,valid}-truth.csv`` (with header) and ``knees.json`` (seed, counts, and a checksum
        of the code that draws the exams).

    Raises
    ------
    ValueError
        If a count or the seed is negative, both counts are 0, or `folder` holds exams made with
        other settings or by another version of the code.
    FileExistsError
        If `folder` holds files that this function did not write.

    Notes
    -----
    Columns of the truth table: `id`; the true labels `abnormal`, `acl`, `meniscus` and, for each,
    whether the label file differs (`_flipped`); `acl_state` (intact, mucoid, partial, complete),
    `acl_drop_mm`, `tibia_shift_mm`, `pcl_buckled`; `meniscus_tears` ("side horn kind"),
    `meniscus_worn`; `effusion_ml` (physiologic fluid included), `oedema` and `cartilage_defects`
    (sites), `baker_ml`, `red_marrow` (number of islands), `magic_angle`; `laterality`, `tesla`,
    `size`; `bad_plane` and `bad_reason` (empty, "out of view" or "ghosts"); and for each plane
    `n_slices`, `reversed` (whether the slices are in reverse order) and `noise` (SD in grey
    levels). Lists are separated by "; ".
    """
    root = Path(folder)
    settings = {"seed": seed, "n_train": n_train, "n_valid": n_valid, "source": source_stamp()}
    check_settings(root, settings)
    for split in SPLITS:
        for plane in PLANES:
            (root / split / plane).mkdir(parents=True, exist_ok=True)
        (root / ".records" / split).mkdir(parents=True, exist_ok=True)
    write_text(root / "knees.json", json.dumps(settings, indent=2) + "\n")
    jobs = [("train", k, k) for k in range(n_train)]
    jobs += [("valid", k, n_train + k) for k in range(n_valid)]
    # Worker processes may have been started in another working folder.
    to = root.absolute()
    calls = (delayed(write_exam)(to, seed, split, index, number) for split, index, number in jobs)
    rows: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as results,
        show_progress(len(jobs), "knees", "exam", progress) as bar,
    ):
        for (split, _, _), row in zip(jobs, results, strict=True):
            rows[split].append(row)
            bar.update()
    for split in SPLITS:
        write_tables(root, split, rows[split])
    return root


def check_settings(root: Path, settings: dict[str, int]) -> None:
    """Raise an error unless `root` is empty or holds exams made with the same settings."""
    for name in ("seed", "n_train", "n_valid"):
        if settings[name] < 0:
            raise ValueError(f"`{name}` must be 0 or more, got {settings[name]}. Raise it.")
    if settings["n_train"] + settings["n_valid"] == 0:
        raise ValueError("`n_train` + `n_valid` must be at least 1, got 0. Ask for an exam.")
    if settings["n_train"] + settings["n_valid"] > 10_000:
        raise ValueError(
            "`n_train` + `n_valid` must be at most 10000, since ids have four digits, got "
            f"{settings['n_train'] + settings['n_valid']}. Ask for fewer exams."
        )
    record = root / "knees.json"
    if record.exists():
        found = json.loads(record.read_text(encoding="utf-8"))
        if found != settings:
            wanted = ", ".join(f"{key}={value}" for key, value in settings.items())
            present = ", ".join(f"{key}={value}" for key, value in found.items())
            same = all(found.get(key) == settings[key] for key in settings if key != "source")
            why = "The code that draws them has changed since. " if same else ""
            raise ValueError(
                f"'{root}' must hold synthetic knees made with {wanted}, got {present}. {why}"
                "Choose another folder, or delete this one."
            )
    elif root.exists() and any(root.iterdir()):
        raise FileExistsError(
            f"'{root}' must be empty or hold synthetic knees, got a folder with files and without "
            "knees.json. Choose an empty or new folder."
        )


def write_exam(root: Path, seed: int, split: str, index: int, number: int) -> dict[str, Any]:
    """Write the stacks of one exam if they are missing, and return its labels and truth.

    The record of the exam is written last: if it exists, the exam is complete.
    """
    name = f"{number:04d}"
    record = root / ".records" / split / f"{name}.json"
    paths = {plane: root / split / plane / f"{name}.npy" for plane in PLANES}
    if record.exists() and all(path.exists() for path in paths.values()):
        row: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        return row
    exam = draw_knee(seed, split, index)
    for plane, path in paths.items():
        with replace_file(path) as partial, partial.open("wb") as file:
            np.lib.format.write_array(file, exam.stacks[plane], version=(1, 0), allow_pickle=False)
    row = {"id": name, "labels": exam.labels, "truth": exam.truth}
    write_text(record, json.dumps(row))
    return row


def write_tables(root: Path, split: str, rows: list[dict[str, Any]]) -> None:
    """Write the label files and the truth table of one split."""
    for task in TASKS:
        lines = "".join(f"{row['id']},{row['labels'][task]}\n" for row in rows)
        write_text(root / f"{split}-{task}.csv", lines)
    table = pd.DataFrame([{"id": row["id"], **row["truth"]} for row in rows])
    write_text(root / f"{split}-truth.csv", table.to_csv(index=False))
