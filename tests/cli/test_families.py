"""`mrnet-features families`."""

import json

from mrnet_features.families.presets import discover_families
from tests.support.command_line import run


def test_all_families_are_listed():
    done = run("families")
    assert done.status == 0
    assert all(name in done.stdout for name in discover_families())
    assert set(json.loads(run("families", "--json").stdout)) == set(discover_families())


def test_the_statistics_of_a_family_are_listed():
    statistics = json.loads(run("families", "ngtdm", "--json").stdout)
    assert "coarseness" in statistics
    assert {"formula", "unit", "range"} <= set(statistics["coarseness"])
