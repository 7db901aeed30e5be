"""Parts of the page of an exploration: figures, pictures, and cells of tables."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from mrnet_features.report.explore.tissues import LEVELS
from mrnet_features.report.page import Picture, Swatch
from mrnet_features.report.pictures import encode_picture
from mrnet_features.report.series_words import describe_series
from mrnet_features.report.svg import to_svg

if TYPE_CHECKING:
    from mrnet_features.report.explore.flags import Thumbnail
    from mrnet_features.report.explore.result import Exploration

__all__ = [
    "Drawer",
    "show",
    "swatch_level",
    "swatch_word",
    "with_quartiles",
    "with_range",
]

QUALITY = 80  # of the pictures
SWATCHES = (30, 75, 120, 175, 235)  # grey levels of the words of `LEVELS`


class Drawer:
    """Figures of an exploration as SVG, numbered for their ids."""

    def __init__(self, exploration: Exploration) -> None:
        self.exploration = exploration
        self.n_drawn = 0

    def draw(self, caption: str, part: str, **options: Any) -> tuple[str, str]:
        """SVG and caption of one figure."""
        self.n_drawn += 1
        axes = self.exploration.plot(part=part, **options)
        return to_svg(axes, caption, f"figure-{self.n_drawn}"), caption


def show(thumbnail: Thumbnail) -> Picture:
    """Thumbnail as a WebP picture with its reasons.

    Parameters
    ----------
    thumbnail : Thumbnail

    Returns
    -------
    Picture

    Raises
    ------
    ImportError
        If Pillow is not installed.
    """
    data = encode_picture(thumbnail.picture, quality=QUALITY)
    height, width = thumbnail.picture.shape
    return Picture(
        source=f"data:image/webp;base64,{base64.b64encode(data).decode()}",
        width=width,
        height=height,
        title=f"{thumbnail.exam}, {describe_series(thumbnail.plane)}: {thumbnail.severity}",
        lines=[
            *thumbnail.reasons,
            f"Slice {thumbnail.slice + 1} of {thumbnail.n_slices}.",
        ],
    )


def swatch_word(word: str) -> str | Swatch:
    """Expected signal with a square of about its grey level; "unknown" if it is empty.

    Examples
    --------
    >>> swatch_word("bright").grey, swatch_word("")
    (235, 'unknown')
    """
    return Swatch(SWATCHES[LEVELS.index(word)], word) if word else "unknown"


def swatch_level(grey: float) -> str | Swatch:
    """Grey level with a square that shows it.

    Examples
    --------
    >>> swatch_level(90.4), swatch_level(math.nan)
    (Swatch(grey=90, text='90'), '-')
    """
    return Swatch(min(max(round(grey), 0), 255), f"{grey:.0f}") if math.isfinite(grey) else "-"


def with_range(row: dict[Any, Any]) -> str:
    """Ratio of a row of the tissues with its quartiles.

    Examples
    --------
    >>> with_range({"ratio": 1.5, "ratio_25": 1.4, "ratio_75": 1.625})
    '1.50 (1.40 to 1.62)'
    """
    if not math.isfinite(row["ratio"]):
        return "-"
    return f"{row['ratio']:.2f} ({row['ratio_25']:.2f} to {row['ratio_75']:.2f})"


def with_quartiles(values: pd.Series[float]) -> str:
    """Median of some values with their quartiles.

    Examples
    --------
    >>> with_quartiles(pd.Series([20.0, 30.0, 40.0]))
    '30 (25 to 35)'
    """
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    digits = 0 if middle >= 20 else 2
    if not math.isfinite(middle):
        return "-"
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
