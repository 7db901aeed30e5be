"""Negative controls: a whole procedure on data for which the right AUC is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import ndtr
from scipy.stats import t

from mrnet_features.evaluation.leakage.rounds import align_rounds, run_round
from mrnet_features.evaluation.protocol.cross_validation import Evaluation, cross_validate
from mrnet_features.evaluation.protocol.stratify import derive_seed
from mrnet_features.evaluation.results import Result
from mrnet_features.evaluation.score_plots import plot_negative_control

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from mrnet_features.tables import FeatureTable, LabelTable

__all__ = ["NegativeControl", "plant_leak", "replace_by_noise", "shuffle_labels"]

LEAK_AUC = 0.95


@dataclass(frozen=True, eq=False, repr=False)
class NegativeControl(Result):
    """Result of a procedure on data without signal, or with a planted leak.

    Attributes
    ----------
    kind : {"shuffled labels", "noise features", "planted leak"}
    aucs : Series of shape (n_rounds,), float64
        Mean AUC over the tasks in each round.
    passed : bool
        Whether the AUC is as expected.
    text : str
        Finding and its meaning.
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
        title = f"{self.kind}: {'passed' if self.passed else 'failed'}"
        return plot_negative_control(self.aucs, self.expected, title, axes)


def shuffle_labels(
    model: Any,
    features: FeatureTable,
    labels: LabelTable,
    *,
    n_rounds: int = 10,
    procedure: Callable[..., Evaluation] = cross_validate,
    seed: int = 0,
    positive: Any = None,
    **options: Any,
) -> NegativeControl:
    """Run a procedure on shuffled labels: its mean AUC must be .5.

    The test uses the spread of several rounds, because the standard error of a single round is
    too small without signal (see `Scores.summary`).

    Parameters
    ----------
    model : classifier, mapping or None
        Passed to the procedure.
    features, labels
        See `cross_validate`. Whole exams are shuffled, so the tasks stay correlated.
    n_rounds : int, default 10
        Shuffles, at least 3.
    procedure : callable, default `cross_validate`
        Function that returns an Evaluation, called as ``procedure(model, features, labels,
        seed=..., **options)``. It must contain every step that uses the labels, such as a
        selection of columns.
    seed : int, default 0
        Seed of the shuffles and the procedure.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1.
    **options
        Passed to the procedure.

    Returns
    -------
    NegativeControl
        Passed if the mean AUC over the rounds is within 3 standard errors of .5; 4.1 with 10
        rounds, by Student's t, because the error is estimated from the rounds. One correct
        procedure in 370 fails.
    """
    data, options = align_rounds(model, features, labels, positive, options, "shuffle_labels")
    table, truth = data.features, data.labels
    _check_rounds(n_rounds)
    aucs = []
    for number in range(n_rounds):
        random = np.random.default_rng(derive_seed(seed, "shuffle", number))
        values = truth.to_numpy()[random.permutation(len(truth))]
        # Both tables keep one row order: a procedure that matches rows by position must fail too.
        shuffled = pd.DataFrame(values, index=truth.index, columns=truth.columns)
        aucs.append(_score(procedure, table, shuffled, data.order, model, seed + number, options))
    cause = "The procedure uses the labels of the exams it scores."
    return _judge_chance("shuffled labels", aucs, cause)


def replace_by_noise(
    model: Any,
    features: FeatureTable,
    labels: LabelTable,
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
    model, features, labels, n_rounds, procedure, seed, positive, **options
        See `shuffle_labels`. The noise has the shape and the names of `features`.

    Returns
    -------
    NegativeControl
        Passed if the mean AUC over the rounds is within 3 standard errors of .5; 4.1 with 10
        rounds, by Student's t, because the error is estimated from the rounds. One correct
        procedure in 370 fails.
    """
    data, options = align_rounds(model, features, labels, positive, options, "replace_by_noise")
    table, truth = data.features, data.labels
    _check_rounds(n_rounds)
    aucs = []
    for number in range(n_rounds):
        random = np.random.default_rng(derive_seed(seed, "noise", number))
        noise = pd.DataFrame(random.normal(size=table.shape), table.index, table.columns)
        aucs.append(_score(procedure, noise, truth, data.order, model, seed + number, options))
    cause = "The labels reach the model other than through the features."
    return _judge_chance("noise features", aucs, cause)


def plant_leak(
    model: Any,
    features: FeatureTable,
    labels: LabelTable,
    *,
    procedure: Callable[..., Evaluation] = cross_validate,
    seed: int = 0,
    positive: Any = None,
    **options: Any,
) -> NegativeControl:
    """Add each label as a column: the mean AUC must be at least .95.

    A positive control: a procedure that always reports .5 passes the two negative controls.

    Parameters
    ----------
    model, features, labels, procedure, seed, positive, **options
        See `shuffle_labels`.

    Returns
    -------
    NegativeControl
        Passed where the mean AUC is at least .95.
    """
    data, options = align_rounds(model, features, labels, positive, options, "plant_leak")
    table, truth = data.features, data.labels
    random = np.random.default_rng(derive_seed(seed, "leak"))
    leaks = truth.fillna(0.5) + random.normal(0, 0.05, size=truth.shape)
    leaking = table.join(leaks.add_prefix("planted_leak_of_"))
    auc = _score(procedure, leaking, truth, data.order, model, seed, options)
    found = auc >= LEAK_AUC
    text = f"mean AUC {auc:.3f} with the labels among the columns"
    if not found:
        text += ". The procedure does not find a label among the columns."
    return NegativeControl("planted leak", pd.Series([auc]), found, text)


def _check_rounds(n_rounds: int) -> None:
    if n_rounds < 3:
        raise ValueError(f"`n_rounds` must be at least 3 to estimate a spread, got {n_rounds}.")


def _score(*arguments: Any) -> float:
    """AUC of the main result of one round."""
    return float(run_round(*arguments).iloc[-1])


def _judge_chance(kind: str, aucs: list[float], cause: str) -> NegativeControl:
    mean, se = float(np.mean(aucs)), float(np.std(aucs, ddof=1) / np.sqrt(len(aucs)))
    # Three standard errors; Student's t, because the error is estimated from few rounds.
    passed = abs(mean - 0.5) <= float(t.ppf(ndtr(3.0), len(aucs) - 1)) * se
    text = f"mean AUC {mean:.3f}, standard error {se:.3f} over {len(aucs)} rounds"
    return NegativeControl(kind, pd.Series(aucs), passed, text if passed else f"{text}. {cause}")
