"""Studies: what they depend on, repeated knees, mistakes that are drawn."""

import dataclasses

import numpy as np
import pytest

import mrnet_features as mf
from mrnet_features.synthetic import Style
from mrnet_features.synthetic.scene import sample_scene
from mrnet_features.synthetic.studies.slots import SeriesPlan
from mrnet_features.synthetic.studies.study import describe_study, draw_study, sample_study
from tests.support.quick_studies import TINY


def test_a_study_shows_the_exam_of_its_number():
    study = sample_study(3, "valid", 2, Style())
    scene = sample_scene(3, "valid", 2)
    assert study.scene.pathology == scene.pathology
    assert study.scene.left == scene.left
    assert describe_study(study)["side"] == ("left" if scene.left else "right")


def test_one_study_of_25_shows_the_knee_before_it_again():
    studies = [sample_study(3, "train", index, Style()) for index in (23, 24, 25)]
    first, again, other = studies
    assert again.repeats == first.uid != again.uid
    assert again.patient == first.patient != other.patient
    assert again.findings == first.findings
    assert again.scene.left == first.scene.left
    assert np.array_equal(again.scene.tables, first.scene.tables)
    assert not np.array_equal(again.scene.pose, first.scene.pose)
    assert (first.repeats, other.repeats) == ("", "")


def test_patients_of_two_splits_differ():
    patients = [
        sample_study(3, split, index, Style()).patient
        for split in ("train", "valid")
        for index in range(20)
    ]
    assert len(set(patients)) == 40


def plan(kind="usual", mistake=""):
    return SeriesPlan("coronal", "fluid", kind, True, "coronal", "fluid", mistake)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Series of one study that are not usual, as folders with their rows of the truth table."""
    folder = tmp_path_factory.mktemp("series")
    study = sample_study(3, "train", 0, TINY)
    plans = [plan("localiser"), plan(), plan("thin"), plan(mistake="fat not suppressed")]
    generators = [np.random.default_rng(k) for k in range(len(plans))]
    study = dataclasses.replace(study, plans=plans, generators=generators)
    found = []
    for k, (row, files) in enumerate(draw_study(study)):
        (folder / str(k)).mkdir()
        for uid, data in files:
            (folder / str(k) / f"{uid}.dcm").write_bytes(data)
        found.append((folder / str(k), row))
    return found


def test_a_localiser_is_refused_as_a_series(drawn):
    folder, row = drawn[0]
    assert (row["kind"], row["plane"], row["n_files"]) == ("localiser", "", 3)
    with pytest.raises(ValueError, match="localiser"):
        mf.load_series(folder)


def test_a_thin_series_has_more_slices_at_a_smaller_distance(drawn):
    usual, thin = (mf.load_series(folder) for folder, _ in drawn[1:3])
    assert len(thin.stack) > 2 * len(usual.stack)
    assert thin.spacing_mm[0] < 0.5 * usual.spacing_mm[0]


def test_tags_do_not_tell_that_fat_is_not_suppressed(drawn):
    usual, failed = (mf.load_series(folder) for folder, _ in (drawn[1], drawn[3]))
    assert failed.fat_suppressed == usual.fat_suppressed
    assert drawn[3][1]["listed_weighting"] == "fluid"
