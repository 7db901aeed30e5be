"""Canaries: data on which the right answer is known, sent through the whole procedure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr
from scipy.stats import t

from mrnet_features.evaluation.alignment import align_data
from mrnet_features.evaluation.plots import plot_negative_control
from mrnet_features.evaluation.protocol.cross_validation import Evaluation, cross_validate
from mrnet_features.evaluation.protocol.stratify import derive_seed
from mrnet_features.evaluation.results import Result
from mrnet_features.models.estimators import refuse_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

__all__ = ["NegativeControl", "plant_leak", "replace_by_noise", "shuffle_labels"]

LEAK_AUC = 0.95


@dataclass(frozen=True, eq=False, repr=False)
class NegativeControl(Result):
    """What a procedure gave on data without, or with nothing but, a signal.

    Attributes
    ----------
    kind : {"shuffled labels", "noise features", "planted leak"}
    aucs : Series of shape (n_rounds,), float64
        Mean AUC over the tasks in each round.
    passed : bool
        Whether it is what it must be.
    text : str
        What was found and what it means.
    """

    kind: str
    aucs: pd.Series[float]
    passed: bool
    text: str

    def __repr__(self) -> str:
        return f"NegativeControl({self.kind}: {'passed' if self.passed else 'FAILED'}, {self.text})"

    @property
    def expected(self) -> float:
        """AUC of a correct procedure: .5, or at least .95 for a planted leak."""
        return LEAK_AUC if self.kind == "planted leak" else 0.5

    def summary(self) -> pd.DataFrame:
        """Mean AUC over the rounds and the verdict.

        Returns
        -------
        DataFrame of shape (1, 5)
            Index kind. Columns mean_auc; se over the rounds, NaN for one round; expected;
            n_rounds; passed.
        """
        row = {
            "mean_auc": float(self.aucs.mean()),
            "se": float(self.aucs.std(ddof=1) / np.sqrt(len(self.aucs))),
            "expected": self.expected,
            "n_rounds": len(self.aucs),
            "passed": self.passed,
        }
        return pd.DataFrame([row], index=pd.Index([self.kind], name="kind"))

    def frame(self) -> pd.DataFrame:
        """Mean AUC over the tasks in every round.

        Returns
        -------
        DataFrame of shape (n_rounds, 2)
            Columns round and auc.
        """
        return pd.DataFrame({"round": range(len(self.aucs)), "auc": self.aucs.to_numpy()})

    def plot(self, axes: Axes | None = None) -> Axes:
        """AUC of every round and the AUC of a correct procedure.

        Parameters
        ----------
        axes : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        return plot_negative_control(self, axes)


def shuffle_labels(
    model: Any,
    features: Any,
    labels: Any,
    *,
    n_rounds: int = 10,
    procedure: Callable[..., Evaluation] = cross_validate,
    seed: int = 0,
    positive: Any = None,
    **options: Any,
) -> NegativeControl:
    """Run a procedure on shuffled labels: its mean AUC must be .5.

    Several rounds are judged by their own spread. The standard error of a single round is too
    small where there is nothing to learn (see `Scores.summary`), and one round in so many would
    fail for no fault.

    Parameters
    ----------
    features : DataFrame of shape (n_exams, n_features)
        Index exam id as text.
    labels : DataFrame of shape (n_exams, n_tasks)
        The same exams; whole exams are shuffled, so that the tasks stay correlated.
    model : classifier, mapping or None
        As the procedure takes it.
    n_rounds : int, default 10
        Shuffles, at least 3.
    procedure : callable, default `cross_validate`
        Whatever makes an evaluation from (features, labels, model, seed=..., **options). A
        selection made outside the folds is caught only if it is in here.
    seed : int, default 0
        Seeds the shuffles and the procedure.
    **options
        Passed on to the procedure.

    Returns
    -------
    NegativeControl
        Passed where the mean AUC over the rounds is within 3 standard errors of .5; by Student's
        t, since the error is estimated from the rounds, 4.1 with 10 of them. One honest
        procedure in 370 fails.
    """
    table, truth, options = _align(model, features, labels, positive, options)
    _check_rounds(n_rounds)
    aucs = []
    for number in range(n_rounds):
        random = np.random.default_rng(derive_seed(seed, "shuffle", number))
        values = truth.to_numpy()[random.permutation(len(truth))]
        # Rows in the features' order: a procedure that goes by position must be caught too.
        shuffled = pd.DataFrame(values, index=truth.index, columns=truth.columns)
        aucs.append(_score(procedure, table, shuffled, model, seed + number, options))
    return _judge_chance("shuffled labels", aucs, "The procedure sees the labels it is scored on.")


def replace_by_noise(
    model: Any,
    features: Any,
    labels: Any,
    *,
    n_rounds: int = 10,
    procedure: Callable[..., Evaluation] = cross_validate,
    seed: int = 0,
    positive: Any = None,
    **options: Any,
) -> NegativeControl:
    """Run a procedure on random numbers in place of the features: its mean AUC must be .5.

    Parameters
    ----------
    features, labels, model, n_rounds, procedure, seed, **options
        See `shuffle_labels`. Of `features` the shape and the names are kept.

    Returns
    -------
    NegativeControl
        Passed where the mean AUC over the rounds is within 3 standard errors of .5; by Student's
        t, since the error is estimated from the rounds, 4.1 with 10 of them. One honest
        procedure in 370 fails.
    """
    table, truth, options = _align(model, features, labels, positive, options)
    _check_rounds(n_rounds)
    aucs = []
    for number in range(n_rounds):
        random = np.random.default_rng(derive_seed(seed, "noise", number))
        noise = pd.DataFrame(random.normal(size=table.shape), table.index, table.columns)
        aucs.append(_score(procedure, noise, truth, model, seed + number, options))
    return _judge_chance("noise features", aucs, "The labels reach the procedure by another way.")


def plant_leak(
    model: Any,
    features: Any,
    labels: Any,
    *,
    procedure: Callable[..., Evaluation] = cross_validate,
    seed: int = 0,
    positive: Any = None,
    **options: Any,
) -> NegativeControl:
    """Add each label as a column: a procedure that works must find it.

    A canary for the other canaries: one that reports .5 on everything passes them all.

    Parameters
    ----------
    features, labels, model, procedure, seed, **options
        See `shuffle_labels`.

    Returns
    -------
    NegativeControl
        Passed where the mean AUC is at least .95.
    """
    table, truth, options = _align(model, features, labels, positive, options)
    random = np.random.default_rng(derive_seed(seed, "leak"))
    leaks = truth + random.normal(0, 0.05, size=truth.shape)
    leaking = table.join(leaks.add_prefix("planted_leak_of_"))
    auc = _score(procedure, leaking, truth, model, seed, options)
    found = auc >= LEAK_AUC
    text = f"mean AUC {auc:.3f} with the labels among the columns"
    if not found:
        text += ". The model does not learn what is in front of it."
    return NegativeControl("planted leak", pd.Series([auc]), found, text)


def _align(
    model: Any, features: Any, labels: Any, positive: Any, options: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Aligned tables in the row order of `features`; groups and weights by exam id."""
    refuse_table(model, "shuffle_labels(model, features, labels)")
    given = options.get("groups"), options.get("sample_weight")
    data = align_data(features, labels, *given, positive)
    aligned = {"groups": data.groups, "sample_weight": data.weights}
    known = {name: values for name, values in aligned.items() if values is not None}
    return data.features.loc[data.order], data.labels.loc[data.order], {**options, **known}


def _check_rounds(n_rounds: int) -> None:
    if n_rounds < 3:
        raise ValueError(f"`n_rounds` must be at least 3 to show a spread, got {n_rounds}.")


def _score(
    procedure: Callable[..., Evaluation],
    features: pd.DataFrame,
    labels: pd.DataFrame,
    model: Any,
    seed: int,
    options: dict[str, Any],
) -> float:
    found = procedure(model, features, labels, seed=seed, **options)
    return float(found.summary()["auc"].loc[found.headline])


def _judge_chance(kind: str, aucs: list[float], blame: str) -> NegativeControl:
    mean, se = float(np.mean(aucs)), float(np.std(aucs, ddof=1) / np.sqrt(len(aucs)))
    # Three standard errors if they were known: few rounds estimate them, and t allows for it.
    passed = abs(mean - 0.5) <= float(t.ppf(ndtr(3.0), len(aucs) - 1)) * se
    text = f"mean AUC {mean:.3f}, standard error {se:.3f} over {len(aucs)} rounds"
    return NegativeControl(kind, pd.Series(aucs), passed, text if passed else f"{text}. {blame}")
