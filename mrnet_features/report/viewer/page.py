"""Stand-alone page of the viewer: one file, which asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from mrnet_features.extraction.read import list_stacks
from mrnet_features.jobs import show_progress
from mrnet_features.names import PLANES
from mrnet_features.report.page import make_policy
from mrnet_features.report.viewer.cases import Cases
from mrnet_features.report.viewer.exam import ExamContent

PICTURE_BYTES = 640_000
"""Size that the pictures of an exam are encoded to: twelve exams then take less than 12 MB."""

MORE_BYTES = 90_000
"""The same of each series beyond three: twelve exams of six series then take less than 16 MB."""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<main id="mv-root"></main>
{data}
<script type="module">{script}</script>
</body>
</html>
"""

PAGE_STYLE = """
body { margin: 0; background: #0b0f13; color: #e8ecef; font-family: system-ui, sans-serif; }
h1 { font-size: 16px; font-weight: 600; margin: 8px 10px 0; }
"""


def read_static(name: str) -> str:
    """Text of a file that the package brings along.

    Parameters
    ----------
    name : {"viewer.js", "viewer.css"}

    Returns
    -------
    str
    """
    return files("mrnet_features.report").joinpath("static", name).read_text(encoding="utf-8")


def find_most_bytes(n_series: int) -> int:
    """Size that the pictures of an exam are encoded to.

    Examples
    --------
    >>> find_most_bytes(2), find_most_bytes(6)
    (640000, 910000)
    """
    return PICTURE_BYTES + MORE_BYTES * max(0, n_series - len(PLANES))


def make_page(cases: Cases, ids: Sequence[str], marks: Sequence[Mapping[str, Any]]) -> str:
    """HTML page with some exams.

    Scripts and styles are allowed by their hashes, and nothing may be loaded. Pixels are WebP,
    in base64. A progress bar appears on a terminal; elsewhere a message per minute is logged.

    Parameters
    ----------
    cases : Cases
    ids : sequence of str
        Exams to include.
    marks : sequence of mapping
        Rows of the reader's marks to begin with; those of other exams are left out.

    Returns
    -------
    str
    """
    view = cases.list_exams(ids)
    view["marks"] = [row for row in marks if row["exam"] in set(ids)]
    qualities: set[int] = set()
    blocks, fingerprints = [], []
    contributions = cases.explain(ids)
    with show_progress(len(ids), "page", "exam", None) as bar:
        for k, exam in enumerate(ids):
            most_bytes = find_most_bytes(len(list_stacks(cases.exams[exam])))
            content = cases.describe(exam, contributions, most_bytes=most_bytes)
            qualities |= {plane["quality"] for plane in content.detail["planes"]}
            fingerprints.append(content.detail["fingerprint"])
            blocks.append(_make_block(f"mv-exam-{k}", _embed(content)))
            bar.update()
    # Where a browser keeps the marks: pages of the same pictures share it until other marks come
    # along. The ids alone don't tell exams apart, since other datasets use the same ones.
    text = json.dumps([list(ids), fingerprints, view["tasks"], view["marks"]])
    view["key"] = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    shown = " to ".join(str(each) for each in sorted({min(qualities), max(qualities)}))
    view["caption"] += (
        f" The pictures are compressed (WebP, quality {shown}): grey levels differ a little from "
        "the stored ones; masks, marks and values come from the stored ones."
    )
    style = PAGE_STYLE + _strip(read_static("viewer.css"))
    script = f"{_strip(read_static('viewer.js'))}\nstartPage(document);\n"
    of_all = "" if len(ids) == len(cases.exams) else f" of {len(cases.exams)}"
    return PAGE.format(
        policy=make_policy(style, script),
        title=html.escape(f"Knee MRI: {len(ids)}{of_all} exam{'s' * (len(cases.exams) > 1)}"),
        style=style,
        script=script,
        data="\n".join([_make_block("mv-view", view), *blocks]),
    )


def _strip(code: str) -> str:
    """Script or style without indents and lines of comment, a fifth shorter."""
    lines = (line.strip() for line in code.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _embed(content: ExamContent) -> dict[str, Any]:
    buffers = [base64.b64encode(data).decode("ascii") for data in content.buffers]
    return {**content.detail, "buffers": buffers}


def _make_block(name: str, value: Any) -> str:
    """Data block of a page; no text in it can end the block or begin a comment."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'
