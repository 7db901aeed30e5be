"""Matplotlib figures as SVG for a page."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["WIDTH", "to_svg"]

WIDTH = 4.4
"""Inches of a figure on a page; wider figures would have tiny text on a phone."""

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"


def to_svg(axes: Axes, description: str, prefix: str) -> str:
    """Figure as SVG that can stand in a page whose policy allows no inline style.

    Text stays text. The drawing has no size of its own and fills its container.

    Parameters
    ----------
    axes : matplotlib Axes
    description : str
        What the figure shows, for readers who can't see it.
    prefix : str
        Put before all ids, which must not repeat in a page.

    Returns
    -------
    str
    """
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix}):
        axes.get_figure().savefig(  # type: ignore[union-attr]
            buffer, format="svg", metadata={"Date": None, "Creator": None}
        )
    # names may hold control characters, which XML does not allow
    drawn = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", buffer.getvalue())
    root = ET.fromstring(drawn)  # noqa: S314 (matplotlib wrote it)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in {f"{SVG}style", f"{SVG}metadata"}:
                parent.remove(child)
    for element in root.iter():
        _unstyle(element, prefix)
    root.attrib.pop("width", None)
    root.attrib.pop("height", None)
    root.set("role", "img")
    root.set("aria-label", description)
    root.set("stroke-linejoin", "round")
    ET.register_namespace("", SVG[1:-1])
    ET.register_namespace("xlink", XLINK[1:-1])
    return ET.tostring(root, encoding="unicode")


def _unstyle(element: Any, prefix: str) -> None:
    """Turn the inline style of an element into attributes, and make its ids unique."""
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":  # the only shorthand; it is no attribute
            size = re.search(r"[\d.]+(px|pt)?", value)
            element.set("font-size", size[0] if size else "10px")
            if re.search(r"\b(bold|700)\b", value):
                element.set("font-weight", "bold")
        elif name and name != "font-family":
            element.set(name, value)
    if element.tag == f"{SVG}text":
        element.set("font-family", "system-ui, sans-serif")
    if "id" in element.attrib:
        element.set("id", f"{prefix}-{element.get('id')}")
    for name, value in list(element.attrib.items()):
        if name in {"href", f"{XLINK}href"}:
            element.set(name, value.replace("#", f"#{prefix}-"))
        elif "url(#" in value:
            element.set(name, value.replace("url(#", f"url(#{prefix}-"))
