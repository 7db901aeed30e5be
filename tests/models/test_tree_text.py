"""Texts of boosters: LightGBM's own pass, and no other reaches LightGBM."""

import numpy as np
import pytest

from mrnet_features.models import SeedAveragedLightGBM
from mrnet_features.models.lightgbm import read_booster, write_booster
from mrnet_features.models.tree_text import check_trees, cut_trees


def fit(n_columns=4, **parameters):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, n_columns))
    X[rng.random(X.shape) < 0.1] = np.nan
    y = (np.nan_to_num(X[:, 0]) > 0).astype(int)
    return SeedAveragedLightGBM(n_seeds=1, **{"n_estimators": 12, **parameters}).fit(X, y), X


@pytest.fixture(scope="module")
def text():
    return cut_trees(write_booster(fit()[0].boosters_[0]))


@pytest.mark.parametrize(
    "parameters",
    [{}, {"num_leaves": 60, "min_child_samples": 1, "n_estimators": 3}, {"reg_lambda": 1e9}],
)
def test_what_lightgbm_writes_passes_and_predicts_the_same_bits(parameters):
    model, X = fit(**parameters)
    text = cut_trees(write_booster(model.boosters_[0]))
    check_trees(text, 4, "'a.txt'")
    again = read_booster(text)
    assert cut_trees(write_booster(again)) == text
    for options in ({}, {"pred_contrib": True}):
        expected = model.boosters_[0].predict(X, **options)
        np.testing.assert_array_equal(again.predict(X, **options), expected)


def test_a_split_that_sends_only_missing_values_right_passes():
    X = np.where(np.arange(80) < 40, np.nan, 1.0)[:, None]
    model = SeedAveragedLightGBM(n_seeds=1, n_estimators=2).fit(X, np.repeat([1, 0], 40))
    text = cut_trees(write_booster(model.boosters_[0]))
    assert "inf" in text
    check_trees(text, 1, "'a.txt'")


def test_a_constant_column_gives_a_tree_of_one_leaf():
    model = SeedAveragedLightGBM(n_seeds=1, n_estimators=2).fit(np.ones((40, 1)), [0, 1] * 20)
    text = cut_trees(write_booster(model.boosters_[0]))
    check_trees(text, 1, "'a.txt'")
    assert read_booster(text).predict(np.ones((1, 1))).tolist() == [0.5]


def change(key, replace, tree=0):
    """Change a line of one tree, and the sizes of the trees with it."""

    def apply(text):
        lines = text.split("\n")
        start = 0 if tree is None else lines.index(f"Tree={tree}")
        at = next(k for k in range(start, len(lines)) if lines[k].startswith(f"{key}="))
        before = lines[at]
        lines[at] = f"{key}={replace(before.partition('=')[2])}"
        if tree is not None:
            sizes = lines.index(next(line for line in lines if line.startswith("tree_sizes=")))
            found = [int(size) for size in lines[sizes].partition("=")[2].split(" ")]
            found[tree] += len(lines[at]) - len(before)
            lines[sizes] = f"tree_sizes={' '.join(map(str, found))}"
        return "\n".join(lines)

    return apply


def first(value):
    return lambda line: " ".join([value, *line.split(" ")[1:]])


@pytest.mark.parametrize(
    ("attack", "message"),
    [
        (change("split_feature", first("4")), "numbers from 0 to 3"),
        (change("split_feature", first("-1")), "numbers from 0 to 3"),
        (change("split_feature", first("99999999999")), "must not hold '99999999999'"),
        (change("left_child", first("0")), "do not form a tree"),
        (change("right_child", first("2000000000")), "numbers from"),
        (change("right_child", first("-2000000000")), "numbers from"),
        (change("left_child", lambda line: " ".join(line.split(" ")[::-1])), "form a tree"),
        (change("threshold", first("nan")), "must not hold 'nan'"),
        (change("leaf_value", first("inf")), "must not hold 'inf'"),
        (change("leaf_value", first("1e308")), "finite numbers, got 1e308"),
        (change("leaf_value", first("9" * 5000)), "4920 more characters"),
        (change("leaf_value", lambda line: line.rpartition(" ")[0]), "must have 7 values, got 6"),
        (change("num_leaves", lambda _: "2000000000"), "numbers from 1 to 131072"),
        (change("num_leaves", lambda _: "0"), "numbers from 1 to 131072"),
        (change("num_cat", lambda _: "1"), "must be 'num_cat=0'"),
        (change("decision_type", first("1")), "splits of numeric columns"),
        (change("is_linear", lambda _: "1"), "must be 'is_linear=0'"),
        (change("internal_count", first("0")), "numbers from 1 to"),
        (change("max_feature_idx", lambda _: "7", None), "must be 'max_feature_idx=3'"),
        (change("objective", lambda _: "custom", None), "must be 'objective=binary sigmoid:1'"),
        (change("num_class", lambda _: "2", None), "must be 'num_class=1'"),
        (change("tree_sizes", first("1"), None), "must hold the sizes of the trees, got '1'"),
        (change("tree_sizes", lambda _: "", None), "must have 12 values, got 0"),
        (change("tree_sizes", lambda line: f"{line} 5", None), "must have 12 values, got 13"),
        (change("feature_infos", first("[0:x]"), None), r"must not hold '\[0:x\]'"),
        (lambda text: text.partition("Tree=0")[0] + "end of trees\n", "must have 0 values, got 12"),
        (lambda text: text + "\nparameters:\n", "goes on after line"),
        (lambda text: text[:-20], "it ends in line|must be|must begin"),
        (lambda text: text.replace("tree", "tr\u00e9e", 1), "other than ASCII"),
        (lambda _: "", "it ends in line 1"),
        (lambda text: text.replace("\n", "\r"), "it ends in line 1"),
    ],
)
def test_other_texts_are_refused_by_line(text, attack, message):
    changed = attack(text)
    assert changed != text
    with pytest.raises(ValueError, match=message) as caught:
        check_trees(changed, 4, "'a.txt'")
    assert str(caught.value).startswith("'a.txt' must hold the trees of a LightGBM model with 4")
    assert len(str(caught.value)) < 500


def test_a_chain_of_a_hundred_thousand_nodes_is_refused(text):
    n = 100_000
    nodes = range(n)

    def grow(text):
        for key, values in {
            "num_leaves": [n + 1],
            "split_feature": [0] * n,
            "split_gain": [1] * n,
            "threshold": [0] * n,
            "decision_type": [2] * n,
            "left_child": [*range(1, n), -1],
            "right_child": [~(k + 1) for k in nodes],
        }.items():
            text = change(key, lambda _, v=values: " ".join(map(str, v)))(text)
        return text

    with pytest.raises(ValueError, match="at most 1000 levels"):
        check_trees(grow(text), 4, "'a.txt'")


def test_a_tree_of_another_number_of_columns_is_refused(text):
    with pytest.raises(ValueError, match="with 5 columns, but line 6 must be 'max_feature_idx=4'"):
        check_trees(text, 5, "'a.txt'")


def test_no_change_of_one_character_brings_other_than_a_value_error(text):
    rng = np.random.default_rng(1)
    for at in rng.choice(len(text), 150, replace=False):
        letter = "0123456789-+.e= \nTx\0"[rng.integers(20)]
        changed = text[:at] + letter + text[at + 1 :]
        try:
            check_trees(changed, 4, "'a.txt'")
        except ValueError:
            continue
        assert np.isfinite(read_booster(changed).predict(np.zeros((2, 4)))).all()
