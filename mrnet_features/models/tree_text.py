"""LightGBM's text format: trees are checked before LightGBM's own parser reads them.

That parser is written in C++ and trusts its input: a wrong size or index can end the process,
read other memory or never return. So a text is read here first, line by line, and is only handed
on if it is a sequence of sound trees of numeric columns and nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mrnet_features.messages import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_trees", "cut_trees"]

END = "end of trees\n"
MOST_LEAVES = 131_072  # LightGBM's own limit
MOST_TREES = 1_000_000
MOST_DEPTH = 1_000  # LightGBM walks through a tree recursively
LARGEST = 1e100  # sums of leaves stay finite
NUMBER = re.compile(r"-?[0-9]{1,25}(\.[0-9]{1,25})?(e[-+]?[0-9]{1,3})?")
THRESHOLD = re.compile(rf"{NUMBER.pattern}|inf")  # inf: only missing values go right
WHOLE = re.compile(r"-?[0-9]{1,10}")
RANGE = re.compile(rf"none|\[{NUMBER.pattern}:{NUMBER.pattern}\]")
# Numeric columns: which side a missing value takes (2), and what is missing: nothing, 0 or NaN.
DECISIONS = {"0", "2", "4", "6", "8", "10"}


def cut_trees(text: str) -> str:
    """Part of a booster's text that predicts: the head and the trees.

    Parameters
    ----------
    text : str
        As ``lightgbm.Booster.model_to_string`` returns it.

    Returns
    -------
    str
        Without the parameters of the fit and the importances.
    """
    before, found, _ = text.partition(END)
    return before + found


def check_trees(text: str, n_columns: int, where: str) -> None:
    """Raise unless a text holds sound LightGBM trees for a number of columns.

    Parameters
    ----------
    text : str
        As `cut_trees` returns it.
    n_columns : int
        Number of columns of the model.
    where : str
        Name of the file in the message, with its quotes.

    Raises
    ------
    ValueError
        If a line is not as LightGBM writes it, a column does not exist, a number is not finite,
        or the nodes do not form a tree.
    """
    try:
        _check_lines(_Lines(text), n_columns)
    except ValueError as error:
        raise ValueError(
            f"{where} must hold the trees of a LightGBM model with {n_columns} columns, but "
            f"{error}. Copy the file again, or fit the model again."
        ) from error


class _Lines:
    """Lines of a text, one after another, without a list of all."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.start = 0
        self.number = 0

    def next(self) -> str:
        end = self.text.find("\n", self.start)
        if end < 0:
            raise ValueError(f"it ends in line {self.number + 1}")
        line = self.text[self.start : end]
        self.start = end + 1
        self.number += 1
        return line

    def expect(self, wanted: str) -> None:
        line = self.next()
        if line != wanted:
            raise ValueError(f"line {self.number} must be {quote(wanted)}, got {quote(line)}")

    def value(self, key: str) -> str:
        line = self.next()
        name, _, value = line.partition("=")
        if name != key or "=" not in line:
            raise ValueError(f"line {self.number} must begin with '{key}=', got {quote(line)}")
        return value

    def values(self, key: str, pattern: re.Pattern[str], n_values: int) -> list[str]:
        line = self.value(key)
        n_found = line.count(" ") + 1 if line else 0  # counted first: a split may fill the memory
        if n_found != n_values:
            raise ValueError(f"line {self.number} must have {n_values} values, got {n_found}")
        found = line.split(" ") if line else []
        for value in found:
            if not pattern.fullmatch(value):
                raise ValueError(f"line {self.number} must not hold {quote(value)}")
        return found

    def numbers(self, key: str, n_values: int) -> None:
        for value in self.values(key, NUMBER, n_values):
            if abs(float(value)) > LARGEST:
                raise ValueError(f"line {self.number} must hold finite numbers, got {value}")

    def integers(self, key: str, n_values: int, least: int, most: int) -> list[int]:
        found = [int(value) for value in self.values(key, WHOLE, n_values)]
        if found and (min(found) < least or max(found) > most):
            raise ValueError(f"line {self.number} must hold numbers from {least} to {most}")
        return found


def _check_lines(lines: _Lines, n_columns: int) -> None:
    if not lines.text.isascii():
        raise ValueError("it holds other than ASCII characters")
    for wanted in ("tree", "version=v4", "num_class=1", "num_tree_per_iteration=1"):
        lines.expect(wanted)
    lines.expect("label_index=0")
    lines.expect(f"max_feature_idx={n_columns - 1}")
    lines.expect("objective=binary sigmoid:1")
    lines.expect(f"feature_names={' '.join(f'Column_{k}' for k in range(n_columns))}")
    lines.values("feature_infos", RANGE, n_columns)
    n_trees = min(lines.text.count("\nTree="), MOST_TREES)
    sizes = lines.values("tree_sizes", WHOLE, n_trees)
    at = lines.number
    if not sizes:
        raise ValueError("it holds no tree")
    lines.expect("")
    for number, size in enumerate(sizes):
        start = lines.start
        lines.expect(f"Tree={number}")
        _check_tree(lines, n_columns)
        lines.expect("")
        lines.expect("")
        if str(lines.start - start) != size:
            raise ValueError(f"line {at} must hold the sizes of the trees, got {quote(size)}")
    lines.expect(END.rstrip("\n"))
    if lines.start != len(lines.text):
        raise ValueError(f"it goes on after line {lines.number}")


def _check_tree(lines: _Lines, n_columns: int) -> None:
    (n_leaves,) = lines.integers("num_leaves", 1, 1, MOST_LEAVES)
    n_nodes = n_leaves - 1
    lines.expect("num_cat=0")
    lines.integers("split_feature", n_nodes, 0, n_columns - 1)
    lines.numbers("split_gain", n_nodes)
    lines.values("threshold", THRESHOLD, n_nodes)
    decisions = lines.values("decision_type", WHOLE, n_nodes)
    if not DECISIONS.issuperset(decisions):
        raise ValueError(f"line {lines.number} must hold splits of numeric columns")
    left = lines.integers("left_child", n_nodes, -n_leaves, n_nodes - 1)
    right = lines.integers("right_child", n_nodes, -n_leaves, n_nodes - 1)
    _check_nodes(left, right, lines.number)
    lines.numbers("leaf_value", n_leaves)
    lines.numbers("leaf_weight", n_leaves if n_nodes else 0)
    lines.integers("leaf_count", n_leaves, 0, 2**31 - 1)
    lines.numbers("internal_value", n_nodes)
    lines.numbers("internal_weight", n_nodes)
    lines.integers("internal_count", n_nodes, 1, 2**31 - 1)
    lines.expect("is_linear=0")
    lines.numbers("shrinkage", 1)


def _check_nodes(left: Sequence[int], right: Sequence[int], at: int) -> None:
    """Raise unless each leaf, and each node but the first, is the child of one earlier node."""
    # There are as many children as leaves and other nodes: without repeats none is left out.
    depths = [0] * len(left)
    seen: set[int] = set()
    for node, children in enumerate(zip(left, right, strict=True)):
        for child in children:
            if child in seen or 0 <= child <= node:
                raise ValueError(f"the nodes in line {at} do not form a tree")
            seen.add(child)
            if child >= 0:
                depths[child] = depths[node] + 1
    if max(depths, default=0) > MOST_DEPTH:
        raise ValueError(f"the tree in line {at} must have at most {MOST_DEPTH} levels")
