"""A folder in the RSNA layout becomes exams, labels with gaps, reports and a table of series."""

import html
import pickle
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.data.rsna.load import load_rsna_knee
from mrnet_features.series.assemble import Scale
from tests.support.dicom_files import draw_stack, write_series
from tests.support.rsna_folder import FINDINGS, LABELS, REPORT, SERIES, edit, write_rows, write_set


@pytest.fixture
def root(tmp_path):
    return write_set(tmp_path / "set")


def test_studies_become_exams_with_named_series(root):
    train = load_rsna_knee(root)
    assert train.ids == ("1.2.1", "1.2.2", "1.2.3")
    assert {exam.id: list(exam.paths) for exam in train} == {
        "1.2.1": ["axial_fluid", "sagittal_structural"],
        "1.2.2": ["axial_fluid", "coronal_fluid"],
        "1.2.3": ["axial_fluid"],
    }
    folder = root / "train_series" / "1.2.2" / "1.2.2.2"
    assert train["1.2.2"].paths["coronal_fluid"] == folder


def test_no_dicom_file_is_opened(root, monkeypatch):
    monkeypatch.setattr("mrnet_features.series.dicom_files.open_file", None)
    assert len(load_rsna_knee(root)) == 3


def test_labels_are_those_of_the_header_with_gaps(root):
    labels = load_rsna_knee(root).labels
    assert tuple(labels.columns) == FINDINGS
    nan = np.nan
    assert np.array_equal(
        labels, [[1, 0, 0, nan], [nan, 1, nan, nan], [0, 1, 1, nan]], equal_nan=True
    )
    assert (labels.dtypes == np.float64).all()
    assert labels.index.name == "exam"


def test_studies_with_a_label_of_every_finding_in_use_are_gold(root):
    train = load_rsna_knee(root)
    assert train.is_gold.to_dict() == {"1.2.1": True, "1.2.2": False, "1.2.3": True}
    assert train[train.is_gold].ids == ("1.2.1", "1.2.3")
    assert not load_rsna_knee(write_set(root, "test"), "test").is_gold.any()


def test_labels_beside_a_report_are_no_gold_if_others_have_none(root):
    rows = [(study, REPORT if study == "1.2.1" else "", *c) for study, c in LABELS.items()]
    write_rows(root / "train.csv", [("StudyInstanceUID", "Report", *FINDINGS), *rows])
    assert load_rsna_knee(root).is_gold.to_dict() == {"1.2.1": 0, "1.2.2": 0, "1.2.3": 1}


def test_gold_is_decided_from_the_whole_table(root):
    """Leaving exams out or choosing findings turns no silver label into gold."""
    train = load_rsna_knee(root)
    assert not train[["1.2.2"]].is_gold.any()  # it has all labels that it has
    assert train[["1.2.3", "1.2.2"]].is_gold.to_dict() == {"1.2.3": True, "1.2.2": False}
    assert train[:0].is_gold.empty
    assert not load_rsna_knee(root, exclude=["1.2.1", "1.2.3"]).is_gold.any()
    shutil.rmtree(root / "train_series" / "1.2.1")
    shutil.rmtree(root / "train_series" / "1.2.3")
    assert not load_rsna_knee(root, missing="drop").is_gold.any()
    write_rows(root / "sample_submission.csv", [("StudyInstanceUID", *FINDINGS)])
    part = load_rsna_knee(root, missing="drop", findings="Medial Meniscus")
    assert part.labels.notna().all(axis=None)
    assert not part.is_gold.any()


def test_gold_without_reports_stays_alone_if_it_is_excluded(root):
    rows = [(study, "" if study == "1.2.3" else REPORT, *c) for study, c in LABELS.items()]
    write_rows(root / "train.csv", [("StudyInstanceUID", "Report", *FINDINGS), *rows])
    assert not load_rsna_knee(root, exclude=["1.2.3"]).is_gold.any()
    assert not load_rsna_knee(root)[["1.2.1", "1.2.2"]].is_gold.any()


def add_columns(root):
    """Columns of 0 and 1, and of text, that are no findings."""
    frame = pd.read_csv(root / "train.csv", dtype=str)
    frame.assign(PatientSex=["0", "1", "0"], site=list("abc")).to_csv(
        root / "train.csv", index=False
    )


@pytest.mark.parametrize("load", [lambda root: load_rsna_knee(root).labels, mf.load_labels])
def test_columns_that_the_sample_lacks_are_no_findings(root, load):
    add_columns(root)
    write_rows(root / "sample_submission.csv", [("StudyInstanceUID", *reversed(FINDINGS))])
    with pytest.warns(UserWarning, match="lacks: 'PatientSex', 'site'.* pass `findings`"):
        labels = load(root)
    assert tuple(labels.columns) == FINDINGS


def test_findings_can_be_chosen(root):
    add_columns(root)
    assert list(load_rsna_knee(root, findings=["PatientSex", "ACL"]).labels) == [
        "PatientSex",
        "ACL",
    ]
    write_rows(root / "sample_submission.csv", [("StudyInstanceUID", *FINDINGS)])
    train = load_rsna_knee(root, findings="PatientSex")
    assert train.labels["PatientSex"].tolist() == [0, 1, 0]
    write_set(root, "test")
    assert load_rsna_knee(root, "test", findings=["ACL"]).labels.empty


def test_a_sample_of_other_columns_says_nothing_of_findings(root):
    write_rows(root / "sample_submission.csv", [("id", "probability")])
    assert tuple(load_rsna_knee(root).labels.columns) == FINDINGS


@pytest.mark.parametrize(
    ("findings", "error", "message"),
    [
        (["acl"], ValueError, r"must be columns of .*train\.csv', got 'acl'"),
        (["Report"], ValueError, "must be columns of .*got 'Report'"),
        (["ACL", "ACL"], ValueError, "each once, got 'ACL', 'ACL'"),
        ([], ValueError, "one or more columns"),
        ([1], TypeError, "names of columns, got 1"),
    ],
)
def test_findings_that_are_no_columns_are_refused(root, findings, error, message):
    with pytest.raises(error, match=message):
        load_rsna_knee(root, findings=findings)


def test_the_order_of_lines_does_not_matter(root):
    before = load_rsna_knee(root)
    for name in ("train.csv", "train_series.csv"):
        frame = pd.read_csv(root / name, dtype=str)
        frame.iloc[::-1].to_csv(root / name, index=False)
    after = load_rsna_knee(root)
    assert before.exams == after.exams
    assert before.labels.equals(after.labels)


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16"])
def test_what_spreadsheets_and_pandas_write_is_read(root, code):
    expected = load_rsna_knee(root)
    for name in ("train.csv", "train_series.csv"):
        frame = pd.read_csv(root / name)  # labels with gaps become 1.0
        frame.to_csv(root / name, encoding=code, lineterminator="\r\n")  # with row numbers
    found = load_rsna_knee(root)
    assert found.labels.equals(expected.labels)
    assert found.exams == expected.exams


def test_reports_are_kept_untouched_and_follow_the_exams(root):
    train = load_rsna_knee(root)
    assert train.reports.to_dict() == dict.fromkeys(train.ids, REPORT)
    part = train[["1.2.3", "1.2.1"]]
    assert list(part.reports.index) == list(part.ids) == list(part.labels.index)
    assert load_rsna_knee(write_set(root, "test"), "test").reports.empty
    assert pickle.loads(pickle.dumps(train)).reports.equals(train.reports)


def test_reports_are_shown_nowhere(root):
    train = load_rsna_knee(root)
    shown = [repr(train), train._repr_html_(), *map(repr, train), train["1.2.1"]._repr_html_()]
    tables = [train.labels, train.table(), train.is_gold]
    for text in [*shown, *(pickle.dumps(table).decode("latin1") for table in tables)]:
        assert "PLANTED" not in html.unescape(text)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("train.csv", "StudyInstanceUID,Report", "Report,Study"),  # no column of ids
        ("train.csv", "StudyInstanceUID,Report", "StudyInstanceUID,Text"),  # read as a finding
        ("train.csv", '"PLANTED ""report"",\n# not', "PLANTED report,# not"),  # more cells
        ("train.csv", '"PLANTED ""report"",\n# not', "PLANTED report\nPLANTED, more\n"),  # lines
        ("train.csv", '"PLANTED', 'PLANTED "'),  # quotes
        ("train.csv", "1.2.1,", ""),  # a report in place of the id
        ("train.csv", "Fracture\n1.2.1", "Fracture"),  # a report in the header
        ("train.csv", "StudyInstanceUID,Report,ACL,Medial Meniscus,Baker's,Fracture\n", ""),
    ],
)
def test_no_error_shows_a_report(root, name, old, new):
    edit(root / name, old, new)
    with pytest.raises(ValueError, match=r"train\.csv") as caught:
        load_rsna_knee(root)
    assert "PLANTED" not in str(caught.value)


def test_of_several_series_the_usual_number_of_files_wins_then_more_files(root):
    train = load_rsna_knee(root)
    table = train.table().set_index("series")
    assert train["1.2.1"].paths["sagittal_structural"].name == "1.2.1.4"
    assert table.loc["1.2.1.2":"1.2.1.4", "n_files"].tolist() == [20, 200, 30]
    assert table.loc["1.2.1.4", "reason"] == "more files"
    assert table.loc["1.2.1.3", "reason"] == "another one was chosen"
    assert table.loc["1.2.1.1", "reason"] == "the only one"
    assert table["n_files"].isna().sum() == 4  # single series are not counted
    assert table["chosen"].sum() == 5
    assert set(train[1:].table()["study"]) == {"1.2.2", "1.2.3"}


def test_equal_numbers_of_files_are_told_apart_by_uid(tmp_path):
    series = {f"1.2.1.{k}": ("1.2.1", 1, "Axial", 20) for k in (3, 1, 2)}
    train = load_rsna_knee(write_set(tmp_path, labels={"1.2.1": LABELS["1.2.1"]}, series=series))
    table = train.table()
    assert table.loc[table["chosen"], ["series", "reason"]].to_numpy().tolist() == [
        ["1.2.1.1", "lower UID"]
    ]


def test_the_choice_can_be_passed_as_mapping_or_table(root):
    wanted = {"1.2.1": {"sagittal_structural": "1.2.1.3", "axial_fluid": None}}
    train = load_rsna_knee(root, series=wanted)
    assert train["1.2.1"].paths["sagittal_structural"].name == "1.2.1.3"
    assert list(train["1.2.1"].paths) == ["sagittal_structural"]
    table = load_rsna_knee(root).table()
    table["chosen"] = table["series"].isin(["1.2.1.2", "1.2.2.1"])
    table.to_csv(root / "mine.csv", index=False)
    again = load_rsna_knee(root, series=pd.read_csv(root / "mine.csv", dtype=str))
    assert again["1.2.1"].paths["sagittal_structural"].name == "1.2.1.2"
    assert again.table().set_index("series").loc["1.2.1.2", "reason"] == "passed"
    moved = load_rsna_knee(root, series={"1.2.1": {"coronal_structural": "1.2.1.3"}})
    assert moved["1.2.1"].paths["coronal_structural"].name == "1.2.1.3"


@pytest.mark.parametrize(
    ("wanted", "error", "message"),
    [
        ({"1.2.9": {"axial_fluid": "1.2.1.1"}}, ValueError, "must name studies of .*'1.2.9'"),
        ({"1.2.1": {"axial": "1.2.1.1"}}, ValueError, "must name slots .*got 'axial'"),
        ({"1.2.1": {"axial_fluid": "1.2.2.1"}}, ValueError, "must name series of the study"),
        ({"1.2.1": {"axial_fluid": "../1.2.2/1.2.2.1"}}, ValueError, "must name series of"),
        (
            {"1.2.1": {"axial_fluid": "1.2.1.1", "coronal_fluid": "1.2.1.1"}},
            ValueError,
            "each series once, got '1.2.1.1' again",
        ),
        ({"1.2.1": "1.2.1.1"}, TypeError, "got dict"),
        (pd.DataFrame({"study": []}), ValueError, "columns study, slot and series, got 'study'"),
    ],
)
def test_a_choice_that_can_not_be_is_an_error(root, wanted, error, message):
    with pytest.raises(error, match=message):
        load_rsna_knee(root, series=wanted)


def test_the_test_split_has_no_labels(root):
    test = load_rsna_knee(write_set(root, "test"), "test")
    assert len(test) == 3
    assert len(test.labels) == 0
    assert repr(test) == "StudyDataset(3 exams; no labels)"
    assert test[1:].ids == ("1.2.2", "1.2.3")


@pytest.mark.parametrize(
    "uid", ["../x", "/etc", "..", "a/b", "a\\b", "1.2.", "1 2", "", "knee", "1" * 65]
)
@pytest.mark.parametrize("name", ["train.csv", "train_series.csv"])
def test_uids_that_are_paths_are_refused(root, uid, name):
    edit(root / name, "1.2.1," if name == "train.csv" else "1.2.1.1,", f"{uid},")
    with pytest.raises(ValueError, match=rf"{name} line 2: .*(must be a UID|at most 64 char)"):
        load_rsna_knee(root)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "train.csv",
            ",1,0,0,",
            ",2,0,0,",
            "'ACL' of study '1.2.1' must be 0, 1 or .*'2'",
        ),
        (
            "train.csv",
            ",1,0,0,",
            ",1,yes,0,",
            "line 2: column 'Medial Men.* text of 3 char",
        ),
        ("train.csv", "1.2.2,", "1.2.1,", "line 4: study '1.2.1' appears twice"),
        ("train.csv", "ACL", "Fracture", "each column once, got 'Fracture' again"),
        ("train_series.csv", "1.2.2.1", "1.2.1.1", "series '1.2.1.1' stands in line 2 with other"),
        ("train_series.csv", "Anatomical_Plane", "Plane", "but lacks Anatomical_Plane"),
        ("train_series.csv", "1.2.3,1.2.3.1", "1.2.7,1.2.3.1", "'1.2.3' has no series in"),
    ],
)
def test_problems_of_the_tables_name_line_and_column(root, name, old, new, message):
    edit(root / name, old, new)
    with pytest.raises(ValueError, match=message):
        load_rsna_knee(root)


def test_problems_of_excluded_studies_do_not_matter(root):
    edit(root / "train.csv", ",1,0,0,", ",7,0,0,")
    assert load_rsna_knee(root, exclude=["1.2.1"]).ids == ("1.2.2", "1.2.3")
    write_set(root, "test", {"1.2.8": ()}, {"1.2.8.1": ("1.2.8", 1, "Axial", 1)})
    assert len(load_rsna_knee(root, exclude=["1.2.1", "1.2.8"])) == 2
    with pytest.warns(UserWarning, match="got '1.2.9', which neither"):
        load_rsna_knee(root, exclude=["1.2.1", "1.2.9"])


def test_the_same_line_twice_is_one_series(root):
    path = root / "train_series.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[-1])
    assert len(load_rsna_knee(root).table()) == len(SERIES)


def test_a_part_of_the_set_can_be_loaded(root, caplog):
    shutil.rmtree(root / "train_series" / "1.2.2")
    with pytest.raises(ValueError, match=r"Study '1.2.2' has no folder in .*missing='drop'"):
        load_rsna_knee(root)
    with caplog.at_level("INFO", "mrnet_features"):
        train = load_rsna_knee(root, missing="drop")
    assert "1 of 3 studies in" in caplog.text
    assert train.ids == tuple(train.labels.index) == tuple(train.reports.index)
    assert train.ids == ("1.2.1", "1.2.3")
    shutil.rmtree(root / "train_series" / "1.2.1")
    shutil.rmtree(root / "train_series" / "1.2.3")
    with pytest.raises(ValueError, match="holds no series of the 3 studies"):
        load_rsna_knee(root, missing="drop")


def test_series_that_can_not_be_used_are_counted_and_listed(root):
    shutil.rmtree(root / "train_series/1.2.2/1.2.2.2")
    edit(root / "train_series.csv", "1.2.1.1,1,1,Axial", "1.2.1.1,1,1,Oblique")
    edit(root / "train_series.csv", "1.2.1.4,0,0", "1.2.1.4,,0")
    message = "3 of 7 series in train_series.csv can't be used .no folder: 1, unknown plane: 1, un"
    with pytest.warns(UserWarning, match=message):
        train = load_rsna_knee(root)
    assert list(train["1.2.1"].paths) == ["sagittal_structural"]
    table = train.table().set_index("series")
    assert table.loc["1.2.1.1", ["slot", "reason"]].tolist() == ["", "unknown plane"]
    assert table.loc["1.2.2.2", ["slot", "reason"]].tolist() == ["coronal_fluid", "no folder"]


def test_slots_can_be_fewer(root):
    train = load_rsna_knee(root, slots=("axial_fluid",))
    assert {tuple(exam.paths) for exam in train} == {("axial_fluid",)}
    with pytest.raises(ValueError, match="Study '1.2.2' has none of `slots` in"):
        load_rsna_knee(root, slots="sagittal_structural")
    with pytest.raises(ValueError, match=r"`slots` must be some of .*Pass 'axial_fluid' or"):
        load_rsna_knee(root, slots="axial")


def test_the_scale_reaches_the_exams(root):
    exam = load_rsna_knee(root, pixel_mm=0.5, size=320, percentiles=(1, 99)).exams[0]
    assert exam.scale == Scale(0.5, 320, (1.0, 99.0))
    with pytest.raises(ValueError, match="`size` must be"):
        load_rsna_knee(root, size=-1)


def test_labels_are_read_without_images(root):
    expected = load_rsna_knee(root).labels
    shutil.rmtree(root / "train_series")
    (root / "train_series.csv").unlink()
    assert mf.load_labels(root).equals(expected)
    assert mf.load_labels(root, exclude=["1.2.2"]).index.tolist() == ["1.2.1", "1.2.3"]
    write_rows(root / "test.csv", [["StudyInstanceUID"], ["1.2.5"]])
    with pytest.raises(ValueError, match="has no column of labels"):
        mf.load_labels(root, "test")


def test_a_row_of_features_per_study(tmp_path):
    pytest.importorskip("pydicom", reason="the extra `dicom` is not installed")
    root = write_set(tmp_path, series={k: (*v[:3], 0) for k, v in SERIES.items()})
    for uid in ("1.2.1.1", "1.2.1.2", "1.2.2.2", "1.2.3.1"):
        study, _, plane, _ = SERIES[uid]
        stack = draw_stack(5, 70, 60, seed=int(uid[-1]) + int(study[-1]))
        write_series(root / "train_series" / study / uid, plane.lower(), stack)
    edit(root / "train_series.csv", "1.2.2.1,1", "1.2.2.1,?")
    with pytest.warns(UserWarning, match="unknown weighting: 1"):
        train = load_rsna_knee(root, size=96)
    slots = ("axial_fluid", "coronal_fluid", "sagittal_structural")
    extractor = mf.FeatureExtractor("minimal", planes=slots, missing="nan", progress=False)
    features = extractor.fit_transform(train)
    assert features.index.equals(train.labels.index)
    known = features.notna().T.groupby(lambda column: column.split("__")[0]).any().T
    assert known.to_numpy().tolist() == [
        [True, False, True], [False, True, False], [True, False, False],
    ]  # fmt: skip
    path = tmp_path / "train.parquet"
    saved = mf.extract_features(train, path, extractor=extractor, progress=False)
    assert saved.equals(features)
    scale = {"pixel_mm": 0.6, "size": 96, "percentiles": [0.1, 99.9]}
    assert saved.attrs["provenance"]["scales"] == [scale]
    with pytest.warns(UserWarning, match="unknown weighting: 1"):
        coarse = load_rsna_knee(root, size=96, pixel_mm=1.0)
    with pytest.raises(FileExistsError, match="the pixels of every exam differ"):
        mf.extract_features(coarse, path, extractor=extractor, progress=False)
    assert "PLANTED" not in path.read_bytes().decode("latin1")


def test_models_are_fitted_on_all_labels_and_scored_on_gold(tmp_path):
    """As docs/rsna.md shows it: silver labels are opposite to the truth, and AUCs say so."""
    rng = np.random.default_rng(0)
    truth = {f"1.2.{k}.3": k % 2 for k in range(60)}
    labels = {study: (value if k < 24 else 1 - value, "") for k, (study, value) in
              enumerate(truth.items())}  # fmt: skip
    series = {f"{study}.1": (study, 1, "Axial", 0) for study in truth}
    root = write_set(tmp_path, labels=labels, series=series, findings=("ACL", "MCL"))
    rows = [(study, "" if k < 24 else "text", *labels[study]) for k, study in enumerate(truth)]
    write_rows(root / "train.csv", [("StudyInstanceUID", "Report", "ACL", "MCL"), *rows])
    train = load_rsna_knee(root)
    values = pd.Series(truth)[list(train.ids)] + rng.normal(0, 0.1, 60)
    features = values.rename("size").to_frame()
    labels = train.labels.dropna(axis=1, how="all")
    assert train.is_gold.sum() == 24
    scored = labels.where(train.is_gold, axis=0)
    model = mf.logistic_baseline()
    evaluation = mf.cross_validate(model, features, scored, fit_labels=labels, n_splits=3)
    assert evaluation.summary().loc["ACL", ["auc", "n_exams"]].tolist() == [0, 24]
    gold = train.is_gold
    sides = (features[~gold], labels[~gold]), (features[gold], labels[gold])
    assert mf.evaluate(model, *sides).summary().loc["ACL", "auc"] == 0


def test_every_file_of_the_folder_is_left_as_it_was(root):
    def state():
        return {path: path.stat().st_mtime_ns for path in sorted(Path(root).rglob("*"))}

    before = state()
    load_rsna_knee(root)
    assert state() == before
