"""Evaluation of classifiers: cross-validation, AUCs with intervals, comparison, importance."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# the function has the name of its folder, so it can't wait
from mrnet_features.evaluation.importance.importance import Importance, importance

# Other names are loaded when they are first used: scikit-learn and SciPy take a second.
_HOMES = {
    "AddedValue": "comparison.added_value",
    "AucEstimate": "metrics.auc",
    "Calibration": "metrics.calibration",
    "Checklist": "checklists.fill",
    "Comparison": "comparison.compare",
    "Contributions": "importance.contributions",
    "DecisionCurves": "metrics.decision_curve",
    "Evaluation": "protocol.cross_validation",
    "Exclusion": "comparison.exclusion",
    "FewExamsWarning": "metrics.few_exams",
    "Folds": "protocol.folds",
    "GroupGap": "comparison.group_gap",
    "HoldOut": "protocol.holdout",
    "LeakageFinding": "leakage.checks",
    "NegativeControl": "leakage.negative_controls",
    "NullImportance": "importance.null_importance",
    "PermutationTest": "leakage.permutation",
    "PrecisionRecall": "metrics.precision_recall",
    "Result": "results",
    "RocCurves": "metrics.roc",
    "SampleSize": "protocol.sample_size",
    "Scores": "metrics.scores",
    "Stability": "metrics.stability",
    "Subgroups": "comparison.subgroups",
    "apply_thresholds": "metrics.operating_points",
    "as_classifier": "metrics.thresholds",
    "attach_table": "importance.feature_groups",
    "check_leakage": "leakage.checks",
    "choose_threshold": "metrics.operating_points",
    "choose_thresholds": "metrics.operating_points",
    "cluster_columns": "importance.feature_groups",
    "compare": "comparison.compare",
    "compare_tables": "metrics.stability",
    "cross_validate": "protocol.cross_validation",
    "evaluate": "protocol.holdout",
    "explain_predictions": "importance.contributions",
    "fill_checklist": "checklists.fill",
    "find_repeated_rows": "leakage.checks",
    "group_columns": "importance.feature_groups",
    "logit_interval": "metrics.auc",
    "make_coherent": "protocol.coherence",
    "make_folds": "protocol.stratify",
    "measure_added_value": "comparison.added_value",
    "measure_auc": "metrics.auc",
    "measure_calibration": "metrics.calibration",
    "measure_decision_curve": "metrics.decision_curve",
    "measure_exclusion": "comparison.exclusion",
    "measure_group_gap": "comparison.group_gap",
    "measure_operating_points": "metrics.operating_points",
    "measure_partial_auc": "metrics.roc",
    "measure_precision_recall": "metrics.precision_recall",
    "measure_predictive_values": "metrics.predictive_values",
    "measure_roc": "metrics.roc",
    "measure_subgroups": "comparison.subgroups",
    "null_importance": "importance.null_importance",
    "permutation_test": "leakage.permutation",
    "plan_sample_size": "protocol.sample_size",
    "plant_leak": "leakage.negative_controls",
    "read_external_table": "importance.feature_groups",
    "read_paths": "comparison.read_predictions",
    "read_predictions": "comparison.read_predictions",
    "read_threshold": "metrics.thresholds",
    "replace_by_noise": "leakage.negative_controls",
    "score_predictions": "metrics.scores",
    "shuffle_labels": "leakage.negative_controls",
    "standard_error": "metrics.auc",
    "wilson_interval": "metrics.calibration",
}

if TYPE_CHECKING:
    from mrnet_features.evaluation.checklists.fill import Checklist, fill_checklist
    from mrnet_features.evaluation.comparison.added_value import AddedValue, measure_added_value
    from mrnet_features.evaluation.comparison.compare import Comparison, compare
    from mrnet_features.evaluation.comparison.exclusion import Exclusion, measure_exclusion
    from mrnet_features.evaluation.comparison.group_gap import GroupGap, measure_group_gap
    from mrnet_features.evaluation.comparison.read_predictions import read_paths, read_predictions
    from mrnet_features.evaluation.comparison.subgroups import Subgroups, measure_subgroups
    from mrnet_features.evaluation.importance.contributions import (
        Contributions,
        explain_predictions,
    )
    from mrnet_features.evaluation.importance.feature_groups import (
        attach_table,
        cluster_columns,
        group_columns,
        read_external_table,
    )
    from mrnet_features.evaluation.importance.null_importance import NullImportance, null_importance
    from mrnet_features.evaluation.leakage.checks import (
        LeakageFinding,
        check_leakage,
        find_repeated_rows,
    )
    from mrnet_features.evaluation.leakage.negative_controls import (
        NegativeControl,
        plant_leak,
        replace_by_noise,
        shuffle_labels,
    )
    from mrnet_features.evaluation.leakage.permutation import PermutationTest, permutation_test
    from mrnet_features.evaluation.metrics.auc import (
        AucEstimate,
        logit_interval,
        measure_auc,
        standard_error,
    )
    from mrnet_features.evaluation.metrics.calibration import (
        Calibration,
        measure_calibration,
        wilson_interval,
    )
    from mrnet_features.evaluation.metrics.decision_curve import (
        DecisionCurves,
        measure_decision_curve,
    )
    from mrnet_features.evaluation.metrics.few_exams import FewExamsWarning
    from mrnet_features.evaluation.metrics.operating_points import (
        apply_thresholds,
        choose_threshold,
        choose_thresholds,
        measure_operating_points,
    )
    from mrnet_features.evaluation.metrics.precision_recall import (
        PrecisionRecall,
        measure_precision_recall,
    )
    from mrnet_features.evaluation.metrics.predictive_values import measure_predictive_values
    from mrnet_features.evaluation.metrics.roc import RocCurves, measure_partial_auc, measure_roc
    from mrnet_features.evaluation.metrics.scores import Scores, score_predictions
    from mrnet_features.evaluation.metrics.stability import Stability, compare_tables
    from mrnet_features.evaluation.metrics.thresholds import as_classifier, read_threshold
    from mrnet_features.evaluation.protocol.coherence import make_coherent
    from mrnet_features.evaluation.protocol.cross_validation import Evaluation, cross_validate
    from mrnet_features.evaluation.protocol.folds import Folds
    from mrnet_features.evaluation.protocol.holdout import HoldOut, evaluate
    from mrnet_features.evaluation.protocol.sample_size import SampleSize, plan_sample_size
    from mrnet_features.evaluation.protocol.stratify import make_folds
    from mrnet_features.evaluation.results import Result

__all__ = [
    "AddedValue",
    "AucEstimate",
    "Calibration",
    "Checklist",
    "Comparison",
    "Contributions",
    "DecisionCurves",
    "Evaluation",
    "Exclusion",
    "FewExamsWarning",
    "Folds",
    "GroupGap",
    "HoldOut",
    "Importance",
    "LeakageFinding",
    "NegativeControl",
    "NullImportance",
    "PermutationTest",
    "PrecisionRecall",
    "Result",
    "RocCurves",
    "SampleSize",
    "Scores",
    "Stability",
    "Subgroups",
    "apply_thresholds",
    "as_classifier",
    "attach_table",
    "check_leakage",
    "choose_threshold",
    "choose_thresholds",
    "cluster_columns",
    "compare",
    "compare_tables",
    "cross_validate",
    "evaluate",
    "explain_predictions",
    "fill_checklist",
    "find_repeated_rows",
    "group_columns",
    "importance",
    "logit_interval",
    "make_coherent",
    "make_folds",
    "measure_added_value",
    "measure_auc",
    "measure_calibration",
    "measure_decision_curve",
    "measure_exclusion",
    "measure_group_gap",
    "measure_operating_points",
    "measure_partial_auc",
    "measure_precision_recall",
    "measure_predictive_values",
    "measure_roc",
    "measure_subgroups",
    "null_importance",
    "permutation_test",
    "plan_sample_size",
    "plant_leak",
    "read_external_table",
    "read_paths",
    "read_predictions",
    "read_threshold",
    "replace_by_noise",
    "score_predictions",
    "shuffle_labels",
    "standard_error",
    "wilson_interval",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
