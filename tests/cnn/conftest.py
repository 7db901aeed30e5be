import pytest

from tests.support.bright_squares import make_squares

QUICK = {"n_splits": 2, "resolution": 64, "progress": False}


@pytest.fixture(scope="session")
def squares():
    return make_squares()


@pytest.fixture(scope="session")
def squares_run(squares):
    """Cross-validated network that finds the planted squares."""
    pytest.importorskip("torch", reason="the extra `cnn` is not installed")
    from mrnet_features import cross_validate_cnn

    return cross_validate_cnn(*squares, epochs=25, n_jobs=1, **QUICK)
