"""Provenance: equal studies have equal hashes, and what differs is seen in one of them."""

import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

import mrnet_features as mf
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.part import LeftOut, Part
from mrnet_features.report.review.provenance import describe_provenance
from tests.support.tables import plant_signal

FEATURES, LABELS = plant_signal(60)
MODEL = mf.logistic_baseline()


def describe(evaluation, **options):
    part, *left_out = describe_provenance(collect_inputs(evaluation, **options))
    assert isinstance(part, Part)
    assert all(isinstance(item, LeftOut) for item in left_out)
    return part, left_out


def fit(features=FEATURES, labels=LABELS, model=MODEL, **options):
    return mf.cross_validate(model, features, labels, n_splits=2, n_repeats=1, **options)


@pytest.fixture(scope="module")
def facts():
    return describe(fit(), features=FEATURES)[0].facts


def test_the_same_study_has_the_same_hashes_whatever_the_order_of_its_exams(facts):
    again = describe(fit(FEATURES[::-1], LABELS[::-1]), features=FEATURES[::-1])[0].facts
    assert {**again, "date": ""} == {**facts, "date": ""}


def test_a_flipped_label_changes_the_hashes_of_its_exam_alone(facts):
    labels = LABELS.copy()
    labels.loc["0007", "one"] = 1 - labels.loc["0007", "one"]
    other = describe(fit(labels=labels), features=FEATURES)[0].facts
    assert other["labels"] != facts["labels"]
    assert other["features"] == facts["features"]
    digests = facts["digests"]
    assert [exam for exam in digests if digests[exam] != other["digests"][exam]] == ["0007"]
    assert digests["0007"][1] == other["digests"]["0007"][1]


def test_other_folds_and_other_features_are_told_apart(facts):
    folds = describe(fit(seed=1), features=FEATURES)[0].facts
    assert folds["models"]["model"]["folds"] != facts["models"]["model"]["folds"]
    assert folds["features"] == facts["features"]
    table = FEATURES.copy()
    table.iloc[3, 0] += 1
    changed = describe(fit(table), features=table)[0].facts
    assert changed["features"] != facts["features"]
    assert changed["columns"] == facts["columns"]
    assert changed["models"]["model"]["folds"] == facts["models"]["model"]["folds"]


def test_held_out_study_lists_the_exams_that_it_was_fitted_on():
    train, valid = FEATURES[:40], FEATURES[40:]
    held = mf.evaluate(MODEL, (train, LABELS[:40]), (valid, LABELS[40:]))
    part, _ = describe(held, features=FEATURES)
    assert set(part.facts["digests"]) == set(FEATURES.index)
    assert None not in part.facts["digests"]["0003"]
    assert "folds" not in part.facts["models"]["model"]


def test_recipe_and_pixels_are_those_of_the_table():
    table = FEATURES.copy()
    recipe = {"families": [{"name": "fluid", "thresholds": [192]}], "planes": ["axial"]}
    table.attrs["provenance"] = {
        "recipe": recipe,
        "recipe_digest": "0123abcd",
        "data_fingerprint": "fedc",
        "device": "cpu",
        "versions": {"numpy": "1.0"},
        "fingerprints": ["aa"] * 60,
    }
    part, left_out = describe(fit(table), features=table)
    rows = part.tables["recipe"].set_index("part")["value"]
    assert rows.to_dict() == {"family fluid": "thresholds: 192", "planes": "axial"}
    listed = part.tables["all"].set_index("what")["value"]
    assert listed["hash of the pixels"] == "fedc"
    assert listed["features computed with"] == "numpy 1.0"
    assert "fingerprints" not in part.facts["extraction"]
    assert not left_out


@pytest.mark.parametrize("options", [{}, {"features": FEATURES}])
def test_a_table_without_recipe_is_left_out_with_its_argument(options):
    part, left_out = describe(fit(), **options)
    assert [item.argument for item in left_out] == ["features="]
    assert "recipe" not in part.tables


def test_parameters_are_those_of_the_fits_and_random_states_are_counted():
    forest = RandomForestClassifier(n_estimators=3, max_depth=2)
    part, _ = describe({"forest": fit(model=forest), "linear": fit()})
    rows = part.tables["parameters"].drop_duplicates(["model", "parameter"])
    assert set(rows["task"]) == {"all"}
    rows = rows.set_index(["model", "parameter"])
    assert rows.loc[("forest", "max_depth"), "value"] == "2"
    assert rows.loc[("forest", "random_state"), "value"] == "another one for each fit"
    assert rows.loc[("linear", "C"), "value"] == "1.0"
    assert part.facts["models"]["forest"]["n_fits"] == 4


def test_models_that_differ_between_tasks_are_listed_by_task():
    models = {"one": mf.logistic_baseline(), "two": RandomForestClassifier(n_estimators=2)}
    part, _ = describe(fit(model=models))
    kinds = part.tables["parameters"].groupby("task")["classifier"].first()
    assert kinds.to_dict() == {"one": "ScaledLogistic", "two": "RandomForestClassifier"}


def test_groups_and_weights_have_hashes():
    groups = pd.Series(range(30), index=FEATURES.index[:30]).reindex(FEATURES.index, fill_value=30)
    plain = describe(fit())[0].facts["models"]["model"]
    grouped = describe(fit(sample_weight=pd.Series(1.0, LABELS.index), groups=groups))
    found = grouped[0].facts["models"]["model"]
    assert plain["groups"] is None
    assert plain["sample_weight"] is None
    assert None not in (found["groups"], found["sample_weight"])


def test_features_of_a_held_out_study_must_hold_its_training_exams():
    held = mf.evaluate(MODEL, (FEATURES[:40], LABELS[:40]), (FEATURES[40:], LABELS[40:]))
    with pytest.raises(ValueError, match="lacks 40 of 60: '0000'"):
        describe(held, features=FEATURES[40:])
