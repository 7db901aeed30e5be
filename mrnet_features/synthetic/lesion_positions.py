"""Where each lesion of a synthetic exam lies in its three stacks: masks, boxes and centres.

A lesion is painted alone, in a knee without signal, with the shapes and the noise of its exam. The
mask holds the pixels of which it fills a quarter or more. It does not say how well the lesion is
seen: that depends on its strength and on the sequence.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mrnet_features.names import PLANES
from mrnet_features.synthetic import tissues as t
from mrnet_features.synthetic.flexion import follow, from_tibia
from mrnet_features.synthetic.lesion_shapes import N_COLUMNS
from mrnet_features.synthetic.ligaments import ACL_COMPLETE, acl_axis
from mrnet_features.synthetic.pathology import Pathology
from mrnet_features.synthetic.placement import SIZE
from mrnet_features.synthetic.render import noise_volumes, paint_stack
from mrnet_features.synthetic.scene import Scene, sample_scene
from mrnet_features.synthetic.style import Style

LEAST_PART = 0.25  # of a pixel that a lesion fills
EFFUSION_ML = 10.0  # joint fluid beyond this volume is a lesion: an effusion
SMALL = {"defect", "worn", "tear"}  # painted with twice as many rows and columns
LESIONS = ("effusion", "baker", "oedema", "defect", "worn", "tear")  # drawn as blobs
MOST_ROUGH = 2.0  # displacement of a blob's edge by noise, in units of its roughness: 3 SD
ACL_MARGIN_MM = 12.0  # a swollen ACL is not wider than this about its axis
AXES = ("slice", "row", "column")
POSITION_COLUMNS = (
    "lesion", "site", "plane", *(f"first_{axis}" for axis in AXES),
    *(f"last_{axis}" for axis in AXES), *(f"centre_{axis}" for axis in AXES), "n_pixels",
)  # fmt: skip

Floats = NDArray[np.float64]
Masks = dict[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class Lesion:
    """One lesion of a synthetic exam.

    `lesion` is "acl", "tear", "worn", "oedema", "defect", "effusion" or "baker". `site` says where
    it lies, as in the truth table. `masks` maps each plane to an ndarray of shape (n_slices, 256,
    256), bool.
    """

    lesion: str
    site: str
    masks: Masks


def find_lesions(
    seed: int,
    split: str = "train",
    index: int = 0,
    *,
    pathology: Pathology | None = None,
    style: int | Style | None = None,
) -> list[Lesion]:
    """Lesions of the exam that `draw_knee` draws from the same arguments, with their masks.

    Parameters
    ----------
    seed, split, index, pathology, style
        As in `draw_knee`.

    Returns
    -------
    list of Lesion
        A torn ACL first, then fluid, bone and cartilage, menisci. The mask of a torn ACL is the
        ligament's course between its footprints. An effusion has a lesion for each recess; joint
        fluid of 10 ml or less is none. Masks of lesions out of view are empty. A mucoid ACL, red
        marrow and the magic angle are no lesions.
    """
    return locate_lesions(sample_scene(seed, split, index, pathology=pathology, style=style))


def locate_lesions(scene: Scene) -> list[Lesion]:
    """Lesions of a scene; for what they are see `find_lesions`."""
    lesions = []
    if scene.pathology.acl_state in {"partial", "complete"}:
        lesions.append(Lesion("acl", "notch", {plane: mask_acl(scene, plane) for plane in PLANES}))
    for shape in scene.shapes:
        small = shape.lesion == "effusion" and scene.pathology.effusion_ml <= EFFUSION_ML
        if shape.lesion in LESIONS and not small:
            zoom = 2 if shape.lesion in SMALL else 1
            masks = {plane: mask_blobs(scene, plane, shape.blobs, zoom) for plane in PLANES}
            lesions.append(Lesion(shape.lesion, shape.site, masks))
    return lesions


def describe_lesions(lesions: list[Lesion]) -> list[dict[str, Any]]:
    """One row per lesion and plane in which it is in view, with the keys `POSITION_COLUMNS`."""
    rows = []
    for lesion in lesions:
        for plane, mask in lesion.masks.items():
            inside = np.argwhere(mask)
            if len(inside) > 0:
                first, last = inside.min(axis=0).tolist(), inside.max(axis=0).tolist()
                centre = inside.mean(axis=0).round(1).tolist()
                values = (lesion.lesion, lesion.site, plane, *first, *last, *centre, len(inside))
                rows.append(dict(zip(POSITION_COLUMNS, values, strict=True)))
    return rows


def mask_blobs(scene: Scene, plane: str, blobs: list[Floats], zoom: int) -> NDArray[np.bool_]:
    """Pixels of one plane that hold these blobs, painted in `zoom` by `zoom` parts each."""
    signal = np.zeros(t.N_TISSUES, dtype=np.float32)
    signal[t.AIR] = 1.0  # a blob of air: no other tissue gives a signal
    to_pixels = np.linalg.inv(scene.planes[plane].placement.steps)
    mask = empty_mask(scene, plane)
    for row in blobs:
        blob = row.copy()
        blob[14:16] = 1.0, t.AIR
        half_axes = np.linalg.inv(blob[3:12].reshape(3, 3)) * (1.0 + MOST_ROUGH * blob[17])
        reach = np.linalg.norm(to_pixels @ half_axes, axis=1)
        paint_box(mask, scene, plane, blob[None, :3], reach, scene.knee, blob[None], signal, zoom)
    return mask


def mask_acl(scene: Scene, plane: str) -> NDArray[np.bool_]:
    """Pixels of one plane on the course of the ACL, whatever its state, drawn as torn throughout.

    A torn ligament is swollen, so its course is a little wider than an intact ligament.
    """
    signal = np.zeros(t.N_TISSUES, dtype=np.float32)
    signal[[t.TORN_LIGAMENT, t.FLUID]] = 1.0  # without blobs, only a torn ACL holds these
    torn = scene.knee._replace(acl_state=ACL_COMPLETE, acl_gap=0.5, acl_gap_size=0.6)
    to_pixels = np.linalg.inv(scene.planes[plane].placement.steps)
    reach = ACL_MARGIN_MM * np.linalg.norm(to_pixels, axis=1)
    mask = empty_mask(scene, plane)
    no_blobs = np.empty((0, N_COLUMNS))
    paint_box(mask, scene, plane, find_acl_ends(scene), reach, torn, no_blobs, signal, 1)
    return mask


def find_acl_ends(scene: Scene) -> Floats:
    """Lower and upper end of the ACL's axis in mm, one a row."""
    flexion, shift, space = scene.carry
    ends = []
    for end in acl_axis(scene.knee.soft, scene.knee.acl_drop):
        part = float(follow(end[2]))
        ends.append(from_tibia(np.array(end), part * flexion, part * shift, part * space))
    return np.stack(ends)


def empty_mask(scene: Scene, plane: str) -> NDArray[np.bool_]:
    """Mask of one plane without a pixel."""
    return np.zeros((scene.planes[plane].placement.n_slices, SIZE, SIZE), dtype=bool)


def paint_box(
    mask: NDArray[np.bool_],
    scene: Scene,
    plane: str,
    points: Floats,
    reach: Floats,
    knee: Any,
    blobs: Floats,
    signal: NDArray[np.float32],
    zoom: int,
) -> None:
    """Set the pixels of `mask` that give signal, in a box around some points.

    Parameters
    ----------
    mask : ndarray of shape (n_slices, 256, 256), bool
        Changed in place.
    scene, plane : Scene, str
        The exam and the plane.
    points : ndarray of shape (n, 3), float64
        Positions in mm.
    reach : ndarray of shape (3,), float64
        How far the box reaches beyond the points, in rows, columns and slices.
    knee, blobs, signal
        As for `paint_stack`.
    zoom : int
        Rows and columns painted per pixel.
    """
    setup = scene.planes[plane]
    steps = setup.placement.steps
    middles = (points - setup.placement.first) @ np.linalg.inv(steps).T
    sizes = np.array([SIZE, SIZE, len(mask)])
    first = np.clip(np.floor(middles.min(axis=0) - reach), 0, sizes).astype(int)
    last = np.clip(np.ceil(middles.max(axis=0) + reach) + 1, 0, sizes).astype(int)
    n_rows, n_columns, n_slices = np.maximum(last - first, 0).tolist()
    if n_rows == 0 or n_columns == 0 or n_slices == 0:
        return
    origins = setup.placement.origins(zoom * SIZE)[first[2] : last[2]]
    painted = np.empty((n_slices, zoom * n_rows, zoom * n_columns), dtype=np.float32)
    fine, coarse = noise_volumes()
    paint_stack(
        painted,
        np.zeros((0, 0, 0), dtype=np.uint8),
        origins + first[0] * steps[:, 0] + first[1] * steps[:, 1],
        steps[:, 0] / zoom,
        steps[:, 1] / zoom,
        scene.style.slice_fill * steps[:, 2],
        knee,
        scene.tables,
        blobs,
        signal,
        np.zeros(t.N_TISSUES, dtype=np.float32),
        fine,
        coarse,
        setup.phase,
        np.zeros(4),
    )
    parts = painted.reshape(n_slices, n_rows, zoom, n_columns, zoom).mean(axis=(2, 4))
    window = mask[first[2] : last[2], first[0] : last[0], first[1] : last[1]]
    window |= parts >= LEAST_PART
