"""Flags: findings, outliers and reversals by severity, and their thumbnails."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.quality.findings import COLUMNS, Finding
from mrnet_features.report.explore.flags import find_outliers, list_flags, take_thumbnails
from mrnet_features.report.explore.order import Reversal
from tests.support.knees import make_knee

NONE = pd.DataFrame(columns=list(COLUMNS))


def make_stacks(n_exams=30, **changes):
    """Measurements that differ a little from exam to exam, with those of exam 7 changed."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "exam": [f"{k:04d}" for k in range(n_exams)],
            "plane": "axial",
            "n_slices": rng.integers(28, 33, n_exams).astype(float),
            "foreground": rng.normal(0.5, 0.02, n_exams),
            "grey_median": rng.normal(90, 4, n_exams),
            "grey_spread": rng.normal(50, 4, n_exams),
            "grey_distance": rng.gamma(4, 1, n_exams),
        }
    )
    for column, value in changes.items():
        table.loc[7, column] = value
    return table


def finding(exam, plane="axial", code="noise", severity="check", advice="Look."):
    return Finding(exam, plane, code, severity, float("nan"), advice)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("n_slices", 70, "Number of slices: 70, usually 3"),
        ("n_slices", 12, "Number of slices: 12, usually 3"),
        ("foreground", 0.1, "Fraction of the picture that is leg: 0.10, usually 0.50"),
        ("grey_median", 200, "Median grey level: 200, usually 9"),
        ("grey_spread", 4, "Spread of grey levels: 4"),
        ("grey_distance", 60, "Distance of its grey levels from the usual ones: 60.0"),
    ],
)
def test_a_stack_far_from_the_others_is_an_outlier(column, value, words):
    [found] = find_outliers(make_stacks(**{column: value}))
    assert found[:4] == ("0007", "axial", "outlier", "unusual")
    assert found.value >= 4.5
    assert words in found.advice


def test_ordinary_and_few_stacks_have_no_outliers():
    assert list(find_outliers(make_stacks())) == []
    assert list(find_outliers(make_stacks(19, grey_median=200))) == []


def test_a_stack_without_a_leg_is_told_even_alone():
    [found] = find_outliers(make_stacks(8, foreground=0.0, grey_median=np.nan))
    assert found.advice == "No leg was found."


def test_the_most_severe_come_first_and_the_flags_of_a_stack_together():
    audited = pd.DataFrame(
        [finding("0001"), finding("0002", severity="reject"), finding("0003")], columns=COLUMNS
    )
    outliers = [
        Finding("0004", "axial", "outlier", "unusual", 5.0, "a"),
        Finding("0005", "axial", "outlier", "unusual", 50.0, "b"),
        Finding("0003", "axial", "outlier", "unusual", 6.0, "c"),
    ]
    flags = list_flags(audited, outliers, [Reversal("0004", "coronal", 1.3, "d")])
    assert flags["exam"].tolist() == ["0002", "0003", "0003", "0001", "0005", "0004", "0004"]
    assert flags["severity"].tolist()[:3] == ["reject", "check", "unusual"]
    assert flags["code"].tolist()[-1] == "tissue-order"
    assert tuple(flags.columns) == COLUMNS


@pytest.fixture
def dataset(tmp_path):
    """Two exams with ten slices; slice 3 of the first is blank, slice 6 of the other repeated."""
    exams = []
    for name in ("0000", "0001"):
        grey = make_knee(66, (10, 120, 100))
        if name == "0000":
            grey[3] = 0
        else:
            grey[6] = grey[5]
        np.save(tmp_path / f"{name}.npy", grey)
        exams.append(Exam(name, {"axial": tmp_path / f"{name}.npy"}))
    return Dataset(tuple(exams), pd.DataFrame())


def take(dataset, *found, most=9):
    return take_thumbnails(dataset, list_flags(NONE, found, []), most)


@pytest.mark.parametrize(
    ("exam", "code", "advice", "shown"),
    [
        ("0000", "blank-slices", "Look.", 3),
        ("0001", "repeated-slices", "Look.", 6),
        ("0001", "ghosting", "Copies, strongest on slice 9.", 8),
        ("0001", "noise", "Look.", 5),
    ],
)
def test_a_thumbnail_shows_the_slice_at_fault_or_the_middle(dataset, exam, code, advice, shown):
    [thumbnail] = take(dataset, finding(exam, code=code, advice=advice))
    assert thumbnail.slice == shown
    np.testing.assert_array_equal(thumbnail.picture, dataset[exam].load("axial")[shown])
    assert thumbnail.reasons == (f"{code}: {advice}",)


def test_thumbnails_are_capped_and_leave_out_what_can_not_be_shown(dataset):
    found = [
        finding("0000", severity="reject"),
        finding("0001", plane=""),  # of the whole exam
        finding("9999", severity="reject"),  # not in the dataset
        finding("0001", plane="coronal"),  # no such stack
        finding("0001", code="stack-file", severity="reject"),
        finding(""),
    ]
    assert [(t.exam, t.plane) for t in take(dataset, *found)] == [
        ("0000", "axial"),
        ("0001", "axial"),
    ]
    assert len(take(dataset, *found, most=1)) == 1
    assert take(dataset, *found, most=0) == []


def test_large_pictures_are_thinned_out(tmp_path):
    np.save(tmp_path / "a.npy", make_knee(300, (3, 600, 500)))
    dataset = Dataset((Exam("0000", {"axial": tmp_path / "a.npy"}),), pd.DataFrame())
    [thumbnail] = take(dataset, finding("0000"))
    assert thumbnail.picture.shape == (200, 167)
