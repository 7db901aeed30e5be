"""Pools of bright pixels -> size, place and shape: the formulae that families of lesions share."""

from __future__ import annotations

from mrnet_features.arrays import Array, namespace
from mrnet_features.counts.components_3d import Pools
from mrnet_features.formulas.histogram import as_float, divide

MIN_POOL = 1e-4  # of the region; smaller pools are vessels and noise
PIXEL_VARIANCE = 1 / 12  # of a place within a pixel, so that a line of pixels has a width


def describe_sizes(found: Pools, n_pixels: Array) -> dict[str, Array]:
    """Size of the largest pool, of the three largest, and number of pools.

    Parameters
    ----------
    found : Pools
    n_pixels : array of shape (n_stacks, n_regions), float64
        Pixels of each region of each exam.

    Returns
    -------
    dict of str to array of shape (n_stacks, n_regions), float64
        ``largest_pool`` and ``top3_pools`` as fractions of the region; ``n_pools`` of at least
        .0001 of it. NaN where the region has no pixel.
    """
    xp = namespace(n_pixels)
    sizes = sizes_by_region(found, *n_pixels.shape)
    # three empty pools stand in where a region has fewer
    sizes = xp.concat([sizes, xp.zeros((*n_pixels.shape, 3), dtype=xp.float64)], axis=-1)
    largest = xp.sort(sizes, axis=-1, descending=True)[..., :3]
    smallest = xp.maximum(MIN_POOL * n_pixels, xp.ones_like(n_pixels))
    number = xp.sum(xp.astype(sizes >= smallest[..., None], xp.float64), axis=-1)
    return {
        "largest_pool": divide(largest[..., 0], n_pixels),
        "top3_pools": divide(xp.sum(largest, axis=-1), n_pixels),
        "n_pools": xp.where(n_pixels > 0, number, xp.full_like(number, float("nan"))),
    }


def describe_largest(found: Pools, boxes: Array) -> dict[str, Array]:
    """Place and shape of the largest pool; the mean where several are the largest.

    Parameters
    ----------
    found : Pools
    boxes : array of shape (n_stacks, n_regions, 6), int32
        How far each region reaches, as `mrnet_features.counts.region_extents.bounds` finds it.

    Returns
    -------
    dict of str to array of shape (n_stacks, n_regions), float64
        ``pool_row``: centre from the region's top, 0, to its bottom, 1. ``pool_aside`` and
        ``pool_along``: how far the centre lies from the region's middle, in columns and in slices,
        0 to 1. ``pool_elongation``: root of the ratio of the variances along the longer and the
        shorter axis in the plane of the slices. ``pool_fill``: fraction of its bounding box.
        NaN where the region has no pool.
    """
    xp = namespace(found.size)
    sizes = sizes_by_region(found, *boxes.shape[:2])
    largest = xp.max(sizes, axis=-1, keepdims=True)
    chosen = xp.astype((sizes == largest) & (sizes > 0), xp.float64)
    weight = divide(chosen, xp.sum(chosen, axis=-1, keepdims=True))

    places = _list_by_stack(found, boxes.shape[0])
    size = _take_pools(found.size, places, 1.0)
    sums = _take_pools(found.sums, places, 0.0)
    bounds = _take_pools(found.bounds, places, 0.0)
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
        "pool_row": pick(middle[..., 1]),
        "pool_aside": pick(folded[..., 2]),
        "pool_along": pick(folded[..., 0]),
        "pool_elongation": pick(xp.sqrt((half + root) / shorter)[:, None, :]),
        "pool_fill": pick((size / volume)[:, None, :]),
    }


def sizes_by_region(found: Pools, n_stacks: int, n_regions: int) -> Array:
    """Sizes of each exam's pools, 0 where a pool lies in another region.

    Parameters
    ----------
    found : Pools
    n_stacks, n_regions : int

    Returns
    -------
    array of shape (n_stacks, n_regions, most_pools + 1), float64
        As many as the exam with the most pools has, and one of size 0.
    """
    xp = namespace(found.size)
    places = _list_by_stack(found, n_stacks)
    regions = xp.arange(n_regions, dtype=xp.float64)
    inside = _take_pools(found.region, places, -1.0)[:, None, :] == regions[:, None]
    return xp.where(inside, _take_pools(found.size, places, 0.0)[:, None, :], 0.0)


def _list_by_stack(found: Pools, n_stacks: int) -> Array:
    """Place of each exam's pools in the list, then at least once that of the one after the last.

    Of shape (n_stacks, most_pools + 1). Pools of an exam follow each other in the list.
    """
    xp = namespace(found.size)
    n_pools = found.size.shape[0]
    is_owner = found.stack[None, :] == xp.arange(n_stacks, dtype=xp.int32)[:, None]
    number = xp.sum(xp.astype(is_owner, xp.int64), axis=-1)
    first = xp.cumulative_sum(number) - number
    place = xp.arange(int(xp.max(number)) + 1, dtype=xp.int64)
    nothing = xp.full((1, 1), n_pools, dtype=xp.int64)
    return xp.where(place < number[:, None], first[:, None] + place, nothing)


def _take_pools(part: Array, places: Array, nothing: float) -> Array:
    """What a list of pools holds at these places, as float64; `nothing` after the last."""
    xp = namespace(part)
    filler = xp.full((1, *part.shape[1:]), nothing, dtype=xp.float64)
    filled = xp.concat([as_float(part), filler])
    taken = xp.take(filled, xp.reshape(places, (-1,)), axis=0)
    return xp.reshape(taken, (*places.shape, *part.shape[1:]))
