"""What is an exam id and what is not."""

import pytest

from mrnet_features.ids.rules import find_id_problem


@pytest.mark.parametrize(
    "text", ["0042", "1130", "1.2.840.113619", "knee 7, left", "NA", "Zürich #1", "12345e67", "三"]
)
def test_ids_of_any_set(text):
    assert find_id_problem(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "", " 7", "7 ", "7.0", "7.", ".5", "7.5", "1e+16", "1.2E+15", "nan", "None", "<NA>", "NaT",
        "inf", "True", "٧", "７", "7²", "a\nb", "a\x1b[2J", "a\u202eb", "x" * 201,
    ],
)  # fmt: skip
def test_what_is_no_exam_id(text):
    assert find_id_problem(text)
