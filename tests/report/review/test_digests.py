"""Hashes of rows: what changes them, and what does not."""

import numpy as np
import pandas as pd
import pytest

from mrnet_features.report.review.digests import digest_columns, digest_rows, hash_texts

TABLE = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": [0.0, 4.0, 5.0]}, index=["x", "y", "z"])


@pytest.mark.parametrize(
    "same",
    [
        TABLE.loc[["z", "x", "y"], ["b", "a"]],
        TABLE.astype("float32"),
        TABLE.astype("Float64"),
        TABLE.replace(0.0, -0.0),
    ],
    ids=["order", "float32", "nullable", "negative zero"],
)
def test_the_form_of_a_table_does_not_matter(same):
    assert digest_rows(same) == digest_rows(TABLE)
    assert hash_texts(digest_rows(same)) == hash_texts(digest_rows(TABLE))


def test_only_the_row_with_a_changed_bit_differs():
    changed = TABLE.copy()
    changed.loc["y", "b"] = np.nextafter(4.0, 5.0)
    before, after = digest_rows(TABLE), digest_rows(changed)
    assert [exam for exam in before if before[exam] != after[exam]] == ["y"]
    assert hash_texts(before) != hash_texts(after)


def test_names_of_columns_count_and_their_order_has_a_hash_of_its_own():
    assert digest_rows(TABLE.rename(columns={"a": "c"}))["x"] != digest_rows(TABLE)["x"]
    assert digest_columns(TABLE[["b", "a"]]) != digest_columns(TABLE)


def test_the_other_label_of_an_exam_is_seen_though_all_labels_are_the_same():
    swapped = TABLE.set_axis(["y", "x", "z"])
    assert hash_texts(digest_rows(swapped)) != hash_texts(digest_rows(TABLE))
