"""What every count asks of its input, so that compiled code never meets anything else."""

from __future__ import annotations

from mrnet_features.arrays import Array, namespace
from mrnet_features.stacks.ranges import find_range


def check_counted(
    values: Array, regions: Array, *, lowest: int, highest: int, n_regions: int
) -> None:
    """Raise unless two uint8 stacks of one shape can be counted.

    Parameters
    ----------
    values : array of shape (n_slices, height, width), uint8
        Grey levels or levels, `lowest` to `highest`.
    regions : array of shape (n_slices, height, width), uint8
        0 outside, 1 to `n_regions` inside.
    lowest, highest : int
    n_regions : int

    Raises
    ------
    TypeError
        If an array is not uint8.
    ValueError
        If a shape, a value or a region is not as above.
    """
    for name, array in (("values", values), ("regions", regions)):
        if not str(getattr(array, "dtype", type(array).__name__)).endswith("uint8"):
            raise TypeError(
                f"`{name}` must be an array of dtype uint8, got "
                f"{getattr(array, 'dtype', type(array).__name__)}. Make a `Stack` with `prepare`."
            )
    if values.ndim != 3 or 0 in values.shape or values.shape != regions.shape:
        raise ValueError(
            "`values` and `regions` must have one shape (n_slices, height, width) without a zero, "
            f"got {tuple(values.shape)} and {tuple(regions.shape)}. Make a `Stack` with `prepare`."
        )
    if not 1 <= n_regions <= 255:
        raise ValueError(f"`n_regions` must be 1 to 255, got {n_regions}.")
    _, last = find_range(regions)
    if last > n_regions:
        raise ValueError(f"`regions` must lie in 0..{n_regions} (`n_regions`), got {last}.")
    if lowest <= 0 and highest >= 255:
        return  # as all do; looking would make the host wait for a device
    least, most = find_range(values)
    if least < lowest or most > highest:
        raise ValueError(
            f"`values` must lie in {lowest}..{highest}, got {least}..{most}. "
            "Discretise the stack with `Discretisation`."
        )


def spread_threshold(threshold: int | Array, values: Array) -> Array:
    """Threshold of each slice.

    Parameters
    ----------
    threshold : int, or array of shape (n_slices,), integer
    values : array of shape (n_slices, height, width)

    Returns
    -------
    array of shape (n_slices,), int32
        Where `values` live.

    Raises
    ------
    ValueError
        If it is neither one threshold nor one a slice.
    """
    xp = namespace(values)
    if isinstance(threshold, int):
        return xp.full(values.shape[:1], threshold, dtype=xp.int32)
    if tuple(threshold.shape) != (values.shape[0],):
        raise ValueError(
            f"`threshold` must be one number, or one for each of the {values.shape[0]} slices, got "
            f"shape {tuple(threshold.shape)}."
        )
    return xp.astype(threshold, xp.int32)


def check_levels(n_levels: int) -> None:
    """Raise unless `n_levels` is 1 to 255."""
    if not 1 <= n_levels <= 255:
        raise ValueError(f"`n_levels` must be 1 to 255, got {n_levels}.")
