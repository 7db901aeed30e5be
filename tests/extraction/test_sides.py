"""Known sides: medial is medial in both knees, and an unknown side is an error at once."""

import dataclasses
import logging

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.marks import find_marks
from mrnet_features.extraction.runs.resume import extract_features
from mrnet_features.extraction.sides import count_sources, give_sides, log_sides
from mrnet_features.extraction.slices import describe_slices
from mrnet_features.extraction.table_files.keys import split_hashes
from mrnet_features.names import PLANES
from mrnet_features.series.side import Side
from mrnet_features.stacks.atlas import draw_regions, find_frame
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.mirror import mirror_stack
from mrnet_features.stacks.region_sets import REGION_SETS, name_sides, region_names
from mrnet_features.synthetic import draw_knee, find_lesions
from mrnet_features.synthetic.pathology import MeniscusTear, Pathology, Spot
from tests.support.dicom_files import write_series
from tests.support.sided_knees import draw_sided, orient

SEED = 5
RIGHT, LEFT = 0, 1  # knees of this seed
SIDES = ("medial", "lateral")


def make_tear(side):
    return MeniscusTear(side, "posterior", "horizontal", 1.5, 14.0, 1.0, 0.0)


@pytest.fixture(scope="module")
def knees():
    """Knee without a lesion, with a medial and with a lateral tear, left and right."""
    tears = {
        "intact": Pathology((0, 0, 0)),
        **{side: Pathology((1, 0, 1), tears=(make_tear(side),)) for side in SIDES},
    }
    found = {
        (index, name): draw_sided(SEED, index, pathology=pathology)
        for index in (LEFT, RIGHT)
        for name, pathology in tears.items()
    }
    assert [found[index, "intact"]["side"] for index in (LEFT, RIGHT)] == ["left", "right"]
    return found


def mirror(exam):
    stacks = {plane: mirror_stack(exam[plane], plane) for plane in exam if plane != "side"}
    return {**stacks, "side": {"left": "right", "right": "left"}[exam["side"]]}


@pytest.mark.parametrize("index", [LEFT, RIGHT])
def test_a_tear_raises_the_signal_of_its_own_compartment(knees, index):
    column = "sagittal__back_horn_{}__meniscus__residue7_top__stack"
    extractor = FeatureExtractor("meniscus", planes=("sagittal",), sides="known")
    table = extractor.fit_transform([knees[index, name] for name in ("intact", *SIDES)])
    intact, *torn = (table[[column.format(side) for side in SIDES]]).to_numpy()
    for k, values in enumerate(torn):
        rise = values - intact
        assert rise[k] > 5
        assert rise[k] > 2 * rise[1 - k]


@pytest.mark.parametrize("index", [LEFT, RIGHT])
def test_lesions_lie_in_the_boxes_of_their_side(index):
    """The truth says on which side each lesion was drawn."""
    bones = ("femur", "tibia")
    spots = tuple(Spot(f"{side} {bone}", 10.0, 1.0, 0.0, 0.0) for side in SIDES for bone in bones)
    pathology = Pathology((1, 0, 1), oedema=spots, tears=tuple(map(make_tear, SIDES)))
    knee = draw_knee(SEED, "train", index, pathology=pathology)
    lesions = find_lesions(SEED, "train", index, pathology=pathology)
    seen = set()
    for plane in PLANES:

        def turn(stack, plane=plane):
            found = orient(stack, plane, knee.truth)
            return mirror_stack(found, plane) if knee.truth["laterality"] == "left" else found

        stack = turn(knee.stacks[plane])
        foreground = find_foreground(stack).astype(np.uint8)
        frame = find_frame(stack, foreground, plane)
        for name in {"bones", "menisci"} & {
            key for key in REGION_SETS if plane in REGION_SETS[key]
        }:
            regions = draw_regions(name, plane, foreground, frame)
            sides = [name_sides(r).rpartition("_")[2] for r in region_names(name, plane)]
            for lesion in lesions:
                side = lesion.site.partition(" ")[0]
                is_of_set = (lesion.lesion == "tear") == (name == "menisci")
                inside = np.bincount(regions[turn(lesion.masks[plane])], minlength=len(sides) + 1)
                if side not in SIDES or not is_of_set or inside[1:].sum() < 20:
                    continue
                own = sum(n for n, of in zip(inside[1:], sides, strict=True) if of == side)
                assert own > 0.9 * inside[1:].sum()
                seen.add((plane, name, side))
    places = [(plane, "bones") for plane in PLANES] + [("sagittal", "menisci")]
    assert seen >= {(*place, side) for place in places for side in SIDES}


def test_a_mirrored_knee_of_the_other_side_has_the_same_row(knees):
    """Bit for bit, for all families of `full`."""
    exams = [knees[LEFT, "medial"], mirror(knees[LEFT, "medial"])]
    table = FeatureExtractor("full", sides="known").fit_transform(exams)
    assert np.array_equal(*table.to_numpy(), equal_nan=True)


def test_marks_lie_on_the_stack_as_it_is(knees):
    """Mirrored with the picture, they mark the same tissue; values are those of the table."""
    exam = knees[LEFT, "medial"]
    columns = [
        "coronal__meniscus_medial__meniscus__dark_mean__stack",
        "sagittal__back_horn_medial__meniscus__residue7_top__stack",
        "axial__bone_lateral__marrow__fraction_0p8__stack",
        "sagittal__notch__ligament__acl_contrast__stack",
    ]
    row = FeatureExtractor(sides="known").fit_transform([exam])
    found, other = find_marks(exam, columns), find_marks(mirror(exam), columns)
    for column in columns:
        one, two = found[column], other[column]
        assert one.value == two.value == row[column].item()
        shape = exam[one.plane].shape
        drawn = [np.zeros(shape, bool) for _ in range(2)]
        for mark, pixels in zip((one, two), drawn, strict=True):
            for part in mark.slices:
                if part.outline is not None:
                    pixels[part.slice] |= part.outline
                else:
                    ends = np.rint(part.segment).astype(int)
                    pixels[part.slice, ends[:, 0], ends[:, 1]] = True
        assert drawn[0].any()
        assert np.array_equal(drawn[0], mirror_stack(drawn[1], one.plane))
        assert {part.region for part in one.slices} == {part.region for part in two.slices}
    region = found[columns[1]].slices[0].region
    values = describe_slices(exam, "meniscus", planes="sagittal", sides="known")
    best = found[columns[1]].best_slice
    of_best = values[f"{region}__meniscus__residue7_top"].loc["sagittal", best]
    assert region == "back_horn_medial"
    assert of_best == max(part.value for part in found[columns[1]].slices)
    slices = values.index.get_level_values("slice")
    assert list(slices) == list(range(len(exam["sagittal"])))


def test_slices_of_a_left_knee_keep_their_order(knees):
    """Of a left knee the first slices are medial, of a right knee lateral."""
    for index, side in ((LEFT, "medial"), (RIGHT, "lateral")):
        exam = knees[index, "intact"]
        values = describe_slices(exam, "meniscus", planes="sagittal", sides="known")
        column = values[f"back_horn_{side}__meniscus__dark_mean"].to_numpy()
        known = np.flatnonzero(~np.isnan(column))
        assert known.max() < len(column) / 2


@pytest.fixture
def stack():
    return np.random.default_rng(0).integers(30, 256, (6, 64, 64), np.uint8)


def test_an_unknown_side_is_an_error_before_a_pixel_is_read(stack, tmp_path):
    extractor = FeatureExtractor("minimal", planes="axial", sides="known")
    absent = [Exam(f"{k:04d}", {"axial": tmp_path / "none.npy"}) for k in range(3)]
    absent[1] = Exam("0001", absent[1].paths, side="left")
    with pytest.raises(ValueError, match=r"2 of 3 exams: '0000', '0002'.*side='left'"):
        extractor.fit(absent)
    for run in (extractor.fit, extractor.transform, extractor.fit_transform):
        with pytest.raises(ValueError, match=r"1 of 2 exams: 'index 1'\. Pass it, such"):
            run([{"axial": stack, "side": "right"}, {"axial": stack}])
    with pytest.raises(ValueError, match="The side of the exam at index 0 must be known"):
        next(extractor.iterate([{"axial": stack}]))
    with pytest.raises(ValueError, match="`side` must be 'left', 'right' or None, got 'L'"):
        extractor.fit([{"axial": stack, "side": "L"}])
    with pytest.raises(ValueError, match="must be 'fold', 'known' or 'guess', got 'both'"):
        FeatureExtractor(sides="both").fit([{"axial": stack}])


def test_sources_are_counted_and_logged(stack, caplog):
    exams = {"a": {"axial": stack, "side": "right"}, "b": Exam("b", {}, side="left")}
    given = give_sides([exams["a"], exams["b"]], "known")
    assert given == [exams["a"], exams["b"]]
    assert count_sources(given) == {"given": 2}
    caplog.set_level(logging.INFO, "mrnet_features")
    extractor = FeatureExtractor("minimal", planes="axial", sides="known")
    extractor.fit_transform({"a": exams["a"]})
    assert "Sides of 1 knees: 1 given." in caplog.text
    assert caplog.records[-1].levelno == logging.INFO
    log_sides({"tag": 2, "position": 3})
    assert "Sides of 5 knees: 2 from a tag, 3 guessed from the position. A guess" in caplog.text
    assert caplog.records[-1].levelno == logging.WARNING


def write_exams(folder, sides):
    rng = np.random.default_rng(1)
    exams = []
    for k, side in enumerate(sides):
        path = folder / f"{k:04d}.npy"
        if not path.exists():
            np.save(path, rng.integers(30, 256, (6, 64, 64), np.uint8))
        exams.append(Exam(path.stem, {"coronal": path}, side=side))
    return exams


def test_a_changed_side_is_noticed_when_a_run_is_resumed(tmp_path):
    extractor = FeatureExtractor("minimal", planes="coronal", sides="known")
    path = tmp_path / "table.parquet"
    first = extract_features(write_exams(tmp_path, ["left", "left"]), path, extractor=extractor)
    assert first.attrs["provenance"]["sides"] == {"given": 2}
    assert first.attrs["provenance"]["recipe"]["sides"] == "known"
    second = extract_features(write_exams(tmp_path, ["left", "right"]), path, extractor=extractor)
    fingerprints = [split_hashes(t.attrs["provenance"]["fingerprints"]) for t in (first, second)]
    assert fingerprints[0][0] == fingerprints[1][0]
    assert fingerprints[0][1] != fingerprints[1][1]
    pd.testing.assert_frame_equal(mf.read_features(path), second)
    with pytest.raises(FileExistsError, match="another recipe \\(other sides\\)"):
        extract_features(write_exams(tmp_path, ["left", "right"]), path, extractor=FOLDED)


FOLDED = FeatureExtractor("minimal", planes="coronal")


def test_exams_of_unknown_side_can_be_skipped(tmp_path):
    extractor = FeatureExtractor("minimal", planes="coronal", sides="known")
    exams, path = write_exams(tmp_path, [None, "left"]), tmp_path / "table.parquet"
    with pytest.raises(ValueError, match="1 of 2 exams: '0000'"):
        extract_features(exams, path, extractor=extractor)
    assert not path.exists()
    with pytest.warns(UserWarning, match="1 of 2 exams was skipped"):
        table = extract_features(exams, path, extractor=extractor, on_error="skip")
    assert list(table.index) == ["0001"]
    assert "side of exam '0000' must be known" in (tmp_path / "table.errors.csv").read_text()


def test_pairs_are_named_and_nothing_else_changes():
    folded, known = (FeatureExtractor("full", sides=sides).recipe() for sides in ("fold", "known"))
    endings = ("_low", "_high", "_difference", "_medial", "_lateral")

    def is_pair(column):
        return column.split("__")[1].endswith(endings)

    alike = [[c for c in recipe.columns() if not is_pair(c)] for recipe in (folded, known)]
    assert alike[0] == alike[1]
    assert "coronal__meniscus_medial__meniscus__dark_mean__stack" in known.columns()
    assert not any(column.split("__")[1].endswith(endings[:3]) for column in known.columns())
    assert "sides" not in folded.as_dict()
    assert known.as_dict() == {**folded.as_dict(), "sides": "known"}


def test_columns_of_known_sides_have_words():
    column = "coronal__meniscus_medial__meniscus__dark_mean__stack"
    words = mf.describe_columns(column).iloc[0]
    assert "medial side" in words.phrase
    assert words.sentence.endswith("On the medial side of the knee.")


@pytest.mark.parametrize("tags", [("R", "L"), ("", "")])
def test_dicom_files_of_both_knees_tell_their_sides(tmp_path, caplog, tags):
    """By their tags, or by their position in the scanner, a guess with a warning."""
    pytest.importorskip("pydicom", reason="needs the extra dicom")
    stack = np.random.default_rng(3).integers(30, 256, (12, 128, 128), np.uint8)
    exams = []
    for k, (side, tag) in enumerate(zip((-1, 1), tags, strict=True)):
        grey = stack if side < 0 else mirror_stack(stack, "coronal")
        options = {"Laterality": tag, "side_mm": side * 60.0}
        folder = write_series(tmp_path / str(k), "coronal", grey, **options)
        exams.append(Exam(f"{k:04d}", {"coronal_fluid": folder}))
    sides = "known" if tags[0] else "guess"
    extractor = FeatureExtractor("minimal", planes="coronal_fluid", sides=sides)
    table = extract_features(exams, tmp_path / "table.parquet", extractor=extractor)
    assert np.array_equal(*table.to_numpy(), equal_nan=True)
    source = "tag" if tags[0] else "position"
    assert table.attrs["provenance"]["sides"] == {source: 2}
    assert table.attrs["provenance"]["recipe"]["sides"] == sides
    assert any(record.levelno == logging.WARNING for record in caplog.records) == (not tags[0])
    caplog.clear()
    extractor.fit_transform(exams)
    assert f"2 {'from a tag' if tags[0] else 'guessed from the position'}" in caplog.text or tags[0]


def test_a_guess_is_no_known_side(tmp_path):
    pytest.importorskip("pydicom", reason="needs the extra dicom")
    stack = np.random.default_rng(3).integers(30, 256, (12, 64, 64), np.uint8)
    exams = [
        Exam(name, {"coronal": write_series(tmp_path / name, "coronal", stack, **options)})
        for name, options in {
            "guessed": {"side_mm": 60.0},
            "tagged": {"side_mm": 60.0, "Laterality": "L"},
            "middle": {"side_mm": 0.0},
        }.items()
    ]
    extractor = FeatureExtractor("minimal", planes="coronal", sides="known")
    with pytest.raises(ValueError, match=r"2 of 3 exams.*guess for 1 of them.*sides='guess'"):
        extractor.fit(exams)
    with pytest.raises(ValueError, match="The side of exam 'guessed' must be known"):
        next(extractor.iterate(exams))
    with pytest.raises(ValueError, match=r"1 of 3 exams: 'middle'\. Pass it"):
        FeatureExtractor("minimal", planes="coronal", sides="guess").fit(exams)
    guessed, known = (FeatureExtractor(sides=sides).recipe() for sides in ("guess", "known"))
    assert guessed.columns() == known.columns()
    assert guessed.digest != known.digest


@pytest.mark.parametrize("missing", ["ImagePositionPatient", "ImageOrientationPatient"])
def test_slices_of_unknown_order_have_no_sides(tmp_path, missing):
    """Written from the other side, they would swap medial and lateral."""
    pytest.importorskip("pydicom", reason="needs the extra dicom")
    stack = np.random.default_rng(3).integers(30, 256, (6, 64, 64), np.uint8)

    def edit(dataset, k):
        delattr(dataset, missing)

    folder = write_series(tmp_path / "a", "sagittal", stack, Laterality="R", edit=edit)
    paths = {"sagittal_fluid": folder}
    for exam in (Exam("0042", paths), Exam("0042", paths, side="right")):
        FeatureExtractor("minimal", planes="sagittal_fluid").fit_transform([exam])
        extractor = FeatureExtractor("minimal", planes="sagittal_fluid", sides="known")
        with pytest.raises(ValueError, match="'0042', .*sagittal_fluid.*do not say how the slices"):
            extractor.fit_transform([exam])


@pytest.mark.parametrize("is_study", [False, True])
def test_tags_of_all_slices_are_compared_with_the_side(tmp_path, is_study):
    pytest.importorskip("pydicom", reason="needs the extra dicom")
    stack = np.random.default_rng(3).integers(30, 256, (6, 64, 64), np.uint8)

    def edit(dataset, k):
        dataset.Laterality = "LR"[k // 3]

    folder = write_series(tmp_path / "disc" / "a", "coronal", stack, edit=edit)
    make = (
        (lambda **given: Exam.from_dicom(tmp_path / "disc", id="0042", **given))
        if is_study
        else (lambda **given: Exam("0042", {"coronal": folder}, **given))
    )
    extractor = FeatureExtractor("minimal", planes="coronal", sides="known")
    with pytest.raises(
        ValueError, match="'0042', plane 'coronal'.*say left and right, but the side was"
    ):
        extractor.fit_transform([make()])
    assert len(extractor.fit_transform([make(side="left")])) == 1  # the user counts before tags


def test_a_table_says_anew_how_sides_were_found(tmp_path, monkeypatch):
    extractor = FeatureExtractor("minimal", planes="coronal", sides="known")
    path = tmp_path / "table.parquet"
    tagged = [
        dataclasses.replace(exam, side=Side("left", "tag", 0.99))
        for exam in write_exams(tmp_path, [None, None])
    ]
    first = extract_features(tagged, path, extractor=extractor)
    assert first.attrs["provenance"]["sides"] == {"tag": 2}
    monkeypatch.setattr(Exam, "load", None)  # no stack is read
    second = extract_features(write_exams(tmp_path, ["left"] * 2), path, extractor=extractor)
    assert second.attrs["provenance"]["sides"] == {"given": 2}
    assert mf.read_features(path).attrs["provenance"]["sides"] == {"given": 2}
    pd.testing.assert_frame_equal(first, second)
