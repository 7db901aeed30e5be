"""Number of exams that a test set needs, before the study."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from mrnet_features.evaluation.metrics.auc_variance import METHODS, auc_covariance, auc_variance
from mrnet_features.evaluation.results import Result
from mrnet_features.evaluation.study_plots import plot_sample_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["SampleSize", "plan_sample_size"]

FEWEST_OF_A_CLASS = 2
MOST_EXAMS = 10**8

SOURCES = {
    "hanley-mcneil": "Hanley and McNeil's standard error in Newcombe's form (method 4 of 2006)",
    "obuchowski": "Obuchowski's standard error for two normal distributions",
}

CHANCE = "If the number of positive exams is left to chance, add a margin."
INDEPENDENT = (
    "Exams are independent. With several exams per patient, multiply by 1 + (exams per patient - "
    "1) times their correlation."
)
FIXED = (
    "The models are fixed before the test exams are seen. A cross-validation also varies with its "
    "training exams: plan about 1.3 times as many exams, and twice as many if the AUC is near .5."
)


@dataclass(frozen=True, repr=False)
class SampleSize(Result):
    """Number of exams for an aim, and the precision and power that they give.

    Attributes
    ----------
    n_exams : int
        Exams needed.
    auc, prevalence : float
        Expected AUC and fraction of positive exams.
    comparator : float or None
        AUC of the other model, or the fixed reference AUC; None for an interval.
    correlation : float or None
        Correlation of the scores of the two models within a class; None for one model.
    half_width, power : float or None
        Aim: one of them is None.
    alpha : float
    method : {"hanley-mcneil", "obuchowski"}
    """

    n_exams: int
    auc: float
    prevalence: float
    comparator: float | None
    correlation: float | None
    half_width: float | None
    power: float | None
    alpha: float
    method: str

    def __repr__(self) -> str:
        return f"SampleSize({self.n_exams} exams, {self.n_positive} positive, {self._aim})"

    @property
    def n_positive(self) -> int:
        """Positive exams among them, rounded up."""
        return ceil(self.n_exams * self.prevalence - 1e-9)

    @property
    def n_negative(self) -> int:
        """Negative exams among them."""
        return self.n_exams - self.n_positive

    @property
    def assumptions(self) -> list[str]:
        """What the number rests on, in words.

        Returns
        -------
        list of str
            One sentence each.
        """
        found = [f"Aim: {self._aim}.", f"Standard error: {SOURCES[self.method]}."]
        if self.correlation is not None:
            found.append(
                "Scores of both models are normal in each class, with the same variance in both "
                f"classes and a correlation of {self.correlation:g} between the models."
            )
        prevalence = f"Prevalence is {self.prevalence:g}."
        return [*found, prevalence, CHANCE, INDEPENDENT, FIXED]

    def _list_notes(self) -> list[str]:
        return self.assumptions

    @property
    def _aim(self) -> str:
        if self.half_width is not None:
            return (
                f"{1 - self.alpha:.0%} interval of AUC {self.auc:g} with half width "
                f"{self.half_width:g}"
            )
        kind = "a fixed AUC of" if self.correlation is None else "a model of AUC"
        return (
            f"AUC {self.auc:g} against {kind} {self.comparator:g} with power {self.power:g}, "
            f"two-sided test at {self.alpha:g}"
        )

    def summary(self) -> pd.DataFrame:
        """Exams needed, and what they achieve.

        Returns
        -------
        DataFrame of shape (1, 6)
            Columns n_exams, n_positive, n_negative; se and half_width of the AUC, or of the
            difference of the two AUCs; power, NaN if the aim is an interval.
        """
        return self.frame([self.n_exams])

    def frame(self, n_exams: Sequence[int] | None = None) -> pd.DataFrame:
        """Precision and power of several numbers of exams.

        Parameters
        ----------
        n_exams : sequence of int, optional
            By default a quarter to twice the number needed.

        Returns
        -------
        DataFrame of shape (n_numbers, 6)
            Columns as in `summary`.
        """
        fewest = _fewest_exams(self.prevalence)
        if n_exams is None:
            sizes = np.unique(np.linspace(self.n_exams / 4, self.n_exams * 2, 29).round())
            n_exams = [int(size) for size in sizes if size >= fewest]
        if not len(n_exams) or min(n_exams) < fewest:
            raise ValueError(
                f"`n_exams` must be at least {fewest}, two exams of each class at a prevalence of "
                f"{self.prevalence:g}, got {list(n_exams)[:3]}."
            )
        rows = []
        for size in n_exams:
            se, power = _measure(self, size)
            positive = ceil(size * self.prevalence - 1e-9)
            half_width = float(ndtri(1 - self.alpha / 2)) * se
            rows.append([int(size), positive, int(size) - positive, se, half_width, power])
        columns = ["n_exams", "n_positive", "n_negative", "se", "half_width", "power"]
        return pd.DataFrame(rows, columns=columns)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Half width, or power, against the number of exams.

        Parameters
        ----------
        axes : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        value = "half_width" if self.half_width is not None else "power"
        target = self.half_width if self.half_width is not None else self.power
        return plot_sample_size(self.frame(), value, float(target or 0), self.n_exams, axes)


def plan_sample_size(
    auc: float,
    *,
    prevalence: float,
    half_width: float | None = None,
    reference: float | None = None,
    other: float | None = None,
    correlation: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    method: str = "hanley-mcneil",
) -> SampleSize:
    r"""Number of exams that a test set needs, for one of three aims.

    Pass one of `half_width` (an interval of a given half width), `reference` (to show that the
    AUC differs from a fixed value, such as a published one) and `other` (to show that the AUCs of
    two models on the same exams differ).

    Parameters
    ----------
    auc : float
        Expected AUC of the model, above 0 and below 1.
    prevalence : float
        Fraction of positive exams, above 0 and below 1.
    half_width : float, optional
        Half the width of the interval, above 0.
    reference : float, optional
        Fixed AUC, without an error of its own.
    other : float, optional
        Expected AUC of the other model.
    correlation : float, optional
        Correlation of the scores of both models among exams of the same class, at least 0 and
        below 1; needed with `other`. Take it from a pilot; 0 for models on different exams, which
        need as many exams each.
    power : float, default 0.8
        Probability of finding the difference; not used with `half_width`.
    alpha : float, default 0.05
        Level of the two-sided test. The interval has coverage 1 - alpha.
    method : {"hanley-mcneil", "obuchowski"}, default "hanley-mcneil"
        Standard error. The second is the larger one at an AUC above .7.

    Returns
    -------
    SampleSize

    Raises
    ------
    TypeError
        If not exactly one aim is given, or `correlation` does not go with it.
    ValueError
        If a value is out of range, or more than 100 million exams are needed.

    Notes
    -----
    See `auc_variance` and `auc_covariance`. The power is

    .. math:: \Phi\left(\frac{|d| - z_{1 - \alpha/2} \, se_0}{se_1}\right)

    with the difference d, its standard error :math:`se_1`, and :math:`se_0` that without a
    difference, where both AUCs are `other`, or the AUC is `reference`.

    In simulations of normal scores with equal variances, "hanley-mcneil" gave a half width up to 8
    % below the one asked for, and DeLong's test a power of .81 to .87 for .8. If the scores of
    positives vary 1.5 times as much as those of negatives, the half width is up to 16 % larger,
    and the power .73 to .82; "obuchowski" then gives .75 to .93.

    References
    ----------
    Hanley and McNeil 1982, Radiology 143(1):29-36, for power; Riley et al. 2021, Statistics in
    Medicine 40(19):4230-4251, for intervals.

    Examples
    --------
    Riley et al.: a C statistic of .8, 1.8 % events, an interval from .75 to .85:

    >>> plan_sample_size(0.8, prevalence=0.018, half_width=0.05).n_exams
    4252
    """
    aims = [half_width is not None, reference is not None, other is not None]
    if sum(aims) != 1:
        raise TypeError(
            f"Pass one of `half_width`, `reference` and `other`, the three aims; got {sum(aims)}."
        )
    if (other is None) != (correlation is None):
        raise TypeError(
            "`other` and `correlation` go together: the correlation of the scores of the two "
            "models among exams of the same class, such as 0.5."
        )
    for name, value in (
        ("auc", auc),
        ("prevalence", prevalence),
        ("reference", reference),
        ("other", other),
        ("power", power),
        ("alpha", alpha),
        ("half_width", half_width),
    ):
        if value is not None and not 0 < value < 1:
            raise ValueError(f"`{name}` must be above 0 and below 1, got {value}.")
    if correlation is not None and not 0 <= correlation < 1:
        raise ValueError(f"`correlation` must be at least 0 and below 1, got {correlation}.")
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(METHODS)}, got {method!r}.")
    comparator = reference if other is None else other
    if comparator == auc:
        raise ValueError(
            f"`auc` must differ from `{'reference' if other is None else 'other'}`, got {auc} for "
            "both. No number of exams finds a difference of 0."
        )
    plan = SampleSize(
        n_exams=0,
        auc=auc,
        prevalence=prevalence,
        comparator=comparator,
        correlation=correlation,
        half_width=half_width,
        power=None if half_width is not None else power,
        alpha=alpha,
        method=method,
    )
    return SampleSize(**{**vars(plan), "n_exams": _search(plan)})


def _search(plan: SampleSize) -> int:
    """Smallest number of exams that reaches the aim."""
    quantile = float(ndtri(1 - plan.alpha / 2))

    def reaches(size: int) -> bool:
        se, power = _measure(plan, size)
        if plan.half_width is not None:
            return quantile * se <= plan.half_width
        return power >= float(plan.power or 0)

    low = _fewest_exams(plan.prevalence)
    if reaches(low):
        return low
    high = 2 * low
    while not reaches(high):
        low, high = high, 2 * high
        if high > MOST_EXAMS:
            raise ValueError(
                f"More than {MOST_EXAMS:,} exams are needed. Choose a larger difference or half "
                "width."
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def _fewest_exams(prevalence: float) -> int:
    return ceil(FEWEST_OF_A_CLASS / min(prevalence, 1 - prevalence) - 1e-9)


def _measure(plan: SampleSize, size: int) -> tuple[float, float]:
    """Standard error and power at the expected number of positive and negative exams."""
    m, n = plan.prevalence * size, (1 - plan.prevalence) * size
    own = auc_variance(plan.auc, m, n, plan.method)
    if plan.comparator is None:
        return sqrt(own), float("nan")
    null = auc_variance(plan.comparator, m, n, plan.method)
    if plan.correlation is None:
        se, null_se = sqrt(own), sqrt(null)
    else:
        other, r, method = plan.comparator, plan.correlation, plan.method
        both = own + null - 2 * auc_covariance(plan.auc, other, r, m, n, method)
        same = 2 * null - 2 * auc_covariance(other, other, r, m, n, method)
        se, null_se = sqrt(max(0.0, both)), sqrt(max(0.0, same))
    difference = abs(plan.auc - plan.comparator)
    shift = difference - float(ndtri(1 - plan.alpha / 2)) * null_se
    return se, float(ndtr(shift / se)) if se > 0 else float(shift > 0)
