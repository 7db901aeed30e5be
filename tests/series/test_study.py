"""Which series of a study is chosen for each plane."""

from pathlib import Path

import pytest

from mrnet_features.series.study import SeriesInfo, choose_series, list_series
from tests.support.dicom_files import draw_stack, write_series

ROOT = Path("study")


def make_info(uid, plane="axial", **changes):
    info = SeriesInfo(uid, (Path(uid),), 1.0, plane, 30, 0.5, True, None, "")
    return info._replace(**changes)


def choose(*found, **options):
    return {plane: info.uid for plane, info in choose_series(found, ROOT, **options).items()}


def test_fat_suppression_as_in_mrnet_counts_first():
    for plane, wanted in (("axial", True), ("coronal", False), ("sagittal", True)):
        fits = make_info("fits", plane, fat_suppressed=wanted, n_slices=16)
        unknown = make_info("unknown", plane, fat_suppressed=None, n_slices=40)
        other = make_info("other", plane, fat_suppressed=not wanted, n_slices=60)
        assert choose(other, unknown, fits) == {plane: "fits"}
        assert choose(other, unknown) == {plane: "unknown"}
        assert choose(other) == {plane: "other"}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"n_slices": 16}, {"n_slices": 160}),
        ({"n_slices": 80}, {"n_slices": 81}),
        ({"n_slices": 15}, {"n_slices": 14}),
        ({"n_slices": 31}, {"n_slices": 30}),
        ({"pixel_mm": 0.3}, {"pixel_mm": 0.4}),
        ({"number": 3.0}, {"number": 5.0}),
        ({"uid": "1.2"}, {"uid": "1.3"}),
    ],
)
def test_then_slices_pixels_number_and_uid(better, worse):
    one, other = make_info("1.1"), make_info("1.1")
    one, other = one._replace(**better), other._replace(**worse)
    for found in ((one, other), (other, one)):
        assert choose_series(found, ROOT)["axial"] == one


def test_scouts_and_unreadable_series_are_not_chosen():
    scout, broken = make_info("a", n_slices=3), make_info("b", plane="", problem="Broken.")
    with pytest.raises(ValueError, match=r"no series of at least 5 slices.*problem: Broken\."):
        choose(scout, broken)


def test_a_wanted_series_overrides_the_rule():
    found = (make_info("1.1"), make_info("1.2", n_slices=3), make_info("1.3", "coronal"))
    assert choose(*found, wanted={"axial": "1.2"}) == {"axial": "1.2", "coronal": "1.3"}
    for wanted, text in (
        ({"axial": "9"}, "must name series of 'study', got '9' for the axial plane"),
        ({"axial": "1.3"}, "Series '1.3' can't be the axial one: it is a coronal series"),
        ({"top": "1.1"}, "must have planes as keys"),
    ):
        with pytest.raises(ValueError, match=text):
            choose(*found, wanted=wanted)


def test_series_of_a_folder_are_listed(tmp_path):
    pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
    stack = draw_stack(5)
    write_series(tmp_path / "x", "axial", stack, SeriesNumber=4, ScanOptions="FS")
    names = [f"z{k}" for k in range(5)]
    write_series(tmp_path / "x", "coronal", stack, SeriesNumber=3, names=names, EchoTime=12,
                 RepetitionTime=600)  # fmt: skip
    write_series(tmp_path / "ct", "coronal", stack, SeriesNumber=1, Modality="CT")
    found, said = list_series(tmp_path)
    assert [(info.number, info.plane, info.n_slices) for info in found] == [
        (1, "", 0), (3, "coronal", 5), (4, "axial", 5),
    ]  # fmt: skip
    assert [info.fat_suppressed for info in found] == [None, None, True]
    assert found[1].fluid_bright is False
    assert found[0].problem == "The modality is not MR."
    assert said == []
    write_series(tmp_path / "y", "axial", stack, SeriesNumber=9, StudyInstanceUID="1.2.3")
    with pytest.raises(ValueError, match="must hold one study, got 2"):
        list_series(tmp_path)
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        list_series(tmp_path / "gone")
