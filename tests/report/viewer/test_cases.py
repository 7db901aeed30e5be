"""Arguments of the viewer: what is matched, what is refused."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.models import logistic_baseline
from mrnet_features.report.viewer.cases import collect_cases
from mrnet_features.report.viewer.exam import describe_contributions
from tests.support.viewed_exams import ACL, FLUID, OWN, evaluate_exams, make_stack, write_exams


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_exams(tmp_path_factory.mktemp("exams"))


@pytest.fixture(scope="module")
def evaluated(dataset):
    return evaluate_exams(dataset)


def test_labels_and_scores_are_matched_by_id(dataset, evaluated):
    evaluation, _ = evaluated
    cases = collect_cases(dataset, evaluation, ids=["0003", "0001"])
    view = cases.list_exams(list(cases.exams))
    assert [exam["id"] for exam in view["exams"]] == ["0003", "0001"]
    scores = evaluation.predictions.set_index("exam")["acl"]
    assert view["exams"][0]["scores"]["acl"] == scores["0003"]
    assert view["exams"][0]["labels"] == {"abnormal": 1, "acl": 0}


def test_scores_are_the_mean_over_repeats(dataset):
    table = pd.DataFrame({"exam": ["0000"] * 2, "repeat": [0, 1], "fold": 0, "acl": [0.2, 0.6]})
    view = collect_cases(dataset, table).list_exams(["0000"])
    assert view["exams"][0]["scores"] == {"abnormal": None, "acl": pytest.approx(0.4)}


def test_what_is_missing_is_none(dataset):
    scores = pd.DataFrame({"acl": [np.nan, 0.5]}, index=["0000", "0001"])
    unlabelled = mf.Dataset(dataset.exams[:3], pd.DataFrame())
    view = collect_cases(unlabelled, scores).list_exams(["0000", "0002"])
    assert view["tasks"] == ["acl"]
    for exam in view["exams"]:
        assert exam["labels"] == exam["scores"] == {"acl": None}
    assert collect_cases(dataset.exams[0]).list_exams(["0000"])["tasks"] == []


def test_labels_of_the_evaluation_stand_in_for_those_of_the_dataset(dataset, evaluated):
    unlabelled = mf.Dataset(dataset.exams, pd.DataFrame())
    view = collect_cases(unlabelled, evaluated[0]).list_exams(["0001"])
    assert view["exams"][0]["labels"] == {"abnormal": 1, "acl": 1}


def test_corrected_labels_are_shown_in_place_of_those_of_the_dataset(dataset, evaluated):
    evaluation, _ = evaluated
    corrected = dataclasses.replace(evaluation, labels=1 - evaluation.labels)
    for exam in collect_cases(dataset, corrected).list_exams(list(corrected.labels.index))["exams"]:
        assert exam["labels"]["acl"] == 1 - evaluation.labels.loc[exam["id"], "acl"]


def test_contributions_are_those_of_the_evaluation(dataset, evaluated):
    evaluation, table = evaluated
    detail = collect_cases(dataset, evaluation, table).describe("0001").detail
    found = {each["column"]: each for each in detail["contributions"]["acl"]}
    expected = mf.explain_predictions(evaluation, table, exams=["0001"]).frame()
    expected = expected[expected["task"] == "acl"].set_index("column")["contribution"]
    for column in (ACL, FLUID, OWN):
        assert found[column]["contribution"] == pytest.approx(expected[column])
    assert found[ACL]["phrase"] == mf.describe_columns([ACL]).loc[ACL, "phrase"] != ACL
    assert found[OWN]["phrase"] == OWN
    assert found[OWN]["unmarked"] == "It has no mark."
    assert found[FLUID]["unmarked"] == ""
    assert detail["marks"][FLUID]["plane"] == "axial"


def test_a_series_that_an_exam_lacks_is_told_from_a_value_that_it_lacks():
    row = {"task": "acl", "column": FLUID, "value": np.nan, "contribution": 0.1}
    for planes, value in (["coronal"], "series missing"), (["axial"], "no value"):
        (found,) = describe_contributions(pd.DataFrame([row]), planes, {}, "baseline")["acl"]
        assert found["value"] == value


def test_contributions_that_are_not_listed_are_summed(dataset, evaluated, monkeypatch):
    evaluation, table = evaluated
    cases = collect_cases(dataset, evaluation, table)
    assert cases.describe("0001").detail["others"] == {}  # all three are listed
    monkeypatch.setattr("mrnet_features.report.viewer.cases.TOP", 1)
    detail = cases.describe("0001").detail
    explained = mf.explain_predictions(evaluation, table, exams=["0001"])
    for task in ("abnormal", "acl"):
        (listed,) = detail["contributions"][task]
        others = detail["others"][task]
        total = (explained.log_odds - explained.baseline).loc["0001", task]
        assert others["n"] == 2
        assert others["sum"] + listed["contribution"] == pytest.approx(total, abs=1e-5)


def test_columns_of_other_families_are_told_once(dataset, evaluated):
    evaluation, table = evaluated
    with pytest.warns(UserWarning, match=r"2 of 3 columns .* such as those of 'fluid', 'ligament'"):
        cases = collect_cases(dataset, evaluation, table, families="minimal")
    assert cases.describe("0001").detail["marks"] == {}


def test_a_hold_out_is_shown_with_its_contributions(dataset, evaluated):
    _, table = evaluated
    model = logistic_baseline()
    labels = dataset.labels
    result = mf.evaluate(model, (table[:14], labels[:14]), (table[14:], labels[14:]))
    cases = collect_cases(dataset[14:], result, table)
    shown = cases.list_exams(["0015"])["exams"][0]["scores"]["acl"]
    assert shown == result.predictions.loc["0015", "acl"]
    found = cases.describe("0015").detail["contributions"]["acl"]
    assert {each["column"] for each in found} == set(table.columns)


def test_findings_are_listed_by_exam(dataset):
    row = {"exam": "0002", "plane": "axial", "code": "noise", "severity": "check", "unit": "SD"}
    findings = pd.DataFrame([{**row, "value": 5.0, "advice": "<b>look</b>", "split": ""}])
    cases = collect_cases(dataset, findings=findings)
    assert cases.list_exams(["0002"])["exams"][0]["codes"] == ["noise"]
    assert cases.describe("0002").detail["findings"][0]["advice"] == "<b>look</b>"
    assert cases.describe("0001").detail["findings"] == []


def test_a_mapping_of_stacks_is_an_exam():
    stacks = {"sagittal": make_stack((3, 64, 64)), "axial": make_stack((1, 32, 40))}
    detail = collect_cases(stacks).describe("exam").detail
    assert [(each["plane"], each["height"]) for each in detail["planes"]] == [
        ("axial", 32),
        ("sagittal", 64),
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"data": "MRNet-v1.0"}, TypeError, "a Dataset, an Exam, or a mapping"),
        ({"ids": ["9999"]}, KeyError, "no exam '9999'. Near ids: 0019"),
        ({"ids": []}, ValueError, "no exam to show"),
        ({"data": {"axial": None}, "ids": ["a"]}, ValueError, "got a single exam"),
        ({"evaluation": pd.DataFrame({"acl": [0.1]}, index=["7"])}, ValueError, "same dataset"),
        (
            {"evaluation": pd.DataFrame({"acl": [1.7]}, index=["0000"])},
            ValueError,
            "got 1.7",
        ),
        ({"evaluation": pd.DataFrame({"acl": [np.inf]}, index=["0000"])}, ValueError, "0 to 1"),
        ({"evaluation": pd.DataFrame({"acl": [0.1] * 2}, index=["0"] * 2)}, ValueError, "'0'"),
        (
            {"evaluation": pd.DataFrame({"exam": "0", "repeat": 0, "fold": [0, 1], "acl": 0.5})},
            ValueError,
            "'0'",
        ),
        ({"evaluation": "predictions.csv"}, TypeError, "Read files with `read_predictions`"),
        ({"findings": [1]}, TypeError, "must be the table of `audit`, got list"),
        ({"features": pd.DataFrame()}, ValueError, "or leave `features` out"),
        ({"findings": pd.DataFrame({"exam": []})}, ValueError, "got none named plane, code"),
    ],
)
def test_wrong_arguments_are_refused(dataset, arguments, error, message):
    with pytest.raises(error, match=message):
        collect_cases(**{"data": dataset, **arguments})
