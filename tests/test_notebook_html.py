"""HTML for notebooks: text stays text, tables are bounded and have no colours of their own."""

import html
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from mrnet_features.notebook_html import format_code, format_paragraph, format_table
from tests.support.html_tables import read_rows

HOSTILE = "<script>alert(1)</script>\x1b[2J\ud800"
WRITTEN = "<script>alert(1)</script>\\x1b[2J\\ud800"


def list_tags(text):
    found = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.add(tag)
    parser.feed(text)
    return found


def test_text_given_by_a_user_stays_text():
    frame = pd.DataFrame({"<script>": [HOSTILE]}, dtype=object)
    text = format_table(frame.rename_axis(index="<script>"))
    assert read_rows(text) == [["<script>"] * 2, ["0", WRITTEN]]
    assert "script" not in list_tags(text)
    said = format_paragraph(HOSTILE, format_code(HOSTILE))
    assert list_tags(said) == {"p", "code"}
    assert html.unescape(said) == f"<p>{WRITTEN}<code>{WRITTEN}</code></p>"
    (text + said).encode()


def test_pandas_settings_of_a_notebook_change_nothing():
    frame = pd.DataFrame({"<b>": ["x" * 70], **{f"c{k}": [0.5] for k in range(40)}})
    plain = format_table(frame)
    with pd.option_context(
        "display.max_colwidth", 5, "display.max_columns", 3, "display.precision", 9
    ):
        assert format_table(frame) == plain
    assert "..." not in plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.81251, "0.813"),
        (np.float32(0.5), "0.500"),
        (0.0, "0.000"),
        (0.00002, "2e-05"),
        (-3.0, "-3.000"),
        (float("inf"), "inf"),
        (float("nan"), ""),
        (None, ""),
        (pd.NA, ""),
        (7, "7"),
        (True, "True"),
        ("9" * 300, "9" * 200 + " ..."),
    ],
)
def test_a_cell_is_short_and_a_missing_value_is_empty(value, shown):
    frame = pd.DataFrame({"value": pd.Series([value], dtype=object)})
    assert read_rows(format_table(frame)) == [["value"], [shown]]


def test_numbers_of_exams_have_no_decimals():
    frame = pd.DataFrame({"n_exams": [12.0, np.nan], "size": [12.0, 1.0]})
    assert read_rows(format_table(frame))[1:] == [["12", "12.000"], ["", "1.000"]]


def test_named_indices_are_columns_and_counting_ones_are_not_shown():
    index = pd.MultiIndex.from_tuples([("acl", 0), ("acl", 1)], names=["task", "fold"])
    frame = pd.DataFrame({"auc": [0.5, 0.7]}, index)
    assert read_rows(format_table(frame))[0] == ["task", "fold", "auc"]
    assert read_rows(format_table(frame.reset_index(drop=True)))[0] == ["auc"]
    named = frame.set_axis(["first", "second"])
    assert read_rows(format_table(named))[1:] == [["first", "0.500"], ["second", "0.700"]]
    same = pd.DataFrame({"auc": [0.5]}, pd.Index([1], name="auc"))
    assert read_rows(format_table(same)) == [["auc", "auc"], ["1", "0.500"]]


def test_a_long_table_is_cut_and_says_so():
    text = format_table(pd.DataFrame({"n": range(5000)}), "All are in `frame()`.")
    assert len(read_rows(text)) == 31
    assert "<p>30 of 5,000 rows. All are in `frame()`.</p>" in text
    assert "rows" not in format_table(pd.DataFrame({"n": range(30)}))


def test_an_empty_table_has_its_columns():
    assert read_rows(format_table(pd.DataFrame(columns=["task", "auc"]))) == [["task", "auc"]]


def test_colours_are_left_to_the_notebook():
    text = format_table(pd.DataFrame({"a": [1]})) + format_paragraph("a")
    assert not re.search(r"colou?r|background|#[0-9a-f]{3}", text)
