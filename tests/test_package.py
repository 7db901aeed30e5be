"""Public names of the package: each is loaded when it is first used."""

import importlib
import subprocess
import sys

import pytest

import mrnet_features as mf


def test_every_public_name_is_found():
    assert sorted(mf.__all__) == mf.__all__ == [name for name in dir(mf) if name[0] != "_"]
    for name in mf.__all__:
        assert getattr(mf, name).__name__ == name


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'train'"):
        _ = mf.train


def test_importing_the_package_loads_none_of_its_dependencies():
    code = (
        "import sys, mrnet_features as mf; "
        "heavy = {'numpy', 'pandas', 'sklearn', 'numba', 'lightgbm', 'scipy', 'cupy', 'torch'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
        "assert len(mf.__all__) <= 55 and set(mf.__all__) <= set(dir(mf))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_extractor_and_cross_validation_load_no_models_or_statistics():
    code = (
        "import sys, mrnet_features as mf; mf.FeatureExtractor, mf.cross_validate; "
        "unused = {'sklearn.model_selection', 'sklearn.metrics', 'sklearn.linear_model', "
        "'sklearn.pipeline', 'sklearn.dummy', 'scipy.cluster', 'lightgbm', 'matplotlib', 'rich', "
        "'mrnet_features.evaluation.checklists', 'mrnet_features.evaluation.leakage', "
        "'mrnet_features.evaluation.comparison', 'mrnet_features.models.bundle'}; "
        "assert not unused & set(sys.modules), unused & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["evaluation", "models"])
def test_the_names_of_a_room_are_found(name):
    room = importlib.import_module(f"mrnet_features.{name}")
    for public in room.__all__:
        assert getattr(room, public) is not None
    assert dir(room) == sorted(room.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'train'"):
        _ = room.train


def test_the_function_importance_is_not_hidden_by_its_folder():
    code = (
        "import mrnet_features.evaluation.importance.feature_groups; "
        "from mrnet_features.evaluation import importance; assert callable(importance)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
