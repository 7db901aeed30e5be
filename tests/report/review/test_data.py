"""Section on the data: what is counted, which exams are missing, what an audit found."""

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.models import logistic_baseline
from mrnet_features.quality.findings import CODES
from mrnet_features.report.page import Text
from mrnet_features.report.review.data import describe_data, measure_files
from mrnet_features.report.review.exclusions import list_unscored
from mrnet_features.report.review.finding_words import name_code
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.part import Closed, LeftOut, Part, Plot, Thumbnail
from tests.support.dicom_files import draw_stack, write_series
from tests.support.tables import plant_signal
from tests.support.viewed_exams import SHAPES, evaluate_exams, write_exams


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_exams(tmp_path_factory.mktemp("exams"), 20)


@pytest.fixture(scope="module")
def evaluation(dataset):
    return evaluate_exams(dataset)[0]


def test_every_code_of_the_audit_has_words():
    assert [code for code in CODES if name_code(code) == code] == []


def evaluate_many():
    features, labels = plant_signal(80)
    return mf.cross_validate(logistic_baseline(), features, labels, n_splits=2, n_repeats=1)


def make_finding(exam, code="noise", severity="reject", split="", **fields):
    row = {"exam": exam, "plane": "axial", "code": code, "severity": severity}
    return {**row, "value": np.nan, "advice": f"Look at {exam}.", "split": split, **fields}


def describe(evaluation, dataset=None, findings=None, **options):
    """Part and what is left out."""
    table = None if findings is None else pd.DataFrame(findings)
    inputs = collect_inputs(evaluation, dataset, findings=table, **options)
    items = describe_data(inputs)
    (part,) = [item for item in items if isinstance(item, Part)]
    return part, [item for item in items if isinstance(item, LeftOut)]


def read_texts(part):
    return " ".join(block.text for block in part.blocks if isinstance(block, Text))


def list_kinds(part, kind):
    return [block for block in part.blocks if isinstance(block, kind)]


def test_labels_are_counted_and_missing_inputs_named(evaluation):
    part, left_out = describe(evaluation)
    table = part.tables["labels"]
    assert table.loc["abnormal", ["n_positive", "n_negative", "n_missing"]].tolist() == [10, 10, 0]
    assert table.loc["abnormal", "ci_low"] < 0.5 < table.loc["abnormal", "ci_high"]
    assert {item.argument for item in left_out} == {"dataset=", "findings="}
    assert part.tables["combinations"]["observed"].sum() == 20


def test_a_tear_without_abnormal_is_told(evaluation):
    text = read_texts(describe(evaluation)[0])
    both = evaluation.labels[(evaluation.labels["acl"] == 1) & (evaluation.labels["abnormal"] == 0)]
    assert len(both) == 1
    assert f"1 exam ({both.index[0]})" in text


def test_of_one_task_and_missing_labels_there_is_prevalence_alone():
    labels = pd.DataFrame({"acl": [0.0, 1.0] * 6 + [np.nan] * 2})
    labels.index = pd.Index([f"{k:04d}" for k in range(14)], name="exam")
    table = pd.DataFrame({"size": np.arange(14.0)}, index=labels.index)
    found = mf.cross_validate(logistic_baseline(), table, labels, n_splits=2, n_repeats=1)
    part, _ = describe(found)
    assert part.tables["labels"].loc["acl", "n_missing"] == 2
    assert "combinations" not in part.tables


def test_training_exams_of_a_hold_out_are_counted_too(dataset):
    _, table = evaluate_exams(dataset)
    labels = dataset.labels
    found = mf.evaluate(logistic_baseline(), (table[:12], labels[:12]), (table[12:], labels[12:]))
    part, _ = describe(found)
    assert part.tables["training-labels"]["n_negative"].sum() == 12
    assert "fitted on 12 other exams" in read_texts(part)
    assert len(list_unscored(collect_inputs(found, dataset))) == 0  # training exams are no loss


def test_stacks_are_counted_from_their_headers(evaluation, dataset, tmp_path):
    exams = list(dataset.exams)
    broken = tmp_path / "broken.npy"
    broken.write_bytes(b"no stack")
    exams[1] = mf.Exam(exams[1].id, {**exams[1].paths, "axial": broken})
    exams[2] = mf.Exam(exams[2].id, {"axial": exams[2].paths["axial"]})
    part, _ = describe(evaluation, mf.Dataset(tuple(exams), dataset.labels))
    stacks = part.tables["stacks"].set_index("plane")
    assert stacks["n_stacks"].to_dict() == {"axial": 19, "coronal": 19, "sagittal": 19}
    assert stacks["n_missing"].to_dict() == {"axial": 0, "coronal": 1, "sagittal": 1}
    assert stacks["n_unreadable"].to_dict() == {"axial": 1, "coronal": 0, "sagittal": 0}
    n_slices, height, width = SHAPES["axial"]
    assert stacks.loc["axial", "slices"] == n_slices
    assert stacks.loc["axial", "sizes"] == f"{height} x {width}: 19"
    assert "1 file can't be read." in read_texts(part)
    assert str(broken) in part.tables["unreadable"]["problem"].item()


def test_no_pixel_is_read_to_count_stacks(dataset, monkeypatch):
    monkeypatch.setattr(np, "fromfile", None)
    assert (measure_files(dataset, ["0003"])["n_slices"] > 0).all()


def test_exams_that_were_not_scored_are_listed_with_their_findings(evaluation, dataset, tmp_path):
    larger = write_exams(tmp_path, 22)
    findings = [make_finding("0020", severity="check"), make_finding("0020", "ghosting")]
    part, _ = describe(evaluation, larger, findings)
    unscored = part.tables["unscored"].set_index("exam")
    assert list(unscored.index) == ["0020", "0021"]
    first, _, second = unscored.loc["0020", "reasons"].partition("; ")
    assert first.startswith("to reject: ghosting")
    assert second.startswith("to look at: far noisier")
    assert unscored.loc["0021", "reasons"] == ""
    assert "2 exams of the set or the audit were not scored. 1 of them has" in read_texts(part)


def test_findings_of_another_split_are_not_of_this_set(evaluation, dataset):
    rows = [
        make_finding("0001", split="train"),
        make_finding("0900", split="train"),
        make_finding("1200", split="valid"),
    ]
    inputs = collect_inputs(evaluation, dataset, findings=pd.DataFrame(rows))
    assert list(list_unscored(inputs)["exam"]) == ["0900"]


def test_findings_to_reject_are_not_left_out_by_themselves():
    evaluation = evaluate_many()
    rejected = ["0001", "0002", "0006", "0007"]
    part, _ = describe(evaluation, findings=[make_finding(exam) for exam in rejected])
    assert "4 scored exams have findings to reject: 0001, 0002, 0006, 0007." in read_texts(part)
    assert "leaves no exam out by itself" in read_texts(part)
    expected = mf.measure_exclusion(evaluation, rejected).summary()
    pd.testing.assert_frame_equal(part.tables["exclusion"], expected)
    assert len(list_kinds(part, Plot)) == 1


def test_an_exclusion_that_was_measured_before_is_shown():
    evaluation = evaluate_many()
    found = mf.measure_exclusion(evaluation, ["0004", "0005"])
    part, _ = describe(evaluation, also=(found,))
    assert part.tables["exclusion"].loc["one", "n_excluded"] == 2


def test_too_few_exams_without_the_flagged_ones_are_said(evaluation):
    part, _ = describe(
        evaluation, findings=[make_finding(exam) for exam in evaluation.labels.index]
    )
    assert "can't be measured: no exam is left." in read_texts(part)
    assert "exclusion" not in part.tables
    positive = evaluation.labels.index[evaluation.labels["acl"] == 1]
    part, _ = describe(evaluation, findings=[make_finding(exam) for exam in positive])
    assert "0 positive of task 'acl'." in read_texts(part)
    assert "`" not in read_texts(part)


def test_pictures_show_the_slice_at_fault_and_count_from_one(evaluation, dataset):
    advice = "Copies, strongest on slice 3."
    findings = [
        make_finding("0002", "ghosting", advice=advice),
        make_finding("0003", "blur", "check"),
        make_finding("", "label-file", plane="", advice="A line."),
    ]
    part, _ = describe(evaluation, dataset, findings)
    first, second = list_kinds(part, Thumbnail)
    assert first.title == "0002, axial slice 3 of 7: to reject"
    assert advice in first.lines
    stored = dataset["0002"].load("axial")[2].astype(int)
    np.testing.assert_array_equal(first.grey, np.minimum(stored * 255 // 60, 255))
    assert second.title == "0003, axial slice 4 of 7: to look at"
    np.testing.assert_array_equal(second.grey, dataset["0003"].load("axial")[3])
    (listed,) = [block for block in list_kinds(part, Closed) if "findings" in block.title]
    assert [row[0] for row in listed.blocks[0].rows] == ["-", "0002", "0003"]


def test_an_audit_without_findings_says_so(evaluation):
    empty = pd.DataFrame(columns=["exam", "plane", "code", "severity", "value", "advice"])
    part, _ = describe(evaluation, findings=empty)
    assert "The audit found nothing." in read_texts(part)


def test_planes_that_were_not_loaded_are_not_called_missing(dataset):
    exams = tuple(mf.Exam(exam.id, {"sagittal": exam.paths["sagittal"]}) for exam in dataset[:3])
    files = measure_files(mf.Dataset(exams, dataset.labels[:3]), [exam.id for exam in exams])
    assert set(files["plane"]) == {"sagittal"}
    assert files["has_file"].all()


def test_series_are_listed_in_words_and_scans_by_their_headers(evaluation, dataset, tmp_path):
    pytest.importorskip("pydicom", reason="pydicom is not installed")
    folder = write_series(tmp_path / "a", "coronal", draw_stack(6))
    exams = [mf.Exam(exam.id, {"axial_structural": exam.paths["axial"]}) for exam in dataset]
    exams[0] = mf.Exam(exams[0].id, {"coronal_fluid": folder, **exams[0].paths})
    named = mf.Dataset(tuple(exams), dataset.labels)
    part, _ = describe(evaluation, named)
    stacks = part.tables["stacks"].set_index("plane")
    assert list(stacks.index) == ["axial structural", "coronal fluid-sensitive"]
    assert stacks.loc["coronal fluid-sensitive", ["n_stacks", "n_missing"]].tolist() == [1, 19]
    assert stacks.loc["coronal fluid-sensitive", "sizes"] == "256 x 256: 1"


def test_the_pixels_of_scans_are_not_decoded_to_count_stacks(tmp_path, monkeypatch):
    pytest.importorskip("pydicom", reason="pydicom is not installed")
    folder = write_series(tmp_path / "a", "coronal", draw_stack(6))
    one = mf.Dataset((mf.Exam("0001", {"coronal_fluid": folder}),), pd.DataFrame())
    monkeypatch.setattr("mrnet_features.series.dicom_pixels.read_stored", None)
    monkeypatch.setattr("mrnet_features.series.assemble.assemble", None)
    assert measure_files(one, ["0001"])["n_slices"].tolist() == [6]


def test_of_many_tasks_the_most_frequent_are_combined():
    rng = np.random.default_rng(0)
    n = 60
    index = pd.Index([f"{k:04d}" for k in range(n)], name="exam")
    names = [f"finding {k}" for k in range(6)]
    labels = pd.DataFrame(rng.integers(0, 2, (n, 6)), index=index, columns=names)
    labels["finding 2"] = (np.arange(n) % 10 == 0).astype(int)
    table = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n)}, index=index)
    evaluation = mf.cross_validate(
        logistic_baseline(), table, labels, n_splits=2, n_repeats=1, progress=False
    )
    part, _ = describe(evaluation)
    combined = part.tables["combinations"]
    assert len(combined) == 16
    assert "finding 2" not in combined.columns
    (text,) = [
        inner.text
        for block in list_kinds(part, Closed)
        for inner in block.blocks
        if isinstance(inner, Text) and "with the most positive exams" in inner.text
    ]
    assert text.startswith("Of 60 exams with labels of the 4 of 6 tasks with the most positive")
