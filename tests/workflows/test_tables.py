"""Tables of a folder, with and without excluded exams."""

import pandas as pd
import pytest

from mrnet_features import write_knees
from mrnet_features.workflows.tables import make_table, read_table


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    write_knees(folder / "knees", n_train=3, n_valid=2, seed=1)
    return folder


def test_a_table_is_made_and_read_with_its_labels(folder):
    path = folder / "valid.parquet"
    dataset, made = make_table(folder / "knees", "valid", path, families="intensity", n_jobs=1)
    features, labels = read_table(path, folder / "knees", "valid")
    pd.testing.assert_frame_equal(features, made)
    pd.testing.assert_frame_equal(labels, dataset.labels)
    assert list(features.index) == ["0003", "0004"]


def test_excluded_exams_are_left_out_of_features_and_labels(folder):
    path, exclude = folder / "fewer.parquet", ["0001", "0003"]  # the second is of valid
    root = folder / "knees"
    dataset, made = make_table(root, "train", path, families="intensity", exclude=exclude, n_jobs=1)
    assert list(made.index) == list(dataset.labels.index) == ["0000", "0002"]
    for table in read_table(path, root, exclude=iter(["0001", "0002"])):
        assert list(table.index) == ["0000"]
    findings = pd.DataFrame({"exam": ["0001", ""]})
    for table in read_table(path, root, exclude=findings):
        assert list(table.index) == ["0000", "0002"]
    with pytest.raises(ValueError, match=r"2 such exams, 1 only in the labels .such as 0001"):
        read_table(path, root)
    with pytest.raises(ValueError, match=r"0 such exams, 2 only in the table .* Pass the `split`"):
        read_table(path, root, "valid")
