"""Reference implementations of counts: plain loops over pixels."""

from collections import Counter

import numpy as np

DIRECTIONS = ((0, 1), (1, -1), (1, 0), (1, 1))
AROUND = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]


def histogram(values, regions, *, n_values, n_regions):
    counts = np.zeros((len(values), n_regions, n_values), int)
    for s, y, x in inside(regions):
        counts[s, regions[s, y, x] - 1, values[s, y, x]] += 1
    return counts


def cooccurrence(levels, regions, *, n_levels, n_regions, distance):
    counts = np.zeros((len(levels), n_regions, 4, n_levels, n_levels), int)
    for s, y, x in inside(regions):
        for d, (dy, dx) in enumerate(DIRECTIONS):
            for sign in (-1, 1):
                other = (s, y + sign * dy * distance, x + sign * dx * distance)
                if region_at(regions, other) == regions[s, y, x]:
                    r, i, j = regions[s, y, x], levels[s, y, x], levels[other]
                    counts[s, r - 1, d, i - 1, j - 1] += 1
    return counts


def run_lengths(levels, regions, *, n_levels, n_regions):
    longest = max(levels.shape[1:])
    counts = np.zeros((len(levels), n_regions, 4, n_levels, longest), int)
    for s, y, x in inside(regions):
        for d, (dy, dx) in enumerate(DIRECTIONS):
            if alike(levels, regions, (s, y, x), (s, y - dy, x - dx)):
                continue  # not the first of its run
            length = 1
            while alike(levels, regions, (s, y, x), (s, y + length * dy, x + length * dx)):
                length += 1
            counts[s, regions[s, y, x] - 1, d, levels[s, y, x] - 1, length - 1] += 1
    return counts


def size_zones(levels, regions):
    """Counter of (slice, region, level, size, distance), by flood fill."""
    found = Counter()
    seen = np.zeros(levels.shape, bool)
    for start in inside(regions):
        if seen[start]:
            continue
        seen[start] = True
        zone, front = [], [start]
        while front:
            here = front.pop()
            zone.append(here)
            for dy, dx in AROUND:
                other = (here[0], here[1] + dy, here[2] + dx)
                if alike(levels, regions, here, other) and not seen[other]:
                    seen[other] = True
                    front.append(other)
        distance = min(distance_to_edge(regions, pixel) for pixel in zone)
        found[start[0], int(regions[start]), int(levels[start]), len(zone), distance] += 1
    return found


def distance_to_edge(regions, pixel):
    """Steps along rows and columns to the nearest pixel outside the region."""
    s, y, x = pixel
    _, height, width = regions.shape
    best = min(y + 1, x + 1, height - y, width - x)
    for v in range(height):
        for u in range(width):
            if regions[s, v, u] != regions[pixel]:
                best = min(best, abs(v - y) + abs(u - x))
    return best


def neighbourhoods(levels, regions, *, n_levels, n_regions):
    """Dependence, number and difference as `mrnet_features.counts.neighbourhood` has them."""
    shape = (len(levels), n_regions, n_levels)
    dependence, number = np.zeros((*shape, 9), int), np.zeros(shape, int)
    difference = np.zeros((*shape, 8), int)
    for s, y, x in inside(regions):
        index = (s, regions[s, y, x] - 1, levels[s, y, x] - 1)
        around = [
            int(levels[s, y + dy, x + dx])
            for dy, dx in AROUND
            if region_at(regions, (s, y + dy, x + dx)) == regions[s, y, x]
        ]
        level = int(levels[s, y, x])
        dependence[(*index, around.count(level))] += 1
        if around:
            number[index] += 1
            difference[(*index, len(around) - 1)] += abs(len(around) * level - sum(around))
    return dependence, number, difference


def inside(regions):
    return [tuple(int(k) for k in pixel) for pixel in np.argwhere(regions > 0)]


def region_at(regions, pixel):
    """Region of a pixel, 0 outside the slice."""
    _, y, x = pixel
    _, height, width = regions.shape
    return regions[pixel] if 0 <= y < height and 0 <= x < width else 0


def alike(levels, regions, pixel, other):
    """Whether the other pixel has the same region and level."""
    return region_at(regions, other) == regions[pixel] and levels[other] == levels[pixel]


def binary_patterns(grey, regions, radius, n_regions):
    """Rotation-invariant uniform patterns, in integers with weights in steps of 1/2048."""
    n_points = 8 * radius
    counts = np.zeros((len(grey), n_regions, n_points + 2), int)
    angles = 2 * np.pi * np.arange(n_points) / n_points
    positions = np.rint(2048 * radius * np.stack([-np.sin(angles), np.cos(angles)], 1)).astype(int)
    for s, y, x in np.argwhere(regions):
        near = [slice(max(c - radius, 0), c + radius + 1) for c in (y, x)]
        square = regions[s, near[0], near[1]]
        if square.size < (2 * radius + 1) ** 2 or np.any(square != regions[s, y, x]):
            continue
        padded = np.pad(grey[s].astype(int), radius + 1)
        bits = []
        for dy, dx in positions:
            rest_y, rest_x = dy % 2048, dx % 2048
            top, left = y + radius + 1 + dy // 2048, x + radius + 1 + dx // 2048
            value = sum(
                padded[top + i, left + j]
                * (rest_y if i else 2048 - rest_y)
                * (rest_x if j else 2048 - rest_x)
                for i in (0, 1)
                for j in (0, 1)
            )
            bits.append(value >= int(grey[s, y, x]) * 2048**2)
        changes = sum(bits[k] != bits[k - 1] for k in range(n_points))
        counts[s, regions[s, y, x] - 1, sum(bits) if changes <= 2 else n_points + 1] += 1
    return counts
