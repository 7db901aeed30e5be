"""Every family of the package fulfils the contract."""

import pytest

from mrnet_features.families.presets import discover_families
from mrnet_features.testing import CHECKS

FAMILIES = discover_families()


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", FAMILIES)
def test_family_fulfils_the_contract(name, check):
    check(FAMILIES[name]())
