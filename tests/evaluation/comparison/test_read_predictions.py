"""Prediction files: all formats give the same table, bad files are refused with advice."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from mrnet_features.evaluation import make_folds
from mrnet_features.evaluation.comparison.read_predictions import read_paths, read_predictions
from mrnet_features.names import TASKS

EXAMS = [f"{k:04d}" for k in range(1130, 1250)]


@pytest.fixture
def truth():
    """Labels and good predictions for the exams of the valid split."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(120, 3))
    labels = pd.DataFrame((hidden > [-0.8, 0.2, 0.2]).astype(int), EXAMS, TASKS)
    scores = 1 / (1 + np.exp(-hidden - [1.0, 0.0, 0.0]))
    return labels, pd.DataFrame(scores, EXAMS, TASKS).rename_axis("exam")


@pytest.fixture
def paths(tmp_path):
    file = tmp_path / "valid-paths.csv"
    planes = ("sagittal", "coronal", "axial")
    file.write_text("".join(f"MRNet-v1.0/valid/{p}/{e}.npy\n" for e in EXAMS for p in planes))
    return file


def test_every_format_gives_the_same_table(truth, paths, tmp_path):
    labels, scores = truth
    scores.to_csv(tmp_path / "competition.csv", header=False, index=False)
    scores.rename_axis("id").to_csv(tmp_path / "tidy.csv")
    scores.sample(frac=1, random_state=0).reset_index().to_parquet(tmp_path / "flat.parquet")
    scores.to_parquet(tmp_path / "indexed.parquet")
    scores.rename_axis(None).to_parquet(tmp_path / "unnamed.parquet")
    logit(scores).to_csv(tmp_path / "logits.csv")
    each = {}
    for task in TASKS:
        each[task] = tmp_path / f"{task}.csv"
        scores[task].to_csv(each[task], header=False)
    found = [
        read_predictions(tmp_path / "competition.csv", paths=paths, labels=labels),
        *(read_predictions(tmp_path / name) for name in ("tidy.csv", "flat.parquet")),
        *(read_predictions(tmp_path / name) for name in ("indexed.parquet", "unnamed.parquet")),
        read_predictions(tmp_path / "logits.csv", logits=True),
        read_predictions(each),
    ]
    for table in found:
        pd.testing.assert_frame_equal(table, scores, check_names=False, atol=1e-12)
        assert table.index.tolist() == EXAMS


def test_out_of_fold_files_keep_their_folds(truth, tmp_path):
    labels, scores = truth
    rows = make_folds(labels, n_repeats=2).frame.join(scores, on="exam")
    rows.to_csv(tmp_path / "cv.csv", index=False)
    pd.testing.assert_frame_equal(read_predictions(tmp_path / "cv.csv"), rows)


def test_swapped_columns_give_a_warning_with_and_without_labels(truth, paths, tmp_path):
    labels, scores = truth
    order = ["acl", "meniscus", "abnormal"]
    scores[order].to_csv(tmp_path / "swapped.csv", header=False, index=False)
    for known in (None, labels):
        with pytest.warns(UserWarning, match="look swapped.*pass tasks="):
            read_predictions(tmp_path / "swapped.csv", paths=paths, labels=known)
    mended = read_predictions(tmp_path / "swapped.csv", paths=paths, tasks=order, labels=labels)
    pd.testing.assert_frame_equal(mended[list(TASKS)], scores, check_names=False)


def test_lost_zeros_are_refused_or_restored(tmp_path):
    file = tmp_path / "integers.csv"
    file.write_text("id,abnormal,acl,meniscus\n7,0.9,0.1,0.2\n12,0.8,0.2,0.1\n")
    with pytest.raises(ValueError, match="with their leading zeros.*'7'. Pass id_width=4"):
        read_predictions(file)
    assert read_predictions(file, id_width=4).index.tolist() == ["0007", "0012"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "id,abnormal,acl,meniscus\n0001,2.5,-1.0,0.3\n",
            r"got 2.5 for exam '0001', task 'abnormal' \(2 such cells\).*logits=True",
        ),
        ("id,abnormal,acl,meniscus\n0001,0.5,,0.3\n", "got '' for exam '0001', task 'acl'"),
        ("id,abnormal,acl,meniscus\n0001,0.5,nan,0.3\n", "got 'nan' for exam '0001'"),
        ("id,abnormal,acl\n0001,0.5,0.3\n", "lacks 'meniscus'"),
        (
            "abnormal,acl,meniscus\n0.5,0.5,0.3\n",
            "must have a column of exam ids named exam, .*Name the column of ids 'exam'",
        ),
        ("0.5,0.4,0.3\n0.6,0.5,0.3\n", "seems to have no header; pass `paths`"),
        ("id,abnormal,acl,meniscus\n0001,0.5,0.1,0.3\n0001,0.5,0.1,0.3\n", "exam '0001' again"),
    ],
)
def test_refusals(text, message, tmp_path):
    file = tmp_path / "predictions.csv"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_predictions(file)


def test_refusals_of_several_files(truth, paths, tmp_path):
    _, scores = truth
    scores.iloc[1:].to_csv(tmp_path / "short.csv", header=False, index=False)
    with pytest.raises(ValueError, match="one row for each of the 120 exams .* got 119 rows of 3"):
        read_predictions(tmp_path / "short.csv", paths=paths)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_predictions(tmp_path / "nowhere.csv")
    files = {task: tmp_path / f"{task}.csv" for task in TASKS}
    for k, (task, file) in enumerate(files.items()):
        scores[task].iloc[k:].to_csv(file, header=False)
    with pytest.raises(ValueError, match="got 119 in both, 1 only in .*abnormal.csv"):
        read_predictions(files)
    with pytest.raises(
        ValueError, match="one file for each of 'abnormal', 'acl', 'meniscus', got 'acl'"
    ):
        read_predictions({"acl": files["acl"]})


def test_paths_out_of_order_are_refused(paths):
    assert list(read_paths(paths)) == EXAMS
    lines = paths.read_text().splitlines()
    paths.write_text("\n".join([lines[1], lines[0], *lines[2:]]))
    with pytest.raises(ValueError, match="lines 1 to 3 must be the sagittal, coronal and axial"):
        read_paths(paths)
    paths.write_text("\n".join(lines[:-1]))
    with pytest.raises(ValueError, match="three lines per exam .* got 359 lines"):
        read_paths(paths)
    paths.write_text("\n".join([*lines[:3], *lines[:3]]))
    with pytest.raises(ValueError, match="exam '1130' again"):
        read_paths(paths)
