"""embed: a frozen network of torchvision as a feature table."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import delayed

from mrnet_features.arrays import Float64Array, UInt8Array
from mrnet_features.cnn.augment import can_mirror
from mrnet_features.cnn.backbones import (
    Backbone,
    check_model,
    embed_slices,
    load_backbone,
    make_backbone,
)
from mrnet_features.cnn.libraries import choose_device, import_torch, run_repeatably
from mrnet_features.cnn.pictures import resize
from mrnet_features.cnn.series import choose_series
from mrnet_features.cnn.weights import StartWeights, find_cached, read_start_weights
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.pooling import POOLS
from mrnet_features.extraction.read import list_stacks
from mrnet_features.ids.checks import require_unique_ids
from mrnet_features.jobs import run_jobs, show_progress
from mrnet_features.messages import name_some
from mrnet_features.names import Name, format_name

__all__ = ["embed"]

REGION = "picture"
"""Region of the columns: a network sees the whole picture."""

EXAMS_PER_JOB = 4


def embed(
    exams: Iterable[Exam],
    model: str = "resnet18",
    *,
    weights: str | Path = "auto",
    series: Sequence[str] | None = None,
    pools: Sequence[str] = ("mean", "max"),
    resolution: int = 224,
    device: str = "auto",
    n_jobs: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Embeddings of exams by a frozen network of torchvision, as a feature table.

    The last linear layer is left out; what goes into it describes a slice. These values are pooled
    over the slices as features are. Nothing is fitted, so the table can be made before the split.
    Of axial and coronal series each slice is embedded twice, as it is and mirrored, and the mean is
    taken: mirroring a knee or reversing its slices changes nothing.

    Parameters
    ----------
    exams : iterable of Exam
    model : str, default "resnet18"
        A classifier of torchvision.
    weights : {"auto", "random"} or path, default "auto"
        "auto" takes the newest weights in torchvision's cache. A path names a state dict of the
        model in a file. "random" draws weights, the same for every call, as a control. Nothing is
        downloaded.
    series : sequence of str, optional
        By default every series that an exam has.
    pools : sequence of str, default ("mean", "max")
        See `FeatureExtractor`.
    resolution : int, default 224
        Rows and columns that slices are resized to.
    device : {"auto", "cpu", "cuda"}, default "auto"
        "auto" is a GPU if PyTorch finds one.
    n_jobs : int, optional
        Parallel processes on the CPU. The values have the same bits for any number.
    progress : bool, optional
        Show a progress bar. By default only if standard error is a terminal.

    Returns
    -------
    DataFrame of shape (n_exams, n_series * n_dimensions * n_pools), float64
        Index exam id. Columns such as ``axial__picture__resnet18__dim0007__max``; NaN where an
        exam lacks the series. ``attrs["provenance"]`` names model, weights and versions.

    Raises
    ------
    ModuleNotFoundError
        If PyTorch or torchvision is missing.
    FileNotFoundError
        If "auto" finds no weights in the cache.
    ValueError
        If the model is unknown, the weights are of another one, or an argument is out of range.

    Examples
    --------
    Features and embeddings on the same folds::

        embedded = mf.embed(train.exams, "resnet18", n_jobs=-1)
        both = attach_table(features, embedded, "resnet18")  # of mrnet_features.evaluation
        mf.cross_validate(mf.logistic_baseline(), both, train.labels, folds=folds)
    """
    import_torch()
    check_model(model)
    unknown = [pool for pool in pools if pool not in POOLS]
    if unknown or not pools:
        raise ValueError(
            f"`pools` must be some of {', '.join(POOLS)}, got {name_some(unknown) or 'none'}."
        )
    if not 32 <= resolution <= 1024:
        raise ValueError(f"`resolution` must be from 32 to 1024, got {resolution}.")
    start = _find_weights(weights, model)
    held = list(exams)
    require_unique_ids("`exams`", [exam.id for exam in held])
    names = choose_series(held, series)
    where = choose_device(device)
    backbone = make_backbone(model, start)
    # as an array: joblib shares it between processes
    state = np.frombuffer(backbone.state, np.uint8)
    parts = [held[first : first + EXAMS_PER_JOB] for first in range(0, len(held), EXAMS_PER_JOB)]
    jobs = (
        delayed(_embed_exams)(part, names, tuple(pools), resolution, model, state, where)
        for part in parts
    )
    rows: list[dict[str, Float64Array]] = []
    with (
        contextlib.closing(run_jobs(jobs, 1 if where == "cuda" else n_jobs)) as outcomes,
        show_progress(len(held), "embedding", "exam", progress) as bar,
    ):
        for part, found in zip(parts, outcomes, strict=True):
            rows += found
            bar.update(len(part))
    table = _make_table(rows, names, tuple(pools), model, [exam.id for exam in held])
    table.attrs["provenance"] = {
        "embedding": {
            "model": model,
            "weights": start.said,
            "weights_hash": start.hash,
            "resolution": resolution,
            "pools": list(pools),
            "device": where,
            "torch": import_torch().__version__,
        }
    }
    return table


def _find_weights(weights: str | Path, model: str) -> StartWeights:
    if weights == "auto" and find_cached(model) is None:
        raise FileNotFoundError(
            f"There are no weights of {model} in torchvision's cache. Run "
            f"`torchvision.models.get_model('{model}', weights='DEFAULT')` where there is a "
            "network, or pass a file as `weights`; weights='random' is a control."
        )
    return read_start_weights(weights, model)


def _embed_exams(
    exams: Sequence[Exam],
    series: Sequence[str],
    pools: Sequence[str],
    resolution: int,
    model: str,
    state: UInt8Array,
    device: str,
) -> list[dict[str, Float64Array]]:
    """Pooled embeddings of exams by series, shape (n_pools, n_dimensions); in a worker process."""
    rows = []
    with run_repeatably(device):
        network = load_backbone(Backbone(model, state.tobytes()), device)
        for exam in exams:
            row = {}
            for name in (name for name in series if name in list_stacks(exam)):
                stack = resize(exam.load(name), resolution)
                slices = embed_slices(network, stack, device, mirrors=can_mirror(name))
                counts = np.array([len(slices)])
                row[name] = np.stack([POOLS[pool](slices[None], counts)[0] for pool in pools])
            rows.append(row)
    return rows


def _make_table(
    rows: Sequence[Mapping[str, Float64Array]],
    series: Sequence[str],
    pools: Sequence[str],
    model: str,
    ids: Sequence[str],
) -> pd.DataFrame:
    n_dimensions = next(values.shape[1] for row in rows for values in row.values())
    nothing = np.full((len(pools), n_dimensions), np.nan)
    columns: list[Any] = [
        format_name(Name(name, REGION, model, f"dim{k:04d}", pool))
        for name, pool, k in itertools.product(series, pools, range(n_dimensions))
    ]
    values = [np.concatenate([row.get(name, nothing).ravel() for name in series]) for row in rows]
    return pd.DataFrame(np.stack(values), pd.Index(ids, name="exam"), columns)
