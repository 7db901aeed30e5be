"""Feature extraction and baseline models for the Stanford MRNet knee-MRI data.

Folder -> stacks -> counts -> statistics -> table -> models -> evaluation -> report.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Names are loaded when they are first used: importing the package reads nothing but this file.
_HOMES = {
    "Dataset": "data.dataset",
    "Evaluation": "evaluation.protocol.cross_validation",
    "Exam": "data.exam",
    "FeatureExtractor": "extraction.extractor",
    "Folds": "evaluation.protocol.folds",
    "audit": "quality.audit",
    "check_leakage": "evaluation.leakage.checks",
    "compare": "evaluation.comparison.compare",
    "compare_reports": "report.review.diff",
    "cross_validate": "evaluation.protocol.cross_validation",
    "cross_validate_cnn": "cnn.cross_validate",
    "describe_columns": "report.words",
    "describe_slices": "extraction.slices",
    "embed": "cnn.embed",
    "evaluate": "evaluation.protocol.holdout",
    "explain_predictions": "evaluation.importance.contributions",
    "explore": "report.explore.explore",
    "extract_features": "extraction.runs.resume",
    "fill_checklist": "evaluation.checklists.fill",
    "find_marks": "extraction.marks",
    "importance": "evaluation.importance.importance",
    "lightgbm_baseline": "models.baselines",
    "load_labels": "data.layouts",
    "load_mrnet": "data.mrnet.load",
    "load_rsna_knee": "data.rsna.load",
    "load_series": "series.load",
    "logistic_baseline": "models.baselines",
    "make_coherent": "evaluation.protocol.coherence",
    "make_folds": "evaluation.protocol.stratify",
    "measure_added_value": "evaluation.comparison.added_value",
    "measure_calibration": "evaluation.metrics.calibration",
    "measure_decision_curve": "evaluation.metrics.decision_curve",
    "measure_exclusion": "evaluation.comparison.exclusion",
    "measure_group_gap": "evaluation.comparison.group_gap",
    "measure_roc": "evaluation.metrics.roc",
    "measure_stability": "workflows.stability",
    "measure_subgroups": "evaluation.comparison.subgroups",
    "parse_name": "names",
    "permutation_test": "evaluation.leakage.permutation",
    "plan_sample_size": "evaluation.protocol.sample_size",
    "plot_exam": "report.sheet",
    "plot_slices": "report.slice_plots",
    "prior_baseline": "models.baselines",
    "read_features": "extraction.table_files.features",
    "read_headers": "data.headers.table",
    "read_predictions": "evaluation.comparison.read_predictions",
    "scanner_groups": "data.headers.scanner_groups",
    "select_stable": "models.stable_columns",
    "to_uint8": "series.conversion",
    "view": "report.viewer.view",
    "write_features": "extraction.table_files.features",
    "write_knees": "synthetic.write",
    "write_report": "report.review.write",
    "write_submission": "workflows.submission",
}

if TYPE_CHECKING:
    from mrnet_features.cnn.cross_validate import cross_validate_cnn
    from mrnet_features.cnn.embed import embed
    from mrnet_features.data.dataset import Dataset
    from mrnet_features.data.exam import Exam
    from mrnet_features.data.headers.scanner_groups import scanner_groups
    from mrnet_features.data.headers.table import read_headers
    from mrnet_features.data.layouts import load_labels
    from mrnet_features.data.mrnet.load import load_mrnet
    from mrnet_features.data.rsna.load import load_rsna_knee
    from mrnet_features.evaluation.checklists.fill import fill_checklist
    from mrnet_features.evaluation.comparison.added_value import measure_added_value
    from mrnet_features.evaluation.comparison.compare import compare
    from mrnet_features.evaluation.comparison.exclusion import measure_exclusion
    from mrnet_features.evaluation.comparison.group_gap import measure_group_gap
    from mrnet_features.evaluation.comparison.read_predictions import read_predictions
    from mrnet_features.evaluation.comparison.subgroups import measure_subgroups
    from mrnet_features.evaluation.importance.contributions import explain_predictions
    from mrnet_features.evaluation.importance.importance import importance
    from mrnet_features.evaluation.leakage.checks import check_leakage
    from mrnet_features.evaluation.leakage.permutation import permutation_test
    from mrnet_features.evaluation.metrics.calibration import measure_calibration
    from mrnet_features.evaluation.metrics.decision_curve import measure_decision_curve
    from mrnet_features.evaluation.metrics.roc import measure_roc
    from mrnet_features.evaluation.protocol.coherence import make_coherent
    from mrnet_features.evaluation.protocol.cross_validation import Evaluation, cross_validate
    from mrnet_features.evaluation.protocol.folds import Folds
    from mrnet_features.evaluation.protocol.holdout import evaluate
    from mrnet_features.evaluation.protocol.sample_size import plan_sample_size
    from mrnet_features.evaluation.protocol.stratify import make_folds
    from mrnet_features.extraction.extractor import FeatureExtractor
    from mrnet_features.extraction.marks import find_marks
    from mrnet_features.extraction.runs.resume import extract_features
    from mrnet_features.extraction.slices import describe_slices
    from mrnet_features.extraction.table_files.features import read_features, write_features
    from mrnet_features.models.baselines import (
        lightgbm_baseline,
        logistic_baseline,
        prior_baseline,
    )
    from mrnet_features.models.stable_columns import select_stable
    from mrnet_features.names import parse_name
    from mrnet_features.quality.audit import audit
    from mrnet_features.report.explore.explore import explore
    from mrnet_features.report.review.diff import compare_reports
    from mrnet_features.report.review.write import write_report
    from mrnet_features.report.sheet import plot_exam
    from mrnet_features.report.slice_plots import plot_slices
    from mrnet_features.report.viewer.view import view
    from mrnet_features.report.words import describe_columns
    from mrnet_features.series.conversion import to_uint8
    from mrnet_features.series.load import load_series
    from mrnet_features.synthetic import write_knees
    from mrnet_features.workflows.stability import measure_stability
    from mrnet_features.workflows.submission import write_submission

__all__ = [
    "Dataset",
    "Evaluation",
    "Exam",
    "FeatureExtractor",
    "Folds",
    "audit",
    "check_leakage",
    "compare",
    "compare_reports",
    "cross_validate",
    "cross_validate_cnn",
    "describe_columns",
    "describe_slices",
    "embed",
    "evaluate",
    "explain_predictions",
    "explore",
    "extract_features",
    "fill_checklist",
    "find_marks",
    "importance",
    "lightgbm_baseline",
    "load_labels",
    "load_mrnet",
    "load_rsna_knee",
    "load_series",
    "logistic_baseline",
    "make_coherent",
    "make_folds",
    "measure_added_value",
    "measure_calibration",
    "measure_decision_curve",
    "measure_exclusion",
    "measure_group_gap",
    "measure_roc",
    "measure_stability",
    "measure_subgroups",
    "parse_name",
    "permutation_test",
    "plan_sample_size",
    "plot_exam",
    "plot_slices",
    "prior_baseline",
    "read_features",
    "read_headers",
    "read_predictions",
    "scanner_groups",
    "select_stable",
    "to_uint8",
    "view",
    "write_features",
    "write_knees",
    "write_report",
    "write_submission",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
