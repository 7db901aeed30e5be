"""Predictions, learning curves and cost of a run, from the networks of its folds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mrnet_features.cnn.combine import FoldNetworks, NetworkClassifier, combine_series
from mrnet_features.cnn.evaluation import NetworkEvaluation
from mrnet_features.cnn.libraries import import_torch
from mrnet_features.cnn.networks import count_weights, make_network
from mrnet_features.cnn.parts import read_curve
from mrnet_features.cnn.run import Run
from mrnet_features.cnn.training import Trained

__all__ = ["join_folds"]


def join_folds(
    run: Run, trained: dict[tuple[str, int, int], Trained], further: list[str]
) -> NetworkEvaluation:
    """Predictions, curves and cost from the networks of all series and folds."""
    tasks = list(run.data.labels.columns)
    names = list(dict.fromkeys(series for series, _, _ in trained))
    n_exams = len(run.data.labels)
    predictions = run.folds.frame.copy()
    probabilities = {task: np.empty(len(predictions)) for task in tasks}
    others = {task: np.zeros(len(further)) for task in tasks}
    models: dict[tuple[str, int, int], Any] = {}
    splits = list(run.split())
    for repeat, fold, split in splits:
        parts = {series: trained[series, repeat, fold] for series in names}
        fitted = combine_series(
            tasks,
            {series: part.tuning for series, part in parts.items()},
            run.targets[split.tuning],
        )
        states = {series: part.state for series, part in parts.items()}
        networks = FoldNetworks(tuple(tasks), run.settings, states, fitted)
        found = networks.combine({series: part.scored for series, part in parts.items()})
        n_tested = len(split.scored) - len(further)
        for task in tasks:
            rows = repeat * n_exams + split.scored[:n_tested]
            probabilities[task][rows] = found[task][:n_tested]
            others[task] += found[task][n_tested:] / len(splits)
            models[task, repeat, fold] = NetworkClassifier(task, networks)
    ids = pd.Index(further, name="exam")
    n_trained = {(repeat, fold): len(split.train) for repeat, fold, split in splits}
    return NetworkEvaluation(
        labels=run.data.labels,
        predictions=predictions.assign(**probabilities),
        folds=run.folds,
        models=models,
        groups=run.data.groups,
        fit_labels=run.data.fit_labels,
        curves=_list_curves(trained),
        cost=_sum_cost(trained, names, n_trained, run.settings.network, len(tasks)),
        other_predictions=pd.DataFrame(others, index=ids) if further else None,
        start=run.start.said,
    )


def _list_curves(trained: dict[tuple[str, int, int], Trained]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"series": series, "repeat": repeat, "fold": fold, **row}
            for (series, repeat, fold), part in trained.items()
            for row in read_curve(part.losses)
        ]
    )


def _sum_cost(
    trained: dict[tuple[str, int, int], Trained],
    names: Sequence[str],
    n_trained: dict[tuple[int, int], int],
    network: str,
    n_tasks: int,
) -> pd.DataFrame:
    """Time and memory of each series."""
    with import_torch().random.fork_rng(devices=[]):
        n_weights = count_weights(make_network(network, n_tasks))
    rows = {}
    for series in names:
        own = {key: part for key, part in trained.items() if key[0] == series}
        training, scoring, used = np.array([part.seconds for part in own.values()]).sum(axis=0)
        n_scored = sum(len(part.tuning) + len(part.scored) for part in own.values())
        rows[series] = {
            "n_networks": len(own),
            "n_weights": n_weights,
            "train_seconds": training / sum(n_trained[key[1:]] for key in own),
            "predict_seconds": scoring / n_scored,
            "total_seconds": training + scoring,
            "processor_seconds": used,
            "peak_mib": max(part.peak_mib for part in own.values()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="series")
