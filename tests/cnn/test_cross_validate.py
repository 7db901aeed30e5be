"""Training works, leaks nothing, has the same bits again, and continues after a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.extraction.read import hold_stacks
from tests.support.bright_squares import make_squares

pytest.importorskip("torch", reason="the extra `cnn` is not installed")

QUICK = {"n_splits": 2, "resolution": 64, "progress": False}
SHORT = {**QUICK, "epochs": 1}

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def small():
    """Exams with two series, of which one exam lacks the second."""
    exams, labels = make_squares(20, n_slices=3, series=("axial", "sagittal"))
    exams[3] = hold_stacks({"axial": exams[3].stacks["axial"]}, exams[3].id)
    return exams, labels


def test_a_planted_bright_square_is_found(squares_run):
    assert squares_run.summary().loc["acl", "auc"] > 0.95
    losses = squares_run.curves.groupby("epoch")["tuning_loss"].mean()
    assert losses.iloc[-1] < 0.35 < 0.6 < losses.iloc[0]


def test_shuffled_labels_give_an_auc_near_one_half(squares):
    exams, labels = squares
    order = np.random.default_rng(1).permutation(len(labels))
    shuffled = labels.set_axis(labels.index[order]).sort_index()
    found = mf.cross_validate_cnn(exams, shuffled, epochs=3, **QUICK).summary().loc["acl"]
    assert abs(found["auc"] - 0.5) < 3 * found["se"]


@pytest.mark.filterwarnings("ignore:There is no p for models:UserWarning")  # of one repeat
def test_everything_that_takes_an_evaluation_takes_this_one(squares, squares_run):
    _, labels = squares
    table = pd.DataFrame({"noise": np.arange(len(labels)) % 7}, index=labels.index)
    features = mf.cross_validate(
        mf.logistic_baseline(), table, labels, folds=squares_run.folds, progress=False
    )
    assert isinstance(squares_run, mf.Evaluation)
    difference = mf.compare({"cnn": squares_run, "features": features}).summary()
    assert difference.loc[0, "difference"] > 0.2
    gain = mf.measure_added_value(features, squares_run, n_splits=2).summary()
    assert gain.loc["acl", "gain"] > 0.2
    assert mf.measure_roc(squares_run).summary() is not None
    assert "Networks start with random weights" in squares_run._repr_html_()
    assert squares_run.plot_curves().get_xlabel() == "epoch"


def test_a_fold_is_predicted_by_networks_that_have_not_seen_its_exams(squares, squares_run):
    exams, _ = squares
    rows = squares_run.predictions.query("fold == 1").set_index("exam")["acl"]
    model = squares_run.models["acl", 0, 1]
    again = model.predict_proba([exam for exam in exams if exam.id in rows.index])
    np.testing.assert_array_equal(again[:, 1], rows.to_numpy())
    np.testing.assert_allclose(again.sum(axis=1), 1)
    alone = next(exam for exam in exams if exam.id == rows.index[-1])
    assert model.predict_proba([alone])[0, 1] == rows.iloc[-1]
    with pytest.raises(TypeError, match="predicts from exams, got a DataFrame"):
        model.predict_proba(pd.DataFrame({"size": [1.0]}))


def test_labels_of_a_fold_change_no_prediction_of_it(small):
    exams, labels = small
    folds = mf.make_folds(labels, 2, 1)
    first = mf.cross_validate_cnn(exams, labels, folds=folds, **SHORT)
    tested = folds.frame.query("fold == 0")["exam"]
    other = labels.copy()
    other.loc[tested, "acl"] = 1 - other.loc[tested, "acl"]
    second = mf.cross_validate_cnn(exams, other, folds=folds, **SHORT)
    kept = [run.predictions.query("fold == 0")["acl"].to_numpy() for run in (first, second)]
    np.testing.assert_array_equal(*kept)
    changed = [run.predictions.query("fold == 1")["acl"].to_numpy() for run in (first, second)]
    assert (changed[0] != changed[1]).any()


def test_bits_do_not_depend_on_processes_order_or_memory(small, tmp_path):
    exams, labels = small
    options = {**SHORT, "other": [hold_stacks(exams[0].stacks, "9000")]}
    first = mf.cross_validate_cnn(exams, labels, n_jobs=1, **options)
    second = mf.cross_validate_cnn(
        exams[::-1], labels[::-1], n_jobs=2, out=tmp_path / "cnn", **options
    )
    third = mf.cross_validate_cnn(exams, labels, out=tmp_path / "cnn", **options)  # from disk
    for run in (second, third):
        pd.testing.assert_frame_equal(run.predictions, first.predictions, check_exact=True)
        pd.testing.assert_frame_equal(
            run.other_predictions, first.other_predictions, check_exact=True
        )
        columns = ["train_loss", "tuning_loss"]
        np.testing.assert_array_equal(run.curves[columns], first.curves[columns])
    pd.testing.assert_frame_equal(third.cost, second.cost)  # that of the training, not of reading
    another = mf.cross_validate_cnn(exams, labels, seed=1, folds=first.folds, **SHORT)
    assert (another.predictions["acl"] != first.predictions["acl"]).any()


def test_mirroring_a_knee_and_reversing_its_slices_changes_nothing(small):
    exams, labels = small
    run = mf.cross_validate_cnn(exams, labels, **SHORT)
    turned = [
        hold_stacks(
            {
                name: stack[:, :, ::-1][::-1] if name == "axial" else stack[::-1]
                for name, stack in exam.stacks.items()
            },
            exam.id,
        )
        for exam in exams
    ]
    networks = run.models["acl", 0, 0].networks
    np.testing.assert_allclose(networks.predict(turned), networks.predict(exams), atol=1e-6)


CODE = """
import sys
import mrnet_features as mf
from tests.support.bright_squares import make_squares
exams, labels = make_squares(20, n_slices=3, series=("axial", "sagittal"))
options = dict(n_splits=2, resolution=64, epochs=1, n_jobs=1, progress=False)
mf.cross_validate_cnn(exams, labels, out=sys.argv[1], **options)
"""


def test_a_killed_run_continues_with_the_same_bytes(tmp_path):
    exams, labels = make_squares(20, n_slices=3, series=("axial", "sagittal"))
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", CODE, str(killed)]
    with subprocess.Popen(command, env=environment) as process:
        while process.poll() is None and not list(killed.glob("networks/*.npz")):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    begun = {path.name: path.stat().st_mtime_ns for path in killed.glob("networks/*.npz")}
    assert 1 <= len(begun) < 4
    first = mf.cross_validate_cnn(exams, labels, out=killed, n_jobs=1, **SHORT)
    second = mf.cross_validate_cnn(exams, labels, out=whole, n_jobs=1, **SHORT)
    pd.testing.assert_frame_equal(first.predictions, second.predictions, check_exact=True)
    for name, changed in begun.items():
        assert (killed / "networks" / name).stat().st_mtime_ns == changed
    weights = sorted((whole / "networks").glob("*.pt"))
    assert len(weights) == 4
    for path in weights:
        assert (killed / "networks" / path.name).read_bytes() == path.read_bytes()


def test_other_settings_are_refused_and_other_pixels_trained_again(small, tmp_path):
    exams, labels = small
    run = mf.cross_validate_cnn(exams, labels, out=tmp_path, **SHORT)
    with pytest.raises(FileExistsError, match="other settings: epochs was '1', now '2'"):
        mf.cross_validate_cnn(exams, labels, out=tmp_path, **{**SHORT, "epochs": 2})
    stacks = dict(exams[0].stacks)
    (tmp_path / "networks" / ".axial.npz.4711.partial").touch()  # of a killed run
    stacks["sagittal"] = 255 - stacks["sagittal"]
    changed = [hold_stacks(stacks, exams[0].id), *exams[1:]]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("networks/*.npz")}
    again = mf.cross_validate_cnn(changed, labels, out=tmp_path, **SHORT)
    assert (again.predictions["acl"] != run.predictions["acl"]).any()
    trained = {path.name for path, old in before.items() if path.stat().st_mtime_ns != old}
    assert trained == {f"sagittal-repeat0-fold{k}.npz" for k in (0, 1)}
    assert not list(tmp_path.glob("networks/*.partial"))
    axial = {**SHORT, "epochs": 2, "series": ["axial"]}
    mf.cross_validate_cnn(exams, labels, out=tmp_path, overwrite=True, **axial)
    assert {path.name.split("-")[0] for path in tmp_path.glob("networks/*.npz")} == {"axial"}


def test_the_published_network_starts_with_the_weights_of_a_file(small, tmp_path):
    models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    import torch

    torch.manual_seed(3)
    torch.save(models.alexnet(weights=None).state_dict(), tmp_path / "alexnet.pth")
    options = {**SHORT, "network": "mrnet", "series": ["axial"]}
    run = mf.cross_validate_cnn(*small, weights=tmp_path / "alexnet.pth", **options)
    assert run.start == "weights of 'alexnet.pth'"
    assert run.cost.loc["axial", "n_weights"] == 2_469_696 + 257
    other = mf.cross_validate_cnn(*small, weights="random", folds=run.folds, **options)
    assert (other.predictions["acl"] != run.predictions["acl"]).all()
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / "wrong.pth")
    with pytest.raises(ValueError, match="every weight of the trunk in its shape"):
        mf.cross_validate_cnn(*small, weights=tmp_path / "wrong.pth", **options)


def test_labels_with_gaps_and_soft_labels_are_trained_on(small):
    exams, labels = small
    gaps = labels.assign(meniscus=labels["acl"].where(labels.index > "0003"))
    run = mf.cross_validate_cnn(exams, gaps, **SHORT)
    assert run.predictions["meniscus"].notna().all()
    soft = (labels * 0.8 + 0.1).assign(acl=lambda table: table["acl"].where(table.index != "0000"))
    assert mf.cross_validate_cnn(exams, labels, fit_labels=soft, **SHORT).fit_labels is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "smal"}, "`network` must be 'small' or 'mrnet', got 'smal'. Did you mean"),
        ({"resolution": 32}, "`resolution` must be from 64 to 1024, got 32"),
        ({"epochs": 0}, "`epochs` must be from 1"),
        ({"learning_rate": 0.0}, "`learning_rate` must be above 0"),
        ({"device": "gpu"}, "`device` must be 'auto', 'cpu' or 'cuda', got 'gpu'"),
        ({"series": ["coronal"]}, "`series` must be some of those of the exams"),
        ({"series": ["sagittal"]}, "Every exam must have one of the series sagittal, but 1 have"),
        ({"other": make_squares(2)[0]}, "`other` must hold no exam of `exams`, got 2 in both"),
    ],
)
def test_a_wrong_argument_is_named(small, options, message):
    with pytest.raises(ValueError, match=message):
        mf.cross_validate_cnn(*small, **{**SHORT, **options})


def test_too_few_exams_to_tune_on_are_an_error(small):
    exams, labels = small
    with pytest.raises(ValueError, match="at least 4 exams of each class") as caught:
        mf.cross_validate_cnn(exams[:8], labels[:8], **SHORT)
    assert "to tune the network on" in caught.value.__notes__[0]
    with pytest.raises(ValueError, match="exams"):
        mf.cross_validate_cnn(exams[:10], labels, **SHORT)


def test_a_gpu_that_is_not_there_is_an_error(small):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RuntimeError, match="device='cuda' needs a GPU"):
        mf.cross_validate_cnn(*small, device="cuda", **SHORT)


def test_mixed_precision_trains_too(squares):
    run = mf.cross_validate_cnn(*squares, epochs=8, mixed_precision=True, **QUICK)
    assert run.summary().loc["acl", "auc"] > 0.9
