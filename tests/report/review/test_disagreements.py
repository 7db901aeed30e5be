"""Section on disagreements: which exams, which slice, which reasons, and where links lead."""

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.models import logistic_baseline
from mrnet_features.report.page import Table, Text
from mrnet_features.report.review.disagreements import describe_disagreements
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.marked_slice import enlarge
from mrnet_features.report.review.part import Closed, LeftOut, Part, Thumbnail
from tests.support.viewed_exams import ACL, FLUID, OWN, SHAPES, evaluate_exams, write_exams


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_exams(tmp_path_factory.mktemp("exams"), 20)


@pytest.fixture(scope="module")
def study(dataset):
    return evaluate_exams(dataset)


def describe(evaluation, *arguments, **options):
    """Part, and the arguments that would bring what is left out."""
    items = describe_disagreements(collect_inputs(evaluation, *arguments, **options))
    (part,) = [item for item in items if isinstance(item, Part)]
    return part, {item.argument for item in items if isinstance(item, LeftOut)}


def list_kinds(part, kind):
    return [block for block in part.blocks if isinstance(block, kind)]


def read_texts(part):
    return " ".join(block.text for block in list_kinds(part, Text))


def replace_exam(dataset, exam_id, paths):
    exams = [mf.Exam(exam_id, paths) if e.id == exam_id else e for e in dataset]
    return mf.Dataset(tuple(exams), dataset.labels)


def test_flipped_labels_are_shown_with_slice_mark_and_reasons(study, dataset):
    evaluation, table = study
    part, left_out = describe(evaluation, dataset, table)
    assert left_out == set()
    pictures = list_kinds(part, Thumbnail)
    shown = part.tables["exams"].set_index("exam")
    assert {"0003", "0008"} <= set(shown.index)  # the two flipped labels
    assert len(pictures) == len(shown)
    assert shown["difference"].is_monotonic_decreasing
    assert (shown["difference"] > 0.5).all()
    for picture, (exam, row) in zip(pictures, shown.iterrows(), strict=True):
        assert picture.title.startswith(f"{exam}: {row['task']}, label {row['label']:.0f}, ")
    reasons = part.tables["reasons"]
    flipped = reasons[reasons["exam"] == "0003"].iloc[0]
    assert flipped["column"] == ACL
    assert "ACL" in flipped["phrase"]
    picture = pictures[list(shown.index).index("0003")]
    assert picture.lines[0] == f"1. {flipped['contribution']:+.2f}: {flipped['phrase']}"
    assert "not a list of errors" in read_texts(part)


def test_the_picture_is_the_slice_of_the_mark(study, dataset):
    evaluation, table = study
    part, _ = describe(evaluation, dataset, table)
    where = part.tables["pictures"].set_index("exam").loc["0003"]
    mark = mf.find_marks(dataset["0003"], ACL)[ACL]
    assert (where["plane"], where["slice"], where["n_slices"]) == (
        "sagittal",
        mark.best_slice + 1,
        SHAPES["sagittal"][0],
    )
    picture = list_kinds(part, Thumbnail)[list(part.tables["pictures"]["exam"]).index("0003")]
    plain = enlarge(dataset["0003"].load("sagittal")[mark.best_slice])
    assert picture.grey.shape == (*plain.shape, 3)
    assert f"Sagittal slice {mark.best_slice + 1} of 9" in picture.lines[-1]


def test_reasons_move_the_probability_away_from_the_label(study, dataset):
    evaluation, table = study
    part, _ = describe(evaluation, None, table)
    exams = part.tables["exams"].set_index("exam")
    explained = mf.explain_predictions(evaluation, table)
    for row in part.tables["reasons"].to_dict("records"):
        away = 1 if exams.loc[row["exam"], "label"] == 0 else -1
        assert away * row["contribution"] > 0
        shares = explained.by_task[row["task"]].loc[row["exam"]]
        assert row["contribution"] == pytest.approx(shares[row["column"]], abs=1e-6)
        assert row["total"] == pytest.approx(shares.sum(), abs=1e-5)


def test_contributions_that_were_computed_before_are_used(study, monkeypatch):
    evaluation, table = study
    before = mf.explain_predictions(evaluation, table)
    module = "mrnet_features.report.review.disagreements.explain_predictions"
    monkeypatch.setattr(module, None)
    part, _ = describe(evaluation, None, table, also=(before,))
    assert len(part.tables["reasons"])


def test_without_a_dataset_there_is_a_table_and_without_features_no_reason(study, dataset):
    evaluation, _ = study
    part, left_out = describe(evaluation)
    assert left_out == {"dataset=", "features="}
    assert list_kinds(part, Thumbnail) == []
    (listed,) = list_kinds(part, Table)
    assert listed.header == ["exam", "task", "label", "probability"]
    part, left_out = describe(evaluation, dataset)
    assert left_out == {"features="}
    picture = list_kinds(part, Thumbnail)[0]
    assert picture.lines == ["Sagittal slice 5 of 9, the middle one."]
    assert picture.grey.shape == (480, 400)
    assert len(list_kinds(part, Closed)) == 1


def test_a_missing_plane_and_a_broken_file_are_said(study, dataset, tmp_path):
    evaluation, table = study
    paths = dict(dataset["0003"].paths)
    sagittal = paths.pop("sagittal")
    without = replace_exam(dataset, "0003", paths)
    part, _ = describe(evaluation, without, table)
    where = part.tables["pictures"].set_index("exam").loc["0003"]
    assert where["plane"] in ("axial", "coronal")

    broken = tmp_path / "broken.npy"
    broken.write_bytes(sagittal.read_bytes()[:-100])
    part, _ = describe(evaluation, replace_exam(dataset, "0003", {"sagittal": broken}), table)
    assert not any(picture.title.startswith("0003") for picture in list_kinds(part, Thumbnail))
    assert "Exam 0003 has no picture. " in read_texts(part)
    assert str(broken) in read_texts(part)
    part, _ = describe(evaluation, replace_exam(dataset, "0003", {}), table)
    assert "Exam 0003 has no picture. The exam has no file." in read_texts(part)


def test_columns_of_another_origin_have_no_mark_but_are_reasons(dataset):
    rng = np.random.default_rng(0)
    index = dataset.labels.index
    unknown = "sagittal__knee__intensity__nonsense__mean"
    values = dataset.labels["abnormal"] + rng.normal(0, 0.8, len(index))
    table = pd.DataFrame({OWN: values, unknown: -values}, index=index)
    evaluation = mf.cross_validate(
        logistic_baseline(), table, dataset.labels[["abnormal"]], n_splits=4, n_repeats=1
    )
    part, _ = describe(evaluation, dataset, table)
    picture = list_kinds(part, Thumbnail)[0]
    assert picture.lines[-1].endswith("the middle one. No reason has a place in the picture.")
    assert {OWN} <= set(part.tables["reasons"]["phrase"])


def test_a_model_that_cannot_be_explained_is_said(dataset):
    from sklearn.neighbors import KNeighborsClassifier

    _, table = evaluate_exams(dataset)
    evaluation = mf.cross_validate(
        KNeighborsClassifier(3), table, dataset.labels, n_splits=4, n_repeats=1
    )
    part, _ = describe(evaluation, None, table)
    assert "Reasons can't be given: " in read_texts(part)
    assert len(part.tables["reasons"]) == 0


def test_where_all_agree_there_is_no_list(dataset):
    labels = dataset.labels[["abnormal"]]
    table = pd.DataFrame({FLUID: labels["abnormal"] * 100.0}, index=labels.index)
    evaluation = mf.cross_validate(logistic_baseline(), table, labels, n_splits=4, n_repeats=1)
    part, _ = describe(evaluation, dataset, table)
    assert "In 0 of 20 exams" in read_texts(part)
    assert list_kinds(part, Thumbnail) == []


def test_scores_that_are_no_probabilities_are_left_out(dataset):
    from sklearn.svm import LinearSVC

    _, table = evaluate_exams(dataset)
    labels = dataset.labels[["abnormal"]]
    evaluation = mf.cross_validate(LinearSVC(), table * 100, labels, n_splits=4, n_repeats=1)
    (left_out,) = describe_disagreements(collect_inputs(evaluation, dataset, table * 100))
    assert left_out.argument == "evaluation="


def test_links_open_the_exam_plane_and_slice_of_the_picture(study, dataset):
    evaluation, table = study
    part, _ = describe(evaluation, dataset, table, viewer="report-files/viewer.html")
    where = part.tables["pictures"].set_index("exam").loc["0003"]
    links = [picture.link for picture in list_kinds(part, Thumbnail)]
    expected = f"#exam=0003&plane={where['plane']}&slice={where['slice']}&task=acl&column={ACL}"
    assert f"report-files/viewer.html{expected}" in links
    assert "only while both stay together" in read_texts(part)


def test_an_exam_with_a_broken_file_has_no_link(study, dataset, tmp_path):
    evaluation, table = study
    broken = tmp_path / "broken.npy"
    broken.write_bytes(b"none")
    changed = replace_exam(dataset, "0003", {**dataset["0003"].paths, "coronal": broken})
    part, _ = describe(evaluation, changed, table, viewer="report-files/viewer.html")
    links = {p.title[:4]: p.link for p in list_kinds(part, Thumbnail)}
    assert links["0003"] == ""
    assert links["0008"]


def rename(dataset, table, names):
    """The same stacks and features under names of series."""
    exams = tuple(
        mf.Exam(exam.id, {names[plane]: path for plane, path in exam.paths.items()})
        for exam in dataset
    )
    columns = [
        "__".join([names.get(parts[0], parts[0]), *parts[1:]])
        for parts in (column.split("__") for column in table.columns)
    ]
    return mf.Dataset(exams, dataset.labels), table.set_axis(columns, axis=1)


def test_marks_are_drawn_on_the_named_series_that_a_reason_comes_from(dataset):
    names = {"axial": "axial_fluid", "coronal": "coronal_fluid", "sagittal": "sagittal_structural"}
    _, table = evaluate_exams(dataset)
    named, features = rename(dataset, table, names)
    evaluation = mf.cross_validate(
        logistic_baseline(), features, named.labels, n_splits=4, n_repeats=1, progress=False
    )
    part, _ = describe(evaluation, named, features)
    where = part.tables["pictures"].set_index("exam").loc["0003"]
    assert where["plane"] == "sagittal_structural"
    assert where["line"].startswith("Sagittal structural slice ")
    assert where["line"].endswith("the line is that of reason 1.")


def test_without_a_reason_a_fluid_sensitive_sagittal_series_is_shown_first(study, dataset):
    path = dataset.exams[0].paths["sagittal"]
    paths = dict.fromkeys(("axial_fluid", "sagittal_structural", "sagittal_fluid"), path)
    exams = tuple(mf.Exam(exam.id, paths) for exam in dataset)
    part, _ = describe(study[0], mf.Dataset(exams, dataset.labels))
    assert set(part.tables["pictures"]["plane"]) == {"sagittal_fluid"}
