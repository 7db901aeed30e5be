"""All random choices of a synthetic exam but noise: knee, lesions, and where its slices lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mrnet_features.names import PLANES, SPLITS
from mrnet_features.synthetic.anatomy import Knee, sample_person
from mrnet_features.synthetic.flexion import Carry
from mrnet_features.synthetic.lesion_shapes import Shape, lesion_shapes
from mrnet_features.synthetic.ligaments import (
    ACL_COMPLETE,
    ACL_INTACT,
    ACL_MUCOID,
    ACL_PARTIAL,
)
from mrnet_features.synthetic.pathology import Pathology, sample_pathology
from mrnet_features.synthetic.placement import Placement, place_stack, rotation
from mrnet_features.synthetic.style import Style, as_style

FAT_SATURATION_SPREAD = 0.13  # SD of the logarithm of the remaining fat signal
# Part of the flexion by which the whole knee is turned in the scanner, so that femur and tibia
# both lie near the middle axis of the picture.
TURNED_BACK = 0.65

ACL_STATES = {
    "intact": ACL_INTACT,
    "partial": ACL_PARTIAL,
    "complete": ACL_COMPLETE,
    "mucoid": ACL_MUCOID,
}


@dataclass(frozen=True)
class PlaneSetup:
    """How one plane is scanned.

    `fat_left` is the fraction of the fat signal that remains. `phase`, of shape (3,), int64, is
    the offset in the noise volumes that roughen edges. `bad` is empty, "out of view" or "ghosts".
    `generator` gives the random numbers of everything after these, noise first of all.
    """

    placement: Placement
    fat_left: float
    phase: NDArray[np.int64]
    bad: str
    generator: np.random.Generator


@dataclass(frozen=True)
class Scene:
    """One knee and how it is scanned.

    `pose`, of shape (3, 3), turns the directions of the scanner into those of the knee. `tables`,
    of shape (801, n_outlines), are the person's outlines.
    """

    style: Style
    pathology: Pathology
    knee: Knee
    carry: Carry
    pose: NDArray[np.float64]
    tables: NDArray[np.float64]
    shapes: list[Shape]
    scale: float
    left: bool
    tesla: float
    bad_plane: str
    bad_reason: str
    planes: dict[str, PlaneSetup]


def make_generators(seed: int, split: str, index: int) -> list[np.random.Generator]:
    """Independent random generators of an exam: pathology, person, scan, then one per plane.

    They depend only on seed, split and index, not on the number of exams.
    """
    parent = np.random.SeedSequence(entropy=seed, spawn_key=(SPLITS.index(split), index))
    return [np.random.default_rng(child) for child in parent.spawn(3 + len(PLANES))]


def sample_pose(
    generator: np.random.Generator, style: Style, flexion: float
) -> NDArray[np.float64]:
    """Random rotation of a knee in the scanner; `flexion` in degrees."""
    degrees = generator.normal(style.rotation_mean, style.rotation_spread)
    degrees[0] += TURNED_BACK * flexion
    return rotation(degrees)


def sample_scene(
    seed: int,
    split: str = "train",
    index: int = 0,
    *,
    pathology: Pathology | None = None,
    style: int | Style | None = None,
    person: int | None = None,
) -> Scene:
    """Knee and scans of one exam; parameters and errors as in `scan.draw_knee`.

    `person` is the number of another exam of the split, to draw the knee of its person.
    """
    if split not in SPLITS:
        raise ValueError(f"`split` must be one of {', '.join(SPLITS)}, got {split!r}.")
    style = as_style(style)
    of_pathology, of_person, of_scan, *of_planes = make_generators(seed, split, index)
    if person is not None:
        of_person = make_generators(seed, split, person)[1]
    if pathology is None:
        pathology = sample_pathology(of_pathology, split, style)
    bones, soft, tables = sample_person(of_person, style)
    if pathology.pcl_buckle:
        soft = soft._replace(pcl_bend_y=soft.pcl_bend_y + 4.0, pcl_bend_z=soft.pcl_bend_z + 5.0)
    scale = float(np.clip(of_scan.normal(style.size_mean, style.size_spread), 0.8, 1.2))
    left = bool(of_scan.random() >= 0.5)
    tesla = 3.0 if of_scan.random() < style.three_tesla_rate else 1.5
    flexion = float(of_scan.normal(style.flexion_mean, style.flexion_spread))
    pose = sample_pose(of_scan, style, flexion)
    space = style.joint_space + float(of_scan.normal(0.0, 0.2))
    carry = Carry(float(np.deg2rad(flexion)), pathology.shift_mm, space)
    knee = Knee(
        bones=bones,
        soft=soft,
        acl_state=ACL_STATES[pathology.acl_state],
        acl_gap=pathology.acl_gap,
        acl_gap_size=pathology.acl_gap_size,
        acl_drop=pathology.acl_drop_mm,
        shift=carry.shift,
        flexion=carry.flexion,
        film=0.2 + 0.04 * pathology.effusion_ml**0.5,
        joint_space=carry.space,
    )
    bad_plane, bad_reason = "", ""
    if of_scan.random() < style.bad_rate:
        bad_plane = str(of_scan.choice(["sagittal", "sagittal", "coronal", "axial"]))
        bad_reason = str(of_scan.choice(["out of view", "ghosts"]))
    planes = {}
    for plane, generator in zip(PLANES, of_planes, strict=True):
        bad = bad_reason if plane == bad_plane else ""
        placement = place_stack(
            plane,
            generator,
            style,
            pose=pose,
            scale=scale,
            left=left,
            abnormal=pathology.labels[0],
            out_of_view=bad == "out of view",
        )
        fat_left = style.fat_left[PLANES.index(plane)]
        if fat_left < 1.0:
            fat_left *= float(np.exp(generator.normal(0.0, FAT_SATURATION_SPREAD)))
        phase = generator.integers(0, 128, 3)
        planes[plane] = PlaneSetup(placement, fat_left, phase, bad, generator)
    return Scene(
        style=style,
        pathology=pathology,
        knee=knee,
        carry=carry,
        pose=pose,
        tables=tables,
        shapes=lesion_shapes(pathology, bones, soft, carry),
        scale=scale,
        left=left,
        tesla=tesla,
        bad_plane=bad_plane,
        bad_reason=bad_reason,
        planes=planes,
    )
