"""Fitted LightGBM models on disk as text and JSON; no code is stored or executed."""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.files.locks import hold_lock
from mrnet_features.files.reading import explain_errors, read_text
from mrnet_features.files.writing import explain_write_errors, write_texts
from mrnet_features.messages import name_some, quote
from mrnet_features.models.bundle_features import check_features, keep_shareable
from mrnet_features.models.bundle_head import (
    BOOSTER,
    HEAD,
    LEFTOVER,
    LOCK,
    check_thresholds,
    format_head,
    hash_text,
    is_head,
    read_head,
)
from mrnet_features.models.estimators import fit_classifier, refuse_table
from mrnet_features.models.implications import apply_implications, choose_implications
from mrnet_features.models.lightgbm import SeedAveragedLightGBM, read_booster, write_booster
from mrnet_features.models.tree_text import check_trees, cut_trees
from mrnet_features.tables import align_tables

if TYPE_CHECKING:
    from mrnet_features.tables import FeatureTable, LabelTable

__all__ = ["Bundle", "check_bundle_folder", "fit_bundle", "load_bundle"]

PACKAGES = ("mrnet-features", "lightgbm", "numpy", "scikit-learn")
MOST_BYTES = 64 * 2**20
"""Largest booster file: about 300,000 leaves."""


@dataclass(frozen=True, eq=False, repr=False)
class Bundle:
    """One fitted LightGBM classifier per task, with everything needed to predict elsewhere.

    Attributes
    ----------
    models : dict of str to SeedAveragedLightGBM
        One per task, in the order of the labels.
    columns : tuple of str
        Columns that the models were fitted on, in their order.
    provenance : dict
        Origin of the training table: recipe, recipe_digest, versions, data_fingerprint. Empty
        for a table of another tool.
    thresholds : dict of str to float
        Probability from which an exam is called positive, per task; may be empty.
    versions : dict of str to str
        Versions of the packages that fitted the models.
    implications : tuple of (str, str), default ()
        Pairs of tasks that `predict` uses; see `apply_implications`.
    """

    models: Mapping[str, SeedAveragedLightGBM]
    columns: tuple[str, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    implications: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Bundle(tasks {', '.join(self.models)}, {len(self.columns)} columns)"

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Probability of each task for each exam.

        Parameters
        ----------
        features : DataFrame of shape (n_exams, n_features)
            The columns that the models were fitted on, in any order; others are ignored.

        Returns
        -------
        DataFrame of shape (n_exams, n_tasks), float64
            Rows in the order of `features`.

        Raises
        ------
        TypeError
            If `features` is not a DataFrame.
        ValueError
            If the table was extracted by another recipe or scale, or lacks a column.

        Warns
        -----
        UserWarning
            As `check`.
        """
        self.check(features)
        table = features[list(self.columns)]
        found = pd.DataFrame(
            {task: model.predict_proba(table)[:, 1] for task, model in self.models.items()},
            index=features.index,
        )
        return apply_implications(found, self.implications)

    def check(self, features: pd.DataFrame) -> None:
        """Raise unless a table fits the models.

        Parameters
        ----------
        features : DataFrame of shape (n_exams, n_features)

        Raises
        ------
        TypeError
            If `features` is not a DataFrame.
        ValueError
            If the table was extracted by another recipe; from pictures of another scale, or of an
            unknown pixel size where that of the model is known; or lacks a column.

        Warns
        -----
        UserWarning
            If only the pixel size of the model's pictures is unknown, as of a model of MRNet.
        """
        check_features(features, self.columns, self.provenance)

    def save(self, folder: str | Path) -> None:
        """Write the bundle: ``bundle.json`` and one text file per booster.

        Parameters
        ----------
        folder : path
            Created if needed. The files of an older bundle are replaced once all new ones are
            written. Only files named ``task<k>_seed<k>.txt``, and what an interrupted `save` left,
            are deleted.

        Raises
        ------
        FileExistsError
            If the folder holds other files but no bundle.
        OSError
            If it can't be written, for example because the disk is full; an old bundle is kept.
        RuntimeError
            If another process is writing the folder.
        TypeError, ValueError
            If `load_bundle` would refuse the bundle, for example for a task without boosters.
        """
        root = Path(folder)
        old = check_bundle_folder(root)
        texts: dict[Path, str] = {}
        boosters: dict[str, list[dict[str, str]]] = {}
        for number, (task, model) in enumerate(self.models.items()):
            boosters[task] = []
            for seed, booster in enumerate(model.boosters_):
                file = root / f"task{number}_seed{seed}.txt"
                text = cut_trees(write_booster(booster))
                check_trees(text, len(self.columns), f"Booster {seed} of task {quote(task)}")
                texts[file] = text
                boosters[task].append({"file": file.name, "sha256": hash_text(text)})
        texts[root / HEAD] = format_head(
            {
                "tasks": list(self.models),
                "columns": list(self.columns),
                "parameters": {task: model.get_params() for task, model in self.models.items()},
                "boosters": boosters,
                "thresholds": dict(self.thresholds),
                "versions": dict(self.versions),
                "provenance": dict(self.provenance),
                **({"implications": self.implications} if self.implications else {}),
            }
        )
        is_new = not root.exists()
        try:
            with explain_write_errors(root):
                root.mkdir(parents=True, exist_ok=True)
                with hold_lock(root / HEAD):
                    write_texts(texts)
                    for file in old - set(texts):
                        file.unlink(missing_ok=True)
        except OSError:
            if is_new:
                with contextlib.suppress(OSError):  # it may not have been made
                    root.rmdir()
            raise


def fit_bundle(
    model: SeedAveragedLightGBM | None,
    features: FeatureTable,
    labels: LabelTable,
    *,
    thresholds: Mapping[str, float] | None = None,
    positive: Any = None,
    coherent: bool = False,
) -> Bundle:
    """Fit one LightGBM classifier per task on all exams, to be saved.

    Parameters
    ----------
    model : SeedAveragedLightGBM or None
        None is ``SeedAveragedLightGBM()``.
    features : DataFrame or array of shape (n_exams, n_features)
        As in `cross_validate`. ``attrs["provenance"]`` is kept.
    labels : DataFrame of shape (n_exams, n_tasks), Series or array
        As in `cross_validate`: the same exams; 0, 1 or NaN. The name of a Series is the task.
    thresholds : mapping of str to float, optional
        Stored in the bundle; choose them on out-of-fold predictions.
    positive : value or mapping of task to value, optional
        Value of a positive exam if the labels are not 0 and 1, such as "torn".
    coherent : bool, default False
        Let predictions use "a tear implies abnormal", for the pairs of tasks that all labels obey;
        see `find_implications` and `make_coherent`. A warning names the others. The pairs are
        saved. Choose `thresholds` on coherent predictions then.

    Returns
    -------
    Bundle

    Raises
    ------
    TypeError
        If `model` is of another class, or as `cross_validate` does.
    ValueError
        If the tables hold different exams or an exam more than once, a label is not 0 or 1 or
        stands among the features, or a threshold is not a probability. A note names the task if
        a fit fails.

    Examples
    --------
    >>> table = pd.DataFrame({"size": [1.0, 3.0] * 20}, index=[f"{i:04d}" for i in range(40)])
    >>> bundle = fit_bundle(None, table, (table > 2).astype(int).set_axis(["acl"], axis=1))
    >>> bundle.predict(table)["acl"].round().tolist() == [0.0, 1.0] * 20
    True
    """
    refuse_table(model, "fit_bundle(model, features, labels)")
    chosen = SeedAveragedLightGBM() if model is None else model
    if not isinstance(chosen, SeedAveragedLightGBM):
        raise TypeError(
            f"`model` must be SeedAveragedLightGBM, got {type(chosen).__name__}. Bundles "
            "hold the text format of LightGBM, because pickled models can execute code."
        )
    table, truth = align_tables(features, labels, positive, missing=True)
    chosen_thresholds = check_thresholds(thresholds or {}, list(truth.columns))
    parameters = chosen.get_params()
    models = {}
    for task in truth.columns:
        try:
            fresh = SeedAveragedLightGBM(**parameters)
            models[task] = fit_classifier(fresh, table, truth[task].to_numpy())
        except Exception as error:
            error.add_note(f"while fitting task {quote(task)}")
            raise
    return Bundle(
        models=models,
        columns=tuple(table.columns),
        provenance=keep_shareable(getattr(features, "attrs", {}).get("provenance", {})),
        thresholds=chosen_thresholds,
        versions={name: importlib.metadata.version(name) for name in PACKAGES},
        implications=choose_implications(truth) if coherent else (),
    )


def load_bundle(folder: str | Path) -> Bundle:
    """Read a bundle. Text and JSON are parsed and checked; nothing is executed.

    Hashes show whether the files belong together and are complete. They do not show who wrote
    them: an attacker can compute them again. What is loaded is checked in any case.

    Parameters
    ----------
    folder : path
        Folder written by `Bundle.save`.

    Returns
    -------
    Bundle
        Predicts the same bits as the saved one.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    OSError
        If a file can't be read or is not a regular file.
    ValueError
        If it was written by another version of this library, a file was changed or is too large,
        or the trees are not sound.
    """
    root = Path(folder)
    try:
        head = read_head(root / HEAD)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"There is no '{HEAD}' in '{root}'. Write it with `mrnet-features fit`."
        ) from None
    models = {}
    for task in head["tasks"]:
        model = SeedAveragedLightGBM(**head["parameters"][task])
        model.boosters_ = [
            _load_booster(root / entry["file"], entry["sha256"], len(head["columns"]))
            for entry in head["boosters"][task]
        ]
        model.classes_ = np.array([0, 1])
        model.n_features_in_ = len(head["columns"])
        model.feature_names_in_ = np.asarray(head["columns"], dtype=object)
        models[task] = model
    return Bundle(
        models=models,
        columns=tuple(head["columns"]),
        provenance=head["provenance"],
        thresholds=head["thresholds"],
        versions=head["versions"],
        implications=tuple((first, second) for first, second in head.get("implications", ())),
    )


def check_bundle_folder(folder: str | Path) -> set[Path]:
    """Raise unless a bundle can be written to a folder; call it before a long fit.

    Parameters
    ----------
    folder : path
        It may be missing, empty or hold a bundle.

    Returns
    -------
    set of Path
        Booster files in the folder and what an interrupted `Bundle.save` left, which the next
        one replaces or deletes.

    Raises
    ------
    NotADirectoryError
        If it is a file.
    FileExistsError
        If it holds other files but no bundle, or something else under the name of a booster.
    """
    root = Path(folder)
    if not root.exists():
        return set()
    if not root.is_dir():
        raise NotADirectoryError(f"'{root}' must be a folder, got a file. Choose another name.")
    names = {path.name for path in root.iterdir()}
    # Boosters without a head, and temporary files, are what an interrupted `save` leaves.
    own = {name for name in names if BOOSTER.fullmatch(name) or LEFTOVER.fullmatch(name)}
    others = names - own - {LOCK}
    if others and not is_head(root / HEAD):
        raise FileExistsError(
            f"'{root}' must be empty or hold a bundle, but holds other files "
            f"({name_some(sorted(others))}). Choose another folder."
        )
    odd = sorted(name for name in own if not (root / name).is_file())
    if odd:
        raise FileExistsError(
            f"'{root}' must hold files only under the names of boosters, but {name_some(odd)} is "
            "something else. Remove it, or choose another folder."
        )
    return {root / name for name in own}


def _load_booster(path: Path, digest: str, n_columns: int) -> Any:
    advice = "Copy the whole folder again, or fit the model again."
    try:
        text = read_text(path, most_bytes=MOST_BYTES)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"There is no '{path.name}' in '{path.parent}'. Copy the whole folder."
        ) from None
    if hash_text(text) != digest:
        raise ValueError(
            f"'{path}' was changed after it was saved (its hash differs from that in '{HEAD}'). "
            f"{advice}"
        )
    check_trees(text, n_columns, f"'{path}'")
    with explain_errors(path, "a LightGBM model", advice):
        return read_booster(text)
