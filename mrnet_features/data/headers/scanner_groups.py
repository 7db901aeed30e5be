"""Groups of exams by scanner and patient, for folds that keep them apart."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import pandas as pd

from mrnet_features.data.headers.partial_fingerprints import (
    Link,
    Print,
    drop_vaguer,
    find_doubtful,
    join,
    link_partial,
)
from mrnet_features.messages import name_some, quote, suggest_name

__all__ = ["scanner_groups"]

logger = logging.getLogger("mrnet_features")

FINGERPRINT = ("maker", "model_code", "field_t")
"""Columns that tell scanners apart by default."""

LARGE = 0.2
"""Fraction of the exams from which a group does not fit into one of five folds."""

MANY_EXAMS = 10
"""More exams than this of one patient are probably a placeholder in the place of ids."""


def scanner_groups(
    headers: pd.DataFrame, by: str | Sequence[str] = FINGERPRINT, *, patients: bool = True
) -> pd.Series[Any]:
    """Group of each exam by the fingerprint of its scanner, for `groups=` of `cross_validate`.

    Exams of one fingerprint are in one group, and so are all exams of one patient: a patient who
    was examined on two scanners joins their groups. An exam whose header lacks fields joins the
    scanner that agrees in the others, if that is one group. Exams without any field of the
    fingerprint form one group, since headers that were emptied often come from one site.

    A few patients with exams on several scanners can join most groups to one. Then evaluate one
    exam per patient: ``headers.groupby("exam")["patient"].first()`` tells which exams repeat.

    Parameters
    ----------
    headers : DataFrame
        From `read_headers`; tables of several calls only if they had the same salt.
    by : str or sequence of str, default ("maker", "model_code", "field_t")
        Columns of the fingerprint. More columns make more and smaller groups: add
        "software_code" if one group is too large, though a scanner then is two groups after an
        update; take "institution_code" or "device_code" where your files have them.
    patients : bool, default True
        Whether to keep the exams of a patient together.

    Returns
    -------
    Series of shape (n_exams,), str
        Index: exam. "scanner-001" is the largest group.

    Raises
    ------
    TypeError
        If `headers` is not such a table.
    ValueError
        If a column is missing, or no exam has a field of the fingerprint.

    Warns
    -----
    UserWarning
        If a group holds more than a fifth of the exams, exams have no field of the fingerprint or
        lack some and fit several groups, or more than 10 exams have one patient. The number of
        groups is logged.

    See Also
    --------
    measure_group_gap : AUC in random folds and in folds of such groups.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.MultiIndex.from_product([["a", "b", "c"], ["axial"]], names=["exam", "series"])
    >>> headers = pd.DataFrame({"maker": ["GE", "Siemens", "GE"], "patient": ""}, index)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")  # two of three exams are more than a fifth
    ...     scanner_groups(headers, by="maker").to_dict()
    {'a': 'scanner-001', 'b': 'scanner-002', 'c': 'scanner-001'}
    """
    groups, said, warned = form_groups(headers, by, patients=patients)
    logger.info("%s", said)
    if warned:
        warnings.warn(warned, stacklevel=2)
    return groups


def form_groups(
    headers: pd.DataFrame,
    by: str | Sequence[str] = FINGERPRINT,
    *,
    patients: bool = True,
    is_fixed: bool = False,
) -> tuple[pd.Series[Any], str, str]:
    """Groups as from `scanner_groups`, with what it logs and warns of, which is not done here.

    Parameters
    ----------
    headers, by, patients
        See `scanner_groups`.
    is_fixed : bool, default False
        Whether the reader of the texts can't choose `by` and `patients`.

    Returns
    -------
    groups : Series of shape (n_exams,), str
    said : str
        How many groups there are.
    warned : str
        What makes them poor; may be empty.

    Raises
    ------
    TypeError, ValueError
        As `scanner_groups`.
    """
    names = [by] if isinstance(by, str) else list(by)
    _check(headers, names)
    exams = pd.Index(headers.index.get_level_values("exam").unique(), name="exam")
    prints = _find_prints(headers, names)
    empty = [exam for exam in exams if not prints.get(exam)]
    if len(empty) == len(exams):
        raise ValueError(
            f"`headers` must tell {name_some(names)} of at least one exam, got none. Pass other "
            "columns as `by`."
        )
    of_scanners: list[Link] = [
        (exam, ("print", found)) for exam, kept in prints.items() for found in kept
    ]
    of_scanners += [(exam, ("print", None)) for exam in empty]
    known: pd.Series[Any] = headers["patient"] if patients else headers["patient"].iloc[:0]
    known = known[known.notna() & (known != "")]
    pairs = sorted(set(zip(known.index.get_level_values("exam"), known, strict=True)))
    of_patients: list[Link] = [(exam, ("patient", code)) for exam, code in pairs]
    of_scanners += link_partial(exams, prints, [*of_scanners, *of_patients])
    groups = _name(exams, join(exams, [*of_scanners, *of_patients]))
    frame = pd.DataFrame(pairs, columns=["exam", "patient"], dtype=object)
    frame = frame.assign(scanner=frame["exam"].map(join(exams, of_scanners)))
    doubtful = find_doubtful(prints, groups.to_dict())
    return groups, *_describe(groups, empty, doubtful, frame, is_fixed)


def _check(headers: Any, names: Sequence[str]) -> None:
    """Raise unless `headers` is a table of `read_headers` with these columns."""
    if not isinstance(headers, pd.DataFrame) or list(headers.index.names) != ["exam", "series"]:
        raise TypeError(
            "`headers` must be the table of `read_headers`, with the index exam, series, got "
            f"{type(headers).__name__}."
        )
    for name in (*names, "patient"):
        if name not in headers:
            raise ValueError(
                f"`headers` must have the columns of `by` and `patient`, got none named "
                f"{quote(name)}.{suggest_name(str(name), map(str, headers.columns))}"
            )
    if not names or not len(headers):
        raise ValueError("`by` must name a column, and `headers` must hold a series, got none.")


def _find_prints(headers: pd.DataFrame, names: Sequence[str]) -> dict[Any, set[Print]]:
    """Fingerprints of each exam; one that says less than another of the exam is left out."""
    values = headers[list(names)].astype(object)
    values = values.where(values.notna() & (values != ""), None)
    found: dict[Any, set[Print]] = {}
    exams = headers.index.get_level_values("exam")
    for exam, cells in zip(exams, values.itertuples(index=False, name=None), strict=True):
        if any(cell is not None for cell in cells):
            found.setdefault(exam, set()).add(cells)
    return {exam: drop_vaguer(kept) for exam, kept in found.items()}


def _name(exams: pd.Index[Any], numbers: pd.Series[Any]) -> pd.Series[Any]:
    """Groups named by size; of equal ones the one of the earlier exam comes first."""
    codes = pd.Series(pd.factorize(numbers)[0], index=exams)
    sizes = codes.value_counts(sort=False).sort_index()
    order = sorted(sizes.index, key=lambda code: (-sizes[code], code))
    width = max(3, len(str(len(order))))
    names = {code: f"scanner-{k:0{width}d}" for k, code in enumerate(order, start=1)}
    return codes.map(names).rename("scanner")


def _describe(
    groups: pd.Series[Any],
    empty: Sequence[Any],
    doubtful: Sequence[Any],
    patients: pd.DataFrame,
    is_fixed: bool,
) -> tuple[str, str]:
    """Number of groups as a sentence, and what makes them poor.

    `empty` and `doubtful` are exams without the fingerprint, and with a part that fits several
    groups. `patients` has a row per exam and patient: exam, patient, and the scanner's group alone.
    """
    sizes = groups.value_counts()
    share = sizes.iloc[0] / len(groups)
    said = f"{len(sizes)} groups of {len(groups)} exams; the largest has {share:.0%}."
    n_joining = int((patients.groupby("patient")["scanner"].nunique() > 1).sum())
    if n_joining:
        noun = "1 patient was" if n_joining == 1 else f"{n_joining} patients were"
        said += f" {noun} examined on scanners of several groups, which joins these."
    warned = []
    if empty:
        warned.append(
            f"{len(empty)} exams have no field of the fingerprint, such as {quote(empty[0])}; they "
            "are one group."
        )
    if doubtful:
        noun = "1 exam lacks" if len(doubtful) == 1 else f"{len(doubtful)} exams lack"
        warned.append(
            f"{noun} fields of the fingerprint and may be of a scanner of another group, such as "
            f"{quote(doubtful[0])}: folds may not keep that scanner apart. Leave them out"
            f"{'' if is_fixed else ', or take fewer columns as `by`'}."
        )
    most = int(patients["patient"].value_counts().max()) if len(patients) else 0
    if most > MANY_EXAMS:
        warned.append(
            f"{most} exams have the same patient: probably a placeholder in the place of ids. If "
            f"so, {'pass a CSV of groups' if is_fixed else 'pass `patients=False`'}."
        )
    if share > LARGE:
        advice = "leave out their later exams" if n_joining else "take fewer folds"
        other = "add a column to `by`, such as 'software_code'"
        other = "pass a CSV of smaller groups" if is_fixed else other
        warned.append(f"{said} Folds may be uneven: {other}, or {advice}.")
    return said, " ".join(warned)
