"""FeatureExtractor: exams -> table, as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, TransformerMixin
from tqdm import tqdm

from mrnet_features.arrays import Device, resolve_device
from mrnet_features.data.mrnet import PLANES, Exam
from mrnet_features.extraction.batches import ExamLike, describe_batch, read_exam
from mrnet_features.extraction.pooling import DEFAULT_POOLS, POOLS
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.families import find_families
from mrnet_features.families.base import Family
from mrnet_features.stacks.prepare import Quantisation


class Row(NamedTuple):
    """One exam's features and the fingerprint of the pixels they were read from.

    Attributes
    ----------
    values : ndarray of shape (n_features,), float32
    fingerprint : str
        BLAKE2 hash of the exam's stacks, in hexadecimal.
    """

    values: np.ndarray[Any, np.dtype[np.float32]]
    fingerprint: str


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
    quantisation : Quantisation, optional
        How grey levels become the levels that texture is counted on. Default: 32 equal bins
        between the 0.5th and the 99.5th percentile of the stack's foreground.
    extensive : bool, default False
        Keep the statistics that grow with the number of pixels or slices. On MRNet they are a
        shortcut (knee size and protocol), so they are left out unless asked.
    device : {"auto", "cpu", "cuda"}, default "auto"
        Where to count. "auto" is the CPU for now: a GPU counts the same in all tests, which
        emulate one, but has not been tried; ask for it with "cuda", and let
        ``mrnet-features doctor`` compare it with the CPU first.
    n_jobs : int, optional
        Exams described at the same time, as joblib takes it: None is 1, -1 all cores. On a GPU
        it is 1 whatever is asked for.
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
        quantisation: Quantisation | None = None,
        extensive: bool = False,
        device: str = "auto",
        n_jobs: int | None = None,
        progress: bool | None = None,
    ) -> None:
        self.families = families
        self.planes = planes
        self.pools = pools
        self.quantisation = quantisation
        self.extensive = extensive
        self.device = device
        self.n_jobs = n_jobs
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
        """
        hide = None if self.progress is None else not self.progress
        bar = tqdm(self.iterate(X), total=len(X), desc="exams", unit="exam", disable=hide)
        rows = [row.values for row in bar]
        return frame_of(X, rows, self.recipe().columns())

    def iterate(self, X: Sequence[ExamLike]) -> Iterator[Row]:
        """Rows one by one in the order of the exams, with the pixels' fingerprints.

        Parameters
        ----------
        X : sequence of Exam or of mapping plane -> stack

        Yields
        ------
        Row
        """
        check_exams(X)
        recipe, device = self.recipe(), resolve_device(self.device)
        jobs = (delayed(_make_row)(exam, k, recipe, device) for k, exam in enumerate(X))
        # workers would crowd one device, each with a context and memory of its own
        n_jobs = 1 if device == "cuda" else self.n_jobs
        yield from Parallel(n_jobs=n_jobs, return_as="generator")(jobs)

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
            quantisation=self.quantisation or Quantisation(),
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
