"""What networks say in the viewer: parts of series, and the pixels that they rest on."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

import mrnet_features as mf
from mrnet_features.report.viewer.cases import collect_cases
from tests.support.bright_squares import make_squares

pytest.importorskip("torch", reason="the extra `cnn` is not installed")
pytest.importorskip("PIL", reason="the extra `view` is not installed")


@pytest.fixture(scope="module")
def dataset():
    exams, labels = make_squares(20, n_slices=3, series=("axial", "sagittal"))
    return mf.Dataset(tuple(exams), labels.rename(columns={"acl": "ACL tear"}))


@pytest.fixture(scope="module")
def networks(dataset):
    options = {"n_splits": 2, "resolution": 64, "epochs": 3, "progress": False}
    return mf.cross_validate_cnn(dataset.exams, dataset.labels, **options)


def test_the_parts_of_the_series_add_up_to_the_prediction(dataset, networks):
    detail = collect_cases(dataset, networks).describe("0003").detail
    parts = detail["contributions"]["ACL tear"]
    assert {part["phrase"] for part in parts} == {"network, axial", "network, sagittal"}
    row = networks.predictions.set_index("exam").loc["0003"]
    fitted = networks.models["ACL tear", 0, int(row["fold"])].networks.combinations["ACL tear"]
    start = fitted.pipeline_[-1].intercept_[0]
    total = start + sum(part["contribution"] for part in parts)
    assert total == pytest.approx(logit(row["ACL tear"]), abs=1e-9)


def test_marks_of_networks_are_drawn_beside_those_of_features(dataset, networks):
    extractor = mf.FeatureExtractor("minimal", planes=("axial",), progress=False)
    table = extractor.fit_transform(dataset.exams).set_axis(list(dataset.ids))
    features = mf.cross_validate(
        mf.logistic_baseline(), table, dataset.labels, folds=networks.folds, progress=False
    )
    content = collect_cases(
        dataset, features, table, families="minimal", networks=networks
    ).describe("0005")
    listed = content.detail["contributions"]["ACL tear"]
    columns = [part["column"] for part in listed]
    assert columns[0] in table.columns
    assert set(columns[-2:]) == {
        f"{series}__picture__network__ACL_tear__max" for series in ("axial", "sagittal")
    }
    marked = [column for column in columns[-2:] if column in content.detail["marks"]]
    assert marked
    assert content.detail["marks"][marked[0]]["slices"]


def test_exams_without_a_prediction_have_no_parts(dataset, networks):
    other = make_squares(2, n_slices=3)[0]
    more = mf.Dataset((*dataset.exams, type(other[0])("9000", {}, other[0].stacks)), pd.DataFrame())
    assert collect_cases(more, networks).describe("9000").detail["contributions"] == {}


def test_networks_must_be_a_result_of_networks(dataset):
    with pytest.raises(TypeError, match="`networks` must be what `cross_validate_cnn` returned"):
        collect_cases(dataset, networks=pd.DataFrame(np.zeros((1, 1))))
