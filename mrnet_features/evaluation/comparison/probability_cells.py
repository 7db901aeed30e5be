"""Probabilities from the cells of a table of predictions."""

from __future__ import annotations

import re
import warnings
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from mrnet_features.messages import quote

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_probabilities"]

# A softmax in float32 sums to 1 up to this.
ROUNDING = 1e-6
# Beyond this the values are more likely log-odds than badly rounded probabilities.
LOG_ODDS = 0.01
# In fewer exams all log-odds may be from 0 to 1 by chance.
ENOUGH = 10
PRINTED_ARRAY = re.compile(r"[\[\]]|array|tensor")


def check_probabilities(frame: pd.DataFrame, logits: bool, where: str) -> NDArray[np.float64]:
    """Probabilities of a table of predictions, whatever its cells are.

    Parameters
    ----------
    frame : DataFrame of shape (n_exams, n_tasks)
        Cells are numbers, or text that holds one.
    logits : bool
        Whether they are log-odds.
    where : str
        File or argument, for errors.

    Returns
    -------
    ndarray of shape (n_exams, n_tasks), float64
        From 0 to 1.

    Raises
    ------
    ValueError
        If a cell holds no finite number, or one outside 0 to 1 by more than rounding.

    Warns
    -----
    UserWarning
        If log-odds of ten exams or more are all from 0 to 1.
    """
    numbers = np.column_stack([_read_numbers(frame[task]) for task in frame.columns])
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        row, column = np.argwhere(wrong)[0].tolist()
        cell: Any = frame.iat[row, column]
        shown = quote(cell) if np.ndim(cell) == 0 else f"a value of type {type(cell).__name__}"
        advice = "Predict every exam."
        if isinstance(cell, str) and cell.lower() not in {"", "nan"}:
            advice = "Write a number such as 0.9."
            percent = pd.to_numeric(cell.removesuffix("%").strip(), errors="coerce")
            if cell.endswith("%") and 0 <= percent <= 100:
                advice = f"Write {percent / 100:g}."
        if isinstance(cell, str) and PRINTED_ARRAY.search(cell):
            advice = "It looks like a printed array: write each number on its own, with `.item()`."
        raise ValueError(
            f"{where} must hold a number for every exam and task, got {shown} for exam "
            f"{quote(frame.index[row])}, task {quote(frame.columns[column])} "
            f"({_count_cells(wrong)}). {advice}"
        )
    if logits:
        if len(numbers) >= ENOUGH and ((numbers >= 0) & (numbers <= 1)).all():
            warnings.warn(
                f"All values in {where} are from 0 to 1, as probabilities are; as log-odds they "
                "become 0.5 to 0.73. Leave out logits=True if they are probabilities.",
                stacklevel=3,
            )
        return np.asarray(expit(numbers))
    excess = np.maximum(-numbers, numbers - 1)
    most = float(np.max(excess))
    if most > ROUNDING:
        row, column = np.argwhere(excess == most)[0].tolist()
        advice = "Rounding in float32 explains 1e-6 and no more. Clip them if that is right."
        if most > LOG_ODDS:
            advice = "If these are log-odds, pass logits=True; if percentages, divide them by 100."
        raise ValueError(
            f"{where} must hold probabilities from 0 to 1, got {float(numbers[row, column])!r} for "
            f"exam {quote(frame.index[row])}, task {quote(frame.columns[column])} "
            f"({_count_cells(excess > ROUNDING)}). {advice}"
        )
    return np.where(excess > 0, np.clip(numbers, 0, 1), numbers)


def _count_cells(wrong: NDArray[np.bool_]) -> str:
    n_wrong = int(wrong.sum())
    return "the only such cell" if n_wrong == 1 else f"{n_wrong} such cells"


def _read_numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    """Numbers of a column; NaN where a cell is none."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return np.full(len(column), np.nan)
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    cells = column.to_numpy(dtype=object)
    if pd.api.types.infer_dtype(cells, skipna=True) == "boolean":
        return np.full(len(cells), np.nan)
    numbers = _convert(cells)
    odd = np.flatnonzero(np.isnan(numbers))
    numbers[odd] = _convert(np.array([_unwrap(cells[k]) for k in odd], dtype=object))
    return numbers


def _convert(cells: NDArray[Any]) -> NDArray[np.float64]:
    numbers = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce")
    found = numbers.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    for k in np.flatnonzero(np.isfinite(found)):
        if isinstance(cells[k], str):  # which older pandas does not read to the last bit
            found[k] = float(cells[k])
    return found


def _unwrap(cell: Any) -> Any:
    """Number of a cell that holds one number in brackets; None for a cell that is no number."""
    if isinstance(cell, str):
        return cell.strip("[] ") if cell.startswith("[") and cell.endswith("]") else cell
    if isinstance(cell, int | float | np.number | Decimal) and not isinstance(cell, bool):
        return float(cell)
    return None
