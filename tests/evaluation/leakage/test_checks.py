"""Leakage checks: each code is found where it is planted, and nothing in an ordinary table."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation import cross_validate
from mrnet_features.evaluation.leakage import checks
from mrnet_features.evaluation.leakage.checks import CODES, check_leakage, find_repeated_rows
from mrnet_features.models import logistic_baseline


def make_tables(n_exams=120, n_features=15, seed=0, signal=1.0):
    rng = np.random.default_rng(seed)
    exams = [f"{i:04d}" for i in range(n_exams)]
    hidden = rng.normal(size=(n_exams, 3))
    X = rng.normal(size=(n_exams, n_features))
    X[:, :3] += signal * hidden
    labels = pd.DataFrame((hidden > 0.3).astype(int), exams, ["abnormal", "acl", "meniscus"])
    names = [f"axial__knee__glcm__s{k}__mean" for k in range(n_features)]
    return pd.DataFrame(X, exams, names), labels


def test_an_ordinary_table_has_no_finding():
    assert check_leakage(*make_tables()) == []


def test_each_code_is_found_once():
    features, labels = make_tables()
    rng = np.random.default_rng(1)
    odd = features.assign(
        copy=labels["acl"] + rng.normal(0, 0.01, 120),
        reversed_copy=-labels["acl"].astype(float).where(labels["acl"] == 1),
        id=np.arange(120.0),
    )
    found = {(s.code, s.subject) for s in check_leakage(odd, labels)}
    assert found == {
        ("single-column", "copy"), ("single-column", "reversed_copy"), ("exam-order", "id")
    }  # fmt: skip


def test_acquisition_columns_that_explain_a_task_are_found():
    features, labels = make_tables(signal=0.0, n_exams=300)
    rng = np.random.default_rng(0)
    slices = labels["abnormal"] + rng.normal(size=300)
    shortcut = features.assign(axial__knee__acquisition__n_slices__stack=slices)
    found = check_leakage(shortcut, labels)
    assert [(s.code, s.subject) for s in found] == [("acquisition", "abnormal")]
    assert "with and without" in found[0].text
    real, _ = make_tables(signal=3.0, n_exams=300)
    honest = real.assign(axial__knee__acquisition__n_slices__stack=rng.normal(size=300))
    assert check_leakage(honest, labels) == []


def test_duplicates_across_splits():
    train, valid = make_tables()[0], make_tables(30, seed=1)[0].rename(lambda e: f"1{e[1:]}")
    valid.iloc[3] = train.iloc[7] * (1 + 1e-9)
    valid.iloc[4] = valid.iloc[5].to_numpy()
    pairs = find_repeated_rows({"train": train, "valid": valid[train.columns[::-1]]})
    assert pairs.values.tolist() == [
        ["train", "0007", "valid", "1003"],
        ["valid", "1004", "valid", "1005"],
    ]
    assert len(find_repeated_rows({"train": train})) == 0
    with pytest.raises(ValueError, match="same columns, got others in 'valid'"):
        find_repeated_rows({"train": train, "valid": valid.iloc[:, 1:]})


def test_every_code_is_documented_and_used():
    features, labels = make_tables(signal=0.0, n_exams=300)
    rng = np.random.default_rng(0)
    odd = features.assign(
        axial__knee__acquisition__n_slices__stack=labels["abnormal"] + 0.5 * rng.normal(size=300),
        copy=labels["acl"].astype(float),
        number=np.arange(300.0),
    )
    odd.iloc[7] = odd.iloc[8]
    found = check_leakage(odd, labels)
    assert {finding.code for finding in found} <= set(CODES)
    assert {"single-column", "exam-order", "duplicate-rows"} <= {finding.code for finding in found}
    assert all(code in check_leakage.__doc__ for code in CODES)


def test_integer_ids_and_text_labels_are_read():
    features, labels = make_tables()
    words = labels["acl"].map({0: "intact", 1: "torn"}).set_axis(range(120))
    odd = features.set_axis(range(120)).assign(copy=labels["acl"].to_numpy())
    odd.iloc[3] = odd.iloc[4]
    found = check_leakage(odd, words, positive="torn")
    assert (found[0].code, found[0].subject) == ("single-column", "copy")
    pairs = find_repeated_rows({"train": odd})
    assert pairs.loc[0, ["exam", "other_exam"]].tolist() == [3, 4]


def test_few_exams_of_a_class_stop_one_check_of_one_task_only():
    features, labels = make_tables(signal=0.0, n_exams=300)
    rng = np.random.default_rng(0)
    odd = features.assign(
        axial__knee__acquisition__n_slices__stack=labels["abnormal"] + rng.normal(size=300),
        copy=labels["acl"].to_numpy() * 0.5,
    )
    labels = labels.assign(meniscus=(np.arange(300) < 6).astype(int)).drop(columns="acl")
    labels["copied"] = odd["copy"] * 2
    found = check_leakage(odd.iloc[::-1], labels)
    assert [(s.code, s.subject) for s in found] == [
        ("single-column", "copy"),
        ("not-run", "acquisition"),
        ("acquisition", "abnormal"),
    ]
    assert found[1].text == (
        "Check 'acquisition' could not run: 'meniscus' has 6 exams of one class, but 5 folds need "
        "10."
    )


def test_one_class_stops_the_checks_that_need_two():
    features, labels = make_tables()
    odd = features.assign(
        axial__knee__acquisition__n_slices__stack=np.arange(120) % 7, number=np.arange(120)
    )
    found = check_leakage(odd, labels[["acl"]] * 0)
    assert [(s.code, s.subject) for s in found] == [
        ("not-run", "single-column"),
        ("exam-order", "number"),
        ("not-run", "acquisition"),
    ]
    assert "all 120 exams are negative for 'acl'" in found[0].text


def test_what_was_found_is_kept_if_a_later_check_fails(monkeypatch):
    features, labels = make_tables()
    odd = features.assign(
        axial__knee__acquisition__n_slices__stack=np.arange(120) % 7, number=np.arange(120)
    )
    odd.iloc[3] = odd.iloc[4]

    def fail(*args, **kwargs):
        raise ValueError("None of 100 shuffles gave 5 folds.")

    monkeypatch.setattr(checks, "cross_validate", fail)
    found = check_leakage(odd, labels)
    assert [s.code for s in found] == ["exam-order", "not-run", "duplicate-rows"]
    assert found[1].text.endswith("could not run: None of 100 shuffles gave 5 folds.")


def test_the_smallest_numbers_count_as_zero():
    tiny = pd.DataFrame({"x": [1e-310, 0.0, 1e-3]}, index=["a", "b", "c"])
    assert find_repeated_rows({"t": tiny})[["exam", "other_exam"]].values.tolist() == [["a", "b"]]


def test_acquisition_is_compared_with_a_given_evaluation():
    features, labels = make_tables(signal=0.0, n_exams=300)
    slices = labels["abnormal"] + np.random.default_rng(0).normal(size=300)
    shortcut = features.assign(axial__knee__acquisition__n_slices__stack=slices)
    weak = cross_validate(logistic_baseline(), shortcut, labels, n_splits=3, n_repeats=1)
    found = check_leakage(shortcut, labels, whole=weak)
    assert [(s.code, s.subject) for s in found] == [("acquisition", "abnormal")]
    perfect = weak.predictions.assign(**{task: labels[task].to_numpy() for task in labels})
    strong = dataclasses.replace(weak, predictions=perfect)
    assert check_leakage(shortcut, labels, whole=strong) == []


def test_with_few_exams_a_finding_says_how_many_columns_of_noise_give_it():
    """Of 70 ways to choose four of eight exams, two separate them."""
    exams = [f"{k:04d}" for k in range(8)]
    labels = pd.DataFrame({"acl": [0, 1] * 4}, index=exams)
    noise = np.random.default_rng(0).normal(size=(8, 700))
    table = pd.DataFrame(noise, exams, [f"c{k}" for k in range(700)])
    found = [one for one in check_leakage(table, labels) if one.code == "single-column"]
    assert 8 <= len(found) <= 35  # 20 are expected
    said = "With only 8 exams, chance alone gives this to 20 of 700 columns of noise on average."
    assert all(one.text.endswith(said) for one in found)
    many = pd.DataFrame({"acl": [0, 1] * 40}, index=[f"{k:04d}" for k in range(80)])
    copy, *_ = check_leakage(many.rename(columns={"acl": "copy"}), many)
    assert copy.text.endswith("Check that it was not computed from the label.")
    order = pd.DataFrame({"number": range(4)}, index=exams[:4])
    (by_chance,) = check_leakage(order, labels[:4])  # 2 of 24 orders follow the ids
    assert "column out. With only 4 exams, chance alone gives this to 0.083 of 1" in by_chance.text
