"""`Inputs`: what a report is made from, checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pandas as pd

from mrnet_features.cnn.evaluation import NetworkEvaluation
from mrnet_features.cnn.explain import NetworkExplanation
from mrnet_features.data.dataset import Dataset
from mrnet_features.evaluation.alignment import align_features, align_predictions
from mrnet_features.evaluation.comparison.exclusion import Exclusion
from mrnet_features.evaluation.comparison.group_gap import GroupGap
from mrnet_features.evaluation.comparison.read_predictions import read_predictions
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.evaluation.results import Result
from mrnet_features.messages import name_some, quote
from mrnet_features.quality.findings import check_findings
from mrnet_features.report.viewer.overlays import Families

__all__ = ["Inputs", "Scored", "collect_inputs"]

Scored: TypeAlias = Evaluation | HoldOut
R = TypeVar("R", bound=Result)


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a report is made from.

    Attributes
    ----------
    models : dict of str to Evaluation or HoldOut
        At least one. The first is the one that the report is about.
    dataset : Dataset or None
        Exams, for pictures.
    features : DataFrame or None
        Table that the models were fitted on.
    others : dict of str to DataFrame
        Predictions of other models, such as a CNN, for the same exams.
    findings : DataFrame or None
        Table of `audit`.
    subgroups : DataFrame or None
    also : tuple of Result
        Results that were computed before.
    stated : dict
        Answers of the authors to items of checklists.
    is_release : bool
        Whether the exams are those of MRNet's release, so that published AUCs can be shown.
    thorough : bool
        Whether to compute what fits models again.
    command : str
        What was typed to make the report; may be empty.
    viewer : str
        Address of the page with the viewer, relative to the report; empty if there is none.
    families : str, Family or sequence of them
        Families that the features come from.
    seed : int
    n_jobs : int or None
    computed : list of Result
        Results that the sections so far have kept for later ones.
    explained : dict of str to NetworkExplanation
        What a network says about exams, by id, kept for the viewer.
    """

    models: Mapping[str, Scored]
    dataset: Dataset | None = None
    features: pd.DataFrame | None = None
    others: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    findings: pd.DataFrame | None = None
    subgroups: pd.DataFrame | None = None
    also: tuple[Result, ...] = ()
    stated: Mapping[Any, str] = field(default_factory=dict)
    is_release: bool = False
    thorough: bool = False
    command: str = ""
    viewer: str = ""
    families: Families = "baseline"
    seed: int = 0
    n_jobs: int | None = None
    computed: list[Result] = field(default_factory=list)
    explained: dict[str, NetworkExplanation] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the model that the report is about."""
        return next(iter(self.models))

    @property
    def model(self) -> Scored:
        """The model that the report is about."""
        return next(iter(self.models.values()))

    @property
    def evaluation(self) -> Evaluation | None:
        """The same, if it was cross-validated."""
        return self.model if isinstance(self.model, Evaluation) else None

    @property
    def network(self) -> tuple[str, NetworkEvaluation] | None:
        """Name and result of the first network among the models, if there is one."""
        found = ((k, m) for k, m in self.models.items() if isinstance(m, NetworkEvaluation))
        return next(found, None)

    @property
    def labels(self) -> pd.DataFrame:
        """Labels of the scored exams."""
        return self.model.labels

    @property
    def all_labels(self) -> pd.DataFrame:
        """Labels of all exams that the model was fitted or scored on."""
        return _stack_labels(self.model)

    def keep(self, *results: Result) -> None:
        """Keep results of a section for later ones.

        Parameters
        ----------
        *results : Result
        """
        self.computed.extend(results)

    def find(self, kind: type[R]) -> list[R]:
        """Results of a kind: those that were passed in, then those that sections have kept.

        Parameters
        ----------
        kind : type

        Returns
        -------
        list
        """
        return [each for each in (*self.also, *self.computed) if isinstance(each, kind)]


def collect_inputs(
    evaluation: Any,
    dataset: Dataset | None = None,
    features: pd.DataFrame | None = None,
    compare: Mapping[str, Any] | None = None,
    findings: pd.DataFrame | None = None,
    **further: Any,
) -> Inputs:
    """Check the arguments of a report.

    Parameters
    ----------
    evaluation, dataset, features, compare, findings
        See `mrnet_features.write_report`.
    **further
        Other fields of `Inputs`.

    Returns
    -------
    Inputs

    Raises
    ------
    TypeError, ValueError
        If an argument is of another kind, or the exams of two arguments differ.
    """
    models = _name_models(evaluation)
    first = next(iter(models.values()))
    labels = first.labels
    if dataset is not None:
        _check_dataset(dataset, labels)
    if features is not None:
        features = _check_features(features, first)
    for result in further.get("also", ()):
        _check_result(result, labels)
    return Inputs(
        models=models,
        dataset=dataset,
        features=features,
        others=_read_others(compare or {}, labels, models),
        findings=None if findings is None else check_findings(findings),
        **further,
    )


def _name_models(evaluation: Any) -> dict[str, Scored]:
    """Models by name: given names, or "model", or "model 1", "model 2" and so on."""
    if isinstance(evaluation, Mapping):
        models = {str(name): model for name, model in evaluation.items()}
    elif isinstance(evaluation, Sequence) and not isinstance(evaluation, str):
        models = {f"model {k}": model for k, model in enumerate(evaluation, 1)}
    else:
        models = {"model": evaluation}
    if not models:
        raise ValueError(
            "`evaluation` must hold at least one result of `cross_validate`, got none."
        )
    for name, model in models.items():
        if not isinstance(model, Evaluation | HoldOut):
            raise TypeError(
                "`evaluation` must be a result of `cross_validate` or `evaluate`, or several, got "
                f"{type(model).__name__} for {quote(name)}. Pass predictions of other models as "
                "compare={'cnn': file}."
            )
    return models


def _check_dataset(dataset: Any, labels: pd.DataFrame) -> None:
    if not isinstance(dataset, Dataset):
        raise TypeError(
            f"`dataset` must be a Dataset, as from `load_mrnet`, got {type(dataset).__name__}."
        )
    missing = [exam for exam in labels.index if exam not in dataset]
    if missing:
        raise ValueError(
            f"`dataset` must hold all exams of the evaluation, and lacks {len(missing)} of "
            f"{len(labels)}: {name_some(missing)}. Load the split that was scored."
        )


def _stack_labels(model: Scored) -> pd.DataFrame:
    if isinstance(model, HoldOut):
        return pd.concat([model.train_labels[list(model.labels.columns)], model.labels])
    return model.labels


def _check_result(result: Any, labels: pd.DataFrame) -> None:
    """Raise if a result of `also` is of other exams, as far as it keeps them."""
    if not isinstance(result, Result):
        raise TypeError(f"`also` must hold results, got {type(result).__name__}.")
    known = set(labels.index)
    is_other = (isinstance(result, GroupGap) and set(result.random.labels.index) != known) or (
        isinstance(result, Exclusion) and not set(result.labels.index) <= known
    )
    if is_other:
        raise ValueError(
            f"`also` must hold results of the {len(labels)} exams of the evaluation, got "
            f"{type(result).__name__} of others. Leave it out."
        )


def _check_features(features: Any, model: Scored) -> pd.DataFrame:
    """Features of exactly the exams of the model; for a HoldOut also of its training exams."""
    labels = _stack_labels(model)
    attrs = dict(getattr(features, "attrs", {}))
    if isinstance(model, HoldOut):
        if not isinstance(features, pd.DataFrame):
            raise TypeError(f"`features` must be a DataFrame, got {type(features).__name__}.")
        missing = [exam for exam in labels.index if exam not in features.index]
        if missing:
            raise ValueError(
                "`features` must hold the training and the held-out exams, one table below the "
                f"other, and lacks {len(missing)} of {len(labels)}: {name_some(missing)}. Join "
                "them: `pd.concat([train, valid])`."
            )
        features = features.loc[labels.index]
    table = align_features(features, labels.sort_index())
    table.attrs = attrs  # the recipe, for provenance
    return table


def _read_others(
    compare: Mapping[str, Any], labels: pd.DataFrame, models: Mapping[str, Scored]
) -> dict[str, Any]:
    """Predictions of other models, checked against the labels."""
    others = {}
    for name, source in compare.items():
        if name in models:
            raise ValueError(
                f"`compare` must use names of its own, got {quote(name)}, which is a model of "
                "`evaluation`."
            )
        if isinstance(source, str | Path):
            found: Any = read_predictions(source, labels=labels, tasks=list(labels.columns))
        else:
            found = source
        align_predictions(found, labels, name)  # raises here, with the name
        others[str(name)] = found
    return others
