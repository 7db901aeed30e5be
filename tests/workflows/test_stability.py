"""Stability of columns measured on perturbed exams, and continued after a stop."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.describe import StackWarning
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.stacks.perturbations import perturb
from mrnet_features.workflows import stability as module
from mrnet_features.workflows.stability import PerturbedExam, measure_stability
from tests.support.knees import make_knee

KNEES = [make_knee(50 + 2 * k, (4, 96, 90), bone=110 + 15 * k, seed=k) for k in range(5)]
EXTRACTOR = FeatureExtractor("intensity", planes=["sagittal"], pools=["mean"], progress=False)


@pytest.fixture
def exams(tmp_path):
    found = []
    for k, knee in enumerate(KNEES):
        path = tmp_path / f"{k:04d}.npy"
        np.save(path, knee)
        found.append(Exam(f"{k:04d}", {"sagittal": path}))
    return found


def test_the_mean_is_stable_under_a_shift_and_the_minimum_is_not_under_noise():
    in_memory = [{"sagittal": knee} for knee in KNEES]
    stability = measure_stability(in_memory, EXTRACTOR, perturbations=["shift", "noise"])
    icc = stability.icc
    assert list(icc.index) == list(EXTRACTOR.get_feature_names_out())
    assert icc.loc["sagittal__knee__intensity__mean__mean", "shift"] > 0.99
    assert stability.least.min() < 0.75 < stability.least.max()


def test_files_and_arrays_differ_in_the_random_numbers_alone(exams):
    on_disk = measure_stability(exams, EXTRACTOR, perturbations=["blur"])
    in_memory = measure_stability(
        [{"sagittal": knee} for knee in KNEES], EXTRACTOR, perturbations=["blur"]
    )
    pd.testing.assert_frame_equal(on_disk.icc, in_memory.icc)


def test_a_faulty_stack_is_told_once():
    blank = [{"sagittal": np.zeros((3, 40, 40), np.uint8)}, *({"sagittal": k} for k in KNEES[:3])]
    with pytest.warns(StackWarning, match="All pixels have grey level 0") as told:
        measure_stability(blank, EXTRACTOR, perturbations=["blur", "spacing"])
    assert len(told) == 1


def test_a_perturbed_exam_is_perturbed_when_it_is_read(exams):
    copy = PerturbedExam(exams[2].id, exams[2].paths, "noise", 7, exams[2])
    assert np.array_equal(
        copy.load("sagittal", mmap=True), perturb(KNEES[2], "noise", 7, "0002 sagittal")
    )


def test_a_stopped_run_is_continued(exams, tmp_path, monkeypatch):
    folder = tmp_path / "tables"
    options = {"perturbations": ["slice_dropped", "contrast"], "folder": folder}
    calls = []

    def count(grey, name, seed, key):
        calls.append((name, key))
        if len(calls) == 8:
            raise KeyboardInterrupt
        return perturb(grey, name, seed, key)

    monkeypatch.setattr(module, "perturb", count)
    with pytest.raises(KeyboardInterrupt):
        measure_stability(exams, EXTRACTOR, **options)
    assert {path.name for path in folder.iterdir()} >= {
        "reference.parquet", "slice_dropped-seed0.parquet",
    }  # fmt: skip
    begun = len(calls)
    found = measure_stability(exams, EXTRACTOR, **options)
    assert {name for name, _ in calls[begun:]} == {"contrast"}
    assert len(calls) - begun == 3  # two of the five were finished
    fresh = measure_stability(exams, EXTRACTOR, perturbations=options["perturbations"])
    pd.testing.assert_frame_equal(found.icc, fresh.icc)
    other = measure_stability(exams, EXTRACTOR, **options, seed=1)
    assert not other.icc.equals(found.icc)


def test_what_can_not_be_measured_is_refused(exams):
    with pytest.raises(ValueError, match=r"some of noise, blur, .* got 'fog'"):
        measure_stability(exams, EXTRACTOR, perturbations="fog")
    with pytest.raises(ValueError, match="got none"):
        measure_stability(exams, EXTRACTOR, perturbations=[])
    with pytest.raises(ValueError, match="at least 3 exams for an ICC, got 2"):
        measure_stability(exams[:2], EXTRACTOR)
