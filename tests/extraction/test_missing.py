"""Exams that lack a series: NaN in its columns on request, and nowhere else."""

import logging

import numpy as np
import pytest

from mrnet_features import FeatureExtractor
from mrnet_features.extraction.missing import list_missing
from tests.support.knees import make_knee

SERIES = ("sagittal_fluid", "coronal_structural")


@pytest.fixture(scope="module")
def exams():
    """Three exams by id: complete, without coronal, without sagittal."""
    stacks = [make_knee(50 + k, (5, 96, 90), seed=k) for k in range(4)]
    return {
        "0001": {"sagittal_fluid": stacks[0], "coronal_structural": stacks[1]},
        "0002": {"sagittal_fluid": stacks[2]},
        "0003": {"coronal_structural": stacks[3], "sagittal_dess": stacks[0]},
    }


def make_extractor(families="baseline", planes=SERIES, missing="nan", **options):
    return FeatureExtractor(families, planes=planes, missing=missing, progress=False, **options)


def test_an_exam_that_lacks_a_series_has_nan_in_its_columns_alone(exams):
    table = make_extractor().fit_transform(exams)
    of_series = {name: table.columns.str.startswith(f"{name}__") for name in SERIES}
    complete = make_extractor(missing="error").fit_transform({"0001": exams["0001"]})
    assert table.loc["0001"].equals(complete.loc["0001"])
    for exam, series, lacking in [
        ("0002", "sagittal_fluid", "coronal_structural"),
        ("0003", "coronal_structural", "sagittal_fluid"),
    ]:
        assert table.loc[exam, of_series[lacking]].isna().all()
        alone = make_extractor(planes=series, missing="error").fit_transform([exams[exam]])
        np.testing.assert_array_equal(table.loc[exam, of_series[series]], alone.iloc[0])
        assert alone.notna().mean(axis=None) > 0.9


def test_one_message_says_how_many_exams_lack_a_series(exams, caplog):
    with caplog.at_level(logging.INFO, "mrnet_features"):
        make_extractor("minimal").fit_transform(exams)
    [message] = caplog.messages
    assert message.endswith("in its columns: sagittal_fluid in 1, coronal_structural in 1.")


def test_a_missing_series_is_an_error_by_default(exams):
    with pytest.raises(KeyError, match="no series 'coronal_structural'.*missing='nan'") as caught:
        make_extractor(missing="error").fit_transform(exams)
    assert caught.value.__notes__ == ["while reading exam '0002', series 'coronal_structural'"]


def test_an_exam_with_none_of_the_series_is_an_error(exams):
    extractor = make_extractor(planes=("sagittal_fluid", "sagittal_dess"))
    others = {"0001": exams["0001"], "0004": {"coronal": exams["0001"]["sagittal_fluid"]}}
    with pytest.raises(KeyError, match="must have one of the series sagittal_fluid, sagittal_dess"):
        extractor.transform(others)


def test_a_series_that_no_exam_has_is_an_error_of_fit_but_not_of_transform(exams):
    extractor = make_extractor(planes=(*SERIES, "axial_fluid"))
    with pytest.raises(ValueError, match="that at least one exam has, got 'axial_fluid'"):
        extractor.fit_transform(exams)
    row = extractor.transform({"0002": exams["0002"]})  # a new exam, described by itself
    assert row.filter(like="axial_fluid__").isna().all(axis=None)
    assert row.filter(like="sagittal_fluid__").notna().any(axis=None)


def test_an_unknown_answer_to_a_missing_series_is_refused(exams):
    with pytest.raises(ValueError, match="`missing` must be 'error' or 'nan', got 'zero'"):
        make_extractor(missing="zero").fit(exams)


def test_exams_without_ids_are_listed_by_position(exams):
    recipe = make_extractor("minimal").recipe()
    assert list_missing(list(exams.values()), recipe) == {
        "sagittal_fluid": ["2"],
        "coronal_structural": ["1"],
    }
    assert list_missing(list(exams.values()), make_extractor(missing="error").recipe()) == {}


@pytest.mark.parametrize(
    ("families", "planes", "said"),
    [
        ("fluid", "sagittal_structural", "'fluid', which describes none of .* states 'fluid'"),
        (["minimal", "dark_fluid"], ("axial_fluid", "axial"), "for the plane coronal, and series"),
        ("ligament", "coronal_fluid", "it is meant for the plane sagittal. Leave it out"),
    ],
)
def test_a_family_that_was_asked_for_must_describe_a_series(families, planes, said):
    with pytest.raises(ValueError, match=said):
        make_extractor(families, planes).recipe()


def test_a_preset_leaves_out_families_that_do_not_describe_the_series():
    columns = make_extractor("full", ("sagittal_structural", "coronal_fluid")).recipe().columns()
    families = {
        series: {c.split("__")[2] for c in columns if c.startswith(f"{series}__")}
        for series in ("sagittal_structural", "coronal_fluid")
    }
    assert families["sagittal_structural"] - families["coronal_fluid"] == {"dark_fluid", "ligament"}
    assert families["coronal_fluid"] - families["sagittal_structural"] == {"fluid"}
