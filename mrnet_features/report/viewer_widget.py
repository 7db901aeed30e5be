"""Widget of the viewer for notebooks. The only module that imports anywidget."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from mrnet_features.files import write_text
from mrnet_features.messages import describe_cause
from mrnet_features.report.sheet import plot_exam
from mrnet_features.report.viewer_cases import Cases
from mrnet_features.report.viewer_marks import tabulate_marks
from mrnet_features.report.viewer_page import make_page, read_static

MOST_EXAMS = 12
"""Exams of a page where none are named."""


class ExamViewer(anywidget.AnyWidget):  # type: ignore[misc]
    """Viewer of exams in a notebook; see `mrnet_features.view`.

    The browser asks for an exam by id and gets pixels and masks in one message. They are no part of
    the widget's state, so that a saved notebook stays small.

    Attributes
    ----------
    content : dict
        Exams with labels and scores; see `Cases.list_exams`.
    marked : list of dict
        Rows of the reader's marks, kept the same in the browser.
    """

    _esm = read_static("viewer.js")
    _css = read_static("viewer.css")
    content = traitlets.Dict().tag(sync=True)
    marked: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, cases: Cases) -> None:
        super().__init__(content=cases.list_exams(list(cases.exams)), marked=cases.marks)
        self._cases = cases
        self.on_msg(self._answer)

    def __repr__(self) -> str:
        return f"ExamViewer({len(self._cases.exams)} exams, {len(self.marked)} marked)"

    @property
    def marks(self) -> pd.DataFrame:
        """Reader's marks, in the form of `mf.audit`.

        Returns
        -------
        DataFrame
            Columns exam, plane (empty), code ("reader"), severity ("agree", "check" where the label
            is doubtful, "reject" to exclude the exam, "note"), value (NaN), advice (the note).
        """
        return tabulate_marks(self.marked)

    def save_as_html(self, path: str | Path, *, ids: Sequence[str] | None = None) -> None:
        """Write a stand-alone page.

        Parameters
        ----------
        path : path
        ids : sequence of str, optional
            Exams to include. By default the first 12 of the viewer.

        Raises
        ------
        KeyError
            If the viewer has no such exam.
        OSError
            If the file can't be written.
        """
        chosen = list(self._cases.exams)[:MOST_EXAMS] if ids is None else list(ids)
        write_text(path, make_page(self._cases, chosen, self.marked))

    def _answer(self, _: Any, message: dict[str, Any], __: Any) -> None:
        """Send the exam that the browser asks for."""
        exam = message["id"]
        try:
            content = self._cases.describe(exam)
        except Exception as error:
            self.send({"kind": "failed", "id": exam, "text": describe_cause(error)})
            raise
        self.send({"kind": "exam", "id": exam, "detail": content.detail}, content.buffers)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Widget, and a picture for places that run no widgets, such as GitHub."""
        data, metadata = super()._repr_mimebundle_(**options)
        if find_spec("matplotlib") is None:
            return data, metadata
        exam = next(iter(self._cases.exams))
        figure = plot_exam(self._cases.exams[exam])
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=80)
        return {**data, "image/png": base64.b64encode(file.getvalue()).decode("ascii")}, metadata
