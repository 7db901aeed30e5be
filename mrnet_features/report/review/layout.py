"""Parts of a report as sections of a page: figures are drawn, thumbnails encoded."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator, Sequence

from mrnet_features.report.page import Block, Details, Figures, Picture, Pictures, Section
from mrnet_features.report.pictures import encode_picture
from mrnet_features.report.review.part import Closed, Part, PartBlock, Plot, Thumbnail
from mrnet_features.report.svg import to_svg

__all__ = ["lay_out"]

QUALITY = 80  # of thumbnails


def lay_out(parts: Sequence[Part]) -> list[Section]:
    """Sections of the page.

    Parameters
    ----------
    parts : sequence of Part

    Returns
    -------
    list of Section

    Raises
    ------
    ImportError
        If matplotlib or Pillow is not installed.
    """
    return [Section(part.title, list(_draw_blocks(part.name, part.blocks))) for part in parts]


def _draw_blocks(prefix: str, blocks: Sequence[PartBlock]) -> Iterator[Block]:
    """Blocks of the page; neighbouring plots and thumbnails become one block."""
    for kind, group in itertools.groupby(enumerate(blocks), key=lambda pair: type(pair[1])):
        here = list(group)
        if kind is Plot:
            yield Figures([_draw(f"{prefix}-{k}", plot) for k, plot in here])  # type: ignore[arg-type]
        elif kind is Thumbnail:
            yield Pictures([_encode(thumbnail) for _, thumbnail in here])  # type: ignore[arg-type]
        elif kind is Closed:
            for k, closed in here:
                inner = list(_draw_blocks(f"{prefix}-{k}", closed.blocks))  # type: ignore[union-attr]
                yield Details(closed.title, inner)  # type: ignore[union-attr, arg-type]
        else:
            yield from (block for _, block in here)  # type: ignore[misc]


def _draw(prefix: str, plot: Plot) -> tuple[str, str]:
    return to_svg(plot.draw(), plot.caption, prefix), plot.caption


def _encode(thumbnail: Thumbnail) -> Picture:
    data = encode_picture(thumbnail.grey, quality=QUALITY)
    height, width = thumbnail.grey.shape[:2]
    return Picture(
        source=f"data:image/webp;base64,{base64.b64encode(data).decode()}",
        width=width,
        height=height,
        title=thumbnail.title,
        lines=thumbnail.lines,
        link=thumbnail.link,
        beside=None if thumbnail.beside is None else _encode(thumbnail.beside),
    )
