"""Provenance of a feature table: the recipe, versions and data that it comes from."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mrnet_features.arrays import Device
from mrnet_features.data.exam import Exam
from mrnet_features.data.study_exam import StudyExam
from mrnet_features.extraction.missing import list_missing
from mrnet_features.extraction.read import ExamLike, hold_stacks
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.extraction.table_files.keys import (
    FINGERPRINTS,
    FORMAT,
    IDS_DIGEST,
    IF_MISSING,
    MISSING,
    SCALES,
    SIDES,
    hash_texts,
    join_hashes,
)
from mrnet_features.series.load import is_scanner_file
from mrnet_features.series.nifti import is_nifti
from mrnet_features.versions import find_version

PACKAGES = ("mrnet-features", "numpy", "numba", "scipy", "pandas")
"""Packages that compute the features."""

DICOM_READERS = ("pydicom", "pylibjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "python-gdcm")
"""Packages that decode DICOM files."""

NIFTI_READERS = ("nibabel",)
"""Packages that decode NIfTI files."""

OPENERS = ("npy_files", "paths", "reading", "stored_paths", "url_store", "zip_store")
"""Modules of `files` that open stacks. An edit of the others, as of tables, changes no feature."""


def describe_provenance(
    recipe: Recipe,
    fingerprints: Sequence[str],
    device: Device = "cpu",
    *,
    exams: Sequence[ExamLike] = (),
    sources: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Provenance of a table: format, recipe, device, versions and data, in plain types.

    Parameters
    ----------
    recipe : Recipe
    fingerprints : sequence of str
        One per exam, in the order of the table.
    device : {"cpu", "cuda"}, default "cpu"
        Device that computed the features.
    exams : sequence of Exam or of mapping series -> stack, optional
        Exams of the table; tells the scales, the missing series and the packages that read them.
    sources : mapping of str to int, optional
        Number of exams by how their side was found, as from `give_sides`.

    Returns
    -------
    dict
        Keys format, recipe, recipe_digest, device, versions, data_fingerprint, n_exams and
        fingerprints, a text as from `join_hashes`; ids_digest if all exams have ids; if_missing if
        exams may lack a series; scales, missing and sides if there are any.
    """
    scales = _list_scales(exams, recipe.planes)
    missing = list_missing(exams, recipe)
    ids = [exam.id for exam in exams if isinstance(exam, Exam)]
    return {
        "format": FORMAT,
        "recipe": recipe.as_dict(),
        "recipe_digest": recipe.digest,
        "device": device,
        "versions": list_versions(device, list_readers(exams, recipe.planes)),
        "data_fingerprint": hash_texts(fingerprints),
        "n_exams": len(fingerprints),
        FINGERPRINTS: join_hashes(fingerprints),
        **({IDS_DIGEST: hash_texts(ids)} if len(ids) == len(fingerprints) else {}),
        **({IF_MISSING: recipe.missing} if recipe.missing != "error" else {}),
        **({SCALES: scales} if scales else {}),
        **({MISSING: missing} if missing else {}),
        **({SIDES: dict(sources)} if sources else {}),
    }


def list_versions(device: Device, readers: Sequence[str] = ()) -> dict[str, str]:
    """Versions of the packages that the features depend on.

    Parameters
    ----------
    device : {"cpu", "cuda"}
        CuPy is listed for "cuda" only.
    readers : sequence of str, optional
        Packages that decode the files, as from `list_readers`; those that are not installed are
        left out.

    Returns
    -------
    dict of str to str
    """
    versions = {name: _find_version(name) for name in PACKAGES}
    if device == "cuda":
        import cupy  # its distribution has another name for each version of CUDA

        versions["cupy"] = cupy.__version__
    for name in readers:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


@functools.cache
def _find_version(package: str) -> str:
    """Version of an installed package; parsing its metadata takes milliseconds."""
    return find_version(package)


def list_readers(exams: Sequence[ExamLike], planes: Sequence[str]) -> tuple[str, ...]:
    """Packages that decode the files of exams; none for ``.npy`` files and stacks in memory.

    Parameters
    ----------
    exams : sequence of Exam or of mapping series -> stack
    planes : sequence of str
        Series that are read.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> list_readers([Exam("0042", {"axial": "a.npy", "coronal": "c.nii.gz"})], ["coronal"])
    ('nibabel',)
    >>> list_readers([Exam("0042", {"axial": "a.npy"})], ["axial"])
    ()
    """
    readers: set[tuple[str, ...]] = set()
    for exam in exams:
        paths = exam.paths if isinstance(exam, Exam) else {}
        for path in (paths[series] for series in planes if series in paths):
            if isinstance(exam, StudyExam) or is_scanner_file(path):
                is_one_file = is_nifti(path) and not path.is_dir()
                readers.add(NIFTI_READERS if is_one_file else DICOM_READERS)
    return tuple(name for group in sorted(readers) for name in group)


@functools.cache
def hash_code() -> str:
    """Hash of the code between files and table; the version alone does not change with an edit.

    Returns
    -------
    str
    """
    package = Path(__file__).parents[1]
    folders = ["series", "data", "stacks", "counts", "formulas", "families", "extraction"]
    files = sorted(
        path
        for folder in folders
        for path in (package / folder).rglob("*")
        if path.suffix in {".py", ".cu", ".cuh"}
    )
    files += [package / name for name in ("arrays.py", "compiling.py", "launch.py", "names.py")]
    files += [package / "files" / f"{name}.py" for name in OPENERS]
    return hash_texts([path.read_text(encoding="utf-8") for path in files])


def _list_scales(exams: Sequence[ExamLike], planes: Sequence[str]) -> list[dict[str, Any]]:
    """Scales of the exams that have stacks of a known pixel size, each once, in plain types."""
    held = (exam if isinstance(exam, Exam) else hold_stacks(exam) for exam in exams)
    scales = sorted({e.scale for e in held if any(_has_scale(e, series) for series in planes)})
    return [{**scale._asdict(), "percentiles": list(scale.percentiles)} for scale in scales]


def _has_scale(exam: Exam, series: str) -> bool:
    """Whether a series of an exam, of files or in memory, has a known pixel size."""
    if series in exam.paths:
        return exam.has_scale(series)
    return exam.find_spacing(series) is not None
