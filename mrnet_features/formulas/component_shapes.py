"""Component shapes: size, position and shape of 3-D components of bright pixels."""

from __future__ import annotations

from collections.abc import Callable

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.components_3d import Components3D
from mrnet_features.formulas.histogram import as_float, divide
from mrnet_features.formulas.slice_blocks import describe_in_blocks

MIN_COMPONENT = 1e-4  # of the region; smaller components are vessels and noise
PIXEL_VARIANCE = 1 / 12  # of positions within a pixel, so that a row of pixels has a width
_VALUES, _VALUES_OF_REGION = 40, 20  # that `describe_largest` holds at a time per component


def describe_sizes(found: Components3D, n_pixels: Array) -> dict[str, Array]:
    """Size of the largest component, of the three largest, and number of components.

    Parameters
    ----------
    found : Components3D
    n_pixels : array of shape (n_exams, n_regions), float64
        Pixels of each region of each exam.

    Returns
    -------
    dict of str to array of shape (n_exams, n_regions), float64
        ``largest_component`` and ``top3_components`` as fractions of the region;
        ``n_components`` of at least .0001 of it. NaN where the region has no pixel.
    """
    return _describe_by_exam(_describe_sizes, found, n_pixels)


def _describe_sizes(found: Components3D, indices: Array, n_pixels: Array) -> dict[str, Array]:
    xp = namespace(n_pixels)
    sizes = _list_by_region(found, indices, n_pixels.shape[1])
    # three empty components, for regions with fewer
    sizes = xp.concat([sizes, xp.zeros((*n_pixels.shape, 3), dtype=xp.float64)], axis=-1)
    largest = xp.sort(sizes, axis=-1, descending=True)[..., :3]
    smallest = xp.maximum(MIN_COMPONENT * n_pixels, xp.ones_like(n_pixels))
    number = xp.sum(xp.astype(sizes >= smallest[..., None], xp.float64), axis=-1)
    return {
        "largest_component": divide(largest[..., 0], n_pixels),
        "top3_components": divide(xp.sum(largest, axis=-1), n_pixels),
        "n_components": xp.where(n_pixels > 0, number, xp.full_like(number, float("nan"))),
    }


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
    return _describe_by_exam(_describe_largest, found, boxes)


def _describe_largest(found: Components3D, indices: Array, boxes: Array) -> dict[str, Array]:
    xp = namespace(found.size)
    sizes = _list_by_region(found, indices, boxes.shape[1])
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
    shorter = xp.maximum(half - root, xp.full_like(half, PIXEL_VARIANCE))
    reach = (bounds[..., 1::2] - bounds[..., 0::2]) + 1
    volume = reach[..., 0] * reach[..., 1] * reach[..., 2]

    first, last = as_float(boxes[..., 0::2]), as_float(boxes[..., 1::2])
    size_of_region = xp.maximum(last - first + 1, xp.ones_like(first))
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


def sum_sizes(found: Components3D, n_exams: int, n_regions: int) -> Array:
    """Number of pixels of all components, of shape (n_exams, n_regions), float64."""
    xp = namespace(found.size)
    shape = xp.zeros((n_exams, n_regions, 0), dtype=xp.float64)
    return _describe_by_exam(_sum_sizes, found, shape)["size"]


def _sum_sizes(found: Components3D, indices: Array, shape: Array) -> dict[str, Array]:
    sizes = _list_by_region(found, indices, shape.shape[1])
    return {"size": namespace(sizes).sum(sizes, axis=-1)}


def _describe_by_exam(
    describe: Callable[[Components3D, Array, Array], dict[str, Array]],
    found: Components3D,
    of_regions: Array,
) -> dict[str, Array]:
    """Statistics of some exams at a time, whose components are padded to the same number.

    Noisy exams have tens of thousands of components: all exams at once would take gigabytes.
    """
    xp = namespace(found.size)
    n_exams, n_regions = of_regions.shape[:2]
    most = int(namespace(found.n_by_exam).max(found.n_by_exam)) + 1
    position = xp.arange(most, dtype=xp.int64)
    padding = xp.full((1, 1), found.size.shape[0], dtype=xp.int64)
    # the components of an exam are adjacent in the list
    edges = xp.searchsorted(found.exam, xp.arange(n_exams + 1, dtype=found.exam.dtype))

    def describe_some(first: Array, end: Array, of_regions: Array) -> dict[str, Array]:
        index = first[:, None] + position
        return describe(found, xp.where(index < end[:, None], index, padding), of_regions)

    n_cells = most * (_VALUES + _VALUES_OF_REGION * n_regions)
    return describe_in_blocks(describe_some, edges[:-1], edges[1:], of_regions, n_cells=n_cells)


def _list_by_region(found: Components3D, indices: Array, n_regions: int) -> Array:
    """Sizes of the components of each exam, 0 where a component is in another region.

    Shape (n_exams, n_regions, most_components + 1), float64.
    """
    xp = namespace(found.size)
    regions = xp.arange(n_regions, dtype=xp.float64)
    inside = _take_components(found.region, indices, -1.0)[:, None, :] == regions[:, None]
    return xp.where(inside, _take_components(found.size, indices, 0.0)[:, None, :], 0.0)


def _take_components(part: Array, indices: Array, padding: float) -> Array:
    """Values of the components at these indices, as float64; `padding` for the padding index."""
    xp = namespace(part)
    filler = xp.full((1, *part.shape[1:]), padding, dtype=xp.float64)
    filled = xp.concat([as_float(part), filler])
    taken = xp.take(filled, xp.reshape(indices, (-1,)), axis=0)
    return xp.reshape(taken, (*indices.shape, *part.shape[1:]))
