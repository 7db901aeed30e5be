"""A dataset is indexed by id, position, slice, list and mask."""

import html
import pickle
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.data.mrnet.load import load_mrnet
from tests.support.html_tables import read_rows
from tests.support.mrnet_folder import write_folder


@pytest.fixture
def root(tmp_path):
    return write_folder(tmp_path)


@pytest.fixture
def train(root):
    return load_mrnet(root)


def test_an_id_or_a_position_gives_an_exam(train):
    assert train["0001"] is train[1] is train[-2] is train[np.int64(1)]
    assert [exam.id for exam in train] == list(train.ids) == ["0000", "0001", "0002"]
    assert len(train) == 3


def test_membership_is_by_id_or_exam(train):
    assert "0001" in train
    assert "0003" not in train
    assert train["0001"] in train
    assert Exam("0003", {}) not in train
    assert 1 not in train


@pytest.mark.parametrize(
    "key",
    [
        slice(1, None),
        slice(-2, 3),
        ["0001", "0002"],
        [1, -1],
        [False, True, True],
        np.array([False, True, True]),
        np.array([1, 2]),
        np.array(["0001", "0002"]),
        pd.Index(["0001", "0002"]),
        pd.Series(["0001", "0002"]),
    ],
)
def test_several_exams_give_a_dataset_with_their_labels(train, key):
    part = train[key]
    assert isinstance(part, Dataset)
    assert part.ids == ("0001", "0002")
    assert part.labels.equals(train.labels.loc[["0001", "0002"]])
    assert part["0002"] is train["0002"]


def test_a_condition_on_the_labels_is_a_mask(train):
    assert train[train.labels["acl"] == 1].ids == ("0001",)
    assert train[train.labels["abnormal"] == 2].ids == ()


def test_a_list_keeps_its_order(train):
    part = train[["0002", "0000"]]
    assert part.ids == tuple(part.labels.index) == ("0002", "0000")
    assert len(train[[]]) == 0


def test_exams_without_labels_can_be_selected(train):
    part = Dataset(train.exams, pd.DataFrame())[1:]
    assert part.ids == ("0001", "0002")
    assert part.labels.empty


def test_labels_made_by_hand_are_taken_by_id(train):
    shuffled = Dataset(train.exams, train.labels.iloc[[2, 0]])
    assert shuffled[:2].labels.index.tolist() == ["0000"]
    assert shuffled[["0002", "0000"]].labels.equals(train.labels.loc[["0002", "0000"]])
    assert shuffled[["0001"]].labels.empty


@pytest.mark.parametrize("ids", [["0000", "0001", "9999"], ["0000", "0001", "0001"], [0, 1, 2]])
def test_labels_of_other_exams_are_not_taken_by_position(train, ids):
    mixed = Dataset(train.exams, train.labels.set_axis(ids))
    with pytest.raises(ValueError, match=r"`labels` must have at most one row per exam"):
        mixed[1:]


@pytest.mark.parametrize(
    ("key", "near"),
    [("1", "0001"), ("0011", "0002"), ("0001a", "0001, 0002"), ("-", "0000"), ("knee", "0002")],
)
def test_an_unknown_id_names_near_ids(train, key, near):
    message = f"3 exams has no exam '{key}'. Near ids: {near}. See `ids` for all."
    with pytest.raises(KeyError, match=message):
        train[key]
    with pytest.raises(KeyError, match=message):
        train[["0000", key]]
    with pytest.raises(KeyError, match="0 exams has no exam .* Near ids: none"):
        train[[]][key]


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (3, IndexError, "no position 3. Pass an exam id as text, such as '0003'"),
        ([0, -4], IndexError, "no position -4"),
        ([True, False], IndexError, r"one value per exam \(3\), got 2"),
        (True, TypeError, "got bool"),
        (1.0, TypeError, "got float"),
        (("0001",), TypeError, "got tuple. Pass a list"),
        (["0001", None], TypeError, "got None"),
        ([True, 1, 2], TypeError, "got True"),
        (["0001", "0002", "0001"], ValueError, "got '0001' twice"),
        (pd.Series([True, True, True]), ValueError, "index of a mask must be the ids"),
    ],
)
def test_other_keys_are_refused(train, key, error, message):
    with pytest.raises(error, match=message):
        train[key]


def test_the_repr_counts_exams_and_positives(train):
    assert repr(train) == "Dataset(3 exams; positive: abnormal 2, acl 1, meniscus 1)"
    assert repr(Dataset(train.exams, pd.DataFrame())) == "Dataset(3 exams; no labels)"
    assert repr(train["0001"]) == "Exam('0001', planes axial, coronal, sagittal)"


def test_a_notebook_shows_counts_per_plane_and_label_without_opening_a_file(train, monkeypatch):
    monkeypatch.setattr(Path, "open", None)
    monkeypatch.setattr(Path, "stat", None)
    labels = train.labels.astype(float)
    labels.loc["0002", "acl"] = np.nan
    exams = (*train.exams[:2], Exam("0002", {"axial": train["0002"].paths["axial"]}))
    text = Dataset(exams, labels)._repr_html_()
    assert read_rows(text) == [
        ["plane", "exams"],
        ["axial", "3"],
        ["coronal", "2"],
        ["sagittal", "2"],
        ["task", "positive", "negative", "no label"],
        ["abnormal", "2", "1", "0"],
        ["acl", "1", "1", "1"],
        ["meniscus", "1", "2", "0"],
    ]
    assert "Ids: 0000, 0001, 0002." in text
    assert "mf.explore(dataset)" in text


def test_a_notebook_shows_a_dataset_without_labels_or_exams(train):
    assert "task" not in Dataset(train.exams, pd.DataFrame())._repr_html_()
    assert "Ids: none" in Dataset((), pd.DataFrame())._repr_html_()


def test_ids_planes_and_tasks_stay_text_in_a_notebook():
    bad = "<script>alert(1)</script>"
    exam = Exam(bad, {bad: Path(f"/{bad}\udcff.npy")})  # a name that is not UTF-8
    labels = pd.DataFrame({bad: [1]}, index=[bad])
    for shown in (exam, Dataset((exam,), labels)):
        text = shown._repr_html_()
        assert "<script>" not in text
        assert bad in html.unescape(text)


def test_a_dataset_is_pickled(train):
    assert pickle.loads(pickle.dumps(train))["0001"] == train["0001"]


def test_ids_of_any_kind_name_near_ids():
    def make(*ids):
        return Dataset(tuple(Exam(exam, {}) for exam in ids), pd.DataFrame())

    with pytest.raises(KeyError, match="no exam '7'. Near ids: 000007. See"):
        make("000001", "000007")["7"]
    with pytest.raises(KeyError, match="no exam '1.2.9'. Near ids: 1.2.840, 1.3. See"):
        make("1.2.840", "1.3")["1.2.9"]
    with pytest.raises(KeyError, match="Near ids: knee a") as caught:
        make("knee a")["z" * 100_000]
    assert len(str(caught.value)) < 300
    with pytest.raises(
        IndexError, match="no position 7. Pass an exam id as text, such as '000007'"
    ):
        make("000001")[7]


def test_a_repeated_id_in_a_long_list_is_found_in_linear_time():
    ids = [f"{k:05d}" for k in range(20_000)]
    dataset = Dataset(tuple(Exam(exam, {}) for exam in ids), pd.DataFrame())
    start = time.perf_counter()
    with pytest.raises(ValueError, match="got '19999' twice"):
        dataset[[*ids, "19999"]]
    assert time.perf_counter() - start < 1
