"""Positive and negative predictive values at the prevalence of another population."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtri

from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["choose_prevalences", "measure_predictive_values"]


def choose_prevalences(
    prevalence: float | Mapping[str, float] | None, tasks: Sequence[str]
) -> dict[str, float | None]:
    """Stated prevalence of each task, None where it is that of the exams.

    Parameters
    ----------
    prevalence : float, mapping of task to float, or None
        One for all tasks, or one for some of them.
    tasks : sequence of str

    Returns
    -------
    dict of str to float or None

    Raises
    ------
    ValueError
        If a prevalence is not above 0 and below 1, or its task is unknown.

    Examples
    --------
    >>> choose_prevalences({"acl": 0.1}, ["acl", "meniscus"])
    {'acl': 0.1, 'meniscus': None}
    """
    stated = prevalence if isinstance(prevalence, Mapping) else dict.fromkeys(tasks, prevalence)
    unknown = [task for task in stated if task not in tasks]
    if unknown:
        raise ValueError(
            f"`prevalence` must name tasks, got {name_some(unknown)} (tasks: "
            f"{name_some(list(tasks))})."
        )
    for task, value in stated.items():
        if value is not None and not 0 < value < 1:
            raise ValueError(
                f"`prevalence` must be a fraction above 0 and below 1, got {quote(value)} for task "
                f"{quote(task)}."
            )
    return {task: stated.get(task) for task in tasks}


def measure_predictive_values(
    n_hits: float,
    n_positive: float,
    n_rejected: float,
    n_negative: float,
    prevalence: float,
    confidence: float = 0.95,
) -> dict[str, float]:
    r"""Predictive values for a stated prevalence, from sensitivity and specificity.

    By Bayes' theorem, with sensitivity s, specificity c and prevalence :math:`\pi`,

    .. math::
        \mathrm{PPV} = \frac{s \pi}{s \pi + (1 - c)(1 - \pi)}, \quad
        \mathrm{NPV} = \frac{c (1 - \pi)}{(1 - s) \pi + c (1 - \pi)}

    The intervals are the logit intervals of Mercaldo, Lau and Zhou: the prevalence is taken as
    known. If sensitivity or specificity is 0 or 1, the ends are those of their adjusted logit
    interval, which adds z^2 / 2 exams to each of the four counts, and the interval reaches to
    the value itself.

    Parameters
    ----------
    n_hits, n_positive : float
        Positive exams called positive, and all positive exams; integers, or means over repeats.
    n_rejected, n_negative : float
        Negative exams called negative, and all negative exams.
    prevalence : float
        Above 0 and below 1.
    confidence : float, default 0.95
        Coverage of the intervals.

    Returns
    -------
    dict of str to float
        ppv, ppv_low, ppv_high, npv, npv_low and npv_high. NaN if there is no exam of a class, or
        if no exam at all is called positive (for the PPV) or negative (for the NPV).

    References
    ----------
    Mercaldo, Lau and Zhou 2007, Statistics in Medicine 26(10):2170-2183.

    Examples
    --------
    Sensitivity and specificity .9; of 1,000 people 100 are positive: 90 hits and 90 false alarms.

    >>> found = measure_predictive_values(90, 100, 90, 100, 0.1)
    >>> round(found["ppv"], 4), round(found["npv"], 4)
    (0.5, 0.9878)
    """
    names = [f"{name}{end}" for name in ("ppv", "npv") for end in ("", "_low", "_high")]
    if not n_positive or not n_negative:
        return dict.fromkeys(names, np.nan)
    z = float(ndtri(0.5 + confidence / 2))
    hits, misses = n_hits, n_positive - n_hits
    rejected, alarms = n_rejected, n_negative - n_rejected
    values = {
        "ppv": _apply_bayes(hits / n_positive, alarms / n_negative, prevalence),
        "npv": _apply_bayes(rejected / n_negative, misses / n_positive, 1 - prevalence),
    }
    if min(hits, misses, rejected, alarms) <= 0:
        hits, misses, rejected, alarms = (n + z**2 / 2 for n in (hits, misses, rejected, alarms))
    n_positive, n_negative = hits + misses, rejected + alarms
    found: dict[str, float] = {}
    for name, right, wrong, n_right, n_wrong, share in (
        ("ppv", hits, alarms, n_positive, n_negative, prevalence),
        ("npv", rejected, misses, n_negative, n_positive, 1 - prevalence),
    ):
        value = values[name]
        centre = logit(share) + np.log(right / n_right) - np.log(wrong / n_wrong)
        # Variance of the logarithm of a fraction k / n: 1 / k - 1 / n.
        half = z * np.sqrt(1 / right - 1 / n_right + 1 / wrong - 1 / n_wrong)
        low, high = float(expit(centre - half)), float(expit(centre + half))
        if np.isnan(value):
            low = high = np.nan
        found |= {name: value, f"{name}_low": min(low, value), f"{name}_high": max(high, value)}
    return found


def _apply_bayes(right: float, wrong: float, share: float) -> float:
    """Fraction of right calls from the rates of right and of wrong ones; NaN without calls."""
    called = right * share + wrong * (1 - share)
    return right * share / called if called else np.nan
