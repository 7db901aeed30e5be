"""`mf.explore`: tables and figures of a folder, whatever it lacks."""

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.data.dataset import Dataset
from mrnet_features.data.exam import Exam
from mrnet_features.quality.findings import COLUMNS
from mrnet_features.report.explore.result import PARTS, PLOTS
from tests.support.audited_folder import change_stack, leg, write_legs


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """21 exams of legs in train; one is far brighter, one is truncated after its header."""
    root = tmp_path_factory.mktemp("legs")
    write_legs(root)
    change_stack(root, 4, "axial", lambda s: np.clip(s.astype(int) + 90, 0, 255).astype(np.uint8))
    return root


@pytest.fixture(scope="module")
def dataset(root):
    """Labels in which every third exam has a torn ligament and every seventh lacks a label."""
    loaded = mf.load_mrnet(root)
    number = np.arange(len(loaded))
    labels = loaded.labels.astype(float)
    labels["acl"] = number % 3 == 0
    labels["meniscus"] = number % 2
    labels["abnormal"] = 1.0 * ((labels["acl"] == 1) | (labels["meniscus"] == 1))
    labels.loc[number % 7 == 6, "meniscus"] = np.nan
    return Dataset(loaded.exams, labels.astype(float))


@pytest.fixture(scope="module")
def found(dataset):
    return mf.explore(dataset)


def test_every_table_and_figure_is_there(found):
    assert set(found.tables) == set(PARTS)
    assert len(found.frame()) == 3 * 21
    assert found.frame("prevalence").loc["meniscus", "n_missing"] == 3
    assert found.frame("cooccurrence")["observed"].sum() == 18
    for part in PLOTS:
        for plane in found.planes:
            assert found.plot(part=part, plane=plane).get_xlabel()
    assert found.plot(part="histograms", task="acl").get_legend() is not None
    assert found.summary()["n_slices"].between(9, 13).all()
    assert "21 exams; planes axial, coronal, sagittal" in repr(found)


def test_the_bright_exam_is_flagged_and_shown(found):
    flags = found.frame("flags")
    assert set(flags.loc[flags["code"] == "outlier", "exam"]) == {"0004"}
    assert ("0004", "axial") in {(t.exam, t.plane) for t in found.thumbnails}
    assert found.summary().loc["axial", "n_flagged"] >= 1


def test_a_histogram_is_a_fraction_of_the_leg_in_the_order_of_the_stacks(found):
    stacks = found.frame()
    for plane, shares in found.histograms.items():
        assert shares.shape == (21, 64)
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        levels = 4 * np.argmax(np.cumsum(shares, axis=1) >= 0.5, axis=1)
        medians = stacks.loc[stacks["plane"] == plane, "grey_median"]
        np.testing.assert_allclose(levels, medians, atol=4)


def test_two_processes_find_the_same(dataset, found):
    again = mf.explore(dataset[:4], n_jobs=2).frame().drop(columns="grey_distance")
    first = found.frame()[found.frame()["exam"].isin(dataset.ids[:4])]
    pd.testing.assert_frame_equal(again, first.drop(columns="grey_distance"))


def test_findings_of_an_audit_are_among_the_flags_also_those_of_other_exams(dataset):
    rows = [
        ("0002", "coronal", "noise", "check", 5.0, "Look.", "train", "SD"),
        ("9999", "axial", "stack-file", "reject", np.nan, "Copy.", "valid", ""),
    ]
    found = mf.explore(dataset[:3], pd.DataFrame(rows, columns=COLUMNS))
    assert found.frame("flags")["exam"].tolist()[:2] == ["9999", "0002"]
    assert [t.exam for t in found.thumbnails][:1] == ["0002"]


@pytest.mark.parametrize("n_tasks", [0, 1, 4])
def test_any_number_of_tasks(dataset, n_tasks):
    labels = dataset.labels.assign(other=0.0).iloc[:, :n_tasks]
    found = mf.explore(Dataset(dataset.exams[:4], labels.iloc[:4]))
    assert found.tasks == tuple(labels.columns)
    assert len(found.frame("cooccurrence")) == (2**n_tasks if n_tasks else 0)
    assert found.plot().get_xlabel()
    if not n_tasks:
        with pytest.raises(ValueError, match="needs labels"):
            found.plot(part="cooccurrence")


def test_one_exam_of_one_plane(dataset):
    exam = dataset.exams[0]
    one = Dataset((Exam(exam.id, {"sagittal": exam.paths["sagittal"]}),), dataset.labels.iloc[:1])
    found = mf.explore(one)
    assert found.planes == ("sagittal",)
    assert found.frame("slices")["auc"].isna().all()
    assert found.plot(part="histograms").get_xlabel() == "Grey level"


def test_no_exam_is_lost_when_a_file_is_damaged(dataset, tmp_path):
    good = dataset.exams[0].paths["axial"]
    (tmp_path / "bad.npy").write_bytes(good.read_bytes()[:-100])
    exams = (Exam("0000", {"axial": good}), Exam("0001", {"axial": tmp_path / "bad.npy"}))
    found = mf.explore(Dataset(exams, dataset.labels.iloc[:2]))
    flags = found.frame("flags")
    assert flags.loc[flags["exam"] == "0001", "code"].tolist() == ["stack-file"]
    assert found.summary().loc["axial", ["n_exams", "n_missing"]].tolist() == [1, 1]


def test_labels_that_contradict_each_other_are_flagged_once(dataset):
    labels = dataset.labels.iloc[:2].assign(abnormal=[0.0, 1.0], acl=[1.0, 1.0])
    few = Dataset(dataset.exams[:2], labels)
    flags = mf.explore(few).frame("flags")
    assert flags.loc[flags["code"] == "label-conflict", "exam"].tolist() == ["0000"]
    flags = mf.explore(few, mf.audit(few, codes="label-conflict")).frame("flags")
    assert flags["code"].tolist().count("label-conflict") == 1


def test_sequences_of_other_planes_change_what_is_expected(dataset):
    found = mf.explore(dataset[:2], sequences={"sagittal": "T1", "axial": None})
    tissues = found.frame("tissues").set_index(["plane", "tissue"])
    assert tissues.loc[("sagittal", "fat"), "expected"] == "bright"
    assert tissues.loc[("axial", "fat"), "expected"] == ""
    assert found.sequences == {"coronal": "T1", "sagittal": "T1"}


def test_wrong_arguments_are_refused(dataset, found):
    with pytest.raises(TypeError, match="must be a Dataset, got str"):
        mf.explore("knees")
    with pytest.raises(ValueError, match="at least one exam"):
        mf.explore(Dataset((), pd.DataFrame()))
    with pytest.raises(ValueError, match="`n_thumbnails` must be 0 or more, got -1"):
        mf.explore(dataset, n_thumbnails=-1)
    with pytest.raises(ValueError, match="`part` must be one of planes .*, got 'labelz'"):
        found.frame("labelz")
    with pytest.raises(ValueError, match="`part` must be one of cooccurrence"):
        found.plot(part="labels")
    with pytest.raises(ValueError, match="`plane` must be one of axial, coronal, sagittal"):
        found.plot(part="slices", plane="oblique")
    with pytest.raises(ValueError, match="`task` must be one of the tasks"):
        found.plot(part="histograms", task="pcl")


def test_an_inverted_stack_has_bright_air(dataset, tmp_path):
    grey = leg(1, "sagittal")
    np.save(tmp_path / "a.npy", 255 - grey)
    exams = (*dataset.exams[:6], Exam("9000", {"sagittal": tmp_path / "a.npy"}))
    flags = mf.explore(Dataset(exams, pd.DataFrame())).frame("flags")
    reasons = flags.loc[(flags["exam"] == "9000") & (flags["code"] == "tissue-order"), "advice"]
    assert "inverted" in reasons.iloc[0]


def make_named(dataset, n):
    """Exams with three series under names with a weighting; the last lacks one."""
    names = {
        "coronal": "coronal_structural",
        "sagittal": "sagittal_fluid",
        "axial": "axial_dess",
    }
    exams = []
    for k, exam in enumerate(dataset.exams[:n]):
        paths = {names[plane]: path for plane, path in exam.paths.items()}
        if k == n - 1:
            del paths["axial_dess"]
        exams.append(Exam(exam.id, paths))
    return tuple(exams)


def test_named_series_are_measured_as_their_plane_and_judged_by_their_weighting(dataset):
    n = 5
    found = mf.explore(Dataset(make_named(dataset, n), dataset.labels.iloc[:n]))
    usual = mf.explore(dataset[:n], sequences={"axial": None})
    assert found.planes == ("axial_dess", "coronal_structural", "sagittal_fluid")
    assert found.summary().loc["axial_dess", "n_missing"] == 1
    assert found.sequences == {"coronal_structural": "structural", "sagittal_fluid": "fluid"}
    columns = ["expected", "grey", "ratio", "verdict"]
    for named, plane in (("sagittal_fluid", "sagittal"), ("coronal_structural", "coronal")):
        one, other = (
            each.frame("tissues").query("plane == @name").set_index("tissue")[columns]
            for each, name in ((found, named), (usual, plane))
        )
        if plane == "coronal":  # T1 and PD differ in fluid, and it is measured on neither
            assert one.loc["fluid", "expected"] == ""
            one, other = (rows.drop(index="fluid") for rows in (one, other))
        pd.testing.assert_frame_equal(one, other)
    axial = found.frame("tissues").query("plane == 'axial_dess'")
    assert set(axial["expected"]) == {""}
    page = found.make_page().html
    assert "sagittal fluid-sensitive" in page
    assert "T2 fs or PD fs" in page
    assert "sagittal_fluid" not in page


def test_of_many_tasks_the_four_most_frequent_are_compared(dataset):
    n = 8
    rng = np.random.default_rng(0)
    names = [f"finding {k}" for k in range(12)]
    labels = pd.DataFrame(rng.choice([0.0, 1.0, np.nan], (n, 12)), columns=names)
    labels.index = dataset.labels.index[:n]
    found = mf.explore(Dataset(dataset.exams[:n], labels))
    assert found.tasks == tuple(names)
    assert len(found.frame("prevalence")) == 12
    assert len(found.frame("cooccurrence")) == 16
    counts = labels.sum()
    assert len(found.compared) == 4
    assert counts[list(found.compared)].min() >= counts.drop(list(found.compared)).max()
    page = found.make_page().html
    assert "the 4 of 12 tasks with the most positive exams" in page
    assert found.plot(part="histograms", task="finding 11").get_xlabel() == "Grey level"
