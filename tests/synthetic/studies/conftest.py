"""A small set of studies."""

import pytest

from tests.support.quick_studies import write_quick_studies


@pytest.fixture(scope="session")
def quick_studies(tmp_path_factory):
    return write_quick_studies(
        tmp_path_factory.mktemp("studies") / "set", n_train=10, n_valid=2, seed=5
    )
