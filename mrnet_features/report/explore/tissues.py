"""What tissues look like on T1, T2 and PD sequences, and the sequence of each series."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from mrnet_features.messages import name_some, quote
from mrnet_features.names import is_series, parse_series

__all__ = [
    "MRNET_SEQUENCES",
    "SEQUENCES",
    "SIGNALS",
    "check_sequences",
    "describe_sequence",
    "find_sequences",
    "find_signal",
    "list_signals",
]

LEVELS = ("dark", "dark to intermediate", "intermediate", "intermediate to bright", "bright")
"""Signals from dark to bright."""

SEQUENCES = ("T1", "T1 fs", "T2", "T2 fs", "PD", "PD fs")
"""Spin-echo sequences; PD is proton density, fs is with fat saturation."""

SIGNALS: Mapping[str, tuple[str, str, str, str, str, str]] = {
    "fat": ("bright", "dark", "intermediate to bright", "dark", "bright", "dark"),
    "marrow": ("bright", "dark", "intermediate to bright", "dark", "bright", "dark"),
    "fluid": (
        "dark to intermediate",
        "dark to intermediate",
        "bright",
        "bright",
        "intermediate to bright",
        "bright",
    ),
    "muscle": (
        "intermediate",
        "intermediate",
        "dark to intermediate",
        "intermediate",
        "intermediate",
        "intermediate",
    ),
    "cortical bone": ("dark",) * 6,
    "ligament": ("dark",) * 6,
    "meniscus": ("dark",) * 6,
    "air": ("dark",) * 6,
}
"""Signal of each tissue, a word of `LEVELS`, on each of `SEQUENCES`."""

MRNET_SEQUENCES: Mapping[str, str] = {"axial": "PD fs", "coronal": "T1", "sagittal": "T2 fs"}
"""Sequence of each plane of MRNet."""

WEIGHTED_SEQUENCES: Mapping[str, tuple[str, ...]] = {
    "fluid": ("T2 fs", "PD fs"),
    "structural": ("T1", "PD"),
}
"""Sequences that a series with a weighting in its name may have; as a sequence, the name of the
weighting stands for what they have in common."""

SHOWS_FLUID = ("T2 fs", "PD fs", "fluid")
"""Sequences on which fluid is the brightest tissue, so that it can be found by its brightness."""


def list_signals(sequence: str | None = None) -> pd.DataFrame:
    """Table of what tissues look like on spin-echo sequences.

    Parameters
    ----------
    sequence : str, optional
        One of "T1", "T1 fs", "T2", "T2 fs", "PD" and "PD fs"; default: all. PD is proton density,
        fs is with fat saturation.

    Returns
    -------
    DataFrame
        Index: tissue. One column per sequence with "dark", "dark to intermediate",
        "intermediate", "intermediate to bright" or "bright".

    Raises
    ------
    ValueError
        If there is no such sequence.

    Examples
    --------
    >>> list_signals("T2 fs").loc[["fat", "fluid", "muscle"], "T2 fs"].tolist()
    ['dark', 'bright', 'intermediate']
    """
    index = pd.Index(list(SIGNALS), name="tissue")
    table = pd.DataFrame(list(SIGNALS.values()), index=index, columns=list(SEQUENCES))
    return table if sequence is None else table[[_check_sequence(sequence)]]


def describe_sequence(sequence: str) -> str:
    """Name of a sequence in words.

    Examples
    --------
    >>> describe_sequence("T2 fs"), describe_sequence("PD")
    ('T2 with fat saturation', 'proton density')
    >>> describe_sequence("fluid"), describe_sequence("structural")
    ('T2 or proton density with fat saturation', 'T1 or proton density')
    """
    if sequence in WEIGHTED_SEQUENCES:
        names = [name.removesuffix(" fs") for name in WEIGHTED_SEQUENCES[sequence]]
        words = " or ".join(map(describe_sequence, names))
        return f"{words} with fat saturation" if sequence == "fluid" else words
    weighting = sequence.removesuffix(" fs").replace("PD", "proton density")
    return f"{weighting} with fat saturation" if sequence.endswith(" fs") else weighting


def find_signal(tissue: str, sequence: str) -> str:
    """Signal of a tissue on a sequence.

    Parameters
    ----------
    tissue : str
        A key of `SIGNALS`.
    sequence : str
        One of `SEQUENCES`, or a key of `WEIGHTED_SEQUENCES`.

    Returns
    -------
    str
        A word of `LEVELS`; empty if the sequences of a weighting differ.

    Examples
    --------
    >>> find_signal("fat", "PD fs"), find_signal("fat", "structural")
    ('dark', 'bright')
    >>> find_signal("fluid", "structural")
    ''
    """
    names = WEIGHTED_SEQUENCES.get(sequence, (sequence,))
    words = {SIGNALS[tissue][SEQUENCES.index(name)] for name in names}
    return words.pop() if len(words) == 1 else ""


def check_sequences(sequences: Mapping[str, str | None] | None) -> dict[str, str]:
    """Sequence of each plane and of other series that are given; planes not given are MRNet's.

    Parameters
    ----------
    sequences : mapping of series to str or None, optional
        None as the sequence of a series: unknown, nothing is expected there.

    Returns
    -------
    dict of str to str
        Without the series whose sequence is unknown.

    Raises
    ------
    ValueError
        If a plane or a sequence does not exist.

    Examples
    --------
    >>> check_sequences({"sagittal": "PD", "axial": None})
    {'coronal': 'T1', 'sagittal': 'PD'}
    """
    given = dict(sequences or {})
    unknown = [series for series in given if not is_series(series)]
    if unknown:
        raise ValueError(
            f"`sequences` must name some of the planes {', '.join(MRNET_SEQUENCES)}, or series of "
            f"them such as 'sagittal_fluid', got {name_some(unknown)}."
        )
    chosen = {**MRNET_SEQUENCES, **given}
    return {plane: _check_sequence(name) for plane, name in chosen.items() if name is not None}


def find_sequences(
    series: Iterable[str], sequences: Mapping[str, str | None] | None
) -> dict[str, str]:
    """Sequence of each series of a set, as given, else by the weighting in its name.

    Parameters
    ----------
    series : iterable of str
    sequences : mapping of series to str or None, optional
        As for `check_sequences`.

    Returns
    -------
    dict of str to str
        One of `SEQUENCES` or a key of `WEIGHTED_SEQUENCES`; without the series whose sequence is
        unknown.

    Examples
    --------
    >>> find_sequences(["axial", "axial_dess", "sagittal_fluid"], None)
    {'axial': 'PD fs', 'sagittal_fluid': 'fluid'}
    >>> find_sequences(["coronal_fluid", "sagittal_fluid"], {"coronal_fluid": None})
    {'sagittal_fluid': 'fluid'}
    """
    checked, given = check_sequences(sequences), sequences or {}
    found: dict[str, str] = {}
    for name in series:
        of_name = "" if name in given else parse_series(name).known_weighting
        sequence = checked.get(name, of_name if name not in MRNET_SEQUENCES else "")
        if sequence:
            found[name] = sequence
    return found


def _check_sequence(sequence: str) -> str:
    if sequence not in SEQUENCES:
        raise ValueError(
            f"A sequence must be one of {', '.join(SEQUENCES)}, got {quote(sequence)}. fs stands "
            "for fat saturation."
        )
    return sequence
