"""Stability: which columns agree between two tables of the same exams."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.evaluation.metrics.stability import compare_tables

STABLE, LOOSE, BLANK = (
    f"axial__knee__{name}__mean" for name in ("glcm__contrast", "lbp__code_0", "lbp__code_1")
)


@pytest.fixture
def tables():
    rng = np.random.default_rng(0)
    exams = [f"{k:04d}" for k in range(30)]
    table = pd.DataFrame(rng.normal(size=(30, 3)), exams, [STABLE, LOOSE, BLANK])
    table[BLANK] = 1.0
    noise = table + rng.normal(size=table.shape) * [0.1, 2, 0]
    blur = table + rng.normal(size=table.shape) * [0.2, 0.1, 0]
    return table, {"noise": noise, "blur": blur}


def test_stable_columns_are_told_from_loose_ones(tables):
    stability = compare_tables(*tables)
    table = stability.table()
    assert list(table.columns) == ["noise", "blur", "least"]
    assert table.loc[STABLE].min() > 0.9
    assert table.loc[LOOSE, "noise"] < 0.5 < 0.9 < table.loc[LOOSE, "blur"]
    assert table.loc[LOOSE, "least"] == table.loc[LOOSE, "noise"]
    assert table.loc[BLANK].isna().all()


def test_the_summary_counts_columns_that_vary(tables):
    summary = compare_tables(*tables).summary()
    assert summary.loc["all"].tolist() == [2, 0.5, 1.0, 0.5]
    assert summary.loc["lbp"].tolist() == [1, 0.0, 1.0, 0.0]
    assert list(compare_tables(*tables).summary(by=None).index) == ["all"]


def test_the_order_of_rows_and_columns_does_not_matter(tables):
    reference, perturbed = tables
    turned = {name: table.iloc[::-1, ::-1] for name, table in perturbed.items()}
    one, other = compare_tables(reference, perturbed), compare_tables(reference, turned)
    pd.testing.assert_frame_equal(one.icc, other.icc)


def test_every_result_is_shown_as_frame_figure_and_html(tables):
    stability = compare_tables(*tables)
    frame = stability.frame()
    assert list(frame.columns) == [
        "column", "perturbation", "icc", "ci_low", "ci_high", "n_exams",
    ]  # fmt: skip
    assert len(frame) == 6
    known = frame.dropna()
    assert ((known["ci_low"] <= known["icc"]) & (known["icc"] <= known["ci_high"])).all()
    row = frame[(frame["column"] == LOOSE) & (frame["perturbation"] == "blur")].iloc[0]
    assert row["icc"] == stability.icc.loc[LOOSE, "blur"]
    axes = stability.plot()
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "glcm (1)",
        "lbp (1)",
        "all (2)",
    ]
    assert "30 exams; noise, blur" in stability._repr_html_()


def test_names_of_other_tools_give_one_group(tables):
    reference, perturbed = tables
    plain = {"noise": perturbed["noise"].set_axis(list("abc"), axis=1)}
    stability = compare_tables(reference.set_axis(list("abc"), axis=1), plain)
    assert list(stability.summary().index) == ["all"]


def test_other_exams_or_columns_are_refused(tables):
    reference, perturbed = tables
    with pytest.raises(ValueError, match="the exams of `reference`, .* 'noise' differs in '0029'"):
        compare_tables(reference, {"noise": perturbed["noise"].iloc[:-1]})
    with pytest.raises(ValueError, match="the columns of `reference`"):
        compare_tables(reference.drop(columns=STABLE), perturbed)
    with pytest.raises(ValueError, match="at least one table"):
        compare_tables(reference, {})
