"""Audit of a folder or Dataset: a table of findings about labels, files and pixels."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import delayed

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.files.stored_paths import Given
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.names import SPLITS
from mrnet_features.quality.cohort_rules import MIN_EXAMS, apply_value_rules
from mrnet_features.quality.duplicates import find_duplicates, find_near_duplicates
from mrnet_features.quality.findings import (
    FOLDER_CODES,
    HEADER_CODES,
    NAMED_CODES,
    SET_CODES,
    Finding,
    choose_codes,
    tabulate,
)
from mrnet_features.quality.ghost_rules import apply_ghost_rules
from mrnet_features.quality.ghosts import find_highest
from mrnet_features.quality.header_rules import apply_header_rules
from mrnet_features.quality.image_quality import ImageQuality
from mrnet_features.quality.measurements import Measures, measure_exam
from mrnet_features.quality.named_rules import apply_named_rules, is_named
from mrnet_features.quality.series_headers import SeriesHeader, read_series_headers
from mrnet_features.quality.splits import Split, name_apart, read_splits
from mrnet_features.quality.stack_rules import apply_stack_rules
from mrnet_features.quality.view_rules import apply_view_rules

MEASUREMENTS = (
    *("exam", "plane", "n_slices", "noise", "sharpness", "saturation", "ghosts"),
    *ImageQuality._fields,
)
TRAIN = SPLITS[0]


def audit(
    data: Dataset | Given,
    *,
    codes: str | Iterable[str] | None = None,
    skip: str | Iterable[str] = (),
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Exams that a reader would reject or look at twice: one row per finding.

    Parameters
    ----------
    data : Dataset or path
        Exams of one split, or a folder in MRNet's or the RSNA layout. Of a folder, both splits are
        examined together, so that duplicates across them are found. Broken labels and files of an
        MRNet folder become findings instead of errors.
    codes : str or iterable of str, optional
        Codes to look for, by default all of ``mrnet_features.quality.CODES``. If all of them
        concern labels, files and headers, no pixel is read.
    skip : str or iterable of str, default ()
        Codes to leave out.
    n_jobs : int, optional
        Number of exams measured in parallel, as in joblib.
    progress : bool, optional
        Whether to show a progress bar; by default only on a terminal.

    Returns
    -------
    DataFrame
        Columns: exam and plane (empty if the finding concerns no single one), code, severity
        ("reject": leave the exam out; "check": look at it), value (float64, NaN if the code has
        none; described in `CODES`), advice, split (empty for a Dataset), unit of the value.
        ``load_mrnet(root, exclude=findings)`` leaves the rejected exams out.

        ``attrs["examined"]`` describes the audit: "exams", the number of exams by split ("" for a
        Dataset); "needed", the number of exams of a plane needed to compare them; "few", the
        number of exams by plane, for planes with fewer; "unjudged", the codes that were not
        looked for in those planes. Of sets with named series, such as ``sagittal_fluid``, also
        "missing", the number of exams without each series, and "weighting", why the weighting was
        not judged in a plane. A missing series is no fault: it is counted. pandas drops ``attrs``
        when tables of different audits are joined.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist or holds no split.
    TypeError
        If `data` is neither a Dataset nor a path.
    ValueError
        If a code does not exist or none is left.

    Notes
    -----
    Noise, blur, slice count, orientation, out-of-view and repeated edges inside the leg compare an
    exam with the other exams of the plane and need 20 of them; a leg cut off at one side and copies
    in the air are found with fewer. Unusual means 4.5 robust SDs from the median. Of two duplicates
    in different splits, the finding names the one in train; in the same split, the one with the
    higher id. Leaving out the named exams keeps one of each pair.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> folder = Path(tempfile.mkdtemp())
    >>> np.save(folder / "blank.npy", np.zeros((4, 64, 64), np.uint8))
    >>> exam = Exam("0000", {"axial": folder / "blank.npy"})
    >>> labels = pd.DataFrame({"abnormal": [0], "acl": [1], "meniscus": [0]}, index=["0000"])
    >>> audit(Dataset((exam,), labels))[["exam", "plane", "code", "severity", "value"]]
       exam  plane            code severity  value
    0  0000         label-conflict   reject    NaN
    1  0000  axial    blank-slices   reject    4.0
    """
    wanted = choose_codes(codes, skip)
    splits, planes = read_splits(data)
    renamed = name_apart(splits)
    findings = [
        found._replace(split=name) for name, split in splits.items() for found in split.findings
    ]
    unjudged: dict[str, Any] = {"few": {}, "unjudged": []}
    exams = [exam for split in splits.values() for exam in split.exams]
    split_of = {exam.id: name for name, split in splits.items() for exam in split.exams}
    missing = _count_missing(exams)
    found: list[Finding] = []
    reads_pixels = not set(wanted) <= {*FOLDER_CODES, *HEADER_CODES}
    if not set(wanted).isdisjoint(HEADER_CODES):
        headers, unreadable = _read_headers(exams, n_jobs)
        found += apply_header_rules(headers)
        found += [] if reads_pixels else unreadable  # else the same files are found again
    if reads_pixels:
        stacks, unreadable = _measure_exams(exams, n_jobs, progress)
        of_pixels, weighting = _check_stacks(stacks, splits, split_of)
        found += [*unreadable, *of_pixels]
        unjudged = _find_unjudged(stacks, planes, wanted)
        if missing is not None:
            unjudged["weighting"] = weighting if "weighting" in wanted else {}
    findings.extend(
        finding._replace(exam=renamed.get(finding.exam, finding.exam), split=split_of[finding.exam])
        for finding in found
    )
    table = tabulate(findings, wanted)
    table.attrs["examined"] = {
        "exams": {name: split.n_exams for name, split in splits.items()},
        "needed": MIN_EXAMS,
        **unjudged,
        **({} if missing is None else {"missing": missing}),
    }
    return table


def measure_quality(
    data: Dataset | str | Path, *, n_jobs: int | None = None, progress: bool | None = None
) -> pd.DataFrame:
    """Measurements of each stack, for a look at a whole set: noise, sharpness, EFC, FBER, SNR, CJV.

    Parameters
    ----------
    data : Dataset or path
        As for `audit`. Files that can't be read are left out.
    n_jobs, progress
        As for `audit`.

    Returns
    -------
    DataFrame
        One row per stack. Columns: exam, plane, n_slices; noise (SD as a fraction of the leg's
        median grey level); sharpness (about 0, blurred, to 1); saturation (fraction of the leg at
        grey level 255); ghosts (copies in the air, as a fraction of the leg's grey level; 0 without
        air); efc, fber, snr, snr_dietrich and cjv, as `mrnet_features.quality.image_quality`
        defines them. NaN where a measurement is not possible.

    Raises
    ------
    FileNotFoundError, TypeError
        As from `audit`.
    """
    splits, _ = read_splits(data)
    exams = [exam for split in splits.values() for exam in split.exams]
    stacks, _ = _measure_exams(exams, n_jobs, progress)
    rows = [
        {
            "exam": stack.exam,
            "plane": stack.plane,
            "n_slices": stack.n_slices,
            "noise": stack.noise,
            "sharpness": stack.sharpness,
            "saturation": stack.saturation,
            "ghosts": max(find_highest(scores) for scores in stack.ghosts)[0],
            **stack.quality._asdict(),
        }
        for stack in stacks
    ]
    return pd.DataFrame(rows, columns=list(MEASUREMENTS))


def _count_missing(exams: list[Exam]) -> dict[str, int] | None:
    """Number of exams without each series that others have; None if no series has a name."""
    counts = Counter(series for exam in exams for series in exam.paths)
    if not any(is_named(series) for series in counts):
        return None
    return {name: len(exams) - counts[name] for name in counts if counts[name] < len(exams)}


def _read_headers(
    exams: list[Exam], n_jobs: int | None
) -> tuple[list[SeriesHeader], list[Finding]]:
    """Headers of all DICOM series, and findings for those that can't be read."""
    headers: list[SeriesHeader] = []
    unreadable: list[Finding] = []
    calls = (delayed(read_series_headers)(exam) for exam in exams)
    with contextlib.closing(run_jobs(calls, n_jobs)) as results:
        for found, findings in results:
            headers += found
            unreadable += findings
    return headers, unreadable


def _measure_exams(
    exams: list[Exam], n_jobs: int | None, progress: bool | None
) -> tuple[list[Measures], list[Finding]]:
    """Measurements of all stacks in the order of the exams, and findings for unreadable files."""
    calls = (delayed(measure_exam)(exam) for exam in exams)
    stacks: list[Measures] = []
    unreadable: list[Finding] = []
    with (
        contextlib.closing(run_jobs(calls, n_jobs)) as results,
        show_progress(len(exams), "audit", "exam", progress) as bar,
    ):
        for measures, findings in results:
            stacks += measures
            unreadable += findings
            bar.update()
    return stacks, unreadable


def _find_unjudged(
    stacks: list[Measures], planes: Iterable[str], wanted: Iterable[str]
) -> dict[str, Any]:
    """Planes with too few exams to compare them, and the codes that need the comparison."""
    counts = Counter(stack.plane for stack in stacks)
    few = {plane: counts[plane] for plane in planes if counts[plane] < MIN_EXAMS}
    codes = [code for code in SET_CODES if code not in NAMED_CODES or any(map(is_named, few))]
    return {"few": few, "unjudged": [code for code in wanted if few and code in codes]}


def _check_stacks(
    stacks: list[Measures], splits: Mapping[str, Split], split_of: Mapping[str, str]
) -> tuple[list[Finding], dict[str, str]]:
    """All findings about pixels, and by plane why the weighting was not judged."""
    labels = {exam: known for split in splits.values() for exam, known in split.labels.items()}

    def choose_dropped(one: str, other: str) -> str:
        """The duplicate in train if the other is in valid, else the one with the higher id."""
        if split_of[one] != split_of[other]:
            return one if split_of[one] == TRAIN else other
        return max(one, other)

    def describe_pair(one: str, other: str) -> str:
        first, second = labels.get(one, {}), labels.get(other, {})
        text = ""
        if any(first[task] != second[task] for task in first.keys() & second.keys()):
            text += " Their labels differ."
        if split_of[one] != split_of[other]:
            other_split = next(s for s in (split_of[one], split_of[other]) if s != TRAIN)
            text += f" One is in train, the other in {other_split}: scores on {other_split} would "
            text += "be too high."
        return text

    by_plane: dict[str, list[Measures]] = {}
    found: list[Finding] = []
    for stack in stacks:
        by_plane.setdefault(stack.plane, []).append(stack)
        found += apply_stack_rules(stack)
    views = list(apply_view_rules(by_plane))
    turned = {(view.exam, view.plane) for view in views if view.code == "orientation"}
    named, weighting = apply_named_rules(by_plane, turned)
    found += [*views, *named, *find_duplicates(stacks, choose_dropped, describe_pair)]
    views += [finding for finding in named if finding.code in ("orientation", "body-part")]
    for plane, of_plane in by_plane.items():
        found += apply_value_rules(of_plane)
        other_view = {finding.exam for finding in views if finding.plane == plane}
        found += apply_ghost_rules(of_plane, other_view)
        found += find_near_duplicates(of_plane, choose_dropped, describe_pair)
    return found, weighting
