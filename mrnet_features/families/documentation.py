"""Statistics of a family, read from the table in its docstring."""

from __future__ import annotations

from mrnet_features.families.base import Family


def read_statistics(cls: type[Family]) -> list[dict[str, str]]:
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
