"""Heads of bundles: what was written by hand with right hashes is checked all the same."""

import json

import numpy as np
import pytest

from mrnet_features.models.bundle_head import (
    check_thresholds,
    format_head,
    hash_head,
    read_head,
)
from mrnet_features.models.lightgbm import SeedAveragedLightGBM


@pytest.fixture
def fields():
    return {
        "tasks": ["acl", "meniscus"],
        "columns": ["a", "b"],
        "parameters": dict.fromkeys(
            ("acl", "meniscus"), SeedAveragedLightGBM(n_seeds=1).get_params()
        ),
        "boosters": {
            "acl": [{"file": "task0_seed0.txt", "sha256": "0" * 64}],
            "meniscus": [{"file": "task1_seed0.txt", "sha256": "1" * 64}],
        },
        "thresholds": {"acl": 0.5},
        "versions": {},
        "provenance": {"recipe": {"pools": ("mean", "max")}},
    }


def test_a_head_is_read_as_it_was_written(fields, tmp_path):
    fields["thresholds"] = {"acl": np.float32(0.5)}
    (tmp_path / "bundle.json").write_text(format_head(fields))
    head = read_head(tmp_path / "bundle.json")
    assert head["thresholds"] == {"acl": 0.5}
    assert head["provenance"] == {"recipe": {"pools": ["mean", "max"]}}


def test_a_head_without_implications_is_of_the_old_format(fields, tmp_path):
    assert json.loads(format_head(fields))["format"] == 3
    (tmp_path / "bundle.json").write_text(
        format_head({**fields, "implications": (("acl", "meniscus"),)})
    )
    head = read_head(tmp_path / "bundle.json")
    assert head["format"] == 4
    assert head["implications"] == [["acl", "meniscus"]]


@pytest.mark.parametrize(
    "value",
    [
        [], None, "acl", [["acl"]], [["acl", "acl"]], [["acl", "abnormal"]], [["acl", 1]], ["ab"],
        [["acl", "meniscus"]] * 2, [["acl", ["meniscus"]]],
    ],
)  # fmt: skip
def test_impossible_implications_are_refused(fields, tmp_path, value):
    head = json.loads(format_head({**fields, "implications": [("acl", "meniscus")]}))
    head["implications"] = value
    head["sha256"] = hash_head(head)
    (tmp_path / "bundle.json").write_text(json.dumps(head))
    with pytest.raises(ValueError, match="`implications` must be a list of different pairs"):
        read_head(tmp_path / "bundle.json")


@pytest.mark.parametrize(("version", "pairs"), [(3, True), (4, False)])
def test_the_format_says_whether_there_are_implications(fields, tmp_path, version, pairs):
    more = {"implications": [("acl", "meniscus")]} if pairs else {}
    head = {**json.loads(format_head({**fields, **more})), "format": version}
    head["sha256"] = hash_head(head)
    (tmp_path / "bundle.json").write_text(json.dumps(head))
    with pytest.raises(ValueError, match="it must have the entries boosters"):
        read_head(tmp_path / "bundle.json")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("tasks", ["acl", "acl"], "different names"),
        ("tasks", [], "at least one"),
        ("tasks", "acl", "`tasks` must be a list"),
        ("tasks", ["meniscus", "acl"], "must have the file 'task0_seed0.txt'"),
        ("columns", [], "`columns` must be a list"),
        ("columns", ["a", 1], "`columns` must be a list"),
        ("parameters", {"acl": {}}, "`parameters` must have one entry per task"),
        ("parameters", {"acl": {"x": 1}, "meniscus": {}}, "`parameters` must be colsample"),
        ("boosters", {"acl": [], "meniscus": []}, "at least one, of task 'acl'"),
        ("boosters", {"acl": 1, "meniscus": 1}, "at least one, of task 'acl'"),
        ("boosters", {"acl": [{}], "meniscus": [{}]}, "must have the file 'task0_seed0.txt'"),
        (
            "boosters",
            {key: [{"file": "../x.txt", "sha256": "0"}] for key in ("acl", "meniscus")},
            "must have the file 'task0_seed0.txt'",
        ),
        ("thresholds", {"acl": -0.1}, "probabilities from 0 to 1, got -0.1 for 'acl'"),
        ("thresholds", {"acl": 10**400}, "probabilities from 0 to 1"),
        ("thresholds", {"acl": [[]]}, "got list for 'acl'"),
        ("thresholds", {"other": 0.5}, "from the tasks 'acl', 'meniscus'"),
        ("thresholds", None, "`thresholds` must be a mapping"),
        ("versions", [], "`versions` must be a mapping"),
        ("provenance", "x", "`provenance` must be a mapping"),
    ],
)
def test_impossible_values_are_refused_though_the_hash_is_right(
    fields, tmp_path, key, value, message
):
    head = {**json.loads(format_head(fields)), key: value}
    head["sha256"] = hash_head(head)
    (tmp_path / "bundle.json").write_text(json.dumps(head))
    with pytest.raises(ValueError, match=message) as caught:
        read_head(tmp_path / "bundle.json")
    assert "bundle.json' is not a sound bundle" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "7",
        '{"format": true}',
        '{"format": [[[[1]]]]}',
        '{"format": NaN}',
        '{"format": 3}',
        "[" * 100_000,
        '{"a": ' * 100_000,
        "9" * 100_000,
        '{"format": 3, "sha256": {}}',
    ],
    ids=range(12),
)
def test_other_json_is_a_value_error_that_names_the_file(tmp_path, text):
    (tmp_path / "bundle.json").write_text(text)
    with pytest.raises(ValueError, match=r"bundle\.json'") as caught:
        read_head(tmp_path / "bundle.json")
    assert len(str(caught.value)) < 600


def test_a_threshold_may_be_a_numpy_number_but_no_text():
    assert check_thresholds({"acl": np.float64(0.25)}, ["acl"]) == {"acl": 0.25}
    with pytest.raises(ValueError, match=r"^`thresholds` must be probabilities .*got '0.5' for"):
        check_thresholds({"acl": "0.5"}, ["acl"])
