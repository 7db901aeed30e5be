"""Stacks of a stated pixel size give the statistics of the same knee at any pixel size."""

import os
from pathlib import Path

import numpy as np
import pytest

from mrnet_features.data.exam import Exam
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.read import read_exam, read_shapes
from mrnet_features.extraction.runs.resume import extract_features
from mrnet_features.extraction.table_files.keys import split_hashes
from mrnet_features.stacks.mirror import mirror_stack
from mrnet_features.synthetic import draw_knee
from tests.support.dicom_files import zoom

REAL_KNEE = Path(os.environ.get("MRNET_FEATURES_REAL_KNEE", "/nonexistent"))
FIELD_MM = 153.6
SIDES = {0.6: 256, 0.48: 320, 0.3: 512}
"""Pixels of the same field of view, by their size in mm."""


def show(stack, side):
    """Picture with more pixels of the same field, interpolated by Fourier as a scanner does."""
    if side == len(stack[0]):
        return stack
    return np.clip(np.rint(zoom(stack.astype(float), (side, side))), 0, 255).astype(np.uint8)


def describe(stacks, mm):
    """Rows of `baseline` of sagittal stacks that are shown with pixels of a size."""
    exams = [{"sagittal": show(stack, SIDES[mm]), "spacing_mm": (mm, mm)} for stack in stacks]
    return FeatureExtractor(planes="sagittal").fit_transform(exams)


def compare(one, other, spread):
    """Differences of the columns, the largest first, in standard deviations of other knees."""
    told = spread > 1e-6 * one.abs().mean()
    return ((one - other).abs() / spread)[spread.index[told]].median().sort_values(ascending=False)


@pytest.fixture(scope="module")
def tables():
    stacks = [draw_knee(100 + seed).stacks["sagittal"] for seed in range(4)]
    return {mm: describe(stacks, mm) for mm in SIDES}


@pytest.mark.parametrize(
    ("one", "other", "half", "most"), [(0.3, 0.48, 0.01, 0.1), (0.6, 0.48, 0.02, 0.25)]
)
def test_a_synthetic_knee_gives_the_same_statistics(tables, one, other, half, most):
    """Half of the columns differ by less than `half`, 95 % by less than `most` deviations."""
    apart = compare(tables[one], tables[other], tables[0.6].std())
    said = f"worst: {apart.head(10).round(3).to_dict()}"
    assert len(apart) > 600
    assert apart.median() < half, said
    assert apart.quantile(0.95) < most, said


@pytest.mark.parametrize("sides", ["fold", "known"])
@pytest.mark.parametrize("mm", [0.69, 0.8])
def test_a_knee_mirrored_before_it_is_resampled_has_the_same_row(mm, sides):
    """Wider than 154 mm, so that it is cut around the leg; bit for bit."""
    stack = draw_knee(1).stacks["coronal"]
    exams = [
        {"coronal": grey, "spacing_mm": (mm, mm), "side": side}
        for grey, side in ((stack, "right"), (mirror_stack(stack, "coronal"), "left"))
    ]
    extractor = FeatureExtractor(["intensity", "meniscus"], planes="coronal", sides=sides)
    assert np.array_equal(*extractor.fit_transform(exams).to_numpy(), equal_nan=True)


@pytest.mark.skipif(
    not REAL_KNEE.is_dir(),
    reason="set MRNET_FEATURES_REAL_KNEE to a folder of real stacks (echo*.npy); none is shipped",
)
@pytest.mark.parametrize("name", ["echo1_te06ms.npy", "echo8_te50ms.npy"])
def test_a_real_knee_gives_the_same_statistics(tables, name):
    """In standard deviations of the synthetic knees, for want of other real ones."""
    stack = np.load(REAL_KNEE / name)
    found = {mm: describe([stack], mm) for mm in (0.48, 0.3)}
    apart = compare(found[0.3], found[0.48], tables[0.6].std())
    said = f"worst: {apart.head(10).round(3).to_dict()}"
    assert apart.median() < 0.01, said
    assert apart.quantile(0.95) < 0.15, said


def test_without_a_spacing_nothing_is_resampled():
    stack = np.random.default_rng(0).integers(0, 256, (3, 40, 50), np.uint8)
    plain = read_exam({"axial": stack}, 0, ["axial"])
    assert np.array_equal(plain.stacks["axial"], stack)
    scaled = {"axial": stack, "spacing_mm": {"axial": (0.6, 0.6)}}
    assert read_shapes(scaled, 0, ["axial"]) == {"axial": (3, 256, 256)}
    pixels = read_exam(scaled, 0, ["axial"])
    assert np.array_equal(pixels.stacks["axial"][:, 108:148, 103:153], stack)
    assert pixels.fingerprint != plain.fingerprint
    by_id = FeatureExtractor("minimal", planes="axial").fit_transform({"0042": scaled})
    assert by_id.index.tolist() == ["0042"]
    with pytest.raises(ValueError, match="`spacing_mm` must be two numbers"):
        FeatureExtractor("minimal", planes="axial").fit_transform([{**scaled, "spacing_mm": 0.6}])


def test_a_changed_spacing_is_noticed_when_a_run_is_resumed(tmp_path):
    paths, out = {"axial": tmp_path / "0042.npy"}, tmp_path / "table.parquet"
    stack = np.random.default_rng(0).integers(0, 256, (3, 90, 90), np.uint8)
    np.save(paths["axial"], stack)
    np.save(tmp_path / "0043.npy", stack[::-1])
    extractor = FeatureExtractor("minimal", planes="axial", pools=("mean",))
    tables = [
        extract_features(
            [Exam("0042", paths, spacing_mm=mm), Exam("0043", {"axial": tmp_path / "0043.npy"})],
            out,
            extractor=extractor,
        )
        for mm in (None, (0.6, 0.6), (0.6, 0.6), (0.3, 0.3))
    ]
    prints = [split_hashes(t.attrs["provenance"]["fingerprints"]) for t in tables]
    assert len({pair[0] for pair in prints}) == 3
    assert prints[1] == prints[2]
    scales = [table.attrs["provenance"].get("scales", []) for table in tables]
    assert [len(each) for each in scales] == [0, 1, 1, 1]
    assert scales[1][0]["pixel_mm"] == 0.6
    assert len({pair[1] for pair in prints}) == 1
