"""Classifiers by name: baselines, and objects of any module."""

import sys

import pytest

from mrnet_features.workflows.named_models import MODELS, load_model

OWN = """
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

def make():
    return make_pipeline(LogisticRegression(C=0.25))

fixed = LogisticRegression(C=4)

def needs(c):
    return fixed

number = 7
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module in the working folder."""
    (tmp_path / "own_models.py").write_text(OWN)
    (tmp_path / "broken_models.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("own_models", None)


@pytest.mark.parametrize("name", MODELS)
def test_every_baseline_has_a_name(name):
    assert hasattr(load_model(name), "fit")


def test_an_object_a_function_and_a_class_make_a_classifier(own):
    assert load_model("own_models:fixed").C == 4
    assert load_model("own_models:make")[-1].C == 0.25
    assert load_model("own_models:LogisticRegression").C == 1


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("lightgmb", ValueError, "Did you mean 'lightgbm'"),
        ("own_models", ValueError, "a classifier as module:object"),
        ("own_models:mkae", ValueError, "Did you mean 'make'"),
        ("own_models:needs", ValueError, "must be made without arguments"),
        ("own_models:number", TypeError, "must have the methods `fit`"),
        ("no_models:make", ImportError, "can't be imported .No module named 'no_models'"),
        ("broken_models:make", ImportError, "division by zero"),
    ],
)
def test_what_makes_no_classifier_is_refused(own, name, error, message):
    with pytest.raises(error, match=message):
        load_model(name)
