"""Cases: exams with what is known of them, collected from the arguments of `view`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mrnet_features.cnn.evaluation import NetworkEvaluation
from mrnet_features.cnn.explain import NetworkExplanation, explain_exam
from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.evaluation.alignment import check_predictions
from mrnet_features.evaluation.importance.contributions import explain_predictions
from mrnet_features.evaluation.protocol.cross_validation import Evaluation
from mrnet_features.evaluation.protocol.holdout import HoldOut
from mrnet_features.extraction.read import ExamLike, list_stacks
from mrnet_features.families.presets import find_families
from mrnet_features.messages import name_some
from mrnet_features.names import Name, is_series
from mrnet_features.quality.findings import check_findings
from mrnet_features.report.viewer.captions import write_caption
from mrnet_features.report.viewer.exam import ExamContent, describe_exam
from mrnet_features.report.viewer.hanging import are_named, hang_series
from mrnet_features.report.viewer.marks import read_marks
from mrnet_features.report.viewer.overlays import Families

TOP = 8
"""Contributions per exam and task."""


@dataclass(frozen=True, eq=False)
class Cases:
    """Exams to show, and what is known of them.

    Attributes
    ----------
    exams : dict of str to Exam or mapping of plane to stack
        By id, in the order to show.
    labels, scores : DataFrame of shape (n_exams, n_tasks)
        Index: exam id. NaN where there is none.
    findings : DataFrame
        As from `mf.audit`.
    marks : list of dict
        Rows of earlier reader's marks.
    evaluation : Evaluation, HoldOut or None
    features : DataFrame or None
    families
        As for `find_marks`.
    are_chosen : bool
        Whether the exams were named with `ids`.
    networks : NetworkEvaluation or None
        Networks that explain their predictions.
    explained : mapping of str to NetworkExplanation
        Exams that they have explained before.
    """

    exams: Mapping[str, ExamLike]
    labels: pd.DataFrame
    scores: pd.DataFrame
    findings: pd.DataFrame
    marks: list[dict[str, Any]]
    evaluation: Evaluation | HoldOut | None
    features: pd.DataFrame | None
    families: Families
    are_chosen: bool
    networks: NetworkEvaluation | None = None
    explained: Mapping[str, NetworkExplanation] = field(default_factory=dict)

    @property
    def tasks(self) -> list[str]:
        """Tasks with a label or a score."""
        return list(dict.fromkeys([*self.labels.columns, *self.scores.columns]))

    def list_exams(self, ids: Sequence[str]) -> dict[str, Any]:
        """Exams with labels, scores and codes of findings, in plain types.

        Parameters
        ----------
        ids : sequence of str

        Returns
        -------
        dict
            Keys hanging (as from `hang_series`), is_hung (whether series are named by more than
            their plane), exams, tasks, has_scores and caption.
        """
        codes = self.findings.groupby("exam")["code"].unique()
        exams = [
            {
                "id": exam,
                "labels": _take_row(self.labels, exam, self.tasks),
                "scores": _take_row(self.scores, exam, self.tasks),
                "codes": list(codes.get(exam, [])),
            }
            for exam in ids
        ]
        names = {name for exam in ids for name in list_stacks(self.exams[exam])}
        return {
            "hanging": hang_series(names),
            "is_hung": are_named(names),
            "exams": exams,
            "tasks": self.tasks,
            "has_scores": bool(len(self.scores.columns)),
            "caption": write_caption([self.exams[exam] for exam in ids]),
        }

    def describe(
        self,
        exam_id: str,
        contributions: pd.DataFrame | None = None,
        *,
        most_bytes: int | None = None,
    ) -> ExamContent:
        """Content of one exam; see `describe_exam`.

        Parameters
        ----------
        exam_id : str
        contributions : DataFrame, optional
            As from `explain`, of this and other exams; by default they are computed.
        most_bytes : int, optional

        Returns
        -------
        ExamContent
        """
        rows = self.explain([exam_id]) if contributions is None else contributions
        exam, explained = self.exams[exam_id], self.explained.get(exam_id)
        networks = self.networks
        if explained is None and networks is not None and exam_id in networks.labels.index:
            assert isinstance(exam, Exam)  # a mapping has no id
            explained = explain_exam(networks, exam)
        return describe_exam(
            exam_id,
            exam,
            rows[rows["exam"] == exam_id],
            self.findings[self.findings["exam"] == exam_id],
            self.families,
            networks=explained,
            most_bytes=most_bytes,
        )

    def explain(self, ids: Sequence[str]) -> pd.DataFrame:
        """Largest contributions to the scores of exams; many exams take little longer than one.

        Parameters
        ----------
        ids : sequence of str

        Returns
        -------
        DataFrame
            Columns exam, task, column, value, contribution, and of all columns of the exam and
            task n_columns and total (of the contributions); no row of exams without a score.
        """
        scored = [exam for exam in ids if exam in self.scores.index]
        if self.evaluation is None or self.features is None or not scored:
            names = ["exam", "task", "column", "value", "contribution", "n_columns", "total"]
            return pd.DataFrame(columns=names)
        explained = explain_predictions(self.evaluation, self.features, exams=scored)
        sums = {
            task: rows.to_numpy("float64").sum(axis=1) for task, rows in explained.by_task.items()
        }
        totals = pd.DataFrame(sums, index=explained.features.index)
        rows = explained.frame(top=TOP)
        keys = zip(rows["exam"], rows["task"], strict=True)
        return rows.assign(
            n_columns=explained.features.shape[1],
            total=[float(totals.loc[exam, task]) for exam, task in keys],
        )


def collect_cases(
    data: Dataset | ExamLike,
    evaluation: Evaluation | HoldOut | pd.DataFrame | None = None,
    features: pd.DataFrame | None = None,
    findings: pd.DataFrame | None = None,
    *,
    ids: Sequence[str] | None = None,
    families: Families = "baseline",
    marks: pd.DataFrame | str | Path | None = None,
    networks: NetworkEvaluation | None = None,
) -> Cases:
    """Check the arguments of `view` and match them by exam id.

    Parameters
    ----------
    data, evaluation, features, findings, ids, families, marks, networks
        As for `mrnet_features.view`.

    Returns
    -------
    Cases

    Raises
    ------
    TypeError, ValueError, KeyError
        As from `mrnet_features.view`.
    """
    are_chosen = ids is not None
    if isinstance(data, Dataset) and ids is not None:
        data, ids = data[[ids] if isinstance(ids, str) else list(ids)], None
    exams, labels = _read_data(data)
    if ids is not None:
        raise ValueError("`ids` choose exams of a Dataset, got a single exam. Leave `ids` out.")
    if not exams:
        raise ValueError(
            "There is no exam to show, because the dataset has none or `ids` is empty."
        )
    scores = _read_scores(evaluation, exams)
    fitted = None if isinstance(evaluation, pd.DataFrame) else evaluation
    if fitted is not None:  # its labels may be corrected ones
        tasks = list(dict.fromkeys([*labels.columns, *fitted.labels.columns]))
        labels = fitted.labels.combine_first(labels).reindex(columns=tasks)
    if features is not None and fitted is None:
        raise ValueError(
            "`features` explain the predictions of an evaluation. Pass what "
            "`cross_validate` or `evaluate` made of them, or leave `features` out."
        )
    if features is not None:
        _check_families(features, families)
    return Cases(
        exams=exams,
        labels=labels,
        scores=scores,
        findings=check_findings(findings),
        marks=read_marks(marks),
        evaluation=fitted,
        features=features,
        families=families,
        are_chosen=are_chosen,
        networks=_choose_networks(networks, evaluation),
    )


def _choose_networks(networks: Any, evaluation: Any) -> NetworkEvaluation | None:
    """Networks to explain: those given, or those of the evaluation itself."""
    if networks is None:
        return evaluation if isinstance(evaluation, NetworkEvaluation) else None
    if not isinstance(networks, NetworkEvaluation):
        raise TypeError(
            "`networks` must be what `cross_validate_cnn` returned, got "
            f"{type(networks).__name__}. Pass predictions as `evaluation`."
        )
    return networks


def _check_families(features: pd.DataFrame, families: Families) -> None:
    """Warn of columns whose family is not in `families`; columns of one's own pass."""
    known = {family.label for family in find_families(families)}
    named = [str(column).split("__") for column in features.columns]
    theirs = [
        parts[2] for parts in named if len(parts) == len(Name._fields) and is_series(parts[0])
    ]
    foreign = [label for label in theirs if label not in known]
    if foreign:
        warnings.warn(
            f"`features` has {len(foreign)} of {len(named)} columns that belong to none of "
            f"`families`, such as those of {name_some(sorted(set(foreign)))}. The viewer can't "
            "mark where their values come from. Pass as `families` what the table was extracted "
            "with.",
            stacklevel=4,
        )


def _read_data(data: Dataset | ExamLike) -> tuple[dict[str, ExamLike], pd.DataFrame]:
    """Exams by id, and their labels."""
    if isinstance(data, Dataset):
        return {exam.id: exam for exam in data}, data.labels
    if isinstance(data, Exam):
        return {data.id: data}, pd.DataFrame()
    if isinstance(data, Mapping):
        return {"exam": data}, pd.DataFrame()
    raise TypeError(
        "The viewer shows a Dataset, an Exam, or a mapping of plane to stack, got "
        f"{type(data).__name__}. Load a folder with `mf.load_mrnet(folder)`."
    )


def _read_scores(
    evaluation: Evaluation | HoldOut | pd.DataFrame | None, exams: Mapping[str, ExamLike]
) -> pd.DataFrame:
    """Probability of each exam and task, the mean over repeats."""
    if evaluation is None:
        return pd.DataFrame()
    # without tasks, since an exam may lack a score here
    keys = check_predictions(evaluation, pd.DataFrame(), "`evaluation`")
    rows = evaluation if isinstance(evaluation, pd.DataFrame) else evaluation.predictions
    scores = rows.drop(columns=["exam", "repeat", "fold"], errors="ignore").astype("float64")
    values = scores.to_numpy()
    if ((values < 0) | (values > 1)).any():
        raise ValueError(
            "`evaluation` must hold probabilities from 0 to 1, got "
            f"{np.nanmin(values):.9g} to {np.nanmax(values):.9g}. Use a classifier with "
            "`predict_proba`."
        )
    folded = "exam" in keys.columns
    exam_ids = pd.Index(keys["exam"] if folded else keys.index, name="exam")
    table = scores.set_axis(exam_ids)
    if folded:
        table = table.groupby(level="exam").mean()
    if not set(exams) & set(table.index):
        raise ValueError(
            f"No exam to show ({name_some(list(exams))}) is in `evaluation` "
            f"({name_some(list(table.index))}). Pass the evaluation of the same dataset."
        )
    return table


def _take_row(table: pd.DataFrame, exam: str, tasks: Sequence[str]) -> dict[str, float | None]:
    """Values of an exam by task; None where there is none."""
    known = [task for task in tasks if exam in table.index and task in table.columns]
    row = table.loc[exam, known].to_dict() if known else {}
    values = {task: float(row.get(task, math.nan)) for task in tasks}
    return {task: value if math.isfinite(value) else None for task, value in values.items()}
