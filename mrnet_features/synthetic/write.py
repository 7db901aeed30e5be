"""Synthetic exams written as a folder in the layout of MRNet-v1.0."""

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
    """Return the folder after filling it with synthetic exams in the layout of MRNet-v1.0.

    An interrupted run is taken up where it stopped: exams that are complete are kept. Exam k of a
    split depends on `seed`, the split and k alone.

    Parameters
    ----------
    folder : path
        Made where it does not exist.
    n_train, n_valid : int
        Exams of the two splits; ids of valid go on after those of train.
    seed : int
        Seed of the set, 0 or more.
    n_jobs : int, optional
        Processes or threads, as joblib reads it.
    progress : bool, optional
        Show a progress bar; where None, only on a terminal.

    Returns
    -------
    pathlib.Path
        `folder`, holding ``{train,valid}/{axial,coronal,sagittal}/0000.npy`` (uint8, (n_slices,
        256, 256)), ``{train,valid}-{abnormal,acl,meniscus}.csv`` (no header),
        ``{train,valid}-truth.csv`` (with header) and ``knees.json`` (seed, counts, and a number
        that changes with every edit of the code that draws).

    Raises
    ------
    ValueError
        If a count or the seed is negative or no exam is asked for, or if `folder` holds exams made
        with other settings or by other code, which may draw other pixels.
    FileExistsError
        If `folder` holds files that this function did not make.

    Notes
    -----
    A row of the truth table holds: `id`; the true labels `abnormal`, `acl`, `meniscus` and, for
    each, whether the label file says otherwise (`_flipped`); `acl_state` (intact, mucoid, partial,
    complete), `acl_drop_mm`, `tibia_shift_mm`, `pcl_buckled`; `meniscus_tears` ("side horn kind"),
    `meniscus_worn`; `effusion_ml` (as drawn; physiologic fluid included), `oedema` and
    `cartilage_defects` (places), `baker_ml`, `red_marrow` (islands), `magic_angle`; `laterality`,
    `tesla`, `size`; `bad_plane` and `bad_reason` (empty, "out of view" or "ghosts"); and for each
    plane `n_slices`, `reversed` (whether slices run from the canonical last to the first) and
    `noise` (SD in grey levels). Places in a list are parted by "; ".
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
    calls = (delayed(write_exam)(root, seed, split, index, number) for split, index, number in jobs)
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
    """Raise unless `root` is free or holds exams of the same settings."""
    for name in ("seed", "n_train", "n_valid"):
        if settings[name] < 0:
            raise ValueError(f"`{name}` must be 0 or more, got {settings[name]}.")
    if settings["n_train"] + settings["n_valid"] == 0:
        raise ValueError("`n_train` and `n_valid` must not both be 0: no exam would be made.")
    if settings["n_train"] + settings["n_valid"] > 10_000:
        raise ValueError("`n_train` + `n_valid` must be at most 10000: ids have four digits.")
    record = root / "knees.json"
    if record.exists():
        found = json.loads(record.read_text(encoding="utf-8"))
        if found != settings:
            wanted = ", ".join(f"{key}={value}" for key, value in settings.items())
            present = ", ".join(f"{key}={value}" for key, value in found.items())
            same = all(found.get(key) == settings[key] for key in settings if key != "source")
            why = "The code that draws them was edited since. " if same else ""
            raise ValueError(
                f"{root} holds synthetic knees made with {present}, asked for {wanted}. {why}"
                "Choose another folder, or delete this one."
            )
    elif root.exists() and any(root.iterdir()):
        raise FileExistsError(
            f"{root} is not empty and has no knees.json, so it was not made here. "
            "Choose an empty or new folder."
        )


def write_exam(root: Path, seed: int, split: str, index: int, number: int) -> dict[str, Any]:
    """Return the row of one exam, after writing its stacks where they are missing.

    The row is written last, so its file says that the exam is complete.
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
