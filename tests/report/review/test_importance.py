"""Section on importance: planted families come first, and what is missing is named."""

import pandas as pd
import pytest

import mrnet_features as mf
from mrnet_features.evaluation.importance.null_importance import null_importance
from mrnet_features.evaluation.metrics.stability import compare_tables
from mrnet_features.report.review import importance as section
from mrnet_features.report.review.importance import describe_importance
from mrnet_features.report.review.inputs import collect_inputs
from mrnet_features.report.review.part import Closed, LeftOut, Part, Plot
from tests.support.tables import plant_signal

FEATURES, LABELS = plant_signal(160)
FAST = mf.lightgbm_baseline(n_seeds=1, n_estimators=20, colsample_bytree=0.5)


@pytest.fixture(scope="module")
def evaluation():
    return mf.cross_validate(FAST, FEATURES, LABELS, n_splits=3, n_repeats=1)


def describe(evaluation, features=FEATURES, **options):
    found = describe_importance(collect_inputs(evaluation, features=features, **options))
    parts = [item for item in found if isinstance(item, Part)]
    left_out = {item.title: item for item in found if isinstance(item, LeftOut)}
    return (parts[0] if parts else None), left_out


def read(part):
    """All texts of a part."""
    return " ".join(block.text for block in part.blocks if hasattr(block, "text"))


@pytest.fixture(scope="module")
def described(evaluation):
    return describe(evaluation)


def test_planted_families_come_first_in_words(described):
    part, _ = described
    table = part.tables["family"]
    assert set(table["words"][:3]) == {"texture: co-occurrence", "bright free fluid", "copies"}
    assert table["share"].sum() == pytest.approx(1)
    assert table["share one"].idxmax() == "glcm"
    assert table["share two"].idxmax() == "fluid"
    assert part.facts["first_family"] == table["words"].iloc[0]


def test_groupings_of_one_group_are_not_shown(described):
    part, _ = described
    assert "plane" not in part.tables
    assert "structure" not in part.tables
    assert sum(isinstance(block, Plot) for block in part.blocks) == 1


def test_limits_and_agreement_of_the_folds_are_said(described):
    part, _ = described
    assert "does not say what causes" in read(part)
    assert "share it" in read(part)
    agreement = part.tables["agreement"]
    assert agreement["task"].tolist() == ["one", "two"]
    assert part.facts["rank_correlation"] == agreement["rank_correlation"].min()


def test_what_fits_models_again_is_left_out_with_its_argument(described):
    _, left_out = described
    assert left_out["Importance with shuffled labels"].argument == "thorough=True"
    assert left_out["Stability of the columns"].argument == "also=[stability]"


def test_models_without_shap_values_are_permuted():
    evaluation = mf.cross_validate(mf.logistic_baseline(), FEATURES, LABELS, n_splits=2)
    part, _ = describe(evaluation)
    assert "permutation" in part.tables["family"]
    assert "shap" not in part.tables["family"]
    assert "log-odds" not in read(part)


def test_structures_and_planes_have_tables_where_there_are_several():
    columns = [
        f"{plane}__{region}__intensity__mean__mean"
        for plane in ("axial", "coronal")
        for region in ("femur_low", "femur_high", "notch")
    ]
    table = FEATURES.iloc[:, :6].set_axis(columns, axis=1)
    part, _ = describe(mf.cross_validate(FAST, table, LABELS, n_splits=2, n_repeats=1), table)
    assert set(part.tables) == {"structure", "plane", "agreement"}
    assert set(part.tables["structure"]["words"]) == {"femur", "notch"}
    assert set(part.tables["plane"].index) == {"axial", "coronal"}


def test_columns_of_another_tool_are_grouped_by_cluster():
    table = FEATURES.iloc[:, :8].set_axis([f"cnn_{k}" for k in range(8)], axis=1)
    part, _ = describe(mf.cross_validate(FAST, table, LABELS, n_splits=2, n_repeats=1), table)
    assert set(part.tables) == {"cluster", "agreement"}
    assert part.tables["cluster"]["words"].str.startswith("cnn_").all()


def test_results_from_before_are_shown_and_not_measured_again(evaluation):
    views = ("permutation", "drop_group")
    before = mf.importance(evaluation, FEATURES, views=views, n_permutations=1)
    null = null_importance(evaluation, FEATURES, n_rounds=2)
    stability = compare_tables(FEATURES, {"noise": FEATURES * 1.01})
    part, left_out = describe(evaluation, also=(before, null, stability))
    assert list(part.tables["family"]["drop_group"]) == list(before.summary()["drop_group"])
    assert part.tables["null"]["p"].min() == pytest.approx(1 / 3)
    assert part.facts["least_p"] == pytest.approx(1 / 3)
    assert part.tables["stability"]["words"].iloc[-1] == "all"
    assert not left_out
    closed = [block.title for block in part.blocks if isinstance(block, Closed)]
    assert "Importance with shuffled labels" in closed


def test_importance_of_another_evaluation_is_refused(evaluation):
    other = mf.cross_validate(FAST, FEATURES, LABELS, n_splits=2, n_repeats=1)
    before = mf.importance(other, FEATURES, views="permutation", n_permutations=1)
    with pytest.raises(ValueError, match="must be that of the run"):
        describe(evaluation, also=(before,))


def test_held_out_sets_and_missing_features_are_left_out(evaluation):
    _, left_out = describe(evaluation, features=None)
    assert left_out["Importance"].argument == "features="
    halves = (FEATURES[:100], LABELS[:100]), (FEATURES[100:], LABELS[100:])
    part, left_out = describe(mf.evaluate(mf.logistic_baseline(), *halves))
    assert part is None
    assert "held-out" in left_out["Importance"].reason


def test_one_task_with_missing_labels(evaluation):
    labels = LABELS[["one"]].astype(float)
    labels.iloc[:9] = None
    part, _ = describe(mf.cross_validate(FAST, FEATURES, labels, n_splits=2, n_repeats=1))
    table = part.tables["family"]
    assert not [name for name in table if name.startswith("share ")]
    assert isinstance(table, pd.DataFrame)


def test_thorough_reports_measure_both_views_and_the_null(evaluation, monkeypatch):
    monkeypatch.setattr(section, "N_ROUNDS", 3)
    part, left_out = describe(evaluation, thorough=True)
    assert {"shap", "permutation"} <= set(part.tables["family"])
    null = part.tables["null"].set_index(["task", "words"])
    assert null.loc[("one", "texture: co-occurrence"), "p"] == pytest.approx(1 / 4)
    assert part.facts["n_rounds"] == 3
    assert list(left_out) == ["Stability of the columns"]


def test_texts_of_a_figure_with_long_names_are_not_cut_off():
    names = [f"a group of columns with a long name, number {k}" for k in range(3)]
    values = {"n_columns": 2, "permutation": 0.1, "permutation_low": 0, "permutation_high": 0.2}
    axes = section._draw(pd.DataFrame(values, index=names), "by cluster of correlated columns")
    figure = axes.get_figure()
    figure.draw_without_rendering()
    for text in (axes.xaxis.label, axes._right_title):
        assert text.get_text()
        extent = text.get_window_extent()
        assert extent.x0 >= 0
        assert extent.x1 <= figure.bbox.x1
