"""Files of the studies, read back: geometry, sides, values, weighting, what tags say."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.names import PLANES
from mrnet_features.synthetic import Style
from mrnet_features.synthetic.scan import scan_plane
from mrnet_features.synthetic.studies.dicom_writer import UNITS, number_slices, store_values
from mrnet_features.synthetic.studies.sites import list_sites
from mrnet_features.synthetic.studies.slots import SeriesPlan
from mrnet_features.synthetic.studies.study import draw_study, sample_study
from tests.support.quick_studies import QUICK

pydicom = pytest.importorskip("pydicom")


@pytest.fixture(scope="module")
def table(quick_studies):
    truth = pd.read_csv(quick_studies / "train-series-truth.csv", keep_default_na=False)
    return truth[truth.kind != "localiser"]


def find_series(folder, row):
    return folder / "train_series" / row.StudyInstanceUID / row.SeriesInstanceUID


def read_header(folder, row):
    path = min(find_series(folder, row).iterdir())
    return pydicom.dcmread(path, stop_before_pixels=True)


def write_files(folder, study):
    """Files of a study's series, by plane."""
    folders = {}
    for row, files in draw_study(study):
        folders[row["plane"]] = folder / row["plane"]
        folders[row["plane"]].mkdir()
        for uid, data in files:
            (folder / row["plane"] / f"{uid}.dcm").write_bytes(data)
    return folders


def likeness(one, other):
    """Largest correlation of two pictures over all displacements."""
    spectra = [np.fft.rfft2((image - image.mean()) / image.std()) for image in (one, other)]
    return np.fft.irfft2(spectra[0] * spectra[1].conj(), one.shape).max() / one.size


def match(stack, known, part, turn):
    """Likeness of the slice at one part of a stack and the nearest slices of another."""
    own = stack[int(part * len(stack))].astype(float)
    at = np.arange(len(known)) / len(known) - (1.0 - part if turn == "reversed" else part)
    near = known[np.abs(at) < 0.12].astype(float)
    near = near[:, :, ::-1] if turn == "mirrored" else near
    return max(likeness(own, picture) for picture in near)


def test_every_series_reads_as_its_plane_with_all_slices(quick_studies, table):
    assert len(table) > 30
    for row in table.itertuples():
        series = mf.load_series(find_series(quick_studies, row))
        assert series.plane == row.plane
        assert len(series.stack) == row.n_slices
        assert series.spacing_mm[0] == pytest.approx(row.gap_mm, rel=0.01)


@pytest.mark.parametrize("index", [0, 1, 3])
def test_a_study_shows_the_knee_of_the_layout_of_mrnet(tmp_path, index):
    """Same side, same order of slices, same size: no mirrored or other picture is as like."""
    style = dataclasses.replace(QUICK, drawn_pixels=160)
    study = sample_study(5, "train", index, style)
    plans = [
        SeriesPlan(plane, weighting, "usual", True, plane, weighting, "")
        for plane, weighting in zip(PLANES, ("fluid", "structural", "fluid"), strict=True)
    ]
    generators = [np.random.default_rng(k) for k in range(3)]
    study = dataclasses.replace(study, plans=plans, generators=generators)
    scores = dict.fromkeys(("none", "mirrored", "reversed"), 0.0)
    for plane, folder in write_files(tmp_path, study).items():
        placement = study.scene.planes[plane].placement
        known, _ = scan_plane(plane, study.scene)
        known = known[::-1] if placement.reversed_slices else known
        pixel_mm = float(np.linalg.norm(placement.steps[:, 1])) * study.scene.scale
        stack = mf.load_series(folder, pixel_mm=pixel_mm).stack
        for turn in scores:
            scores[turn] += sum(match(stack, known, part, turn) for part in (0.22, 0.78)) / 6
    assert scores["none"] > 0.75
    assert scores["none"] > max(scores["mirrored"], scores["reversed"]) + 0.05


def test_the_side_is_that_of_the_tag_or_the_position(quick_studies, table):
    truth = pd.read_csv(quick_studies / "train-truth.csv").set_index("StudyInstanceUID")
    sources = set()
    for row in table.groupby("StudyInstanceUID").head(1).itertuples():
        header, true = read_header(quick_studies, row), truth.loc[row.StudyInstanceUID]
        series = mf.load_series(find_series(quick_studies, row))
        sources.add(series.side_source)
        tag = header.get("Laterality") or header.get("ImageLaterality")
        if tag:
            assert (series.side, tag) == (true.side, true.side[0].upper())
        elif true.maker.startswith(("SIEMENS", "GE")):
            assert series.side == ("left" if true.joint_x_mm > 0 else "right")
        elif true.maker.startswith("Philips"):
            assert series.side == "unknown"
    assert {"tag", "position"} <= sources


def test_the_position_tells_the_side_for_some_makers():
    studies = [sample_study(5, "train", k, QUICK) for k in range(60)]
    right = {}
    for study in studies:
        side = 1.0 if study.scene.left else -1.0
        right.setdefault(study.site.maker.position, []).append(side * study.place.middle[0])
    assert np.mean(np.array(right["true"]) > 20) > 0.9
    assert np.abs(right["none"]).max() < 20
    assert 0 < np.mean(np.array(right["random"]) > 20) < 1


def test_weighting_is_what_the_tags_say(quick_studies, table):
    known = 0
    for row in table.itertuples():
        series = mf.load_series(find_series(quick_studies, row))
        if series.fat_suppressed is not None:
            known += 1
            assert series.fat_suppressed == (row.weighting == "fluid")
    assert known > 0.7 * len(table)


def test_headers_name_no_person_and_no_institution(quick_studies, table):
    for row in table.groupby("StudyInstanceUID").head(1).itertuples():
        header = read_header(quick_studies, row)
        assert str(header.PatientName) == "SYNTHETIC^KNEE"
        assert header.PatientID.startswith("SYNTHETIC-")
        assert (header.PatientBirthDate, header.PatientSex, header.AccessionNumber) == ("", "", "")
        assert "InstitutionName" not in header
        assert "Synthetic" in header.ImageComments


@pytest.mark.parametrize("site", list_sites(Style()), ids=lambda site: site.name)
def test_values_are_stored_so_that_they_come_back(site):
    pictures = np.array([[[0.0, 1.0, 120.5, 255.0, 330.0]]], dtype=np.float32)
    stored = store_values(pictures, site).astype(float)
    maker = site.maker
    assert stored.min() >= (-(2**15) if maker.is_signed else 0)
    assert stored.max() < 2**maker.bits
    values = 4095 - stored if maker.is_inverted else stored
    back = (values * maker.slope + maker.intercept) / UNITS
    assert back == pytest.approx(pictures, abs=0.1)


def test_numbers_contradict_positions_at_some_sites(quick_studies, table):
    assert sorted(number_slices(7, "interleaved")) == [1, 2, 3, 4, 5, 6, 7]
    against = 0
    for row in table[(table.numbering != "along") & (table.n_files > 1)].itertuples():
        files = [
            pydicom.dcmread(path, stop_before_pixels=True)
            for path in find_series(quick_studies, row).iterdir()
        ]
        files.sort(key=lambda file: file.InstanceNumber)
        axis = {"axial": 2, "coronal": 1, "sagittal": 0}[row.plane]
        steps = np.diff([float(file.ImagePositionPatient[axis]) for file in files])
        against += 1
        if row.numbering == "interleaved":
            assert len(set(np.sign(steps))) == 2
        else:
            assert len(set(np.sign(steps))) == 1
    assert against > 0
