"""Widget of the viewer for notebooks. The only module that imports anywidget."""

from __future__ import annotations

import base64
import functools
import io
import logging
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from mrnet_features.files.writing import write_text
from mrnet_features.messages import describe_cause
from mrnet_features.report.sheet import plot_exam
from mrnet_features.report.viewer.cases import Cases
from mrnet_features.report.viewer.marks import check_rows, read_marks, tabulate_marks
from mrnet_features.report.viewer.page import make_page, read_static

LOGGER = logging.getLogger(__name__)

MOST_EXAMS = 50
"""Exams of a page where none are named, neither for the viewer nor for the page."""


class ExamViewer(anywidget.AnyWidget):  # type: ignore[misc]
    """Viewer of exams in a notebook; see `mrnet_features.view`.

    The browser asks for an exam by id and gets pixels and masks in one message. They are no part of
    the widget's state, so that a saved notebook stays small.

    Attributes
    ----------
    content : dict
        Exams with labels and scores; see `Cases.list_exams`.
    marked : dict
        "rows", the rows of the reader's marks, and "by", the view in which they were made, empty
        for marks from Python.
    """

    _esm = read_static("viewer.js")
    _css = read_static("viewer.css")
    content = traitlets.Dict().tag(sync=True)
    marked = traitlets.Dict().tag(sync=True)

    def __init__(self, cases: Cases) -> None:
        marked = {"by": "", "rows": cases.marks}
        super().__init__(content=cases.list_exams(list(cases.exams)), marked=marked)
        self._cases = cases
        self._worker = ThreadPoolExecutor(max_workers=1)  # one by one, in the order asked for
        self.on_msg(self._answer)

    def __repr__(self) -> str:
        return f"ExamViewer({len(self._cases.exams)} exams, {len(self.marked['rows'])} marked)"

    @property
    def marks(self) -> pd.DataFrame:
        """Reader's marks, in the form of `mf.audit`. A table that is assigned replaces them.

        Returns
        -------
        DataFrame
            Columns exam, plane (empty), code ("reader"), severity ("agree", "check" where the label
            is doubtful, "reject" to exclude the exam, "note"), value (NaN), advice (the note).
        """
        return tabulate_marks(self.marked["rows"])

    @marks.setter
    def marks(self, marks: pd.DataFrame) -> None:
        self.marked = {"by": "", "rows": read_marks(marks)}

    def save_as_html(self, path: str | Path, *, ids: Sequence[str] | None = None) -> None:
        """Write a stand-alone page, in 1.5 to 4 seconds per exam; a terminal shows the progress.

        Parameters
        ----------
        path : path
        ids : sequence of str, optional
            Exams to include. By default all that the viewer was made with by `ids`; without `ids`
            all, up to 50, and above that the first 50, with a warning.

        Raises
        ------
        KeyError
            If the viewer has no such exam.
        OSError
            If the file can't be written.
        """
        chosen = list(self._cases.exams) if ids is None else list(ids)
        if ids is None and not self._cases.are_chosen and len(chosen) > MOST_EXAMS:
            warnings.warn(
                f"The page holds the first {MOST_EXAMS} of the viewer's {len(chosen)} exams, as "
                "each takes about a megabyte. Name the exams to write with "
                "`save_as_html(path, ids=[...])`.",
                stacklevel=2,
            )
            chosen = chosen[:MOST_EXAMS]
        write_text(path, make_page(self._cases, chosen, self.marked["rows"]))

    def _answer(self, _: Any, message: dict[str, Any], __: Any) -> None:
        """Take marks, or prepare the exam that the browser asks for."""
        if message["kind"] == "marks":
            self.marked = {"by": message["by"], "rows": check_rows(message["rows"], "The viewer")}
        else:
            # in a thread: marks are taken, and cells run, while an exam is prepared
            self._worker.submit(self._send_exam, message["id"])

    def _send_exam(self, exam: str) -> None:
        try:
            content = self._cases.describe(exam)
        except Exception as error:
            LOGGER.exception("Exam %s can't be shown.", exam)
            self.send({"kind": "failed", "id": exam, "text": describe_cause(error)})
        else:
            self.send({"kind": "exam", "id": exam, "detail": content.detail}, content.buffers)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Widget, and a picture for places that run no widgets, such as GitHub."""
        data, metadata = super()._repr_mimebundle_(**options)
        picture = {"image/png": self._picture} if self._picture else {}
        return {**data, **picture}, metadata

    @functools.cached_property
    def _picture(self) -> str:
        """First exam that can be read, as PNG in base64; empty if there is none."""
        if find_spec("matplotlib") is None:
            return ""
        for name, exam in self._cases.exams.items():
            try:
                figure = plot_exam(exam)
            except (KeyError, TypeError, ValueError, OSError) as error:
                # the widget says so too, when the exam is opened
                LOGGER.warning("Exam %s can't be drawn: %s", name, describe_cause(error))
                continue
            file = io.BytesIO()
            figure.savefig(file, format="png", dpi=80)
            return base64.b64encode(file.getvalue()).decode("ascii")
        return ""
