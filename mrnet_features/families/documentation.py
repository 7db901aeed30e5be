"""Statistics of a family in a table and in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple


class Words(NamedTuple):
    """A statistic in plain words.

    Attributes
    ----------
    phrase : str
        A few words, such as ``"brightest fluid"``. ``{0}``, ``{1}`` ... stand for the parts of the
        statistic's name that were ``*`` in the pattern (``{0:+1}`` counts from 1), the name of a
        parameter in braces for its value, and ``{where}`` for the region, which else follows.
    higher : str, default ""
        What a higher value means, such as ``"more fluid"``; empty if it has no plain meaning.
    meaning : str, default the phrase
        What is measured, in one sentence without its full stop.
    stack : str, default "from all slices together"
        How slices come together if the statistic describes the whole stack.
    """

    phrase: str
    higher: str = ""
    meaning: str = ""
    stack: str = "from all slices together"


FIRST_ORDER: Mapping[str, Words] = {
    "mean": Words("mean @", "brighter"),
    "var": Words("variance of @s", "more contrast"),
    "skew": Words("skewness of @s", "few bright pixels among many dark ones"),
    "kurt": Words("kurtosis of @s", "more very dark or very bright pixels"),
    "median": Words("median @", "brighter"),
    "min": Words("lowest @", "the darkest pixel is brighter"),
    "p10": Words("10th percentile of @s", "dark tissue is brighter"),
    "p90": Words("90th percentile of @s", "bright tissue is brighter"),
    "max": Words("highest @", "the brightest pixel is brighter"),
    "iqr": Words("interquartile range of @s", "more contrast"),
    "range": Words("range of @s", "more contrast"),
    "mad": Words("mean deviation of @s", "more contrast"),
    "rmad": Words("robust mean deviation of @s", "more contrast"),
    "medad": Words("mean deviation from median @", "more contrast"),
    "cov": Words("relative spread of @s", "more contrast for the brightness"),
    "qcod": Words("quartile spread of @s", "more contrast for the brightness"),
}
"""Words of `mrnet_features.formulas.first_order.describe_first_order`, for `fill_nouns`."""


class Star(str):
    """Text of a ``*`` in a pattern; a format such as ``+1`` or ``*180/9`` is arithmetic on it."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        """Text with ``p`` between digits as a decimal point, or the result of the arithmetic."""
        if spec.startswith("+"):
            return str(int(self) + int(spec))
        if spec.startswith("*"):
            first, _, second = spec[1:].partition("/")
            return f"{int(self) * int(first) / int(second or 1):.3g}"
        return re.sub(r"(?<=\d)p(?=\d)", ".", self)


def match_pattern(patterns: Iterable[str], statistic: str) -> tuple[str, tuple[Star, ...]] | None:
    """Pattern of a statistic, and the texts that its stars stand for.

    Parameters
    ----------
    patterns : iterable of str
        ``*`` stands for any text.
    statistic : str

    Returns
    -------
    tuple of str and tuple of Star, or None
        The pattern with most letters that fits, or None.

    Examples
    --------
    >>> match_pattern(["fraction_*", "core_*"], "core_1p25")
    ('core_*', ('1p25',))
    """
    for pattern in sorted(patterns, key=lambda text: len(text.replace("*", "")), reverse=True):
        found = re.fullmatch("(.+)".join(map(re.escape, pattern.split("*"))), statistic)
        if found:
            return pattern, tuple(map(Star, found.groups()))
    return None


def fill_nouns(
    words: Mapping[str, Words], nouns: Mapping[str, tuple[str, str]]
) -> dict[str, Words]:
    """Words of each statistic for each of several nouns.

    Parameters
    ----------
    words : mapping of str to Words
        By pattern. ``@`` in a pattern stands for the key of a noun, elsewhere for the noun.
    nouns : mapping of str to tuple of str
        A short noun for phrases, and a longer one for meanings.

    Returns
    -------
    dict of str to Words

    Examples
    --------
    >>> fill_nouns({"core_@": Words("thick @")}, {"192": ("fluid", "fluid")})["core_192"].phrase
    'thick fluid'
    """
    return {
        pattern.replace("@", key): Words(
            phrase.replace("@", short),
            higher.replace("@", short),
            (meaning or phrase).replace("@", long),
            stack.replace("@", long),
        )
        for pattern, (phrase, higher, meaning, stack) in words.items()
        for key, (short, long) in nouns.items()
    }


def word_emphases(
    names: Sequence[str], few: str, many: str, each: str, things: str, value: str, matrix: str
) -> dict[str, Words]:
    """Words of the sixteen statistics of a level matrix.

    Parameters
    ----------
    names : sequence of 16 str
        As for `mrnet_features.formulas.level_matrix.describe_emphases`.
    few, many, each : str
        What has small values, large values and any value; ``{}`` stands for "dark " or "bright ".
    things : str
        What the matrix counts.
    value : str
        What is counted of them besides their level.
    matrix : str
        Name of the matrix.

    Returns
    -------
    dict of str to Words
    """
    kinds = [
        *(kind.format("") for kind in (few, many)),
        *(each.format(level) for level in ("dark ", "bright ")),
        *(kind.format(level) for kind in (few, many) for level in ("dark ", "bright ")),
    ]
    rest = (
        (f"grey non-uniformity of {things} (sum)", f"few levels dominate the {things}"),
        (f"grey non-uniformity of {things}", f"few levels dominate the {things}"),
        (f"{value} non-uniformity of {things} (sum)", f"the {things} are more alike in {value}"),
        (f"{value} non-uniformity of {things}", f"the {things} are more alike in {value}"),
        (f"number of {things} per pixel", "finer texture"),
        (f"grey variance of {things}", f"the {things} differ more in level"),
        (f"{value} variance of {things}", f"the {things} differ more in {value}"),
        (f"entropy of {things}", f"the {things} are more varied"),
    )
    emphases = [(kind, f"more {kind}", f"emphasis of {kind} ({matrix})") for kind in kinds]
    others = [(phrase, higher, f"{phrase} ({matrix})") for phrase, higher in rest]
    return {name: Words(*text) for name, text in zip(names, emphases + others, strict=True)}


def read_statistics(cls: type[Any]) -> list[dict[str, str]]:
    """Rows of the table in the docstring of a family.

    Parameters
    ----------
    cls : subclass of Family

    Returns
    -------
    list of dict of str to str
        One dict per statistic, by heading; the first heading is "statistic". A ``*`` in a statistic
        stands for any text.

    Raises
    ------
    ValueError
        If the docstring has no table whose first column is "statistic".

    Examples
    --------
    >>> from mrnet_features.families.ngtdm import Ngtdm
    >>> [row["statistic"] for row in read_statistics(Ngtdm)][:2]
    ['coarseness', 'contrast']
    """
    lines = (cls.__doc__ or "").splitlines()
    rules = [k for k, line in enumerate(lines) if line.strip() and not line.strip("= ")]
    if len(rules) < 3 or not lines[rules[0] + 1].split()[:1] == ["statistic"]:
        raise ValueError(
            f"The docstring of {cls.__name__} must hold a table whose first column is "
            "'statistic', got none. Add one row for each statistic."
        )
    rule = lines[rules[0]]
    starts = [k for k, c in enumerate(rule) if c == "=" and (k == 0 or rule[k - 1] == " ")]
    ends = [*starts[1:], None]

    def cells(line: str) -> list[str]:
        return [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]

    headings = cells(lines[rules[0] + 1])
    rows: list[dict[str, str]] = []
    for line in lines[rules[1] + 1 : rules[2]]:
        row = dict(zip(headings, cells(line), strict=True))
        if row["statistic"]:
            rows.append(row)
            continue
        # a row without a name continues the row above
        rows[-1] = {key: f"{rows[-1][key]} {row[key]}".strip() for key in headings}
    return rows
