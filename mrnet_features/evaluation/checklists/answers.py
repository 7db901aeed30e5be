"""Answer to an item, and the wording that all answers share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from mrnet_features.evaluation.protocol.cross_validation import Evaluation
    from mrnet_features.evaluation.protocol.holdout import HoldOut

__all__ = [
    "NO_RUN",
    "Answer",
    "count_labels",
    "describe_estimator",
    "describe_fit_labels",
    "describe_value",
    "join",
    "list_soft_tasks",
]

NO_RUN = "Pass the Evaluation or HoldOut; predictions alone do not show this."

SEEDS_AND_THREADS = {"random_state", "n_jobs", "verbose"}
"""Parameters that differ between the fits, or do not change the result."""


class Answer(NamedTuple):
    """What a run says about an item.

    Attributes
    ----------
    text : str
        Sentences with the figures of the run; empty if the run does not hold the answer.
    to_do : str
        What is missing, and how to supply it; may be empty.
    """

    text: str
    to_do: str = ""


def join(names: Iterable[str]) -> str:
    """Names as a list in a sentence.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    str

    Examples
    --------
    >>> join(["a"]), join(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    listed = list(names)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"


def count_labels(labels: pd.DataFrame) -> str:
    """Number of exams and of positive ones of each task, or their mean label, as text.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)
        0, 1 or missing. A task with labels in between has no positives to count, but a mean.

    Returns
    -------
    str

    Examples
    --------
    >>> import pandas as pd
    >>> count_labels(pd.DataFrame({"acl": [0, 1, 1, None]}))
    "4 exams, positive: 2 of 3 labelled exams of 'acl' (66.7 %)"
    """
    positives, means = [], []
    soft = list_soft_tasks(labels)
    for task in labels.columns:
        known = labels[task].dropna()
        labelled = "labelled exams" if len(known) < len(labels) else "exams"
        where = f"of {len(known)} {labelled} of {quote(task)}"
        if task in soft:
            means.append(f"{known.mean():.3f} {where}")
            continue
        n_positive = int((known == 1).sum())
        share = f" ({n_positive / len(known):.1%})".replace("%", " %") if len(known) else ""
        positives.append(f"{n_positive} {where}{share}")
    parts = [f"positive: {join(positives)}"] if positives else []
    parts += [f"mean label from 0 to 1: {join(means)}"] if means else []
    return f"{len(labels)} exams, {'; '.join(parts)}"


def list_soft_tasks(labels: pd.DataFrame) -> list[str]:
    """Tasks with labels between 0 and 1.

    Parameters
    ----------
    labels : DataFrame of shape (n_exams, n_tasks)

    Returns
    -------
    list of str

    Examples
    --------
    >>> import pandas as pd
    >>> list_soft_tasks(pd.DataFrame({"acl": [0, 1], "meniscus": [0.2, 1]}))
    ['meniscus']
    """
    return [task for task in labels.columns if ((labels[task] > 0) & (labels[task] < 1)).any()]


def describe_fit_labels(run: Evaluation | HoldOut | None) -> str:
    """Labels that the models were fitted on, if they are not 0 and 1 and those that are scored.

    Parameters
    ----------
    run : Evaluation, HoldOut or None

    Returns
    -------
    str
        Sentences; empty if there are no other labels.
    """
    fitted = getattr(run, "fit_labels", None)
    parts = []
    if fitted is not None:
        parts.append(f"Fitted on other labels (fit_labels) than scored: {count_labels(fitted)}.")
    else:
        fitted = getattr(run, "train_labels", None)
    if fitted is not None and list_soft_tasks(fitted):
        parts.append(
            "In the fits an exam with a label p between 0 and 1 is a positive row of weight p and "
            "a negative one of weight 1 - p."
        )
    return " ".join(parts)


def describe_estimator(model: Any) -> str:
    """Class and parameters of a classifier, without seeds and threads.

    Parameters
    ----------
    model : object

    Returns
    -------
    str
        The class alone if there is no `get_params`.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from mrnet_features.models import logistic_baseline
    >>> describe_estimator(logistic_baseline())
    'ScaledLogistic(C=1.0)'
    """
    name = type(model).__name__
    if not hasattr(model, "get_params") or isinstance(model, type):
        return name
    parameters = {
        key: value
        for key, value in model.get_params(deep=False).items()
        if key not in SEEDS_AND_THREADS
    }
    listed = ", ".join(f"{key}={describe_value(value)}" for key, value in parameters.items())
    return f"{name}({listed})"


def describe_value(value: Any) -> str:
    """Value of a parameter; objects without parameters by their type, since a repr can be long.

    Parameters
    ----------
    value : object

    Returns
    -------
    str

    Examples
    --------
    >>> describe_value({"C": [0.1, 1.0]}), describe_value(len)
    ("{'C': [0.1, 1.0]}", 'len')
    """
    if value is None or isinstance(value, bool | int | float | str):
        return quote(value)
    if isinstance(value, Mapping):
        parts = [f"{quote(key)}: {describe_value(one)}" for key, one in value.items()]
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, list | tuple):
        if len(value) > 10 and not any(hasattr(one, "fit") for one in value):
            return f"[{name_some([describe_value(one) for one in value])}]"
        return f"[{', '.join(describe_value(one) for one in value)}]"
    if hasattr(value, "get_params") and not isinstance(value, type):
        return describe_estimator(value)
    if hasattr(value, "item") and getattr(value, "size", 0) == 1:
        return quote(value)
    return str(getattr(value, "__name__", type(value).__name__))
