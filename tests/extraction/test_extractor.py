"""Exams -> table: named, typed, in order, indifferent to mirroring, and clear about bad input."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.families.base import Family
from mrnet_features.families.glcm import Glcm
from mrnet_features.families.intensity import Intensity
from mrnet_features.families.presets import PRESETS, discover_families
from mrnet_features.names import PLANES, parse_name
from mrnet_features.stacks.prepare import Discretisation


def make_stack(seed=0, n_slices=5, height=80, width=72):
    """A bright, textured disc on dark air."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    disc = ((y - height / 2) ** 2 + (x - width / 2) ** 2) < (0.4 * min(height, width)) ** 2
    texture = rng.integers(40, 220, (n_slices, height, width))
    return np.where(disc, texture, rng.integers(0, 6, texture.shape)).astype(np.uint8)


def make_exam(seed=0):
    return {plane: make_stack(3 * seed + k, 4 + k) for k, plane in enumerate(PLANES)}


@pytest.fixture(scope="module")
def exams():
    return [make_exam(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def table(exams):
    return FeatureExtractor().fit_transform(exams)


def test_the_table_has_a_row_an_exam_and_a_name_a_column(exams, table):
    assert table.shape[0] == len(exams)
    assert table.index.name == "exam"
    assert (table.dtypes == np.float32).all()
    assert table.columns.is_unique
    names = [parse_name(column) for column in table.columns]
    assert {name.plane for name in names} == set(PLANES)
    assert {name.region for name in names} >= {"knee", "suprapatellar"}
    assert list(FeatureExtractor().get_feature_names_out()) == list(table.columns)


def test_an_exam_is_described_by_itself(exams, table):
    alone = FeatureExtractor().transform(exams[1:2])
    assert np.array_equal(alone.to_numpy()[0], table.to_numpy()[1], equal_nan=True)


def test_workers_change_nothing(exams, table):
    parallel = FeatureExtractor(n_jobs=2).fit_transform(exams)
    assert parallel.equals(table)


def test_one_plane_of_people_without_mrnet():
    extractor = FeatureExtractor(planes=("sagittal",))
    table = extractor.fit_transform([{"sagittal": make_stack()}])
    assert {parse_name(column).plane for column in table.columns} == {"sagittal"}


@pytest.mark.parametrize("width", [133, 200])
def test_mirroring_and_reversing_change_no_baseline_column(width):
    exams = [{plane: make_stack(k, 5 + k, 140, width) for k, plane in enumerate(PLANES)}]
    table = FeatureExtractor().fit_transform(exams)
    turned = [
        {
            "axial": exam["axial"][::-1, :, ::-1],
            "coronal": exam["coronal"][::-1, :, ::-1],
            "sagittal": exam["sagittal"][::-1],
        }
        for exam in exams
    ]
    other = FeatureExtractor().fit_transform(turned)
    np.testing.assert_allclose(other, table, rtol=1e-6, atol=1e-6)


def test_doubling_every_slice_hardly_moves_the_baseline():
    """Slice count is a shortcut to labels on MRNet, so no baseline column may carry it."""
    stack = make_stack(n_slices=30)
    doubled = np.repeat(stack, 2, axis=0)
    extractor = FeatureExtractor(planes=("sagittal",), pools=("mean", "std", "middle", "outer"))
    once, twice = (
        # a box holds whole slices, so twice as many may begin half a slice earlier
        extractor.fit_transform([{"sagittal": s}]).filter(like="__knee__").iloc[0]
        for s in (stack, doubled)
    )
    np.testing.assert_allclose(twice, once, rtol=0.02, atol=1e-3)


def test_extensive_statistics_are_left_out_unless_asked(exams):
    def has_energy(**parameters):
        extractor = FeatureExtractor("minimal", pools=("mean",), **parameters)
        columns = extractor.get_feature_names_out()
        return any("__intensity__energy__" in column for column in columns)

    assert not has_energy()
    assert has_energy(extensive=True)


def test_acquisition_is_in_no_preset():
    assert "acquisition" in discover_families()
    assert all("acquisition" not in map(str, preset) for preset in PRESETS.values())
    table = FeatureExtractor(["acquisition"]).fit_transform([make_exam()])
    assert table["axial__knee__acquisition__n_slices__stack"].tolist() == [4.0]


def test_a_parameter_shows_in_the_name():
    extractor = FeatureExtractor([Glcm(), Glcm(distance=2)], planes=["axial"], pools=["mean"])
    families = {parse_name(column).family for column in extractor.get_feature_names_out()}
    assert families == {"glcm", "glcm_distance2"}


@pytest.mark.parametrize(
    ("stack", "why"),
    [
        (np.zeros((3, 70, 70), np.uint8), "blank"),
        (np.full((3, 70, 70), 255, np.uint8), "saturated"),
        (make_stack(n_slices=1), "one slice"),
        (make_stack(height=40, width=90), "not square"),
        (np.zeros((1, 1, 1), np.uint8), "one pixel"),
    ],
)
def test_odd_stacks_give_a_row(stack, why):
    extractor = FeatureExtractor(planes=("sagittal",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = extractor.fit_transform([{"sagittal": stack}])
    assert list(table.columns) == list(extractor.get_feature_names_out()), why
    assert not np.isinf(table.to_numpy()).any(), why


def test_an_error_names_exam_plane_and_family(tmp_path):
    @dataclass(frozen=True)
    class Broken(Family):
        name: ClassVar[str] = "broken"

        def count(self, stack):
            if stack.n_slices > 1:
                raise RuntimeError("no counting today")
            return stack.grey

        def describe(self, counts):
            return {"x": counts[:, :1, 0] * 1.0}

        def describe_stack(self, counts, starts):
            return {}

    np.save(tmp_path / "a.npy", make_stack())
    exam = Exam("0042", {"axial": tmp_path / "a.npy"})
    with pytest.raises(RuntimeError, match="no counting today") as caught:
        FeatureExtractor([Broken()], planes=["axial"]).fit_transform([exam])
    notes = " ".join(caught.value.__notes__)
    assert "Broken()" in notes
    assert "exam '0042', plane 'axial'" in notes


def test_notes_survive_the_way_back_from_a_worker(exams):
    broken = [*exams, {**exams[0], "coronal": np.zeros((2, 3), np.uint8)}]
    with pytest.raises(ValueError, match="must have shape") as caught:
        FeatureExtractor("minimal", n_jobs=2).fit_transform(broken)
    assert any("place 3, plane 'coronal'" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    ("exams", "error", "message"),
    [
        ([], ValueError, "at least one exam"),
        ({"axial": make_stack()}, TypeError, "Put one exam into a list"),
        (make_stack(), TypeError, "Put one exam into a list"),
        ([make_stack()], TypeError, "got ndarray at place 0"),
        ([Exam("0001", {}), Exam("0001", {})], ValueError, "got 0001 again"),
    ],
)
def test_what_are_no_exams_is_refused(exams, error, message):
    with pytest.raises(error, match=message):
        FeatureExtractor().fit_transform(exams)


def test_a_missing_plane_is_refused(exams):
    with pytest.raises(KeyError, match=r"no plane 'axial' \(planes present: sagittal\)"):
        FeatureExtractor().fit_transform([{"sagittal": exams[0]["sagittal"]}])


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"families": "everything"}, ValueError),
        ({"families": []}, ValueError),
        ({"families": ["glcm", Glcm()]}, ValueError),
        ({"families": [Glcm]}, TypeError),
        ({"families": [3]}, TypeError),
        ({"planes": ("oblique",)}, ValueError),
        ({"planes": ()}, ValueError),
        ({"planes": ("axial", "axial")}, ValueError),
        ({"pools": ("median",)}, ValueError),
        ({"device": "tpu"}, ValueError),
    ],
)
def test_wrong_parameters_are_refused_before_a_pixel_is_read(parameters, error):
    with pytest.raises(error):
        FeatureExtractor(**parameters).fit([Exam("0000", {})])


def test_clones_and_pipelines(exams):
    extractor = FeatureExtractor(
        [Intensity(), Glcm(distance=2)], discretisation=Discretisation(8), planes=("axial",)
    )
    copy = clone(extractor)
    assert copy.get_params()["families"] == extractor.families
    assert copy.recipe() == extractor.recipe()
    pipeline = make_pipeline(clone(extractor).set_output(transform="pandas"), LogisticRegression())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # three rows do not make a model converge
        pipeline.fit(exams, [0, 1, 0])
    assert pipeline.predict_proba(exams).shape == (3, 2)


def test_set_output_is_heeded(exams):
    extractor = FeatureExtractor("minimal").set_output(transform="pandas")
    table = extractor.fit_transform(exams[:1])
    assert isinstance(table, pd.DataFrame)
    assert list(table.columns) == list(extractor.get_feature_names_out())


def test_recipes_tell_apart_what_gives_other_rows():
    digests = {
        FeatureExtractor(**parameters).recipe().digest
        for parameters in (
            {},
            {"families": "minimal"},
            {"planes": ("axial",)},
            {"pools": ("mean",)},
            {"discretisation": Discretisation(16)},
            {"extensive": True},
        )
    }
    assert len(digests) == 6
    assert FeatureExtractor(n_jobs=2).recipe().digest == FeatureExtractor().recipe().digest


# scikit-learn's own checks feed tables of numbers, which are no exams; these need no data.
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_valid_tag_types,
    ],
    ids=lambda check: check.__name__,
)
def test_the_checks_of_scikit_learn_that_need_no_table(check):
    check("FeatureExtractor", FeatureExtractor())
