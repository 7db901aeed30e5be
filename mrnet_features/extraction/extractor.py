"""FeatureExtractor: a scikit-learn transformer from exams to a feature table."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from mrnet_features.arrays import resolve_device
from mrnet_features.extraction.compile_ahead import compile_missing
from mrnet_features.extraction.describe import Row, warn_of_faults
from mrnet_features.extraction.exams import Exams, build_frame, check_exams, list_exams
from mrnet_features.extraction.missing import check_presence, check_use, list_missing, log_missing
from mrnet_features.extraction.pooling import DEFAULT_POOLS, POOLS
from mrnet_features.extraction.provenance import describe_provenance
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.extraction.rows import check_batch_size, compute_rows
from mrnet_features.extraction.sides import count_sources, give_sides, log_sides
from mrnet_features.families.base import Family
from mrnet_features.families.presets import find_families, list_explicit
from mrnet_features.jobs import show_progress
from mrnet_features.messages import name_some, quote
from mrnet_features.names import PLANES, check_series
from mrnet_features.stacks.discretisation import Discretisation
from mrnet_features.stacks.region_sets import Sides


class FeatureExtractor(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn exams into a DataFrame with one row per exam and one column per feature.

    It learns nothing from the exams and describes each by itself, so it may run before a split.
    Extract once, and give the table to a cross-validation or a search such as GridSearchCV: inside
    a pipeline that is searched, every exam would be described again for every fold and candidate.

    Parameters
    ----------
    families : str, Family or list of str and Family, default "baseline"
        A preset's name ("minimal", "baseline", "texture", "full"), or families by name or
        instance. A family describes the series that it is meant for, by plane and weighting; one
        that is named here, not in a preset, must be meant for at least one.
    planes : sequence of str, default ("axial", "coronal", "sagittal")
        Series to read: planes, as exams of MRNet have them, or series of a plane such as
        "sagittal_fluid" and "coronal_structural".
    pools : sequence of str, default ("mean", "std", "top3", "middle")
        How the values of the slices become one number; max, p90 and outer exist too.
    discretisation : Discretisation, optional
        How grey levels are discretised for texture. Default: 32 equal bins between the 0.5th and
        the 99.5th percentile of the stack's foreground.
    missing : {"error", "nan"}, default "error"
        What to do about an exam that lacks a series. With "nan" its row has NaN in the columns of
        that series, and one message in the log says how many exams lack it; an exam with none of
        the series remains an error. Which series an exam has can tell its hospital.
    sides : {"fold", "known", "guess"}, default "fold"
        What to do about the side of the knee. "fold" needs none: mirroring a knee changes nothing,
        and of two mirrored regions the table has the lower value, the higher and the difference.
        "known" mirrors left knees to right ones and names the two regions medial and lateral. It
        needs the side of every exam, by a tag of its files or as given, and stacks in the
        orientation of `load_series`. "guess" also takes sides that `Exam.find_side` guesses from
        the position in the scanner; where a guess is wrong, medial and lateral are swapped.
        Families that fold directions, such as hog and gabor, still do.
    extensive : bool, default False
        Keep the statistics that grow with the number of pixels or slices. On MRNet they reveal
        knee size and protocol, a shortcut to the labels, so they are left out by default.
    device : {"auto", "cpu", "cuda"}, default "auto"
        Device to compute on. "auto" is the CPU for now: the GPU code gives equal counts in all
        tests, but these emulate a GPU. Use "cuda" to ask for a GPU, and run ``mrnet-features
        doctor`` first to compare it with the CPU. "cuda" is the current device;
        ``CUDA_VISIBLE_DEVICES`` selects it.
    n_jobs : int, optional
        On the CPU, number of exams described in parallel, as in joblib: None is 1, -1 all cores.
        The first time, up to 8 processes compile the code, even if this is None, but not if it
        is 1; those that describe no exams end when they are done.
        On a GPU, number of threads that read exams ahead: None is one per core, at most 16; -1 is
        one per core.
    batch_size : int, optional
        On a GPU, largest number of exams described at once. None is as many as the free memory
        holds, at most 64. Counts do not depend on it; statistics agree up to rounding, because a
        GPU may sum floats in another order. Ignored on the CPU.
    progress : bool, optional
        Whether to show a progress bar. None shows it in a terminal.

    Attributes
    ----------
    device_ : {"cpu", "cuda"}
        Device in use; set by `fit`.

    Examples
    --------
    >>> stack = np.tile(np.arange(64, dtype=np.uint8), (3, 64, 1))
    >>> extractor = FeatureExtractor("minimal", planes=("sagittal",), pools=("mean",))
    >>> table = extractor.fit_transform([{"sagittal": stack}])
    >>> table.shape
    (1, 34)

    With the exam ids as keys they become the index, as in a table of labels:

    >>> extractor.fit_transform({"0042": {"sagittal": stack}}).index[0]
    '0042'
    """

    refuses_unused: ClassVar[bool] = True
    """Whether a family that was asked for by name must describe one of the series, and each series
    be in one of the exams."""

    def __init__(
        self,
        families: str | Family | Sequence[str | Family] = "baseline",
        *,
        planes: Sequence[str] = PLANES,
        pools: Sequence[str] = DEFAULT_POOLS,
        discretisation: Discretisation | None = None,
        missing: str = "error",
        sides: str = "fold",
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
        self.missing = missing
        self.sides = sides
        self.extensive = extensive
        self.device = device
        self.n_jobs = n_jobs
        self.batch_size = batch_size
        self.progress = progress

    def fit(self, X: Exams, y: object = None) -> Self:  # noqa: ARG002
        """Check the parameters and select the device; no pixel is read.

        Unless ``sides="fold"``, the side of every exam is found, for which headers may be read.

        Parameters
        ----------
        X : sequence of Exam or of mapping series -> stack, or mapping of exam id to either
        y : ignored

        Returns
        -------
        FeatureExtractor
            This extractor.

        Raises
        ------
        ValueError, TypeError
            If a parameter is invalid, no exam has one of the series, or the side of an exam must be
            known and is not.
        RuntimeError
            If `device` is "cuda" and CuPy, the driver, a device or the compiler is missing.
        """
        exams = list_exams(X)
        check_exams(exams)
        check_batch_size(self.batch_size)
        recipe = self.recipe()
        if recipe.missing == "nan" and self.refuses_unused:
            check_presence(exams, recipe.planes)
        if recipe.sides != "fold":
            give_sides(exams, recipe.sides)
        self.device_ = resolve_device(self.device)
        return self

    def fit_transform(self, X: Exams, y: object = None) -> pd.DataFrame:  # noqa: ARG002
        """Feature table of the exams, after `fit`.

        Parameters
        ----------
        X : sequence of Exam or of mapping series -> stack, or mapping of exam id to either
        y : ignored

        Returns
        -------
        DataFrame of shape (n_exams, n_features), float32
            As `transform`; another container if `set_output` asks for one.

        Raises
        ------
        TypeError, ValueError, KeyError, RuntimeError, MemoryError
            As `fit` and `transform`.
        """
        exams = list_exams(X)
        if self.sides != "fold":  # so that headers are read once
            check_exams(exams)
            exams = give_sides(exams, self.recipe().sides)
        return self.fit(exams).transform(exams)

    def transform(self, X: Exams) -> pd.DataFrame:
        """Feature table of the exams.

        Parameters
        ----------
        X : sequence of Exam or of mapping series -> stack, or mapping of exam id to either
            Stacks are uint8 arrays of shape (n_slices, height, width).

        Returns
        -------
        DataFrame of shape (n_exams, n_features), float32
            The index, named "exam", holds the exam ids as text, or the position in `X` where
            exams have none. NaN where a statistic is not defined, see the docstring of the family,
            and where the exam lacks the series, with ``missing="nan"``. Its
            ``attrs["provenance"]`` holds recipe, versions, fingerprints and scales, as that of
            `extract_features`.

        Raises
        ------
        TypeError, ValueError, KeyError
            If an exam can't be described; notes name exam, series and family.
        MemoryError
            If a single exam does not fit into the memory of the GPU.

        Warns
        -----
        DeviceMemoryWarning
            If a batch does not fit into the memory of the GPU and smaller ones are used.
        StackWarning
            For each stack whose pixels look wrongly converted (constant, few grey levels,
            slices last, inverted), or whose features are all NaN. Nothing is changed.
        """
        exams = list_exams(X)
        check_exams(exams)
        recipe, device = self.recipe(), resolve_device(self.device)
        log_missing(list_missing(exams, recipe), len(exams))
        sources: dict[str, int] = {}
        if recipe.sides != "fold":
            exams = give_sides(exams, recipe.sides)
            sources = count_sources(exams)
            log_sides(sources)
        rows: list[Row] = []
        with (
            contextlib.closing(self.iterate(exams)) as found,
            show_progress(len(exams), "extract", "exam", self.progress) as bar,
        ):
            for row in found:
                rows.append(row)
                bar.update()
        table = build_frame(exams, [row.values for row in rows], recipe.columns())
        fingerprints = [row.fingerprint for row in rows]
        table.attrs["provenance"] = describe_provenance(
            recipe, fingerprints, device, exams=exams, sources=sources
        )
        return table

    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = None
    ) -> Self:
        """Container that `transform` and `fit_transform` return.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, optional
            "default" and "pandas" are a DataFrame of pandas. One of polars has no index, so the
            exam ids are lost. None changes nothing.

        Returns
        -------
        FeatureExtractor
            This extractor.
        """
        super().set_output(transform=transform)
        return self

    def iterate(self, X: Exams) -> Generator[Row, None, None]:
        """Rows in the order of the exams, each with the fingerprint of its pixels.

        Exams are read ahead. Close the generator if you stop early, to end the readers.

        Parameters
        ----------
        X : sequence of Exam or of mapping series -> stack, or mapping of exam id to either

        Yields
        ------
        Row

        Warns
        -----
        StackWarning
            As `transform`.
        """
        exams, device = list_exams(X), resolve_device(self.device)
        check_exams(exams)
        recipe = self.recipe()
        if device == "cpu":
            compile_missing(recipe, self.n_jobs, self.progress)
        rows = compute_rows(exams, recipe, device, self.n_jobs, self.batch_size)
        with contextlib.closing(rows):
            for row in rows:
                warn_of_faults(row)
                yield row

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray[Any, Any]:  # noqa: ARG002
        """Names of the columns, ``series__region__family__statistic__pool``.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of shape (n_features,), object
        """
        return np.asarray(self.recipe().columns(), dtype=object)

    def recipe(self) -> Recipe:
        """Recipe of the current parameters.

        Returns
        -------
        Recipe

        Raises
        ------
        ValueError, TypeError
            If a parameter is invalid.
        """
        planes = check_series(self.planes)
        sides = next((name for name in get_args(Sides) if name == self.sides), None)
        if sides is None:
            raise ValueError(
                f"`sides` must be 'fold', 'known' or 'guess', got {quote(self.sides)}."
            )
        if self.missing not in ("error", "nan"):
            raise ValueError(f"`missing` must be 'error' or 'nan', got {quote(self.missing)}.")
        pools = (self.pools,) if isinstance(self.pools, str) else tuple(self.pools)
        if not pools or any(pool not in POOLS for pool in pools) or len(set(pools)) < len(pools):
            raise ValueError(
                f"`pools` must be some of {', '.join(POOLS)}, each once, got "
                f"{name_some(pools) or 'none'}."
            )
        if not isinstance(self.extensive, bool):
            raise TypeError(f"`extensive` must be True or False, got {self.extensive!r}.")
        if not isinstance(self.discretisation, Discretisation | None):
            raise TypeError(
                "`discretisation` must be a Discretisation or None, got "
                f"{self.discretisation!r}. Pass one, such as Discretisation(n_levels=64)."
            )
        families = find_families(self.families)
        if self.refuses_unused:
            check_use(list_explicit(self.families), planes)
        return Recipe(
            families=families,
            planes=planes,
            pools=pools,
            discretisation=self.discretisation or Discretisation(),
            extensive=self.extensive,
            missing="nan" if self.missing == "nan" else "error",
            sides=sides,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return True  # nothing is learned
