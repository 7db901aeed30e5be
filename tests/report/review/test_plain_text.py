"""The text of a report has its sentences and tables, and what is left out."""

import numpy as np
import pytest

from mrnet_features.report.page import Bullets, Swatch, Table, Text
from mrnet_features.report.review.part import Closed, LeftOut, Part, Plot, Thumbnail
from mrnet_features.report.review.plain_text import format_report, format_table
from mrnet_features.report.review.report import Report


def test_sentences_tables_and_captions_are_kept_and_figures_are_not():
    grey = np.zeros((4, 4), np.uint8)
    table = Table("AUC", ["task", "AUC"], [["acl", "0.95"]])
    blocks = [
        Text("A sentence."),
        table,
        Plot("A figure", pytest.fail),
        Thumbnail(grey, "0042", ["sagittal,", "slice 7"]),
        Closed("More", [Text("Closed.")]),
        Bullets("What not to conclude", ["Nothing about <b>patients</b>.", "p < 0.001"]),
    ]
    report = Report(
        "Study",
        "2 exams.",
        (Part("scores", "Scores", blocks, {}, {}),),
        (LeftOut("Audit", "findings=", "There is none."),),
    )
    assert format_report(report) == (
        "# Study\n\n2 exams.\n\n## Scores\n\nA sentence.\n\nAUC\n\n"
        "| task | AUC |\n| --- | --- |\n| acl | 0.95 |\n\n"
        "- 0042. sagittal, slice 7\n\n"
        "What not to conclude:\n\n- Nothing about &lt;b>patients&lt;/b>.\n- p < 0.001\n\n"
        "## Left out\n\n| left out | argument | reason |\n| --- | --- | --- |\n"
        "| Audit | findings= | There is none. |\n"
    )


def test_a_cell_stays_one_cell():
    table = Table("", ["a"], [["x|y\nz"], [Swatch(7, "dark")]])
    assert format_table(table).splitlines()[2:] == ["| x\\|y z |", "| dark |"]
