"""Component shapes: size, position and shape of 3-D components of bright pixels."""

from __future__ import annotations

from collections.abc import Sequence

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.components_3d import Components3D
from mrnet_features.formulas.histogram import as_float, divide

MIN_COMPONENT = 1e-4  # of the region; smaller components are vessels and noise
PIXEL_VARIANCE = 1 / 12  # of positions within a pixel, so that a row of pixels has a width


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
    xp = namespace(n_pixels)
    sizes = sizes_by_region(parts, *n_pixels.shape)
    # three empty components, for regions with fewer
    sizes = xp.concat([sizes, xp.zeros((*sizes.shape[:-1], 3), dtype=xp.float64)], axis=-1)
    largest = xp.sort(sizes, axis=-1, descending=True)[..., :3]
    smallest = xp.maximum(MIN_COMPONENT * n_pixels, 1.0)
    number = xp.sum(xp.astype(sizes >= smallest[..., None], xp.float64), axis=-1)
    return {
        "largest_component": divide(largest[..., 0], n_pixels),
        "top3_components": divide(xp.sum(largest, axis=-1), n_pixels),
        "n_components": xp.where(n_pixels > 0, number, float("nan")),
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
    xp = namespace(found.size)
    sizes = sizes_by_region((found,), *boxes.shape[:2])[0, ...]
    largest = xp.max(sizes, axis=-1, keepdims=True)
    chosen = xp.astype((sizes == largest) & (sizes > 0), xp.float64)
    weight = divide(chosen, xp.sum(chosen, axis=-1, keepdims=True))

    indices = _list_by_exam(found.exam, boxes.shape[0])
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


def sizes_by_region(parts: Sequence[Components3D], n_exams: int, n_regions: int) -> Array:
    """Sizes of the components of each exam, 0 where a component is in another region.

    Parameters
    ----------
    parts : sequence of Components3D
    n_exams, n_regions : int

    Returns
    -------
    array of shape (n_parts, n_exams, n_regions, most_components + 1), float64
        Padded with zeros to the exam with the most components, and one more.
    """
    xp = namespace(parts[0].size)
    n_rows = len(parts) * n_exams
    exam = xp.concat([part.exam + k * n_exams for k, part in enumerate(parts)])
    indices = _list_by_exam(exam, n_rows)
    regions = xp.arange(n_regions, dtype=xp.float64)
    region = _take_components(xp.concat([part.region for part in parts]), indices, -1.0)
    size = _take_components(xp.concat([part.size for part in parts]), indices, 0.0)
    found = xp.where(region[:, None, :] == regions[:, None], size[:, None, :], 0.0)
    return xp.reshape(found, (len(parts), n_exams, n_regions, indices.shape[1]))


def _list_by_exam(exam: Array, n_exams: int) -> Array:
    """Indices of the components of each exam, padded with the number of components.

    Shape (n_exams, most_components + 1). The components of an exam are adjacent in the list.
    """
    xp = namespace(exam)
    is_owner = exam[None, :] == xp.arange(n_exams, dtype=xp.int32)[:, None]
    number = xp.sum(xp.astype(is_owner, xp.int64), axis=-1)
    first = xp.cumulative_sum(number) - number
    position = xp.arange(int(xp.max(number)) + 1, dtype=xp.int64)
    return xp.where(position < number[:, None], first[:, None] + position, exam.shape[0])


def _take_components(part: Array, indices: Array, padding: float) -> Array:
    """Values of the components at these indices, as float64; `padding` for the padding index."""
    xp = namespace(part)
    filler = xp.full((1, *part.shape[1:]), padding, dtype=xp.float64)
    filled = xp.concat([as_float(part), filler])
    taken = xp.take(filled, xp.reshape(indices, (-1,)), axis=0)
    return xp.reshape(taken, (*indices.shape, *part.shape[1:]))
