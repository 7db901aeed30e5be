"""`Page`: one HTML file of sections with text, tables, figures and pictures, which loads nothing.

A page is described by data; the template draws it and escapes every text. Its content security
policy allows its own style and script by their hashes and pictures inside the file, and nothing
else.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeAlias

from mrnet_features.files.writing import write_text

__all__ = [
    "Block",
    "Bullets",
    "Details",
    "Figures",
    "Page",
    "Picture",
    "Pictures",
    "Section",
    "Swatch",
    "Table",
    "Text",
]

FRAME_HEIGHT = 720  # pixels of a page inside a notebook


class Text(NamedTuple):
    """Paragraph.

    Attributes
    ----------
    text : str
    is_warning : bool
        Whether it is set apart as something to act on.
    """

    text: str
    is_warning: bool = False
    kind: str = "text"


class Bullets(NamedTuple):
    """List of sentences.

    Attributes
    ----------
    title : str
        Line above the list.
    items : sequence of str
    """

    title: str
    items: Sequence[str]
    kind: str = "bullets"


class Swatch(NamedTuple):
    """Cell of a table: a grey level as a small square, and words beside it.

    Attributes
    ----------
    grey : int
        0 (black) to 255 (white).
    text : str
    """

    grey: int
    text: str


class Table(NamedTuple):
    """Table; the first cell of each row is its heading.

    Attributes
    ----------
    caption : str
    header : sequence of str
    rows : sequence of sequences of str or Swatch
        As many cells as the header has.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | Swatch]]
    kind: str = "table"


class Figures(NamedTuple):
    """Figures side by side, as many as the width allows.

    Attributes
    ----------
    drawn : sequence of (str, str)
        SVG of each figure as `mrnet_features.report.svg.to_svg` makes it, and its caption.
    """

    drawn: Sequence[tuple[str, str]]
    kind: str = "figures"


class Picture(NamedTuple):
    """Picture with a caption.

    Attributes
    ----------
    source : str
        A ``data:`` address.
    width, height : int
        Pixels.
    title : str
    lines : sequence of str
        Caption under the title.
    link : str, default ""
        Where a click on it leads.
    beside : Picture, optional
        A second picture that stands next to it.
    """

    source: str
    width: int
    height: int
    title: str
    lines: Sequence[str]
    link: str = ""
    beside: Picture | None = None


class Pictures(NamedTuple):
    """Pictures side by side.

    Attributes
    ----------
    pictures : sequence of Picture
    """

    pictures: Sequence[Picture]
    kind: str = "pictures"


class Details(NamedTuple):
    """Blocks that are closed until the reader opens them.

    Attributes
    ----------
    title : str
    blocks : sequence of Text, Bullets, Table, Figures or Pictures
    """

    title: str
    blocks: Sequence[Text | Bullets | Table | Figures | Pictures]
    kind: str = "details"


Block: TypeAlias = Text | Bullets | Table | Figures | Pictures | Details


class Section(NamedTuple):
    """Heading and blocks under it.

    Attributes
    ----------
    title : str
    blocks : sequence of Block
    """

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """One HTML file.

    Parameters
    ----------
    title : str
    lead : str
        Paragraph under the title.
    sections : sequence of Section
    foot : sequence of str
        Paragraphs at the end.
    script : str, default ""
        JavaScript of the page, run at its end.

    Examples
    --------
    >>> page = Page("One exam", "A sentence.", [Section("Labels", [Text("acl <1>")])])
    >>> "acl &lt;1&gt;" in page.html
    True
    """

    title: str
    lead: str
    sections: Sequence[Section]
    foot: Sequence[str] = ()
    script: str = ""

    template: ClassVar[str] = "page.html"

    @functools.cached_property
    def html(self) -> str:
        """The file as text. Needs jinja2."""
        style = _read_template("page.css")
        text: str = _load_template(self.template).render(
            page=self,
            style=style,
            policy=make_policy(style, self.script, images="data:"),
            numbered=list(enumerate(self.sections, 1)),
        )
        return text

    def save_as_html(self, path: str | Path) -> None:
        """Write the file.

        Parameters
        ----------
        path : path
            File to write; an old one is replaced when the new one is complete.
        """
        write_text(path, self.html)

    def _repr_html_(self) -> str:
        """The page in a frame of its own, so that its style leaves the notebook alone."""
        allowed = "allow-scripts" if self.script else ""
        return (
            f'<iframe title="{html.escape(self.title)}" sandbox="{allowed}" width="100%" '
            f'height="{FRAME_HEIGHT}" srcdoc="{html.escape(self.html)}"></iframe>'
        )


def make_policy(style: str, script: str = "", *, images: str = "") -> str:
    """Content security policy of a page: its own style, script and pictures, and nothing else.

    Parameters
    ----------
    style, script : str
        Text of the elements, allowed by their hashes.
    images : str, default ""
        Source of pictures, such as "data:".

    Returns
    -------
    str

    Examples
    --------
    >>> make_policy("", images="data:").split("; ")[2:]
    ['img-src data:', "base-uri 'none'", "form-action 'none'"]
    """
    parts = ["default-src 'none'", f"style-src {_hash(style)}"]
    parts += [f"script-src {_hash(script)}"] if script else []
    parts += [f"img-src {images}"] if images else []
    return "; ".join([*parts, "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    """Source of a content security policy that allows exactly this style or script."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@functools.cache
def _read_template(name: str) -> str:
    files = resources.files("mrnet_features.report") / "templates"
    return (files / name).read_text(encoding="utf-8")


@functools.cache
def _load_template(name: str) -> Any:
    try:
        import jinja2
    except ImportError as error:
        raise ImportError("Pages need jinja2: pip install 'mrnet-features[report]'.") from error
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
