"""Fitted LightGBM models on disk as text and JSON; no code is stored or executed."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mrnet_features.files import write_texts
from mrnet_features.models.estimators import refuse_table
from mrnet_features.models.lightgbm import SeedAveragedLightGBM, import_lightgbm

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Bundle", "fit_bundle", "load_bundle"]

FORMAT = 2
"""Version of the files; format 1 holds the column names of an older version."""
HEAD = "bundle.json"
PACKAGES = ("mrnet-features", "lightgbm", "numpy", "scikit-learn")


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
    """

    models: Mapping[str, SeedAveragedLightGBM]
    columns: tuple[str, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

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
        ValueError
            If the table was extracted by another recipe, or lacks a column.
        """
        self.check(features)
        table = features[list(self.columns)]
        return pd.DataFrame(
            {task: model.predict_proba(table)[:, 1] for task, model in self.models.items()},
            index=features.index,
        )

    def check(self, features: pd.DataFrame) -> None:
        """Raise unless a table fits the models.

        Parameters
        ----------
        features : DataFrame of shape (n_exams, n_features)

        Raises
        ------
        ValueError
            If the table was extracted by another recipe, or lacks a column.
        """
        own = self.provenance.get("recipe_digest")
        other = features.attrs.get("provenance", {}).get("recipe_digest")
        if own and other and own != other:
            raise ValueError(
                f"`features` were extracted by another recipe (digest {other}) than the model's "
                f"(digest {own}). Extract them with the families, planes, pools and discretisation "
                f"that '{HEAD}' lists under 'provenance'."
            )
        missing = [column for column in self.columns if column not in features.columns]
        if missing:
            raise ValueError(
                f"`features` must have the {len(self.columns)} columns of the model, but lacks "
                f"{len(missing)}, such as {missing[0]!r}. Extract it with the same recipe."
            )

    def save(self, folder: str | Path) -> None:
        """Write the bundle: ``bundle.json`` and one text file per booster.

        Parameters
        ----------
        folder : path
            Created if needed. The files of an older bundle are replaced once all new ones are
            written; other files are not changed.

        Raises
        ------
        FileExistsError
            If the folder holds other files but no bundle.
        """
        root = Path(folder)
        old = _list_files(root)
        texts: dict[Path, str] = {}
        boosters: dict[str, list[dict[str, str]]] = {}
        for number, (task, model) in enumerate(self.models.items()):
            boosters[task] = []
            for seed, booster in enumerate(model.boosters_):
                file = root / f"task{number}_seed{seed}.txt"
                text = booster.model_to_string()
                texts[file] = text
                boosters[task].append({"file": file.name, "sha256": _hash(text)})
        head = {
            "format": FORMAT,
            "tasks": list(self.models),
            "columns": list(self.columns),
            "parameters": {task: model.get_params() for task, model in self.models.items()},
            "boosters": boosters,
            "thresholds": dict(self.thresholds),
            "versions": dict(self.versions),
            "provenance": dict(self.provenance),
        }
        texts[root / HEAD] = json.dumps(head, indent=1) + "\n"
        root.mkdir(parents=True, exist_ok=True)
        write_texts(texts)
        for file in old - set(texts):
            file.unlink(missing_ok=True)


def fit_bundle(
    model: SeedAveragedLightGBM | None,
    features: pd.DataFrame,
    labels: pd.DataFrame | pd.Series[Any],
    *,
    thresholds: Mapping[str, float] | None = None,
) -> Bundle:
    """Fit one LightGBM classifier per task on all exams, to be saved.

    Parameters
    ----------
    model : SeedAveragedLightGBM or None
        None is ``SeedAveragedLightGBM()``.
    features : DataFrame of shape (n_exams, n_features)
        Index exam id. ``attrs["provenance"]`` is kept.
    labels : DataFrame of shape (n_exams, n_tasks) or Series
        The same exams; 0 or 1. The name of a Series is the task.
    thresholds : mapping of str to float, optional
        Stored in the bundle; choose them on out-of-fold predictions.

    Returns
    -------
    Bundle

    Raises
    ------
    TypeError
        If `model` is of another class.
    ValueError
        If the tables hold different exams, or an exam more than once.

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
    if isinstance(labels, pd.Series):
        labels = labels.to_frame("label" if labels.name is None else str(labels.name))
    for name, given in (("features", features), ("labels", labels)):
        if given.index.has_duplicates:
            raise ValueError(
                f"`{name}` holds exam {given.index[given.index.duplicated()][0]!r} more than once. "
                "Keep one row per exam."
            )
    if set(features.index) != set(labels.index):
        raise ValueError(
            f"`features` and `labels` must hold the same exams, got {len(features)} and "
            f"{len(labels)} with {len(set(features.index) & set(labels.index))} in both."
        )
    table = features.sort_index()
    parameters = chosen.get_params()
    models = {
        task: SeedAveragedLightGBM(**parameters).fit(table, labels.loc[table.index, task])
        for task in labels.columns
    }
    provenance = {
        key: value
        for key, value in features.attrs.get("provenance", {}).items()
        # A hash per exam is data of the exams, which must not be shared with a model.
        if key not in {"fingerprints", "file_states", "skipped"}
    }
    return Bundle(
        models=models,
        columns=tuple(table.columns),
        provenance=provenance,
        thresholds=dict(thresholds or {}),
        versions={name: importlib.metadata.version(name) for name in PACKAGES},
    )


def load_bundle(folder: str | Path) -> Bundle:
    """Read a bundle. Text and JSON are parsed; nothing is executed.

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
    ValueError
        If it was written by another version of this library, or a file was changed.
    """
    root = Path(folder)
    if not (root / HEAD).is_file():
        raise FileNotFoundError(
            f"There is no '{HEAD}' in '{root}'. Write it with `mrnet-features fit`."
        )
    head = json.loads((root / HEAD).read_text(encoding="utf-8"))
    wanted = {"format", "tasks", "columns", "parameters", "boosters"}
    if isinstance(head, dict) and head.get("format") == 1:
        raise ValueError(
            f"'{root / HEAD}' was written by an older version of mrnet_features, whose columns "
            "have other names. Extract the features and fit the model again."
        )
    if not isinstance(head, dict) or not wanted <= set(head) or head["format"] != FORMAT:
        version = head.get("format") if isinstance(head, dict) else None
        raise ValueError(
            f"'{root / HEAD}' must be a bundle of format {FORMAT}, got format {version!r}. Fit it "
            "again with this version."
        )
    models = {
        task: _load_model(root, head["columns"], head["parameters"][task], head["boosters"][task])
        for task in head["tasks"]
    }
    return Bundle(
        models=models,
        columns=tuple(head["columns"]),
        provenance=head.get("provenance", {}),
        thresholds=head.get("thresholds", {}),
        versions=head.get("versions", {}),
    )


def _list_files(root: Path) -> set[Path]:
    """Booster files of the bundle in a folder, none if it is empty; raise on other content."""
    if not root.exists() or not any(root.iterdir()):
        return set()
    try:
        boosters = json.loads((root / HEAD).read_text(encoding="utf-8"))["boosters"]
        names = {booster["file"] for entries in boosters.values() for booster in entries}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileExistsError(
            f"'{root}' must be empty or hold a bundle, but holds other files. Choose "
            "another folder."
        ) from error
    return {root / name for name in names if Path(name).name == name}


def _load_model(
    root: Path,
    columns: Sequence[str],
    parameters: Mapping[str, Any],
    boosters: Sequence[Mapping[str, str]],
) -> SeedAveragedLightGBM:
    lightgbm = import_lightgbm()
    model = SeedAveragedLightGBM(**parameters)
    model.boosters_ = []
    for booster in boosters:
        name = booster["file"]
        if Path(name).name != name:
            raise ValueError(f"'{root / HEAD}': booster files must be in '{root}', got {name!r}.")
        if not (root / name).is_file():
            raise FileNotFoundError(f"There is no '{name}' in '{root}'. Copy the whole folder.")
        text = (root / name).read_text(encoding="utf-8")
        if _hash(text) != booster["sha256"]:
            raise ValueError(
                f"'{root / name}' was changed after it was saved (its hash differs). Copy it again."
            )
        model.boosters_.append(lightgbm.Booster(model_str=text))
    model.classes_ = np.array([0, 1])
    model.n_features_in_ = len(columns)
    model.feature_names_in_ = np.asarray(columns, dtype=object)
    return model


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
