"""Write predictions as a competition asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mrnet_features.files.csv_files import read_table
from mrnet_features.files.csv_format import format_csv
from mrnet_features.files.stored_paths import AnyPath
from mrnet_features.files.writing import write_text
from mrnet_features.ids.checks import require_unique_ids
from mrnet_features.ids.reading import find_id_column, restore_ids
from mrnet_features.labels import check_frame
from mrnet_features.messages import name_some, quote
from mrnet_features.names import TASKS
from mrnet_features.workflows.outputs import check_output_file

__all__ = ["write_submission"]

ROUNDING = 1e-6
"""Values this far outside 0 to 1, which float32 gives, become 0 or 1."""


def write_submission(
    predictions: pd.DataFrame,
    out: str | Path,
    sample: str | AnyPath | None = None,
    *,
    fill: float | None = None,
) -> pd.DataFrame:
    r"""Write predictions in the format of a ``sample_submission.csv``, or of MRNet's competition.

    Parameters
    ----------
    predictions : DataFrame of shape (n_exams, n_tasks)
        Probabilities, indexed by exam id, as `Bundle.predict` and `evaluate` give them.
    out : path
        CSV file to write. An old one is replaced when the new one is complete.
    sample : path, optional
        CSV file with a header: a column of exam ids and one per task. The ids are in the column
        StudyInstanceUID, or else exam, id or the like, in any letter case, or else in the first
        one. Its ids and columns are written in its order. Without it, the file of MRNet's
        competition is written: no header and no ids, a line per exam in the order of
        `predictions`, with the probabilities of abnormal, acl and meniscus.
    fill : float, optional
        Probability to write where the predictions lack an exam, a task or a value, such as 0.5.
        An error by default.

    Returns
    -------
    DataFrame of shape (n_exams, n_tasks), float64
        What was written, by exam id.

    Raises
    ------
    TypeError
        If the predictions are not a table of numbers indexed by exam id.
    ValueError
        If exams or tasks are missing or unknown, a value is missing or is no probability, or the
        sample is broken. Nothing is written then.
    OSError
        If the sample can't be read, or `out` can't be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "sample.csv").write_text("StudyInstanceUID,MCL,ACL\n1.2.3,0.5,0.5\n")
    >>> predictions = pd.DataFrame({"ACL": [0.9], "MCL": [0.25]}, index=["1.2.3"])
    >>> _ = write_submission(predictions, folder / "submission.csv", folder / "sample.csv")
    >>> print((folder / "submission.csv").read_text())
    StudyInstanceUID,MCL,ACL
    1.2.3,0.25,0.9
    <BLANKLINE>
    """
    check_output_file(out, [sample] if isinstance(sample, str | Path) else [])
    check_frame("predictions", predictions)
    if fill is not None and not 0 <= fill <= 1:
        raise ValueError(f"`fill` must be a probability from 0 to 1, got {quote(fill)}.")
    if sample is None:
        name, ids, columns = None, list(predictions.index), list(TASKS)
    else:
        name, ids, columns = _read_sample(sample)
    tasks = [column for column in columns if column != name]
    where = "the competition" if sample is None else f"'{sample}'"
    _check_names(predictions, ids, tasks, where, is_filled=fill is not None)
    wanted = predictions.reindex(index=ids, columns=tasks)
    table = _check_values(wanted, fill).rename_axis("exam")
    if name is None:
        write_text(out, format_csv(table, header=False))
    else:
        written = table.reset_index(names=name)[columns]
        write_text(out, format_csv(written))
    return table


def _read_sample(path: str | AnyPath) -> tuple[str, list[str], list[str]]:
    """Name of the column of ids, the ids, and all columns, in the order of the file."""
    table = read_table(path)
    columns = [str(column) for column in table.columns]
    name = find_id_column(columns) or columns[0]
    ids = restore_ids(table[name], f"'{path}'", known=frozenset(table[name]))
    require_unique_ids(f"'{path}'", ids)
    if not ids or len(columns) < 2:
        raise ValueError(
            f"'{path}' must have a row per exam and a column per task, got {len(ids)} rows and "
            f"the columns {name_some(columns)}. Pass the sample of the competition."
        )
    return name, ids, columns


def _check_names(
    predictions: pd.DataFrame, ids: list[Any], tasks: list[str], where: str, *, is_filled: bool
) -> None:
    """Raise if predictions have other exams or tasks than are asked for."""
    for kind, asked, given in (
        ("task", tasks, list(predictions.columns)),
        ("exam", ids, list(predictions.index)),
    ):
        known, present = set(asked), set(given)
        unknown = [one for one in given if one not in known]
        lacking = [one for one in asked if one not in present]
        if unknown:
            raise ValueError(
                f"`predictions` must have the {kind}s of {where} alone, got {name_some(unknown)}. "
                f"It asks for {name_some(asked)}. Drop the others, or pass another sample."
            )
        if lacking and not is_filled:
            raise ValueError(
                f"`predictions` must have all {len(asked)} {kind}s of {where}, but lacks "
                f"{name_some(lacking)}. Add them, or pass fill=0.5 to write that probability."
            )


def _check_values(wanted: pd.DataFrame, fill: float | None) -> pd.DataFrame:
    """Probabilities as float64, filled where asked for."""
    odd = [n for n, kind in wanted.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if odd:
        raise TypeError(
            f"`predictions` must be numbers, got {wanted[odd[0]].dtype} in {name_some(odd)}."
        )
    values = wanted.to_numpy(dtype=np.float64, na_value=np.nan)
    if fill is not None:
        values = np.where(np.isnan(values), fill, values)
    wrong = ~((values >= -ROUNDING) & (values <= 1 + ROUNDING))
    if wrong.any():
        row, column = np.argwhere(wrong)[0].tolist()
        value = float(values[row, column])
        is_missing = np.isnan(value)
        advice = "Pass fill=0.5 to write that." if is_missing else "Convert scores first."
        raise ValueError(
            f"`predictions` must be probabilities from 0 to 1, got "
            f"{'none' if is_missing else quote(value)} for exam {quote(wanted.index[row])}, task "
            f"{quote(wanted.columns[column])} ({int(wrong.sum())} such cells). {advice}"
        )
    return pd.DataFrame(np.clip(values, 0, 1), index=wanted.index, columns=wanted.columns)
