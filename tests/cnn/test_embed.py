"""Embeddings are those of torchvision, pooled over slices; one group of columns more."""

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.evaluation import attach_table, group_columns
from mrnet_features.extraction.read import hold_stacks
from tests.support.bright_squares import make_squares

torch = pytest.importorskip("torch", reason="the extra `cnn` is not installed")
models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")

QUICK = {"weights": "random", "resolution": 64, "progress": False}


@pytest.fixture(scope="module")
def exams():
    found, _ = make_squares(6, n_slices=3, series=("axial", "sagittal"))
    found[2] = hold_stacks({"axial": found[2].stacks["axial"]}, found[2].id)
    return found


@pytest.fixture(scope="module")
def table(exams):
    return mf.embed(exams, "resnet18", **QUICK)


def test_values_are_those_of_torchvision_pooled_over_slices(exams, tmp_path):
    torch.manual_seed(7)
    model = models.resnet18(weights=None).eval()
    torch.save(model.state_dict(), tmp_path / "resnet.pth")
    options = {**QUICK, "weights": tmp_path / "resnet.pth"}
    found = mf.embed(exams[:1], "resnet18", pools=["max"], series=["sagittal"], **options)
    grey = torch.from_numpy(exams[0].stacks["sagittal"] / np.float32(255))[:, None]
    mean, spread = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    scaled = (grey.expand(-1, 3, -1, -1) - torch.tensor(mean)[:, None, None]) / torch.tensor(
        spread
    )[:, None, None]
    model.fc = torch.nn.Identity()
    with torch.no_grad():
        expected = model(scaled).amax(dim=0).numpy()
    np.testing.assert_allclose(found.iloc[0], expected, rtol=1e-4, atol=1e-6)
    assert found.columns[3] == "sagittal__picture__resnet18__dim0003__max"
    assert found.attrs["provenance"]["embedding"]["weights"] == "weights of 'resnet.pth'"


def test_an_exam_without_a_series_has_empty_columns(table):
    empty = table.isna()
    assert table.shape == (6, 2 * 2 * 512)
    assert empty.loc["0002"].sum() == 2 * 512
    assert not empty.drop(index="0002").to_numpy().any()


def test_bits_do_not_depend_on_processes_or_other_exams(exams, table):
    again = mf.embed(exams[1:], "resnet18", n_jobs=2, **QUICK)
    pd.testing.assert_frame_equal(again, table.iloc[1:], check_exact=True)


def test_mirroring_a_knee_and_reversing_its_slices_changes_nothing(exams, table):
    stacks = exams[0].stacks
    turned = {"axial": stacks["axial"][::-1, :, ::-1], "sagittal": stacks["sagittal"][::-1]}
    found = mf.embed([hold_stacks(turned, "0000")], "resnet18", **QUICK)
    np.testing.assert_allclose(found.iloc[0], table.iloc[0], rtol=1e-5, atol=1e-6)


def test_the_table_is_one_more_group_of_features_and_a_file(table, tmp_path):
    features = pd.DataFrame({"axial__knee__glcm__energy__mean": range(6)}, index=table.index)
    both = attach_table(features, table, "resnet18")
    assert {name: len(columns) for name, columns in group_columns(both, "family").items()} == {
        "glcm": 1,
        "resnet18": 2048,
    }
    mf.write_features(table, tmp_path / "embedded.parquet")
    again = mf.read_features(tmp_path / "embedded.parquet")
    pd.testing.assert_frame_equal(again, table)
    assert again.attrs["provenance"] == table.attrs["provenance"]


@pytest.mark.parametrize("model", ["alexnet", "googlenet", "mobilenet_v3_small"])
def test_models_of_other_families_embed_too(exams, model):
    found = mf.embed(exams[:1], model, series=["axial"], pools=["mean"], **QUICK)
    assert found.shape[1] in {4096, 1024}
    assert np.isfinite(found.to_numpy()).all()


def test_wrong_models_and_weights_are_named(exams, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="got 'resnet17'. Did you mean 'resnet1"):
        mf.embed(exams, "resnet17", **QUICK)
    with pytest.raises(ValueError, match="squeezenet1_1 has none"):
        mf.embed(exams, "squeezenet1_1", **QUICK)
    with pytest.raises(ValueError, match="`pools` must be some of"):
        mf.embed(exams, pools=["median"], **QUICK)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no weights of resnet18 in torchvision's cache"):
        mf.embed(exams)
    torch.save({"a": torch.zeros(1)}, tmp_path / "w.pth")
    with pytest.raises(ValueError, match="`weights` must be those of resnet18"):
        mf.embed(exams, weights=tmp_path / "w.pth")
