"""Fingerprints that lack fields are linked where one group fits, in any order of the exams."""

import numpy as np
import pandas as pd

from mrnet_features.data.headers.partial_fingerprints import find_doubtful, join, link_partial


def group(prints):
    exams = pd.Index(list(prints))
    links = [(exam, ("print", one)) for exam, kept in prints.items() for one in kept]
    numbers = join(exams, [*links, *link_partial(exams, prints, links)])
    return {frozenset(part.index) for _, part in numbers.groupby(numbers)}, numbers


def test_the_order_of_the_exams_changes_nothing():
    rng = np.random.default_rng(0)
    fields = [["GE", "Siemens", None], ["x", "y", "z", None], [1.5, 3.0, None]]
    prints = {
        exam: {tuple(column[rng.integers(len(column))] for column in fields)} for exam in range(30)
    }
    prints = {exam: kept for exam, kept in prints.items() if kept != {(None, None, None)}}
    expected, _ = group(prints)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(list(prints)).tolist()
        assert group({exam: prints[exam] for exam in order})[0] == expected


def test_a_vague_fingerprint_that_fits_one_scanner_is_not_in_doubt():
    prints = {"a": {("GE", "x")}, "b": {("GE", None)}, "c": {("Siemens", "y")}}
    groups, numbers = group(prints)
    assert groups == {frozenset("ab"), frozenset("c")}
    assert find_doubtful(prints, numbers.to_dict()) == []
    prints["d"] = {("GE", "z")}
    groups, numbers = group(prints)
    assert groups == {frozenset("a"), frozenset("b"), frozenset("c"), frozenset("d")}
    assert find_doubtful(prints, numbers.to_dict()) == ["b"]
