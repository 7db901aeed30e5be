"""FeatureExtractor: names, types, order, invariance to mirroring, devices, and clear errors."""

import importlib.util
import time
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
from mrnet_features.extraction.describe import StackWarning
from mrnet_features.extraction.exams import check_exams
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


def test_the_table_has_one_row_per_exam_and_unique_columns(exams, table):
    assert table.shape[0] == len(exams)
    assert table.index.name == "exam"
    assert (table.dtypes == np.float32).all()
    assert table.columns.is_unique
    names = [parse_name(column) for column in table.columns]
    assert {name.plane for name in names} == set(PLANES)
    assert {name.region for name in names} >= {"knee", "suprapatellar"}
    assert list(FeatureExtractor().get_feature_names_out()) == list(table.columns)


def test_an_exam_does_not_depend_on_other_exams(exams, table):
    alone = FeatureExtractor().transform(exams[1:2])
    assert np.array_equal(alone.to_numpy()[0], table.to_numpy()[1], equal_nan=True)


def test_parallel_jobs_change_nothing(exams, table):
    parallel = FeatureExtractor(n_jobs=2).fit_transform(exams)
    assert parallel.equals(table)


def test_exams_by_id_give_a_table_that_labels_fit(exams):
    by_id = {f"{k:04d}": exam for k, exam in enumerate(exams)}
    extractor = FeatureExtractor("minimal")
    table = extractor.fit_transform(by_id)
    assert list(table.index) == list(by_id)
    assert table.index.name == "exam"
    np.testing.assert_array_equal(table, extractor.fit_transform(exams))
    both = FeatureExtractor("minimal", n_jobs=2).transform(by_id)
    pd.testing.assert_frame_equal(both, table)


def test_an_error_names_the_id_of_an_exam_in_memory():
    exams = {"0042": {"axial": make_stack().astype(np.float32)}}
    with pytest.raises(TypeError) as caught:
        FeatureExtractor("minimal", planes=["axial"]).fit_transform(exams)
    assert caught.value.__notes__[0] == "while reading exam '0042', plane 'axial'"


@pytest.mark.parametrize(
    ("name", "message"), [(7, "7 is not text"), ("7.0", "'7.0' is a decimal number")]
)
def test_keys_must_be_exam_ids(exams, name, message):
    with pytest.raises(ValueError, match=message):
        FeatureExtractor("minimal").fit({name: exams[0]})


def test_a_single_plane_is_enough():
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


def test_repeating_every_slice_hardly_changes_the_baseline():
    """Slice count is a shortcut to labels on MRNet, so no baseline column may carry it."""
    stack = make_stack(n_slices=30)
    doubled = np.repeat(stack, 2, axis=0)
    extractor = FeatureExtractor(planes=("sagittal",), pools=("mean", "std", "middle", "outer"))
    once, twice = (
        # a box holds whole slices, so with twice as many it may start half a slice earlier
        extractor.fit_transform([{"sagittal": s}]).filter(like="__knee__").iloc[0]
        for s in (stack, doubled)
    )
    np.testing.assert_allclose(twice, once, rtol=0.02, atol=1e-3)


def test_extensive_statistics_are_left_out_by_default(exams):
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


def test_parameters_of_a_family_are_part_of_the_column_name():
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
def test_unusual_stacks_give_a_row(stack, why):
    extractor = FeatureExtractor(planes=("sagittal",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", StackWarning)
        table = extractor.fit_transform([{"sagittal": stack}])
    assert list(table.columns) == list(extractor.get_feature_names_out()), why
    assert not np.isinf(table.to_numpy()).any(), why


DAMAGES = {
    "has only 2 grey levels (0 to 1)": lambda stack: (stack > 128).astype(np.uint8),
    "All pixels have grey level 9.": lambda stack: np.full_like(stack, 9),
    "(80, 72, 6) looks as if slices came last": lambda stack: np.moveaxis(stack, 0, -1),
    "may be inverted": lambda stack: 255 - stack,
}


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("found", DAMAGES)
def test_a_wrongly_converted_stack_is_named_in_one_warning(exams, found, n_jobs):
    """Also when worker processes read the exams."""
    damaged = {**exams[1], "sagittal": DAMAGES[found](exams[1]["sagittal"])}
    extractor = FeatureExtractor(["intensity", "glcm"], n_jobs=n_jobs)
    with pytest.warns(StackWarning) as caught:
        extractor.fit_transform([exams[0], damaged, exams[2]])
    (warning,) = caught
    assert str(warning.message).startswith("the exam at index 1, plane 'sagittal': ")
    assert found in str(warning.message)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("batch_size", [1, 3])
def test_warnings_do_not_depend_on_the_device(exams, batch_size):
    inverted = {**exams[1], "axial": 255 - exams[1]["axial"]}
    messages = []
    for device in ("cpu", "cuda"):
        extractor = FeatureExtractor("minimal", device=device, batch_size=batch_size)
        with pytest.warns(StackWarning) as caught:
            extractor.fit_transform([inverted, exams[0], inverted])
        messages.append([str(warning.message) for warning in caught])
    assert messages[0] == messages[1]
    assert [text.partition(":")[0] for text in messages[0]] == [
        "the exam at index 0, plane 'axial'",
        "the exam at index 2, plane 'axial'",
    ]


def test_a_warning_can_be_made_an_error(exams):
    inverted = {plane: 255 - stack for plane, stack in exams[0].items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error", StackWarning)
        with pytest.raises(StackWarning, match="inverted"):
            FeatureExtractor("minimal").fit_transform([inverted])


def test_a_plane_without_any_value_is_named_once():
    @dataclass(frozen=True)
    class Undefined(Family):
        name: ClassVar[str] = "undefined"

        def count(self, stack):
            return stack.grey

        def describe(self, counts):
            return {"x": counts[:, :1, 0] * np.nan}

        def describe_stack(self, counts, starts):
            return {}

    sound = {plane: make_stack() for plane in PLANES}
    with pytest.warns(StackWarning) as caught:
        FeatureExtractor([Undefined()]).fit_transform([sound])
    assert [str(warning.message).partition(":")[::2] for warning in caught] == [
        (
            f"the exam at index 0, plane '{plane}'",
            " Every feature of this plane is NaN. Look at the stack, or leave it out.",
        )
        for plane in PLANES
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FeatureExtractor([Undefined(), "intensity"]).fit_transform([sound])


def test_an_error_names_exam_plane_and_family(tmp_path):
    @dataclass(frozen=True)
    class Broken(Family):
        name: ClassVar[str] = "broken"

        def count(self, stack):
            if stack.n_slices > 1:
                raise RuntimeError("count failed")
            return stack.grey

        def describe(self, counts):
            return {"x": counts[:, :1, 0] * 1.0}

        def describe_stack(self, counts, starts):
            return {}

    np.save(tmp_path / "a.npy", make_stack())
    exam = Exam("0042", {"axial": tmp_path / "a.npy"})
    with pytest.raises(RuntimeError, match="count failed") as caught:
        FeatureExtractor([Broken()], planes=["axial"]).fit_transform([exam])
    notes = " ".join(caught.value.__notes__)
    assert "Broken()" in notes
    assert "exam '0042', plane 'axial'" in notes


def test_notes_come_back_from_worker_processes(exams):
    broken = [*exams, {**exams[0], "coronal": np.zeros((2, 3), np.uint8)}]
    with pytest.raises(ValueError, match="must have shape") as caught:
        FeatureExtractor("minimal", n_jobs=2).fit_transform(broken)
    assert any("index 3, plane 'coronal'" in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    ("exams", "error", "message"),
    [
        ([], ValueError, "at least one exam"),
        ({"axial": make_stack()}, TypeError, "Put one exam into a list"),
        (make_stack(), TypeError, "Put one exam into a list"),
        ([make_stack()], TypeError, "got ndarray at index 0"),
        ([Exam("0001", {}), Exam("0001", {})], ValueError, "got '0001' more than once"),
    ],
)
def test_anything_but_exams_is_refused(exams, error, message):
    with pytest.raises(error, match=message):
        FeatureExtractor().fit_transform(exams)


def test_one_repeated_id_among_many_exams_is_found_in_linear_time():
    exams = [Exam(f"{k:05d}", {}) for k in range(20_000)]
    start = time.process_time()
    with pytest.raises(ValueError, match="got '00042' more than once"):
        check_exams([*exams, exams[42]])
    assert time.process_time() - start < 1


@pytest.mark.parametrize("name", ["", " 42", "nan", "4.2"])
def test_exams_have_ids_that_a_table_can_hold(name):
    with pytest.raises(ValueError, match="`exams` must have exam ids, but"):
        check_exams([Exam("0000", {}), Exam(name, {})])


@pytest.mark.parametrize("name", ["pools", "planes"])
def test_the_message_about_very_many_names_is_short(name):
    extractor = FeatureExtractor(**{name: ["m" * 1000] * 100_000})
    with pytest.raises(ValueError, match="and 99997 more") as caught:
        extractor.recipe()
    assert len(str(caught.value)) < 600


def test_a_missing_plane_is_refused(exams):
    with pytest.raises(KeyError, match=r"no plane 'axial' \(series present: sagittal\)"):
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
        ({"extensive": "no"}, TypeError),
        ({"discretisation": 16}, TypeError),
    ],
)
def test_invalid_parameters_are_refused_by_fit(parameters, error):
    with pytest.raises(error):
        FeatureExtractor(**parameters).fit([Exam("0000", {})])


def test_the_extractor_can_be_cloned_and_used_in_a_pipeline(exams):
    extractor = FeatureExtractor(
        [Intensity(), Glcm(distance=2)], discretisation=Discretisation(8), planes=("axial",)
    )
    copy = clone(extractor)
    assert copy.get_params()["families"] == extractor.families
    assert copy.recipe() == extractor.recipe()
    pipeline = make_pipeline(clone(extractor).set_output(transform="pandas"), LogisticRegression())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the model does not converge on three rows
        pipeline.fit(exams, [0, 1, 0])
    assert pipeline.predict_proba(exams).shape == (3, 2)


@pytest.mark.parametrize("transform", [None, "default", "pandas"])
def test_set_output_keeps_the_table(exams, transform):
    extractor = FeatureExtractor("minimal").set_output(transform=transform)
    fitted = extractor.fit_transform(exams[:2])
    for table in (fitted, extractor.transform(exams[:2])):
        assert isinstance(table, pd.DataFrame)
        assert list(table.columns) == list(extractor.get_feature_names_out())
        assert table.index.name == "exam"
        assert table.equals(fitted)


def test_set_output_polars_is_passed_on_to_scikit_learn(exams):
    extractor = FeatureExtractor("minimal").set_output(transform="polars")
    for compute in (extractor.fit_transform, extractor.transform):
        if importlib.util.find_spec("polars") is None:
            with pytest.raises(ImportError, match="polars"):
                compute(exams[:1])
        else:
            assert type(compute(exams[:1])).__module__.startswith("polars")


def test_fit_transform_ignores_labels_as_pipelines_pass_them(exams):
    extractor = FeatureExtractor("minimal")
    table = extractor.fit_transform(exams, [0, 1, 0])
    pd.testing.assert_frame_equal(table, extractor.fit(exams).transform(exams))
    assert extractor.device_ == "cpu"


@pytest.mark.parametrize(
    ("batch_size", "error"),
    [(0, ValueError), (-3, ValueError), (2.5, TypeError), (True, TypeError)],
)
def test_an_invalid_batch_size_is_refused(batch_size, error):
    with pytest.raises(error, match="`batch_size` must be"):
        FeatureExtractor(batch_size=batch_size).fit([{}])


def draw_exam(seed, shape):
    """Bright, noisy disc in black air, on each plane."""
    rng = np.random.default_rng(seed)
    y, x = (np.arange(size) / size - 0.5 for size in shape[1:])
    inside = np.hypot(y[:, None], x) < 0.45
    spots = rng.integers(0, 90, (shape[0], shape[1] // 8 + 1, shape[2] // 8 + 1))
    spots = spots.repeat(8, axis=1).repeat(8, axis=2)[:, : shape[1], : shape[2]]
    grey = (90 + spots + rng.normal(0, 12, shape)) * inside
    return {
        plane: np.clip(np.roll(grey, k, axis=1), 0, 255).astype(np.uint8)
        for k, plane in enumerate(PLANES)
    }


def extract(exams, families, device):
    extractor = FeatureExtractor(families, device=device, extensive=True, progress=False)
    table = extractor.fit_transform(exams)
    assert extractor.device_ == device
    return table


@pytest.mark.usefixtures("gpu")
def test_the_full_table_of_a_gpu_equals_that_of_the_cpu():
    exams = [draw_exam(0, (5, 64, 72)), draw_exam(1, (3, 80, 65))]
    cpu, gpu = (extract(exams, "full", device) for device in ("cpu", "cuda"))
    pd.testing.assert_frame_equal(gpu, cpu, rtol=1e-6, atol=1e-6)
    assert cpu.notna().mean(axis=None) > 0.8


@pytest.mark.usefixtures("gpu")
@pytest.mark.filterwarnings("ignore::mrnet_features.extraction.describe.StackWarning")
def test_a_blank_exam_on_a_gpu_has_the_row_of_the_cpu():
    blank = [{plane: np.zeros((1, 9, 7), np.uint8) for plane in PLANES}]
    cpu, gpu = (extract(blank, "full", device) for device in ("cpu", "cuda"))
    pd.testing.assert_frame_equal(gpu, cpu, rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("gpu")
def test_a_gpu_is_used_only_if_asked_for():
    extractor = FeatureExtractor("minimal", progress=False).fit([draw_exam(0, (1, 8, 8))])
    assert extractor.device_ == "cpu"


# most of scikit-learn's checks pass arrays, which are not exams; these need no data
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
def test_scikit_learn_checks_without_data(check):
    check("FeatureExtractor", FeatureExtractor())
