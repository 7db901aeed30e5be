"""Bundles: same bits after loading, nothing executed, mixed or damaged files refused."""

import errno
import json
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrnet_features.models import (
    Bundle,
    fit_bundle,
    lightgbm_baseline,
    load_bundle,
    logistic_baseline,
)
from mrnet_features.models.bundle import check_bundle_folder

TASKS = ["abnormal", "acl", "meniscus"]
FAST = lightgbm_baseline(n_seeds=2, n_estimators=20)


@pytest.fixture
def tables():
    rng = np.random.default_rng(0)
    exams = [f"{i:04d}" for i in range(120)]
    X = rng.normal(size=(120, 8))
    X[rng.random(X.shape) < 0.05] = np.nan
    labels = pd.DataFrame((np.nan_to_num(X[:, :3]) > 0.2).astype(int), exams, TASKS)
    features = pd.DataFrame(X, index=exams).add_prefix("axial__knee__glcm__s").add_suffix("__mean")
    features.attrs["provenance"] = {
        "recipe": {"families": []},
        "recipe_digest": "a" * 16,
        "fingerprints": ["secret"] * 120,
        "file_states": "secret " * 120,
        "skipped": ["secret"],
        "missing": {"axial": ["secret"]},
    }
    return features, labels


def test_a_loaded_bundle_predicts_the_same_bits(tables, tmp_path):
    features, labels = tables
    bundle = fit_bundle(FAST, features, labels, thresholds={"acl": 0.3})
    bundle.save(tmp_path / "model")
    loaded = load_bundle(tmp_path / "model")
    expected = bundle.predict(features)
    pd.testing.assert_frame_equal(loaded.predict(features), expected, check_exact=True)
    turned = features.iloc[::-1, ::-1].assign(extra=0.0)
    pd.testing.assert_frame_equal(loaded.predict(turned), expected.iloc[::-1], check_exact=True)
    assert loaded.thresholds == {"acl": 0.3}
    assert loaded.columns == tuple(features.columns)
    assert loaded.versions["lightgbm"]
    assert loaded.models["acl"].get_params() == FAST.get_params()
    assert repr(loaded) == "Bundle(tasks abnormal, acl, meniscus, 8 columns)"
    order = features.sample(frac=1, random_state=0)
    again = fit_bundle(FAST, order, labels.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(again.predict(features), expected, check_exact=True)


def test_a_coherent_bundle_predicts_the_same_bits_after_loading(tables, tmp_path):
    features, labels = tables
    labels["abnormal"] = labels.max(axis=1)
    plain = fit_bundle(FAST, features, labels)
    coherent = fit_bundle(FAST, features, labels, coherent=True)
    assert coherent.implications == (("acl", "abnormal"), ("meniscus", "abnormal"))
    coherent.save(tmp_path)
    loaded = load_bundle(tmp_path)
    assert loaded.implications == coherent.implications
    pd.testing.assert_frame_equal(loaded.predict(features), coherent.predict(features))
    before, after = plain.predict(features), loaded.predict(features)
    pd.testing.assert_frame_equal(before[TASKS[1:]], after[TASKS[1:]])
    expected = 1 - (1 - before).prod(axis=1)
    np.testing.assert_allclose(after["abnormal"], expected, rtol=1e-12)


def test_labels_that_break_the_rule_leave_a_bundle_as_it_is(tables):
    features, labels = tables
    assert ((labels["acl"] == 1) & (labels["abnormal"] == 0)).any()
    with pytest.warns(
        UserWarning, match="'acl implies abnormal' is not used: .* positive for 'acl'"
    ):
        assert fit_bundle(FAST, features, labels, coherent=True).implications == ()


def test_the_folder_holds_text_only_and_no_exam(tables, tmp_path):
    features, labels = tables
    fit_bundle(FAST, features, labels).save(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["bundle.json", *(f"task{t}_seed{s}.txt" for t in range(3) for s in range(2))]
    for path in tmp_path.iterdir():
        text = path.read_text(encoding="utf-8")
        assert "secret" not in text
        assert "0007" not in text.split()


def test_a_bundle_replaces_a_bundle_and_nothing_else(tables, tmp_path):
    features, labels = tables
    first = fit_bundle(FAST, features, labels)
    first.save(tmp_path)
    (tmp_path / "NOTES.txt").write_text("mine")
    second = fit_bundle(FAST, features, labels[["acl"]])
    second.save(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["NOTES.txt", "bundle.json", "task0_seed0.txt", "task0_seed1.txt"]
    assert load_bundle(tmp_path).predict(features).equals(second.predict(features))


def test_a_bundle_that_can_not_be_written_leaves_the_old_one(tables, tmp_path, monkeypatch):
    features, labels = tables
    first = fit_bundle(FAST, features, labels)
    first.save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write = Path.write_text

    def fill_disk(self, *args, **kwargs):
        write(self, *args, **kwargs)
        if "task2" in self.name:
            raise OSError("no space left")

    monkeypatch.setattr(Path, "write_text", fill_disk)
    with pytest.raises(OSError, match="no space left"):
        fit_bundle(FAST, features, 1 - labels).save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_full_disk_leaves_no_new_folder_and_says_what_to_do(tables, tmp_path, monkeypatch):
    bundle = fit_bundle(FAST, *tables)

    def fill(*_):
        raise OSError(errno.ENOSPC, "No space left on device", ".a.partial")

    monkeypatch.setattr("mrnet_features.models.bundle.write_texts", fill)
    (tmp_path / "old").mkdir()
    for name in ("new", "old"):
        with pytest.raises(OSError, match=f"{name}' can't be written .No space.* Free some space"):
            bundle.save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_bundle_json_of_something_else_is_left(tables, tmp_path):
    features, labels = tables
    (tmp_path / "bundle.json").write_text('{"files": []}')
    with pytest.raises(FileExistsError, match="must be empty or hold a bundle"):
        fit_bundle(FAST, features, labels).save(tmp_path)
    assert (tmp_path / "bundle.json").read_text() == '{"files": []}'


def test_another_recipe_is_refused(tables):
    features, labels = tables
    bundle = fit_bundle(FAST, features, labels)
    other = features.copy()
    other.attrs["provenance"] = {"recipe_digest": "b" * 16}
    with pytest.raises(ValueError, match="digest 'b{16}'.*digest 'a{16}'"):
        bundle.predict(other)
    other.attrs = {}
    bundle.predict(other)
    with pytest.raises(ValueError, match="but lacks 1, such as 'axial__knee__glcm__s3__mean'"):
        bundle.predict(other.drop(columns="axial__knee__glcm__s3__mean"))


def test_changed_or_missing_files_are_refused(tables, tmp_path):
    features, labels = tables
    fit_bundle(FAST, features, labels).save(tmp_path)
    file = tmp_path / "task1_seed0.txt"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("tree", "Tree", 1), encoding="utf-8")
    with pytest.raises(ValueError, match="was changed after it was saved"):
        load_bundle(tmp_path)
    file.unlink()
    with pytest.raises(FileNotFoundError, match="Copy the whole folder"):
        load_bundle(tmp_path)
    (tmp_path / "bundle.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(ValueError, match="bundle of format 3 or 4, got format 99"):
        load_bundle(tmp_path)
    with pytest.raises(FileNotFoundError, match="no 'bundle.json'"):
        load_bundle(tmp_path / "nowhere")


def test_boosters_of_another_task_or_model_are_refused(tables, tmp_path):
    features, labels = tables
    fit_bundle(FAST, features, labels).save(tmp_path / "one")
    fit_bundle(FAST, features, 1 - labels).save(tmp_path / "two")
    one, two = tmp_path / "one" / "task0_seed0.txt", tmp_path / "one" / "task1_seed0.txt"
    texts = one.read_text(), two.read_text()
    one.write_text(texts[1])
    two.write_text(texts[0])
    with pytest.raises(ValueError, match=r"task0_seed0.txt' was changed .* that in 'bundle.json'"):
        load_bundle(tmp_path / "one")
    one.write_text(texts[0])
    two.write_text(texts[1])
    load_bundle(tmp_path / "one")
    shutil.copy(tmp_path / "two" / "task2_seed1.txt", tmp_path / "one")
    with pytest.raises(ValueError, match=r"task2_seed1.txt' was changed"):
        load_bundle(tmp_path / "one")


def swap(mapping, one, two):
    mapping[one], mapping[two] = mapping[two], mapping[one]


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head["columns"].reverse(),
        lambda head: head["tasks"].reverse(),
        lambda head: swap(head["boosters"], "acl", "meniscus"),
        lambda head: head["boosters"]["acl"].clear(),
        lambda head: head["thresholds"].update(acl=0.7),
        lambda head: head["provenance"].update(recipe_digest="b" * 16),
    ],
)
def test_a_changed_head_is_refused(tables, tmp_path, change):
    features, labels = tables
    fit_bundle(FAST, features, labels, thresholds={"acl": 0.3}).save(tmp_path)
    head = json.loads((tmp_path / "bundle.json").read_text())
    change(head)
    (tmp_path / "bundle.json").write_text(json.dumps(head))
    with pytest.raises(ValueError, match="bundle.json' was changed after it was saved"):
        load_bundle(tmp_path)


def test_line_ends_and_the_layout_of_the_json_do_not_matter(tables, tmp_path):
    features, labels = tables
    bundle = fit_bundle(FAST, features, labels)
    bundle.save(tmp_path)
    head = json.loads((tmp_path / "bundle.json").read_text())
    (tmp_path / "bundle.json").write_text(json.dumps(dict(reversed(head.items()))))
    for file in tmp_path.glob("*.txt"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert load_bundle(tmp_path).predict(features).equals(bundle.predict(features))


def test_a_loaded_bundle_is_saved_as_the_same_files(tables, tmp_path):
    features, labels = tables
    fit_bundle(FAST, features, labels, thresholds={"acl": 0.1}).save(tmp_path / "one")
    load_bundle(tmp_path / "one").save(tmp_path / "two")
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_other_things_than_regular_files_are_refused(tables, tmp_path):
    features, labels = tables
    bundle = fit_bundle(FAST, features, labels)
    bundle.save(tmp_path)
    (tmp_path / "task0_seed0.txt").unlink()
    os.mkfifo(tmp_path / "task0_seed0.txt")
    with pytest.raises(OSError, match=r"task0_seed0.txt' must be a regular file, got a pipe"):
        load_bundle(tmp_path)
    with pytest.raises(FileExistsError, match="'task0_seed0.txt' is something else"):
        bundle.save(tmp_path)
    (tmp_path / "bundle.json").unlink()
    os.mkfifo(tmp_path / "bundle.json")
    with pytest.raises(OSError, match="must be a regular file"):
        load_bundle(tmp_path)
    with pytest.raises(FileExistsError, match="must be empty or hold a bundle"):
        bundle.save(tmp_path)


def test_only_booster_files_are_deleted_whatever_the_old_head_lists(tables, tmp_path):
    features, labels = tables
    bundle = fit_bundle(FAST, features, labels[["acl"]])
    bundle.save(tmp_path)
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "task7_seed7.txt").write_text("of an older bundle")
    head = json.loads((tmp_path / "bundle.json").read_text())
    head["boosters"]["acl"][0]["file"] = "thesis.txt"
    (tmp_path / "bundle.json").write_text(json.dumps(head))
    bundle.save(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["bundle.json", "task0_seed0.txt", "task0_seed1.txt", "thesis.txt"]


def test_a_save_that_was_interrupted_can_be_repeated(tables, tmp_path):
    features, labels = tables
    bundle = fit_bundle(FAST, features, labels)
    bundle.save(tmp_path)
    (tmp_path / "bundle.json").unlink()
    bundle.save(tmp_path)
    load_bundle(tmp_path)


def test_a_first_save_that_was_killed_can_be_repeated(tables, tmp_path):
    for name in (".task0_seed0.txt.4711.partial", ".bundle.json.4711.partial", ".bundle.json.lock"):
        (tmp_path / name).touch()
    fit_bundle(FAST, *tables).save(tmp_path)
    load_bundle(tmp_path)
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]
    (tmp_path / ".thesis.txt.1.partial").touch()
    (tmp_path / "bundle.json").unlink()
    with pytest.raises(FileExistsError, match=r"other files \('.thesis.txt.1.partial'\)"):
        fit_bundle(FAST, *tables).save(tmp_path)


def test_a_bundle_that_could_not_be_loaded_is_not_saved(tables, tmp_path):
    features, labels = tables
    bundle = fit_bundle(FAST, features, labels[["acl"]])
    with pytest.raises(ValueError, match="`thresholds` must be probabilities .* got 1.5 for 'acl'"):
        Bundle(bundle.models, bundle.columns, thresholds={"acl": 1.5}).save(tmp_path)
    with pytest.raises(ValueError, match="with 7 columns"):
        Bundle(bundle.models, bundle.columns[1:]).save(tmp_path)
    with pytest.raises(ValueError, match="`tasks` must be a list of different names, at least"):
        Bundle({}, bundle.columns).save(tmp_path)
    random = lightgbm_baseline(n_seeds=1, n_estimators=1)
    random.set_params(random_state=np.random.RandomState(0))
    with pytest.raises(TypeError, match="JSON has no RandomState. Use numbers"):
        fit_bundle(random, features, labels).save(tmp_path)
    bundle.models["acl"].boosters_.clear()
    with pytest.raises(ValueError, match="`boosters` must be as many as `n_seeds`, at least one"):
        bundle.save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def load_in_child(folder, queue):
    bundle = load_bundle(folder)
    bundle.save(f"{folder}-again")
    queue.put(pickle.loads(pickle.dumps(bundle)).columns)


FORK = """
import multiprocessing, sys
sys.path.insert(0, "")
import lightgbm, numpy as np
from mrnet_features.models import load_bundle
from tests.models.test_bundle import load_in_child
load_bundle(sys.argv[1])
X = np.arange(400.0).reshape(200, 2)
lightgbm.LGBMClassifier(n_jobs=2, verbose=-1, n_estimators=2).fit(X, [0, 1] * 100)
context = multiprocessing.get_context("fork")
queue = context.Queue()
child = context.Process(target=load_in_child, args=(sys.argv[1], queue), daemon=True)
child.start()
print(len(queue.get(timeout=30)))
"""


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="the system can't fork"
)
def test_a_forked_child_loads_saves_and_pickles_a_bundle(tables, tmp_path):
    features, labels = tables
    fit_bundle(FAST, features, labels).save(tmp_path / "model")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, str(tmp_path / "model")],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert run.stdout == "8\n", run.stderr[-500:]


def test_nothing_is_unpickled(tables, tmp_path):
    features, labels = tables
    fit_bundle(FAST, features, labels).save(tmp_path)
    payload = b"cbuiltins\nexit\n(I3\ntR."
    with pytest.raises(SystemExit):
        pickle.loads(payload)
    for path in list(tmp_path.iterdir()):
        kept = path.read_bytes()
        path.write_bytes(payload)
        with pytest.raises(ValueError):  # noqa: PT011 (JSON's error, or that of the hash)
            load_bundle(tmp_path)
        path.write_bytes(kept)


def test_a_series_is_one_task(tables):
    features, labels = tables
    found = fit_bundle(FAST, features, labels["acl"]).predict(features)
    column = fit_bundle(FAST, features, labels[["acl"]]).predict(features)
    pd.testing.assert_frame_equal(found, column, check_exact=True)


def test_a_bundle_of_an_older_version_is_refused(tables, tmp_path):
    features, labels = tables
    fit_bundle(FAST, features, labels[["acl"]]).save(tmp_path)
    head = json.loads((tmp_path / "bundle.json").read_text())
    assert head["format"] == 3
    for version in (1, 2):
        (tmp_path / "bundle.json").write_text(json.dumps({**head, "format": version}))
        with pytest.raises(ValueError, match="bundle.json' was written by an older version"):
            load_bundle(tmp_path)


def test_refusals(tables, tmp_path):
    features, labels = tables
    with pytest.raises(TypeError, match=r"The order is fit_bundle\(model, features, labels\)"):
        fit_bundle(features, labels, FAST)
    twice = features.iloc[[0, *range(len(features))]]
    with pytest.raises(ValueError, match="`features` must hold each exam once, got '0000' more"):
        fit_bundle(None, twice, labels)
    with pytest.raises(TypeError, match="must be SeedAveragedLightGBM, got ScaledLogistic"):
        fit_bundle(logistic_baseline(), features, labels)
    with pytest.raises(ValueError, match="got 119 in both, 1 only in `labels`"):
        fit_bundle(None, features.iloc[1:], labels)
    (tmp_path / "thesis.txt").write_text("do not delete me")
    with pytest.raises(FileExistsError, match="holds other files"):
        fit_bundle(FAST, features, labels).save(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="must be a folder, got a file"):
        check_bundle_folder(tmp_path / "file")
    with pytest.raises(TypeError, match="`features` must be a pandas DataFrame .* got ndarray"):
        fit_bundle(FAST, features, labels).predict(features.to_numpy())


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda f, y: (f, y + 1), ValueError, r"must be 0 or 1, got 2"),
        (lambda f, y: (f, y.astype(object).replace({0: "none", 1: "tear"})), ValueError, "0 or 1"),
        (lambda f, y: (f.assign(acl=y["acl"] * 1.0), y), ValueError, "columns 'acl', which are"),
        (lambda f, y: (f, y.iloc[[0, *range(120)]]), ValueError, "'0000' more than once"),
        (lambda f, y: (f, y.assign(acl=1)), ValueError, "both classes to fit a model, got 1 in"),
        (lambda f, y: (f.assign(x="a"), y), TypeError, "must be numeric"),
        (lambda f, y: (f.assign(x=np.inf), y), ValueError, "infinity in 'x'"),
    ],
)
def test_what_cross_validation_refuses_is_refused(tables, change, kind, message):
    with pytest.raises(kind, match=message):
        fit_bundle(FAST, *change(*tables))


def test_labels_in_words_need_the_positive_value(tables):
    features, labels = tables
    words = labels.astype(object).replace({0: "intact", 1: "a tear"})
    named = fit_bundle(FAST, features, words, positive="a tear")
    assert named.predict(features).equals(fit_bundle(FAST, features, labels).predict(features))


def test_errors_of_a_fit_name_the_task(tables):
    model = lightgbm_baseline(num_leaves=1)
    with pytest.raises(ValueError, match="LightGBM refused the model .*num_leaves") as caught:
        fit_bundle(model, *tables)
    assert caught.value.__notes__ == ["while fitting task 'abnormal'"]


def test_thresholds_are_probabilities_of_tasks(tables):
    for wrong, message in (
        ({"acl": 1.01}, "got 1.01 for 'acl'"),
        ({"acl": float("nan")}, "got nan for 'acl'"),
        ({"acl": True}, "got True"),
        ({"ACL": 0.5}, "mapping from the tasks"),
    ):
        with pytest.raises(ValueError, match=message):
            fit_bundle(FAST, *tables, thresholds=wrong)
    # above every probability, if no exam is to be called positive
    bundle = fit_bundle(FAST, *tables, thresholds={"acl": np.nextafter(1.0, 2.0)})
    assert bundle.thresholds["acl"] > 1
