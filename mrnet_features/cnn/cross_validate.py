"""Cross-validation of a network on stacks, on the folds of the features."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.cnn.evaluation import NetworkEvaluation
from mrnet_features.cnn.join_folds import join_folds
from mrnet_features.cnn.libraries import import_torch
from mrnet_features.cnn.networks import find_network
from mrnet_features.cnn.parts import PartFolder
from mrnet_features.cnn.run import Run, train_all
from mrnet_features.cnn.series import choose_series
from mrnet_features.cnn.settings import choose_settings
from mrnet_features.data.exam import Exam
from mrnet_features.evaluation.alignment import AlignedData, align_data
from mrnet_features.evaluation.protocol.splitters import choose_folds
from mrnet_features.files.locks import hold_lock
from mrnet_features.ids.checks import require_same_exams, require_unique_ids
from mrnet_features.labels import check_labels
from mrnet_features.messages import name_some

if TYPE_CHECKING:
    from mrnet_features.tables import ByExam

__all__ = ["cross_validate_cnn"]

logger = logging.getLogger("mrnet_features")


def cross_validate_cnn(
    exams: Iterable[Exam],
    labels: pd.DataFrame,
    *,
    network: str = "small",
    series: Sequence[str] | None = None,
    weights: str | Path = "auto",
    n_splits: int = 5,
    n_repeats: int = 1,
    folds: Any = None,
    groups: ByExam | None = None,
    fit_labels: pd.DataFrame | None = None,
    other: Iterable[Exam] = (),
    resolution: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    mixed_precision: bool | None = None,
    device: str = "auto",
    out: str | Path | None = None,
    overwrite: bool = False,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> NetworkEvaluation:
    """Train a network per series, repeat and fold, and score the exams left out.

    A network has a trunk that sees each slice, the mean over the picture, the maximum over the
    slices, and a head per task. Of each training part a fifth, stratified, is held back: it
    chooses the epoch, and a logistic regression on it combines the series. No exam of a fold is
    seen in its training. Mirroring a knee or reversing its slices changes no prediction.

    On the CPU the result has the same bits for one seed and any `n_jobs`, on one machine. With
    `out`, a stopped run continues with the next network.

    Parameters
    ----------
    exams : iterable of Exam
        Such as `dataset.exams`. They may lack series, but not all.
    labels : DataFrame of shape (n_exams, n_tasks)
        See `cross_validate`.
    network : {"small", "mrnet"}, default "small"
        "small" has some 100,000 weights and is made to be trained from scratch. "mrnet" is the
        published network: an AlexNet, which torchvision builds.
    series : sequence of str, optional
        By default every series that an exam has.
    weights : {"auto", "random"} or path, default "auto"
        What training starts with: "auto" takes ImageNet weights of an AlexNet from torchvision's
        cache if they are there and `network` is "mrnet", else random ones. Or a state dict of the
        trunk in a file. Nothing is downloaded.
    n_splits, n_repeats, folds, groups, fit_labels
        See `cross_validate`. To compare with features, pass the same `folds`.
    other : iterable of Exam, optional
        Exams of another split, to be predicted by the networks of every fold.
    resolution : int, optional
        Rows and columns that slices are resized to; by default 128 for "small", 256 for "mrnet".
    epochs, batch_size, learning_rate : optional
        Passes over the training exams, exams per step, and the largest learning rate of AdamW; by
        default those of the network.
    mixed_precision : bool, optional
        Compute with bfloat16 where its precision suffices; by default on a GPU only.
    device : {"auto", "cpu", "cuda"}, default "auto"
        "auto" is a GPU if PyTorch finds one.
    out : path, optional
        Folder that keeps finished networks.
    overwrite : bool, default False
        Replace networks of other settings in `out`; by default they are an error.
    seed : int, default 0
        Of folds, first weights, order and changes of slices.
    n_jobs : int, optional
        Networks that are trained at a time on the CPU, as in joblib. On a GPU: processes that read
        files.
    progress : bool, optional
        Show a progress bar. By default only if standard error is a terminal.

    Returns
    -------
    NetworkEvaluation
        An `Evaluation`, so that everything that takes one takes it, with learning curves, cost and
        predictions of `other`.

    Raises
    ------
    ModuleNotFoundError
        If PyTorch is missing, or torchvision for "mrnet".
    FileExistsError
        If `out` holds networks of other settings.
    ValueError
        If exams and labels differ, an exam has none of the series, a training part has fewer than
        four exams of a class, or an argument is out of range.

    Examples
    --------
    On the folds of the features::

        features = mf.cross_validate(None, table, train.labels, folds=folds)
        cnn = mf.cross_validate_cnn(train.exams, train.labels, folds=folds, out="cnn", n_jobs=-1)
        mf.compare({"features": features, "cnn": cnn})
    """
    import_torch()
    settings, start = choose_settings(
        *(network, weights, resolution, epochs, batch_size, learning_rate),
        *(mixed_precision, device),
    )
    own, further = _sort_exams(exams, other)
    data = _align_labels(own, labels, groups, fit_labels)
    chosen = choose_folds(folds, data, n_splits, n_repeats, seed)
    names = choose_series(own, series, further)
    request = {
        "network": network,
        "start": start.hash or "random",
        "series": list(names),
        "resolution": settings.resolution,
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "mixed_precision": settings.mixed_precision,
        "seed": seed,
        "folds": chosen.hash,
        "device": settings.device,
        "torch": import_torch().__version__,
    }
    lock = contextlib.nullcontext() if out is None else hold_lock(out)
    if out is not None:
        Path(out).absolute().parent.mkdir(parents=True, exist_ok=True)
    with lock:
        kept = PartFolder(out, request, overwrite=overwrite)
        logger.info(
            "%s on %s, %d x %d pixels; it starts with %s.",
            *(find_network(network).title, settings.device.upper()),
            *(settings.resolution, settings.resolution, start.said),
        )
        run = Run([*own, *further], data, chosen, settings, start, seed)
        trained = train_all(run, names, kept, request, n_jobs, progress)
    return join_folds(run, trained, [exam.id for exam in further])


def _sort_exams(exams: Iterable[Exam], other: Iterable[Exam]) -> tuple[list[Exam], list[Exam]]:
    """Both sets of exams by id, checked."""
    own, further = (sorted(held, key=lambda exam: exam.id) for held in (exams, other))
    require_unique_ids("`exams`", [exam.id for exam in own])
    require_unique_ids("`other`", [exam.id for exam in further])
    shared = sorted({exam.id for exam in own} & {exam.id for exam in further})
    if shared:
        raise ValueError(
            f"`other` must hold no exam of `exams`, got {len(shared)} in both "
            f"({name_some(shared)}). Leave them out of one."
        )
    return own, further


def _align_labels(
    exams: Sequence[Exam],
    labels: pd.DataFrame,
    groups: ByExam | None,
    fit_labels: pd.DataFrame | None,
) -> AlignedData:
    """Labels and groups in the order of the exams."""
    ids = pd.Index([exam.id for exam in exams], name="exam")
    if fit_labels is None:
        known = check_labels(labels, None, missing=True)
        require_same_exams("exams", ids, "labels", known.index)
    numbers = pd.DataFrame({"number of the exam": np.arange(len(ids))}, index=ids)
    return align_data(numbers, labels, groups, fit_labels=fit_labels)
