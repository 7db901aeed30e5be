"""Every column of a summary is explained, and nothing is explained that does not exist."""

import pytest

from mrnet_features.evaluation import column_meanings, results
from mrnet_features.evaluation.column_meanings import BY_RESULT, COMMON, OTHER, explain_columns
from tests.evaluation.test_results import make_results


@pytest.fixture(scope="module")
def columns():
    """Columns that a notebook shows, by result."""
    found = {}
    for name, result in make_results(["acl", "meniscus"]).items():
        table = result.summary()
        shown = results._join_intervals(table)
        found[name] = [part for part in (*table.index.names, *shown.columns) if part is not None]
    return found


def test_every_column_of_every_result_is_explained(columns):
    for name, shown in columns.items():
        meanings = explain_columns(name, shown)
        keys = {part for key in meanings for part in key.split(", ")}
        unknown = [c for c in shown if c not in keys and not c.endswith(", 95 % interval")]
        assert not unknown or OTHER in meanings, (name, unknown)


def test_nothing_is_explained_that_no_result_has(columns):
    # views of an importance and tests of a sample size that the small run lacks
    columns["Importance"] += ["shap", "share", "direction", "drop_group", "single_group"]
    everything = {part for shown in columns.values() for part in shown}
    for key in COMMON:
        assert set(key.split(", ")) <= everything, key
    for name, meanings in BY_RESULT.items():
        for key in meanings:
            assert key == OTHER or set(key.split(", ")) <= set(columns[name]), (name, key)


def test_a_result_of_ones_own_is_shown_without_explanations():
    assert explain_columns("Mine", ["age", "auc"]) == {"auc": COMMON["auc"]}


def test_meanings_are_short_and_no_sentences():
    texts = [*COMMON.values(), *(t for part in BY_RESULT.values() for t in part.values())]
    for text in texts:
        assert len(text) <= 90, text
        assert text[-1] != "."
    assert column_meanings.__all__ == ["explain_columns"]
