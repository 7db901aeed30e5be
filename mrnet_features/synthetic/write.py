"""Write synthetic exams as a folder in the layout of MRNet-v1.0."""

import contextlib
import functools
import io
import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import delayed

from mrnet_features.csv_files import format_csv
from mrnet_features.files import (
    explain_write_errors,
    open_file,
    read_json,
    remove_partials,
    replace_file,
    write_text,
)
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.locks import hold_lock
from mrnet_features.names import PLANES, SPLITS, TASKS
from mrnet_features.synthetic.compiled import source_stamp
from mrnet_features.synthetic.lesion_positions import (
    POSITION_COLUMNS,
    describe_lesions,
    locate_lesions,
)
from mrnet_features.synthetic.scan import draw_scene
from mrnet_features.synthetic.scene import sample_scene
from mrnet_features.synthetic.style import Style, as_style, describe_style, list_fields, read_style


def write_knees(
    folder: str | os.PathLike[str],
    *,
    n_train: int = 160,
    n_valid: int = 40,
    seed: int = 0,
    style: int | Style | None = None,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> Path:
    """Write synthetic exams in the layout of MRNet-v1.0, and return the folder.

    After an interruption, call it again: complete exams are kept, damaged ones are made again.
    Exam k of a split depends only on `seed`, `style`, the split and k.

    Parameters
    ----------
    folder : path
        Created if it does not exist.
    n_train, n_valid : int
        Number of exams in the two splits. Ids start at 0000 in train and continue in valid; they
        have more digits if there are more than 10,000 exams.
    seed : int
        Seed of the set, 0 or more.
    style : int or Style, optional
        What the exams of the set have in common, as those of one hospital do: pose, sequences,
        noise, resolution, prevalence of small lesions. A number, 1 or more, is the seed of a random
        style; by default the exams are those of the default set.
    n_jobs : int, optional
        Number of parallel processes, as in joblib.
    progress : bool, optional
        Whether to show a progress bar; by default only on a terminal.

    Returns
    -------
    pathlib.Path
        `folder`, holding ``{train,valid}/{axial,coronal,sagittal}/0000.npy`` (uint8, (n_slices,
        256, 256)), ``{train,valid}-{abnormal,acl,meniscus}.csv`` (no header),
        ``{train,valid}-truth.csv`` and ``{train,valid}-lesions.csv`` (with header) and
        ``knees.json`` (seed, style, counts, and a checksum of the code that draws the exams).

    Raises
    ------
    ValueError
        If a count or the seed is negative, both counts are 0, the style is less than 1, or `folder`
        holds exams made with other settings or by another version of the code.
    FileExistsError
        If `folder` holds files that this function did not write.
    OSError
        If the folder can't be written: the disk is full, or the folder is read-only.
    RuntimeError
        If another process is writing `folder`.

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
    """
    root = Path(folder)
    check_counts(seed, n_train, n_valid)
    as_style(style)
    if root.exists() and not root.is_dir():
        raise FileExistsError(f"'{root}' must be a folder, got a file. Choose another name.")
    with contextlib.ExitStack() as stack:
        stack.enter_context(explain_write_errors(root, functools.partial(describe_kept, root)))
        root.mkdir(parents=True, exist_ok=True)
        stack.enter_context(hold_lock(root / "knees.json"))
        settings = {
            "seed": seed,
            "n_train": n_train,
            "n_valid": n_valid,
            "style": describe_style(style),
            "source": source_stamp(),
        }
        check_settings(root, settings)
        # first of all: without it, the next run would refuse the folder
        write_text(root / "knees.json", json.dumps(settings, indent=2) + "\n")
        parts = [root / split / plane for split in SPLITS for plane in PLANES]
        parts += [root / ".records" / split for split in SPLITS]
        for part in parts:
            part.mkdir(parents=True, exist_ok=True)
        for part in (root, *parts):
            remove_partials(part)
        write_exams(root, settings, n_jobs, progress)
    return root


def check_counts(seed: int, n_train: int, n_valid: int) -> None:
    """Raise ValueError unless the seed and the numbers of exams can be used."""
    for name, number in {"seed": seed, "n_train": n_train, "n_valid": n_valid}.items():
        if number < 0:
            raise ValueError(f"`{name}` must be 0 or more, got {number}. Raise it.")
    if n_train + n_valid == 0:
        raise ValueError("`n_train` + `n_valid` must be at least 1, got 0. Ask for an exam.")


def check_settings(root: Path, settings: dict[str, Any]) -> None:
    """Raise an error unless `root` is empty or holds exams made with the same settings."""
    record = root / "knees.json"
    if not record.exists():
        # its lock and what a killed run had begun to write
        if not all(path.name.startswith(".knees.json.") for path in root.iterdir()):
            raise FileExistsError(
                f"'{root}' must be empty or hold synthetic knees, got a folder with files and "
                "without knees.json. Choose an empty or new folder."
            )
        return
    found = read_record(record) or find_settings(root) or settings
    if found != settings:
        wanted, present = describe_settings(settings), describe_settings(found)
        same = all(found.get(key) == settings[key] for key in settings if key != "source")
        if not same:  # the hash of the code would only distract
            wanted, present = (
                describe_settings({key: value for key, value in each.items() if key != "source"})
                for each in (settings, found)
            )
        why = "The code that draws them has changed since. " if same else ""
        raise ValueError(
            f"'{root}' must hold synthetic knees made with {wanted}, got {present}. {why}"
            "Choose another folder, or delete this one."
        )


def describe_settings(settings: dict[str, Any]) -> str:
    """Settings in one line; of a style given by its fields, those that are not the defaults."""
    parts = []
    default = list_fields(Style())
    for key, value in settings.items():
        if isinstance(value, dict):
            changed = {k: v for k, v in value.items() if v != default.get(k)}
            inside = ", ".join(f"{k}={v}" for k, v in changed.items())
            parts.append(f"{key}=Style({inside if len(inside) < 200 else inside[:200] + '...'})")
        elif value is not None:
            parts.append(f"{key}={value}")
    return ", ".join(parts)


def read_record(path: Path) -> dict[str, Any] | None:
    """Content of a JSON file of this folder; None if it is missing or damaged."""
    try:
        found = read_json(path, "Run knees again to make it anew.")
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def find_settings(root: Path) -> dict[str, Any] | None:
    """Settings of the first exam with a sound record, for a folder with a damaged knees.json."""
    records = map(read_record, sorted(root.glob(".records/*/*.json")))
    found = (record.get("settings") for record in records if record)
    return next((settings for settings in found if isinstance(settings, dict)), None)


def describe_kept(root: Path) -> str:
    """What a next run need not do again, for the end of a message."""
    return "finished exams are kept" if any((root / ".records").glob("*/*.json")) else ""


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


def find_checksum(path: Path) -> int | None:
    """Checksum of a file; None if it is missing or can't be read."""
    try:
        with open_file(path) as file:
            return zlib.crc32(file.read())
    except OSError:
        return None


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
