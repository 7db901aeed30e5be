"""Files of an earlier report are told from files of the user."""

import json

import pytest

from mrnet_features.report.review.earlier import (
    FORMAT,
    VIEWER,
    find_folder,
    list_tables,
    read_numbers,
    remove_report,
)
from mrnet_features.report.review.write import check_place


@pytest.fixture
def page(tmp_path):
    """A report with one table, and a table of the user in the same folder."""
    page = tmp_path / "report.html"
    page.write_text("page")
    parts = {"scores": {"tables": {"summary": [], "../../mine": []}}, "odd": []}
    page.with_suffix(".json").write_text(json.dumps({"format": FORMAT, "parts": parts}))
    find_folder(page).mkdir()
    for name in ("scores-summary.csv", "mine.csv", VIEWER):
        (find_folder(page) / name).write_text("a\n1\n")
    return page


def test_only_tables_that_the_numbers_name_are_listed(page):
    assert [file.name for file in list_tables(page)] == ["scores-summary.csv"]


def test_a_report_is_removed_and_files_of_the_user_are_kept(page):
    remove_report(page)
    left = sorted(file.name for file in page.parent.rglob("*") if file.is_file())
    assert left == ["mine.csv"]


def test_nothing_is_removed_where_there_is_no_report(page):
    page.with_suffix(".json").write_text("{}")
    remove_report(page)
    assert page.exists()
    assert read_numbers(page) is None
    assert list_tables(page) == []


def test_a_page_without_its_numbers_is_not_replaced(tmp_path):
    mine = tmp_path / "report.html"
    check_place(mine)
    mine.write_text("my page")
    with pytest.raises(FileExistsError, match="no report with its numbers beside it"):
        check_place(mine)
