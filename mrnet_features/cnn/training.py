"""Train a network on one series of the training exams of a fold, and score other exams."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Float32Array, Float64Array, Int64Array
from mrnet_features.cnn.augment import change_exam
from mrnet_features.cnn.libraries import import_torch, run_repeatably
from mrnet_features.cnn.networks import NETWORKS, fit_scale, make_network, pool_exams, score_exams
from mrnet_features.cnn.pictures import Pictures
from mrnet_features.cnn.scoring import cast, load_network, save_state, score_pictures, to_tensor
from mrnet_features.cnn.settings import Settings
from mrnet_features.cnn.weights import StartWeights, fill_trunk

__all__ = ["Split", "Trained", "train_network"]

MOST_SCALED = 64
"""Training exams that show how pooled channels vary."""

WARM_UP = 0.1
"""Fraction of the steps in which the learning rate rises; then it falls along a cosine."""


class Split(NamedTuple):
    """Rows of the exams of one fold.

    Attributes
    ----------
    train : ndarray of int64
        Exams that the weights are fitted to.
    tuning : ndarray of int64
        Exams of the training part that choose the epoch, and that the series are combined on.
    scored : ndarray of int64
        Exams to score: those of the fold, and those of another split.
    """

    train: Int64Array
    tuning: Int64Array
    scored: Int64Array


class Trained(NamedTuple):
    """Network of one series and fold.

    Attributes
    ----------
    state : bytes
        Weights of the best epoch, as ``torch.save`` writes a state dict.
    tuning, scored : ndarray of shape (n_exams, n_tasks), float64
        Log-odds; NaN for an exam without the series.
    losses : ndarray of shape (n_epochs, 2), float64
        Mean loss of training and tuning exams in each epoch.
    seconds : tuple of 3 floats
        Time of training, of scoring at its end, and of the processor for both.
    peak_mib : float
        Largest memory of the process, or of the GPU.
    """

    state: bytes
    tuning: Float64Array
    scored: Float64Array
    losses: Float64Array
    seconds: tuple[float, float, float]
    peak_mib: float


def train_network(
    pictures: Pictures,
    targets: Float64Array,
    split: Split,
    settings: Settings,
    start: StartWeights,
    seed: int,
    on_epoch: Callable[[], Any] | None = None,
) -> Trained:
    """Train a network and score exams with the weights of the epoch of lowest tuning loss.

    Parameters
    ----------
    pictures : Pictures
        Of all exams.
    targets : ndarray of shape (n_exams, n_tasks), float64
        0 to 1; NaN for an exam without a label. Rows of scored exams are not used.
    split : Split
    settings : Settings
    start : StartWeights
    seed : int
        Of weights, order and changes.
    on_epoch : callable, optional
        Called after every epoch.

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        If no training or no tuning exam has the series, or the loss is not finite.
    """
    torch = import_torch()
    train, tuning = (pictures.list_present(rows.tolist()) for rows in split[:2])
    if not train or not tuning:
        raise ValueError(
            f"The series {pictures.series!r} must be there in some training exams, got "
            f"{len(train)} exams with it to train on and {len(tuning)} to choose the epoch by. "
            "Leave it out of `series`."
        )
    with run_repeatably(settings.device):
        generator = torch.Generator().manual_seed(seed)
        modules = _start_network(settings, targets[split.train], start, seed)
        _scale_network(modules, pictures, train[:MOST_SCALED], settings)
        weights = _weigh_classes(targets[split.train])
        steps = settings.epochs * math.ceil(len(train) / settings.batch_size)
        optimizer, schedule = _make_optimizer(modules, settings, steps)
        losses, best, state = [], math.inf, b""
        begun, used = time.perf_counter(), time.process_time()
        for _ in range(settings.epochs):
            order = torch.randperm(len(train), generator=generator).tolist()
            total = 0.0
            for rows in _batch([train[k] for k in order], settings.batch_size):
                loss = _take_step(modules, pictures, targets, rows, weights, settings, generator)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
                total += loss * len(rows)
            log_odds = score_pictures(modules, pictures, tuning, settings)
            tuning_loss = _measure_loss(log_odds, targets[tuning], weights)
            losses.append((total / len(train), tuning_loss))
            if not np.isfinite(losses[-1]).all():
                raise ValueError(
                    f"The loss must stay finite, got {losses[-1][0]} in epoch {len(losses)}. "
                    "Lower `learning_rate`."
                )
            if tuning_loss < best:
                best, state = tuning_loss, save_state(modules)
            if on_epoch is not None:
                on_epoch()
        trained = time.perf_counter()
        restored = load_network(state, settings, targets.shape[1])
        both = [score_pictures(restored, pictures, rows.tolist(), settings) for rows in split[1:]]
    done = time.perf_counter()
    seconds = trained - begun, done - trained, time.process_time() - used
    peak = _measure_peak(settings.device)
    return Trained(state, both[0], both[1], np.array(losses, dtype=np.float64), seconds, peak)


def _start_network(
    settings: Settings, targets: Float64Array, start: StartWeights, seed: int
) -> Any:
    """Network with its first weights; before any training it predicts even odds."""
    torch = import_torch()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        modules = make_network(settings.network, targets.shape[1])
    fill_trunk(modules["trunk"], start)
    torch.nn.init.zeros_(modules["heads"].weight)
    torch.nn.init.zeros_(modules["heads"].bias)
    return modules.to(settings.device, memory_format=torch.channels_last)


def _scale_network(
    modules: Any, pictures: Pictures, rows: Sequence[int], settings: Settings
) -> None:
    """Scale pooled channels by those of some training exams."""
    torch = import_torch()
    modules.eval()
    with torch.no_grad():
        exams = [to_tensor(pictures.get(row), settings.device) for row in rows]
        pooled = [pool_exams(settings.network, modules, exam, [len(exam)]) for exam in exams]
        fit_scale(modules, torch.cat(pooled))


def _weigh_classes(targets: Float64Array) -> Float32Array:
    """Weights of negative and positive labels, shape (2, n_tasks): both classes weigh the same."""
    positive = np.nansum(targets, axis=0)
    negative = np.sum(~np.isnan(targets), axis=0) - positive
    total = np.maximum(positive + negative, 1)
    counts = np.maximum(np.stack([negative, positive]), 0.5)  # one class only: any finite weight
    weights: Float32Array = (total / (2 * counts)).astype(np.float32)
    return weights


def _make_optimizer(modules: Any, settings: Settings, steps: int) -> tuple[Any, Any]:
    """AdamW, and a learning rate that rises and then falls along a cosine."""
    torch = import_torch()
    rate, decay = settings.learning_rate, NETWORKS[settings.network].weight_decay
    optimizer = torch.optim.AdamW(modules.parameters(), lr=rate, weight_decay=decay)
    rising = max(1, round(WARM_UP * steps))

    def scale(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, scale)


def _take_step(
    modules: Any,
    pictures: Pictures,
    targets: Float64Array,
    rows: Sequence[int],
    weights: Float32Array,
    settings: Settings,
    generator: Any,
) -> float:
    """Gradients of one batch; returns its loss."""
    torch = import_torch()
    modules["trunk"].train()  # the scale stays as it is
    exams = [pictures.get(row) for row in rows]
    changed = [
        change_exam(to_tensor(exam, settings.device), pictures.series, generator) for exam in exams
    ]
    with cast(settings):
        counts = list(map(len, exams))
        log_odds = score_exams(settings.network, modules, torch.cat(changed), counts)
    wanted = torch.from_numpy(targets[list(rows)]).to(settings.device)
    loss = _weighted_loss(
        log_odds.float(), wanted.float(), torch.from_numpy(weights).to(settings.device)
    )
    loss.backward()
    return float(loss.detach())


def _measure_loss(log_odds: Float64Array, targets: Float64Array, weights: Float32Array) -> float:
    torch = import_torch()
    tensors = (
        torch.from_numpy(values) for values in (log_odds, targets, weights.astype(np.float64))
    )
    return float(_weighted_loss(*tensors))


def _weighted_loss(log_odds: Any, targets: Any, weights: Any) -> Any:
    """Mean cross-entropy over the labels that there are."""
    torch = import_torch()
    known = ~targets.isnan()
    truth = torch.where(known, targets, torch.zeros_like(targets))
    each = torch.nn.functional.binary_cross_entropy_with_logits(log_odds, truth, reduction="none")
    weight = (weights[0] * (1 - truth) + weights[1] * truth) * known
    return (each * weight).sum() / known.sum().clamp(min=1)


def _batch(rows: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def _measure_peak(device: str) -> float:
    """Largest memory so far in MiB: of the GPU, or of this process."""
    torch = import_torch()
    if device == "cuda":
        return float(torch.cuda.max_memory_allocated()) / 2**20
    try:
        import resource
    except ImportError:  # Windows does not tell
        return math.nan
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
