"""FeatureExtractor: exams -> table, as a scikit-learn transformer."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from joblib import cpu_count, delayed
from sklearn.base import BaseEstimator, TransformerMixin

from mrnet_features.arrays import Device, resolve_device
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.describe import ExamLike, Row, describe_batch, read_exam
from mrnet_features.extraction.gpu.pipeline import iterate_device
from mrnet_features.extraction.gpu.planning import count_readers
from mrnet_features.extraction.pooling import DEFAULT_POOLS, POOLS
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.families.base import Family
from mrnet_features.families.presets import find_families
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.names import PLANES
from mrnet_features.stacks.discretisation import Discretisation


class FeatureExtractor(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Exams -> DataFrame with one row an exam and one column a feature.

    It learns nothing: every exam is described by itself, so that it may stand before a split.

    Parameters
    ----------
    families : str, Family or list of str and Family, default "baseline"
        A preset's name ("minimal", "baseline", "full"), or families by name or instance.
    planes : sequence of str, default ("axial", "coronal", "sagittal")
        Planes to read; every exam must have them.
    pools : sequence of str, default ("mean", "std", "top3", "middle")
        How slices become one number; also max, p90 and outer.
    discretisation : Discretisation, optional
        How grey levels become the levels that texture is counted on. Default: 32 equal bins
        between the 0.5th and the 99.5th percentile of the stack's foreground.
    extensive : bool, default False
        Keep the statistics that grow with the number of pixels or slices. On MRNet they are a
        shortcut (knee size and protocol), so they are left out unless asked.
    device : {"auto", "cpu", "cuda"}, default "auto"
        Where to count. "auto" is the CPU for now: a GPU counts the same in all tests, which
        emulate one, but has not been tried; ask for it with "cuda", and let
        ``mrnet-features doctor`` compare it with the CPU first. "cuda" is the current device;
        ``CUDA_VISIBLE_DEVICES`` chooses it.
    n_jobs : int, optional
        On the CPU, exams described at the same time, as joblib takes it: None is 1, -1 all cores.
        On a GPU, threads that read exams ahead: None is 4, -1 one a core.
    batch_size : int, optional
        On a GPU, exams described at once, at most; None is as many as its free memory holds, at
        most 64. Counts are the very same whatever it is; statistics agree to rounding, since a GPU
        may group sums of floats otherwise. On the CPU exams are described one by one.
    progress : bool, optional
        Show a bar. None shows one where the error output is a terminal.

    Attributes
    ----------
    device_ : {"cpu", "cuda"}
        Device chosen; after `fit`.

    Examples
    --------
    >>> stack = np.tile(np.arange(64, dtype=np.uint8), (3, 64, 1))
    >>> extractor = FeatureExtractor("minimal", planes=("sagittal",), pools=("mean",))
    >>> table = extractor.fit_transform([{"sagittal": stack}])
    >>> table.shape
    (1, 34)
    """

    def __init__(
        self,
        families: str | Family | Sequence[str | Family] = "baseline",
        *,
        planes: Sequence[str] = PLANES,
        pools: Sequence[str] = DEFAULT_POOLS,
        discretisation: Discretisation | None = None,
        extensive: bool = False,
        device: str = "auto",
        n_jobs: int | None = None,
        batch_size: int | None = None,
        progress: bool | None = None,
    ) -> None:
        self.families = families
        self.planes = planes
        self.pools = pools
        self.discretisation = discretisation
        self.extensive = extensive
        self.device = device
        self.n_jobs = n_jobs
        self.batch_size = batch_size
        self.progress = progress

    def fit(self, X: Sequence[ExamLike], y: object = None) -> FeatureExtractor:  # noqa: ARG002
        """Check the parameters and choose the device; the exams are not read.

        Parameters
        ----------
        X : sequence of Exam or of mapping plane -> stack
        y : ignored

        Returns
        -------
        FeatureExtractor
            Itself.

        Raises
        ------
        ValueError, TypeError
            If a parameter is not as described.
        RuntimeError
            If device is "cuda" and something is missing for it.
        """
        check_exams(X)
        _check_batch_size(self.batch_size)
        self.recipe()
        self.device_ = resolve_device(self.device)
        return self

    def transform(self, X: Sequence[ExamLike]) -> pd.DataFrame:
        """Table of the exams' features.

        Parameters
        ----------
        X : sequence of Exam or of mapping plane -> stack
            Stacks are uint8 arrays of shape (n_slices, height, width).

        Returns
        -------
        DataFrame of shape (n_exams, n_features), float32
            Index: the exam ids as text, named "exam"; for mappings their place in the sequence.
            NaN where a statistic is not defined; the family's docstring says when.

        Raises
        ------
        TypeError, ValueError, KeyError
            If an exam can't be described; notes name exam, plane and family.
        MemoryError
            If a GPU's memory does not hold a single exam. Of several it takes fewer at once, with
            a warning.
        """
        rows: list[np.ndarray[Any, Any]] = []
        with (
            contextlib.closing(self.iterate(X)) as found,
            show_progress(len(X), "extract", "exam", self.progress) as bar,
        ):
            for row in found:
                rows.append(row.values)
                bar.update()
        return frame_of(X, rows, self.recipe().columns())

    def iterate(self, X: Sequence[ExamLike]) -> Generator[Row, None, None]:
        """Rows one by one in the order of the exams, with the pixels' fingerprints.

        Exams are read ahead; close the generator if you stop early, and that ends.

        Parameters
        ----------
        X : sequence of Exam or of mapping plane -> stack

        Yields
        ------
        Row
        """
        check_exams(X)
        _check_batch_size(self.batch_size)
        recipe, device = self.recipe(), resolve_device(self.device)
        if device == "cuda":
            n_readers = count_readers(self.n_jobs, cpu_count())
            yield from iterate_device(X, recipe, n_readers=n_readers, batch_size=self.batch_size)
            return
        jobs = (delayed(_make_row)(exam, k, recipe, device) for k, exam in enumerate(X))
        yield from run_jobs(jobs, self.n_jobs)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray[Any, Any]:  # noqa: ARG002
        """Names of the columns, ``plane__region__family__statistic__pool``.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of shape (n_features,), object
        """
        return np.asarray(self.recipe().columns(), dtype=object)

    def recipe(self) -> Recipe:
        """Recipe of the present parameters.

        Returns
        -------
        Recipe

        Raises
        ------
        ValueError, TypeError
            If a parameter is not as described.
        """
        planes = (self.planes,) if isinstance(self.planes, str) else tuple(self.planes)
        unknown = [plane for plane in planes if plane not in PLANES]
        if unknown or not planes or len(set(planes)) < len(planes):
            raise ValueError(
                f"`planes` must be some of {', '.join(PLANES)}, each once, got {planes}."
            )
        pools = (self.pools,) if isinstance(self.pools, str) else tuple(self.pools)
        if not pools or any(pool not in POOLS for pool in pools) or len(set(pools)) < len(pools):
            raise ValueError(f"`pools` must be some of {', '.join(POOLS)}, each once, got {pools}.")
        return Recipe(
            families=find_families(self.families),
            planes=planes,
            pools=pools,
            discretisation=self.discretisation or Discretisation(),
            extensive=self.extensive,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return True  # nothing is learnt


def check_exams(exams: Sequence[ExamLike]) -> None:
    """Raise unless `exams` is a sequence of exams with ids of their own.

    Parameters
    ----------
    exams : sequence of Exam or of mapping plane -> stack

    Raises
    ------
    TypeError
        If it is one exam, an array, or holds anything else.
    ValueError
        If it is empty or an id stands there twice.
    """
    if isinstance(exams, Exam | Mapping | np.ndarray | pd.DataFrame | str):
        raise TypeError(
            "`exams` must be a sequence of Exam or of mappings plane -> stack, got "
            f"{type(exams).__name__}. Put one exam into a list, such as [{{'sagittal': stack}}]."
        )
    for k, exam in enumerate(exams):
        if not isinstance(exam, Exam | Mapping):
            raise TypeError(
                f"`exams` must hold Exam or mappings plane -> stack, got {type(exam).__name__} at "
                f"place {k}. Load exams with `load_mrnet`, or write {{'sagittal': stack}}."
            )
    if len(exams) == 0:
        raise ValueError("`exams` must hold at least one exam, got none.")
    ids = [exam.id for exam in exams if isinstance(exam, Exam)]
    repeated = sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) < len(ids) else []
    if repeated:
        raise ValueError(
            f"Each exam id must stand in `exams` once, got {', '.join(repeated[:5])} again. "
            "Leave the repeats out."
        )


def _check_batch_size(batch_size: object) -> None:
    if batch_size is None:
        return
    if not isinstance(batch_size, int | np.integer) or isinstance(batch_size, bool):
        raise TypeError(
            f"`batch_size` must be a number of exams or None, got {batch_size!r}. Leave it out to "
            "let the GPU's free memory decide."
        )
    if batch_size < 1:
        raise ValueError(
            f"`batch_size` must be at least 1 exam, got {batch_size}. Leave it out to let the "
            "GPU's free memory decide."
        )


def frame_of(
    exams: Sequence[ExamLike], rows: Sequence[np.ndarray[Any, Any]], columns: Sequence[str]
) -> pd.DataFrame:
    """Table of rows, indexed by exam id, or by place where exams have none."""
    ids = [exam.id if isinstance(exam, Exam) else k for k, exam in enumerate(exams)]
    return pd.DataFrame(np.stack(rows), index=pd.Index(ids, name="exam"), columns=list(columns))


def _make_row(exam: ExamLike, place: int, recipe: Recipe, device: Device) -> Row:
    """One exam's row; errors carry a note that names the exam and the plane."""
    pixels = read_exam(exam, place, recipe.planes)
    return Row(describe_batch([pixels], recipe, device)[0], pixels.fingerprint)
