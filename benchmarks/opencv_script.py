"""What somebody writes with OpenCV instead of taking a library: three families, slice by slice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mrnet_features.stacks.stack import Stack

SHIFTS = ((0, 1), (1, 1), (1, 0), (1, -1))
AROUND = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))


def opencv_tasks(stack: Stack) -> dict[str, Callable[[], object]]:
    """First-order statistics from a histogram, six properties of GLCM, uniform LBP of radius 1."""
    import cv2

    masks = stack.regions * np.uint8(255)
    changes = [(code ^ (code >> 1 | (code & 1) << 7)).bit_count() for code in range(256)]
    ones = [(code).bit_count() for code in range(256)]
    uniform = np.array(
        [n if changed <= 2 else 9 for n, changed in zip(ones, changes, strict=True)], np.uint8
    )

    def first_order() -> list[tuple[Any, ...]]:
        return [_describe(cv2.calcHist([g], [0], m, [256], [0, 256])) for g, m in _pair(stack.grey)]

    def glcm() -> list[list[Any]]:
        return [
            [_describe_pairs(count_pairs(g, m, s, stack.n_levels)) for s in SHIFTS]
            for g, m in _pair(stack.levels)
        ]

    def lbp() -> list[Any]:
        found = []
        for grey, mask in _pair(stack.grey):
            centre = grey[1:-1, 1:-1]
            codes = np.zeros_like(centre)
            for bit, (dy, dx) in enumerate(AROUND):
                height, width = grey.shape
                other = grey[1 + dy : height - 1 + dy, 1 + dx : width - 1 + dx]
                codes |= cv2.compare(other, centre, cv2.CMP_GE) & np.uint8(1 << bit)
            inside = cv2.erode(mask, np.ones((3, 3), np.uint8))[1:-1, 1:-1]
            labels = cv2.LUT(codes, uniform)
            found.append(cv2.calcHist([labels], [0], np.ascontiguousarray(inside), [10], [0, 10]))
        return found

    def _pair(pictures: Any) -> Any:
        return zip(pictures, masks, strict=True)

    return {"first order": first_order, "glcm": glcm, "lbp": lbp}


def count_pairs(levels: Any, mask: Any, shift: tuple[int, int], n_levels: int) -> Any:
    """Pairs of levels at a distance inside the mask, in both orders: (n_levels, n_levels)."""
    import cv2

    (dy, dx), (height, width) = shift, levels.shape
    here = (slice(0, height - dy), slice(max(-dx, 0), width - max(dx, 0)))
    there = (slice(dy, height), slice(max(dx, 0), width + min(dx, 0)))
    pictures = [np.ascontiguousarray(levels[part]) for part in (here, there)]
    both = cv2.bitwise_and(np.ascontiguousarray(mask[here]), np.ascontiguousarray(mask[there]))
    limits = [1, n_levels + 1] * 2
    counts = cv2.calcHist(pictures, [0, 1], both, [n_levels, n_levels], limits)
    return counts + counts.T


def _describe(counts: Any) -> tuple[Any, ...]:
    """Mean, variance, skewness, kurtosis, entropy, energy and percentiles of a histogram."""
    p = counts.ravel() / counts.sum()
    grey = np.arange(p.size)
    mean = p @ grey
    centred = grey - mean
    variance = p @ centred**2
    some = p[p > 0]
    shares = np.searchsorted(np.cumsum(p), [0.1, 0.25, 0.5, 0.75, 0.9])
    return (
        mean,
        variance,
        p @ centred**3 / variance**1.5,
        p @ centred**4 / variance**2,
        -some @ np.log2(some),
        p @ grey**2,
        *shares,
    )


def _describe_pairs(counts: Any) -> tuple[Any, ...]:
    """Contrast, dissimilarity, homogeneity, energy, second moment and correlation."""
    p = counts / counts.sum()
    i, j = np.indices(p.shape)
    mean = (p * i).sum()
    variance = (p * (i - mean) ** 2).sum()
    return (
        (p * (i - j) ** 2).sum(),
        (p * abs(i - j)).sum(),
        (p / (1 + (i - j) ** 2)).sum(),
        np.sqrt((p**2).sum()),
        (p**2).sum(),
        (p * (i - mean) * (j - mean)).sum() / variance,
    )
