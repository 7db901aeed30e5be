"""Train the networks of all series and folds of a run, and keep those that are finished."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from joblib import delayed, effective_n_jobs

from mrnet_features.arrays import Float64Array
from mrnet_features.cnn.inner_split import split_training_part
from mrnet_features.cnn.parts import PartFolder, hash_request
from mrnet_features.cnn.pictures import Pictures, read_pictures
from mrnet_features.cnn.settings import Settings
from mrnet_features.cnn.training import Split, Trained, train_network
from mrnet_features.cnn.weights import StartWeights
from mrnet_features.data.exam import Exam
from mrnet_features.evaluation.alignment import AlignedData
from mrnet_features.evaluation.protocol.folds import Folds
from mrnet_features.evaluation.protocol.stratify import derive_seed
from mrnet_features.jobs import CoreAdvice, run_jobs, show_progress

__all__ = ["Run", "name_part", "train_all"]


class Run(NamedTuple):
    """What the networks of all series and folds share. Exams to train on come first."""

    exams: list[Exam]
    data: AlignedData
    folds: Folds
    settings: Settings
    start: StartWeights
    seed: int

    @property
    def targets(self) -> Float64Array:
        """Labels to fit on, shape (n_exams to train on, n_tasks)."""
        labels = self.data.labels if self.data.fit_labels is None else self.data.fit_labels
        return labels.to_numpy(np.float64)

    def split(self) -> Iterator[tuple[int, int, Split]]:
        """Repeat, fold and rows of every fold; the scored exams end with those of `other`."""
        index = self.data.labels.index
        further = np.arange(len(index), len(self.exams))
        groups = None if self.data.groups is None else self.data.groups.to_numpy()
        for repeat, fold, train, test in self.folds.split():
            rows = index.get_indexer(train)
            seed = derive_seed(self.seed, "cnn tuning", repeat, fold)
            fitted, tuning = split_training_part(self.targets, rows, groups, seed)
            scored = np.concatenate([index.get_indexer(test), further])
            yield repeat, fold, Split(fitted, tuning, scored)


def train_all(
    run: Run,
    names: Sequence[str],
    kept: PartFolder,
    request: dict[str, Any],
    n_jobs: int | None,
    progress: bool | None,
) -> dict[tuple[str, int, int], Trained]:
    """Networks of all series and folds: those that are kept, and the others trained."""
    splits = list(run.split())
    trained: dict[tuple[str, int, int], Trained] = {}
    total = len(names) * len(splits)
    at_once = 1 if run.settings.device == "cuda" else n_jobs
    is_here = effective_n_jobs(at_once) == 1  # else epochs are counted when a network is finished
    epochs = run.settings.epochs
    advice = CoreAdvice(n_jobs, total, "Training")
    with (
        _let_workers_grow(),
        show_progress(total * epochs, "training", "epoch", progress) as bar,
    ):
        for series in names:
            pictures = read_pictures(run.exams, series, run.settings.resolution, n_jobs)
            digest = pictures.hash()
            left = {}
            for repeat, fold, split in splits:
                # labels of the exams to score never reach the training
                targets = np.full((len(run.exams), run.targets.shape[1]), np.nan)
                seen = np.concatenate([split.train, split.tuning])
                targets[seen] = run.targets[seen]
                own = hash_request(request, digest, series, targets, *split)
                found = kept.read(name_part(series, repeat, fold), own)
                if found is None:
                    left[series, repeat, fold] = (targets, split, own)
                else:
                    trained[series, repeat, fold] = found
            bar.total -= epochs * (len(splits) - len(left))  # the time left is that of the others
            on_epoch = bar.update if is_here else None
            jobs = (
                delayed(_train_one)(pictures, targets, split, run, *key, on_epoch)
                for key, (targets, split, _) in left.items()
            )
            with contextlib.closing(run_jobs(jobs, at_once)) as outcomes:
                for (key, (_, _, own)), outcome in zip(left.items(), outcomes, strict=True):
                    kept.write(name_part(*key), own, outcome)
                    trained[key] = outcome
                    bar.update(0 if is_here else epochs)
                    advice.finish_job()
    return trained


@contextlib.contextmanager
def _let_workers_grow() -> Iterator[None]:
    """Hide joblib's warning about a worker whose memory grows, as it does with PyTorch's buffers.

    joblib replaces that worker, and no job is lost.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        yield


def name_part(series: str, repeat: int, fold: int) -> str:
    """Name of a network, and of its files."""
    return f"{series}-repeat{repeat}-fold{fold}"


def _train_one(
    pictures: Pictures,
    targets: Float64Array,
    split: Split,
    run: Run,
    series: str,
    repeat: int,
    fold: int,
    on_epoch: Callable[[], Any] | None,
) -> Trained:
    """Network of one series and fold; runs in a worker process."""
    seed = derive_seed(run.seed, "cnn", series, repeat, fold)
    try:
        return train_network(pictures, targets, split, run.settings, run.start, seed, on_epoch)
    except Exception as error:
        error.add_note(f"while training on series '{series}', repeat {repeat}, fold {fold}")
        raise
