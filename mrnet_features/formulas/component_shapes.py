"""Component shapes: size, position and shape of 3-D components of bright pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.components_3d import Components3D
from mrnet_features.formulas.histogram import as_float, divide
from mrnet_features.formulas.slice_blocks import describe_in_blocks

MIN_COMPONENT = 1e-4  # of the region; smaller components are vessels and noise
PIXEL_VARIANCE = 1 / 12  # of positions within a pixel, so that a row of pixels has a width
_VALUES_OF_SIZES, _VALUES_OF_LARGEST = 4, 60  # held at a time per component and region


def describe_sizes(parts: Sequence[Components3D], n_pixels: Array) -> dict[str, Array]:
    """Size of the largest component, of the three largest, and number of components.

    Parameters
    ----------
    parts : sequence of Components3D
        Of the same stacks, such as those at several thresholds.
    n_pixels : array of shape (n_exams, n_regions), float64
        Pixels of each region of each exam.

    Returns
    -------
    dict of str to array of shape (n_parts, n_exams, n_regions), float64
        ``largest_component`` and ``top3_components`` as fractions of the region;
        ``n_components`` of at least .0001 of it. NaN where the region has no pixel.
    """

    def describe(sizes: Array, n_pixels: Array) -> dict[str, Array]:
        xp = namespace(n_pixels)
        # three empty components, for regions with fewer
        sizes = xp.concat([sizes, xp.zeros((*n_pixels.shape, 3), dtype=xp.float64)], axis=-1)
        largest = xp.sort(sizes, axis=-1, descending=True)[..., :3]
        smallest = xp.maximum(MIN_COMPONENT * n_pixels, 1.0)
        number = xp.sum(xp.astype(sizes >= smallest[..., None], xp.float64), axis=-1)
        return {
            "largest_component": divide(largest[..., 0], n_pixels),
            "top3_components": divide(xp.sum(largest, axis=-1), n_pixels),
            "n_components": xp.where(n_pixels > 0, number, float("nan")),
        }

    return _describe_sizes_of(parts, n_pixels, describe)


def sum_sizes(parts: Sequence[Components3D], n_exams: int, n_regions: int) -> dict[str, Array]:
    """Number of pixels of all components, ``total``, and of the largest one, ``largest``.

    Parameters
    ----------
    parts : sequence of Components3D
    n_exams, n_regions : int

    Returns
    -------
    dict of str to array of shape (n_parts, n_exams, n_regions), float64
    """
    xp = namespace(parts[0].size)

    def describe(sizes: Array, _: Array) -> dict[str, Array]:
        return {"total": xp.sum(sizes, axis=-1), "largest": xp.max(sizes, axis=-1)}

    return _describe_sizes_of(parts, xp.zeros((n_exams, n_regions), dtype=xp.float64), describe)


def describe_largest(found: Components3D, boxes: Array) -> dict[str, Array]:
    """Position and shape of the largest component, averaged over ties.

    Parameters
    ----------
    found : Components3D
    boxes : array of shape (n_exams, n_regions, 6), int32
        Bounding box of each region, as from `mrnet_features.counts.region_extents.region_bounds`.

    Returns
    -------
    dict of str to array of shape (n_exams, n_regions), float64
        ``component_row``: centre, 0 at the top of the region, 1 at its bottom.
        ``component_column_offset`` and ``component_slice_offset``: distance of the centre from the
        middle of the region, in columns and in slices, 0 to 1. ``component_elongation``: square
        root of the ratio of the variances along the longer and the shorter axis in the slice.
        ``component_fill``: fraction of its bounding box. NaN where the region has no component.
    """

    def describe(indices: Array, boxes: Array) -> dict[str, Array]:
        return _describe_largest(found, indices, boxes)

    return _describe_some(describe, found.exam, found.n_by_exam, boxes, _VALUES_OF_LARGEST)


def _describe_largest(found: Components3D, indices: Array, boxes: Array) -> dict[str, Array]:
    xp = namespace(found.size)
    sizes = _split_by_region(found.region, found.size, indices, boxes.shape[1])
    largest = xp.max(sizes, axis=-1, keepdims=True)
    chosen = xp.astype((sizes == largest) & (sizes > 0), xp.float64)
    weight = divide(chosen, xp.sum(chosen, axis=-1, keepdims=True))

    size = _take_components(found.size, indices, 1.0)
    sums = _take_components(found.sums, indices, 0.0)
    bounds = _take_components(found.bounds, indices, 0.0)
    means = sums / size[..., None]
    var_row = means[..., 3] - means[..., 1] ** 2 + PIXEL_VARIANCE
    var_column = means[..., 4] - means[..., 2] ** 2 + PIXEL_VARIANCE
    covariance = means[..., 5] - means[..., 1] * means[..., 2]
    half = (var_row + var_column) / 2
    root = xp.sqrt(((var_row - var_column) / 2) ** 2 + covariance**2)
    shorter = xp.maximum(half - root, PIXEL_VARIANCE)
    reach = (bounds[..., 1::2] - bounds[..., 0::2]) + 1
    volume = reach[..., 0] * reach[..., 1] * reach[..., 2]

    first, last = as_float(boxes[..., 0::2]), as_float(boxes[..., 1::2])
    size_of_region = xp.maximum(last - first + 1, 1.0)
    from_first = means[:, None, :, :3] - first[:, :, None, :] + 0.5
    middle = from_first / size_of_region[:, :, None, :]
    folded = xp.abs(2 * middle - 1)

    def pick(values: Array) -> Array:
        return xp.sum(weight * values, axis=-1)

    return {
        "component_row": pick(middle[..., 1]),
        "component_column_offset": pick(folded[..., 2]),
        "component_slice_offset": pick(folded[..., 0]),
        "component_elongation": pick(xp.sqrt((half + root) / shorter)[:, None, :]),
        "component_fill": pick((size / volume)[:, None, :]),
    }


def _describe_sizes_of(
    parts: Sequence[Components3D],
    of_regions: Array,
    describe: Callable[[Array, Array], dict[str, Array]],
) -> dict[str, Array]:
    """Statistics of the sizes of components by region, of shape (n_parts, n_exams, ...).

    `describe` gets the sizes in some exams of some parts, of shape (n_rows, n_regions, n), padded
    with zeros, and the rows of `of_regions` for them.
    """
    xp = namespace(of_regions)
    n_exams, n_regions = of_regions.shape
    region, size = (
        xp.concat(list(each)) for each in zip(*(part[:2] for part in parts), strict=True)
    )
    row = xp.concat([part.exam + k * n_exams for k, part in enumerate(parts)])
    n_by_row = namespace(parts[0].n_by_exam).concat([part.n_by_exam for part in parts])

    def describe_rows(indices: Array, of_rows: Array) -> dict[str, Array]:
        return describe(_split_by_region(region, size, indices, n_regions), of_rows)

    of_rows = xp.concat([of_regions] * len(parts))
    found = _describe_some(describe_rows, row, n_by_row, of_rows, _VALUES_OF_SIZES)
    return {
        name: xp.reshape(values, (len(parts), n_exams, *values.shape[1:]))
        for name, values in found.items()
    }


def _describe_some(
    describe: Callable[[Array, Array], dict[str, Array]],
    exam: Array,
    n_by_exam: Array,
    of_regions: Array,
    n_values: int,
) -> dict[str, Array]:
    """Statistics of some exams at a time, whose components are padded to the same number.

    `describe` gets the indices of the components of each exam, of shape (n_exams, n), padded with
    the number of all components, and the rows of `of_regions` for them. Noisy exams have tens of
    thousands of components: all exams at once would take gigabytes on a GPU.
    """
    xp = namespace(exam)
    n_exams, n_regions = of_regions.shape[:2]
    most = int(namespace(n_by_exam).max(n_by_exam)) + 1
    position = xp.arange(most, dtype=xp.int64)
    # the components of an exam are adjacent in the list
    edges = xp.searchsorted(exam, xp.arange(n_exams + 1, dtype=exam.dtype))

    def describe_block(first: Array, end: Array, of_regions: Array) -> dict[str, Array]:
        index = first[:, None] + position
        return describe(xp.where(index < end[:, None], index, exam.shape[0]), of_regions)

    n_cells = most * n_regions * n_values
    return describe_in_blocks(describe_block, edges[:-1], edges[1:], of_regions, n_cells=n_cells)


def _split_by_region(region: Array, size: Array, indices: Array, n_regions: int) -> Array:
    """Sizes of the components of each exam, 0 where a component is in another region.

    Shape (n_exams, n_regions, n), float64.
    """
    xp = namespace(size)
    regions = xp.arange(n_regions, dtype=xp.float64)
    inside = _take_components(region, indices, -1.0)[:, None, :] == regions[:, None]
    return xp.where(inside, _take_components(size, indices, 0.0)[:, None, :], 0.0)


def _take_components(part: Array, indices: Array, padding: float) -> Array:
    """Values of the components at these indices, as float64; `padding` for the padding index."""
    xp = namespace(part)
    filler = xp.full((1, *part.shape[1:]), padding, dtype=xp.float64)
    filled = xp.concat([as_float(part), filler])
    taken = xp.take(filled, xp.reshape(indices, (-1,)), axis=0)
    return xp.reshape(taken, (*indices.shape, *part.shape[1:]))
