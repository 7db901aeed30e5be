"""`mrnet-features families`."""

import json

import numpy as np
import pandas as pd

from mrnet_features.families.presets import discover_families
from mrnet_features.stacks.perturbations import PERTURBATIONS
from tests.support.command_line import run
from tests.support.knees import make_knee
from tests.support.mrnet_folder import write_folder


def test_all_families_are_listed():
    done = run("families")
    assert done.status == 0
    assert all(name in done.stdout for name in discover_families())
    assert set(json.loads(run("families", "--json").stdout)) == set(discover_families())


def test_the_statistics_of_a_family_are_listed():
    statistics = json.loads(run("families", "ngtdm", "--json").stdout)
    assert "coarseness" in statistics
    assert {"formula", "unit", "range"} <= set(statistics["coarseness"])


def test_stability_is_measured_on_a_folder_and_written(tmp_path):
    root = write_folder(tmp_path / "knees")
    for k, path in enumerate(sorted(root.glob("train/*/*.npy"))):
        np.save(path, make_knee(30, (3, 64, 60), bone=90 + 7 * k, seed=k))
    out = tmp_path / "icc.csv"
    arguments = ("intensity", "--stability", "--root", root, "--out", out, "--jobs", 1)
    done = run("families", *arguments)
    assert done.status == 0
    assert f"all ICCs are in '{out}'" in done.stdout
    table = pd.read_csv(out, index_col="column")
    assert list(table.columns) == [*PERTURBATIONS, "least"]
    assert table["least"].equals(table[list(PERTURBATIONS)].min(axis=1, skipna=False))
    shares = json.loads(run("families", *arguments, "--json").stdout)
    assert set(shares) == {"intensity", "all"}
    assert shares["all"]["shift"] >= shares["all"]["least"]


def test_options_that_would_count_for_nothing_are_refused():
    for arguments, message in (
        (("glcm", "--root", "."), "'--root': goes with --stability."),
        (("--out", "a.csv"), "'--out': goes with --stability."),
        (("--cost", "--stability"), "'--cost': can't be combined with --stability."),
        (("glcm", "--cost"), "'--cost': goes without NAME"),
    ):
        done = run("families", *arguments)
        assert done.status == 2
        assert message in done.stderr


def test_a_folder_and_families_that_do_not_exist_are_named(tmp_path):
    missing = run("families", "--stability", "--root", tmp_path / "no", "--out", tmp_path / "a.csv")
    assert missing.status == 1
    assert "no" in missing.stderr
    unknown = run("families", "fog", "--stability", "--out", tmp_path / "a.csv")
    assert unknown.status == 2
    assert "fog" in unknown.stderr
    assert list(tmp_path.iterdir()) == []
