"""Wording of the answers: counts of labels, classes and parameters."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mrnet_features.evaluation.checklists.answers import count_labels, describe_estimator, join


def test_lists_are_joined_in_words():
    assert join(["a", "b"]) == "a and b"
    assert join(str(k) for k in range(3)) == "0, 1 and 2"


def test_positives_are_counted_among_labelled_exams_alone():
    labels = pd.DataFrame({"acl": [0, 1, 1, np.nan], "meniscus": [1, 0, 0, 0]})
    text = count_labels(labels)
    assert text.startswith("4 exams")
    assert "2 of 3 labelled exams of 'acl' (66.7 %)" in text
    assert "1 of 4 exams of 'meniscus' (25.0 %)" in text


def test_labels_between_0_and_1_have_a_mean_and_no_count():
    labels = pd.DataFrame({"acl": [0.2, 0.6, 1, np.nan], "meniscus": [1, 0, 0, 0]})
    text = count_labels(labels)
    assert "positive: 1 of 4 exams of 'meniscus' (25.0 %)" in text
    assert "mean label from 0 to 1: 0.600 of 3 labelled exams of 'acl'" in text


def test_a_task_without_labels_has_no_percentage():
    assert count_labels(pd.DataFrame({"acl": [np.nan]})).endswith("0 of 0 labelled exams of 'acl'")


def test_nested_parameters_are_listed_without_seeds():
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, random_state=5))
    text = describe_estimator(model)
    assert text.startswith("Pipeline(")
    assert "StandardScaler(copy=True" in text
    assert "C=0.3" in text
    assert "random_state" not in text


def test_objects_are_named_by_type_and_long_values_are_cut():
    class Odd:
        def __repr__(self):
            raise AssertionError("repr must not run")

    class Model:
        def get_params(self, deep=True):
            return {"odd": Odd(), "long": "x" * 10**6, "many": list(range(10**4)), "call": len}

    text = describe_estimator(Model())
    assert "odd=Odd" in text
    assert "call=len" in text
    assert len(text) < 400


def test_a_class_without_parameters_is_named():
    assert describe_estimator(object()) == "object"
