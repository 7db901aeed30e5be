"""Sentences about coverage in the README and the documentation are those of the results file."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
from statistics_cells import CELLS  # noqa: E402
from statistics_text import BEGIN, END, list_misses, write_texts  # noqa: E402

RESULTS = json.loads((ROOT / "benchmarks" / "results" / "statistics.json").read_text())


def test_texts_are_written_from_the_results(tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "docs/statistics.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        (tmp_path / name).write_text(f"{before}{BEGIN}old{END}{rest.partition(END)[2]}")
    write_texts(RESULTS, tmp_path)
    for name in ("README.md", "docs/statistics.md"):
        assert (tmp_path / name).read_text() == (ROOT / name).read_text(encoding="utf-8")


def test_every_cell_has_its_replicates():
    found = {row["cell"]: row["n_replicates"] for row in RESULTS["cells"]}
    assert found == {cell.name: cell.n_replicates for cell in CELLS}


def test_independent_code_gives_the_same_scores():
    assert {row["table"] for row in RESULTS["tables"]} == {"breast cancer", "digits"}
    assert max(row["largest_difference"] for row in RESULTS["tables"]) < 1e-12


@pytest.mark.parametrize(
    ("value", "n_replicates", "is_missed"),
    [(0.93, 1000, False), (0.915, 1000, False), (0.913, 1000, True), (0.985, 300, False)],
)
def test_a_miss_is_two_monte_carlo_errors_outside(value, n_replicates, is_missed):
    row = {
        "cell": "base",
        "n_replicates": n_replicates,
        "coverage": {"task": value, "task, fitted models given": 0.5},
        "type_1_error": {},
    }
    assert bool(list(list_misses({"cells": [row]}))) == is_missed
