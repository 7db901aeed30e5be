"""Labels of a set: prevalence, co-occurrence, pairs, conflicts and shortcuts."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.evaluation.metrics.auc import measure_auc
from mrnet_features.report.explore.labels import (
    find_conflicts,
    measure_cooccurrence,
    measure_pairs,
    measure_prevalence,
    measure_shortcut,
    measure_tears,
    take_labels,
)

# exams of the release's train split (Bien et al. 2018, and its label files in total)
MRNET = {(0, 0, 0): 217, (1, 0, 0): 433, (1, 0, 1): 272, (1, 1, 0): 83, (1, 1, 1): 125}


def expand(cells, tasks=("abnormal", "acl", "meniscus")):
    rows = [cell for cell, count in cells.items() for _ in range(count)]
    return pd.DataFrame(rows, columns=list(tasks), dtype=float)


def make_dataset(labels):
    exams = tuple(Exam(f"{k:04d}", {}) for k in range(len(labels)))
    return Dataset(exams, labels.set_axis([exam.id for exam in exams]))


def test_the_cells_of_mrnet():
    table = measure_cooccurrence(expand(MRNET)).set_index(["abnormal", "acl", "meniscus"])
    assert len(table) == 8
    assert table["observed"].to_dict() == {**dict.fromkeys(table.index, 0), **MRNET}
    assert table["expected"].sum() == pytest.approx(1130)
    p = np.array([913, 208, 397]) / 1130
    assert table.loc[(1, 1, 1), "expected"] == pytest.approx(1130 * p.prod())
    assert table.loc[(0, 0, 1), ["ratio", "ci_low"]].tolist() == [0, 0]
    assert table.loc[(0, 0, 1), "ci_high"] < 0.1
    tears = measure_tears(expand(MRNET)).set_index(["acl", "meniscus"])
    assert tears.loc[(1, 1), "expected"] == pytest.approx(208 * 397 / 913)
    assert tears.loc[(1, 1), "ci_low"] > 1.2  # most ACL tears come with a meniscal tear


def test_tasks_that_repeat_each_other_have_the_reciprocal_prevalence_as_ratio():
    table = measure_cooccurrence(expand({(0, 0): 30, (1, 1): 10}, ("a", "b")))
    assert table["ratio"].tolist() == pytest.approx([1 / 0.75, 0, 0, 1 / 0.25])


@pytest.mark.parametrize(
    ("n_exams", "shares"),  # of (0, 0), (0, 1), (1, 0) and (1, 1)
    [(200, (0.2, 0.004, 0.38, 0.416)), (60, (0.72, 0.08, 0.18, 0.02))],
    ids=["rare combination", "independent, few exams"],
)
def test_nine_of_ten_intervals_and_more_hold_the_ratio_of_the_population(n_exams, shares):
    rng = np.random.default_rng(0)
    shares = np.array(shares)
    cells = [(0, 0), (0, 1), (1, 0), (1, 1)]
    of_a, of_b = shares[2:].sum(), shares[1::2].sum()
    margins = [(1 - of_a) * (1 - of_b), (1 - of_a) * of_b, of_a * (1 - of_b), of_a * of_b]
    truth = shares / margins
    hits = np.zeros(4)
    for _ in range(200):
        counts = rng.multinomial(n_exams, shares)
        table = measure_cooccurrence(expand(dict(zip(cells, counts, strict=True)), ("a", "b")))
        hits += (table["ci_low"] <= truth) & (truth <= table["ci_high"])
    assert (hits >= 180).all()


@pytest.mark.parametrize("n_tasks", [1, 2, 3, 4])
def test_any_number_of_tasks_and_missing_labels(n_tasks):
    rng = np.random.default_rng(n_tasks)
    labels = pd.DataFrame(rng.integers(0, 2, (60, n_tasks)), columns=list("abcd")[:n_tasks])
    labels = labels.astype(float)
    labels.iloc[:7, 0] = np.nan
    table = measure_cooccurrence(labels)
    assert len(table) == 2**n_tasks
    assert table["observed"].sum() == 53
    assert table["expected"].sum() == pytest.approx(53)
    assert measure_prevalence(labels)["n_missing"].tolist() == [7, *[0] * (n_tasks - 1)]
    if n_tasks == 1:
        assert table["ratio"].tolist() == pytest.approx([1, 1])
        assert table["ci_low"].isna().all()


def test_prevalence_has_wilsons_interval():
    row = measure_prevalence(expand(MRNET)).loc["acl"]
    known = binomtest(208, 1130).proportion_ci(method="wilson")
    assert row[["ci_low", "ci_high"]].tolist() == pytest.approx([known.low, known.high])


def test_pairs_are_fractions_of_the_exams_positive_for_one():
    pairs = measure_pairs(expand(MRNET)).set_index(["task", "other"])
    assert pairs.loc[("acl", "meniscus"), "fraction"] == pytest.approx(125 / 208)
    assert pairs.loc[("meniscus", "acl"), "fraction"] == pytest.approx(125 / 397)
    assert pairs.loc[("acl", "abnormal"), "n_both"] == 208


def test_a_tear_without_abnormal_is_a_conflict():
    labels = expand({**MRNET, (0, 1, 0): 2}).set_axis([f"{k:04d}" for k in range(1132)])
    conflicts = find_conflicts(labels)
    assert conflicts == {("acl", "abnormal"): ["1130", "1131"], ("meniscus", "abnormal"): []}
    assert find_conflicts(labels[["acl"]]) == {}


def test_a_shortcut_has_the_auc_of_the_measurement_alone():
    rng = np.random.default_rng(3)
    labels = pd.DataFrame({"acl": rng.integers(0, 2, 50)}, index=[f"{k:04d}" for k in range(50)])
    slices = rng.integers(20, 40, 50) + 4 * labels["acl"].to_numpy()
    stacks = pd.DataFrame({"exam": labels.index, "plane": "axial", "n_slices": slices})
    row = measure_shortcut(stacks, labels, "n_slices").iloc[0]
    assert row["auc"] == measure_auc(labels["acl"], slices).auc
    assert row["ci_low"] < row["auc"] < row["ci_high"]
    assert row["positive_50"] == np.median(slices[labels["acl"] == 1])
    few = measure_shortcut(stacks, labels.iloc[:2], "n_slices").iloc[0]
    assert np.isnan(few["auc"])


def test_labels_are_those_of_the_exams_in_their_order():
    labels = expand({(0, 1): 1, (1, 0): 2}, ("a", "b"))
    dataset = make_dataset(labels)
    assert take_labels(dataset, ["b"])["b"].tolist() == [1, 0, 0]
    shuffled = Dataset(dataset.exams, dataset.labels.iloc[[2, 0]])
    taken = take_labels(shuffled)
    assert list(taken.index) == ["0000", "0001", "0002"]
    assert taken.loc["0001"].isna().all()  # an exam without labels
    assert take_labels(Dataset(dataset.exams, pd.DataFrame())).shape == (3, 0)


def test_wrong_labels_are_refused():
    labels = expand({(0, 1): 1, (1, 0): 2}, ("a", "b"))
    dataset = make_dataset(labels)
    with pytest.raises(ValueError, match="`tasks` must be some of 'a', 'b', got 'c'"):
        take_labels(dataset, ["c"])
    with pytest.raises(ValueError, match="0 or 1, got 7"):
        take_labels(make_dataset(labels.replace(0.0, 7.0)))
    with pytest.raises(ValueError, match="'9999' without an exam"):
        take_labels(Dataset(dataset.exams, pd.DataFrame({"a": [1]}, index=["9999"])))
    with pytest.raises(ValueError, match="has no labels"):
        take_labels(Dataset(dataset.exams, pd.DataFrame()), ["a"])
