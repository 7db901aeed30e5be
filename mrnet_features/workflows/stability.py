"""Stability of feature columns, measured on perturbed copies of exams."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.exam import Exam
from mrnet_features.data.mrnet.load import load_mrnet
from mrnet_features.evaluation.metrics.intraclass import FEWEST_EXAMS
from mrnet_features.evaluation.metrics.stability import Stability, compare_tables
from mrnet_features.extraction.describe import StackWarning
from mrnet_features.extraction.exams import check_exams
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.read import ExamLike
from mrnet_features.extraction.runs.resume import extract_features
from mrnet_features.files.csv_format import format_csv
from mrnet_features.files.stored_paths import Given
from mrnet_features.files.writing import write_text
from mrnet_features.messages import name_some
from mrnet_features.series.side import Side
from mrnet_features.stacks.perturbations import PERTURBATIONS, perturb
from mrnet_features.synthetic.write import write_knees
from mrnet_features.workflows.outputs import check_output_file

logger = logging.getLogger(__name__)

REFERENCE = "reference"
"""Name of the table of the exams as they are."""


@dataclass(frozen=True, repr=False)
class PerturbedExam(Exam):
    """Exam whose stacks are perturbed when they are read.

    Parameters
    ----------
    id, paths
        Of the exam as it is; see `Exam`.
    perturbation : str
        One of `PERTURBATIONS`.
    seed : int
    source : Exam
        The exam as it is.
    """

    perturbation: str = ""
    seed: int = 0
    source: Exam = Exam("", {})  # noqa: RUF009 (immutable)

    def load(self, plane: str, *, mmap: bool = False, side: Side | None = None) -> UInt8Array:
        """Perturbed stack of one plane; see `Exam.load`."""
        grey = self.source.load(plane, mmap=mmap, side=side)
        return perturb(grey, self.perturbation, self.seed, f"{self.id} {plane}")

    def find_side(self) -> Side:
        """Side of the knee; see `Exam.find_side`."""
        return self.source.find_side() if self.side is None else super().find_side()

    def describe_files(self, plane: str) -> str:
        """Size and times of the files of a plane; see `Exam.describe_files`."""
        return self.source.describe_files(plane)


def measure_stability(
    exams: Sequence[ExamLike],
    extractor: FeatureExtractor | None = None,
    *,
    perturbations: Sequence[str] = tuple(PERTURBATIONS),
    folder: str | Path | None = None,
    seed: int = 0,
) -> Stability:
    """How much each feature column changes when the exams are perturbed, as ICC(2,1).

    Each exam is described as it is and once per perturbation: noise, blur, bias field, contrast
    (gamma), a shift by one pixel, a rotation by 2 degrees, one slice dropped, and another pixel
    spacing; see `mrnet_features.stacks.perturbations` for their strengths. The labels are not
    used, so the table may choose columns before or inside a cross-validation; measured on
    other exams than those of the study, it can't be biased by them at all.

    An ICC compares the change with the differences between the exams. It depends on how different
    these are: measure it on exams like those of the study, about 40 or more.

    Parameters
    ----------
    exams : sequence of Exam or of mapping series -> stack
        At least three.
    extractor : FeatureExtractor, optional
        Default: ``FeatureExtractor()``.
    perturbations : sequence of str, optional
        Default: all of `mrnet_features.stacks.perturbations.PERTURBATIONS`.
    folder : path, optional
        Folder for the feature table of each perturbation. If a run is stopped, the next one with
        the same folder continues it. Needs exams with files.
    seed : int, default 0
        Seed of the perturbations.

    Returns
    -------
    Stability

    Raises
    ------
    ValueError
        If there are fewer than three exams or an unknown perturbation.
    TypeError, KeyError, OSError
        As `FeatureExtractor.transform` and `extract_features`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> exams = [{"sagittal": rng.integers(0, 99, (2, 64, 64), np.uint8)} for _ in range(3)]
    >>> extractor = FeatureExtractor("minimal", planes=["sagittal"])
    >>> measure_stability(exams, extractor, perturbations=["shift"])
    Stability(85 columns, 3 exams; shift)
    """
    check_exams(exams)
    names = [perturbations] if isinstance(perturbations, str) else list(perturbations)
    unknown = [name for name in names if name not in PERTURBATIONS]
    if unknown or not names or len(set(names)) < len(names):
        raise ValueError(
            f"`perturbations` must be some of {', '.join(PERTURBATIONS)}, each once, got "
            f"{name_some(names) or 'none'}."
        )
    if len(exams) < FEWEST_EXAMS:
        raise ValueError(
            f"`exams` must hold at least {FEWEST_EXAMS} exams for an ICC, got {len(exams)}. "
            "With about 40, its interval is narrow enough to be useful."
        )
    extractor = extractor or FeatureExtractor()
    tables: dict[str, pd.DataFrame] = {}
    for number, name in enumerate((REFERENCE, *names), start=1):
        logger.info("Exams as %s (%d of %d).", name, number, len(names) + 1)
        copies = exams
        if name != REFERENCE:
            planes = extractor.recipe().planes
            copies = [_perturb_exam(exam, k, name, seed, planes) for k, exam in enumerate(exams)]
        with warnings.catch_warnings():
            if name != REFERENCE:  # its faults, if any, have been told for the reference
                warnings.simplefilter("ignore", StackWarning)
            if folder is None:
                tables[name] = extractor.fit_transform(copies)
                continue
            file = REFERENCE if name == REFERENCE else f"{name}-seed{seed}"
            path = Path(folder) / f"{file}.parquet"
            # it refuses mappings itself
            tables[name] = extract_features(
                cast("Sequence[Exam]", copies), path, extractor=extractor
            )
    return compare_tables(tables.pop(REFERENCE), tables)


def tabulate_stability(
    out: str | Path,
    *,
    root: Given | None = None,
    split: str = "train",
    families: str | Sequence[str] = "baseline",
    n_exams: int = 40,
    seed: int = 0,
    n_jobs: int | None = None,
) -> Stability:
    """Measure the stability of the columns of families, and write it as CSV.

    Parameters
    ----------
    out : path
        CSV to write: column, ICC per perturbation, and the least. Feature tables are kept in a
        folder beside it, ``<out without .csv>-tables``, from which a stopped run continues.
    root : path, optional
        Folder in the layout of MRNet. Default: synthetic knees, which are written beside the
        feature tables.
    split : {"train", "valid"}, default "train"
        Split of `root`.
    families : str or sequence of str, default "baseline"
        See `FeatureExtractor`.
    n_exams : int, default 40
        Number of exams, evenly spaced in the split; all if it has fewer.
    seed : int, default 0
        Seed of the perturbations, and of synthetic knees.
    n_jobs : int, optional
        Parallel processes.

    Returns
    -------
    Stability

    Raises
    ------
    OSError, ValueError
        If `out` can't be written, the exams can't be read, or as `measure_stability`.
    """
    out = Path(out)
    check_output_file(out, [])
    folder = out.with_name(f"{out.stem}-tables")
    if root is None:
        root, split = folder / f"knees-seed{seed}-{n_exams}", "train"
        write_knees(root, n_train=n_exams, n_valid=0, seed=seed, n_jobs=n_jobs)
    exams = load_mrnet(root, split).exams
    chosen = np.unique(np.linspace(0, len(exams) - 1, min(n_exams, len(exams))).round().astype(int))
    stability = measure_stability(
        [exams[k] for k in chosen],
        FeatureExtractor(families, n_jobs=n_jobs),
        folder=folder,
        seed=seed,
    )
    write_text(out, format_csv(stability.table(), index=True))
    return stability


def _perturb_exam(
    exam: ExamLike, index: int, name: str, seed: int, planes: Sequence[str]
) -> ExamLike:
    if isinstance(exam, Exam):
        return PerturbedExam(exam.id, exam.paths, name, seed, exam)
    return {
        plane: perturb(exam[plane], name, seed, f"{index} {plane}")
        for plane in planes
        if plane in exam
    }
