"""One synthetic exam: three stacks of a random knee, with the artefacts of a scanner."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from mrnet_features.names import PLANES, SPLITS, TASKS
from mrnet_features.synthetic.acquisition import (
    finish_stack,
    interpolate,
    interpolation_weights,
    spread_points,
    standard_noise,
)
from mrnet_features.synthetic.anatomy import Knee, sample_person
from mrnet_features.synthetic.flexion import Carry
from mrnet_features.synthetic.ghosts import add_ghosts
from mrnet_features.synthetic.joint_plane import describe_joint, joint_plane
from mrnet_features.synthetic.lesion_shapes import lesion_blobs
from mrnet_features.synthetic.ligaments import (
    ACL_COMPLETE,
    ACL_INTACT,
    ACL_MUCOID,
    ACL_PARTIAL,
)
from mrnet_features.synthetic.pathology import Pathology, describe_truth, sample_pathology
from mrnet_features.synthetic.placement import SIZE, Placement, place_stack, rotation
from mrnet_features.synthetic.render import noise_volumes, paint_stack
from mrnet_features.synthetic.signal import tissue_signal, tissue_texture
from mrnet_features.synthetic.style import Style, as_style

# SD of the middle slice in grey levels, which the release standardises: its SD over exams.
MIDDLE_SLICE_SD = {"axial": 2.6, "coronal": 1.9, "sagittal": 2.4}
NOISE_AT_LOW_FIELD = 1.4  # noise at 1.5 T relative to that at 3 T
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
class KneeExam:
    """One synthetic exam.

    `stacks` maps each plane to an ndarray of shape (n_slices, 256, 256), uint8. `labels` are the
    labels with label noise (abnormal, acl, meniscus). `truth` is the row of the truth table.
    """

    stacks: dict[str, NDArray[np.uint8]]
    labels: dict[str, int]
    truth: dict[str, object]


def make_generators(seed: int, split: str, index: int) -> list[np.random.Generator]:
    """Independent random generators of an exam: pathology, person, scan, then one per plane.

    They depend only on seed, split and index, not on the number of exams.
    """
    parent = np.random.SeedSequence(entropy=seed, spawn_key=(SPLITS.index(split), index))
    return [np.random.default_rng(child) for child in parent.spawn(3 + len(PLANES))]


def scan_plane(
    plane: str,
    knee: Knee,
    tables: NDArray[np.float64],
    blobs: NDArray[np.float64],
    placement: Placement,
    generator: np.random.Generator,
    style: Style,
    *,
    tesla: float,
    ghosts: bool = False,
) -> tuple[NDArray[np.uint8], float]:
    """One stack.

    Parameters
    ----------
    plane : {"axial", "coronal", "sagittal"}
        Direction of the slices.
    knee : Knee
        The person.
    tables : ndarray of shape (801, n_outlines), float64
        The person's outlines.
    blobs : ndarray of shape (n_blobs, 18), float64
        Lesions.
    placement : Placement
        Position of the pixels.
    generator : numpy.random.Generator
        Random numbers of this plane.
    style : Style
        What the exams of the set have in common.
    tesla : float
        Field strength.
    ghosts : bool
        Whether periodic motion makes the stack bad.

    Returns
    -------
    stack : ndarray of shape (n_slices, 256, 256), uint8
        Grey levels.
    noise : float
        SD of the noise in grey levels.
    """
    fat_left = style.fat_left[PLANES.index(plane)]
    if fat_left < 1.0:
        fat_left *= float(np.exp(generator.normal(0.0, FAT_SATURATION_SPREAD)))
    n_pixels = style.drawn_pixels
    stack = np.empty((placement.n_slices, n_pixels, n_pixels), dtype=np.float32)
    flow = np.zeros(stack.shape if ghosts else (0, 0, 0), dtype=np.uint8)
    zoom = SIZE / n_pixels
    fine, coarse = noise_volumes()
    side = np.deg2rad(style.coil_side)
    slope = style.coil_slope / 50.0
    paint_stack(
        stack,
        flow,
        placement.origins(n_pixels),
        zoom * placement.steps[:, 0],
        zoom * placement.steps[:, 1],
        style.slice_fill * placement.steps[:, 2],
        knee,
        tables,
        blobs,
        tissue_signal(plane, tesla, fat_left=fat_left, style=style),
        tissue_texture(),
        fine,
        coarse,
        generator.integers(0, 128, 3),
        np.array(
            [style.coil_gain, style.coil_reach, slope * np.cos(side), slope * np.sin(side)],
            dtype=np.float64,
        ),
    )
    if ghosts:
        add_ghosts(stack, flow, plane, generator)
    spread_points(stack, style.sharpen if tesla > 2.0 else 0.5 * style.sharpen)
    if style.blur > 0.0:
        for axis in (1, 2):
            gaussian_filter1d(stack, style.blur / zoom, axis=axis, output=stack, truncate=3.0)
    return standardise(stack, plane, tesla, generator, style)


def standardise(
    stack: NDArray[np.float32],
    plane: str,
    tesla: float,
    generator: np.random.Generator,
    style: Style,
) -> tuple[NDArray[np.uint8], float]:
    """Stack of 256 x 256 pixels in grey levels with bias field and noise, and the noise's SD."""
    n_slices, size, _ = stack.shape
    rows = np.linspace(-1.0, 1.0, size)
    ends = np.ones(size)
    if plane != "axial":
        reach = generator.normal(style.coil_ends, 0.05)
        ends = 1.0 / (1.0 + (np.abs(rows) / reach) ** 6)
    bias = generator.normal(0.0, style.shading, 6)
    bias[2:4] = -np.abs(bias[2:4])
    # 1.05: the bias field reduces the SD
    mean = style.grey_spread[PLANES.index(plane)]
    target = 1.05 * generator.normal(mean, MIDDLE_SLICE_SD[plane])
    middle = stack[n_slices // 2] * ends[:, None]
    gain = target / max(float(np.std(middle)), 0.02)
    for _ in range(4):  # saturation at 255 reduces the SD, so the gain is corrected
        reached = float(np.std(np.minimum(gain * middle, 255.0)))
        gain *= (target / max(reached, 1.0)) ** 1.2
    stack *= gain
    sigma = float(generator.uniform(style.noise_low, style.noise_high))
    sigma *= 1.0 if tesla > 2.0 else NOISE_AT_LOW_FIELD
    noise = standard_noise()
    starts = generator.integers(0, noise.size - 2 * size, (n_slices, size))
    finish_stack(stack, stack, bias, ends, noise, starts, sigma)
    if size != SIZE:
        measured, stack = stack, np.empty((n_slices, SIZE, SIZE), dtype=np.float32)
        interpolate(stack, measured, *interpolation_weights(size))
    stack += 0.5
    np.clip(stack, 0.0, 255.0, out=stack)
    return stack.astype(np.uint8), round(sigma, 2)


def sample_pose(
    generator: np.random.Generator, style: Style, flexion: float
) -> NDArray[np.float64]:
    """Random rotation of a knee in the scanner; `flexion` in degrees."""
    degrees = generator.normal(style.rotation_mean, style.rotation_spread)
    degrees[0] += TURNED_BACK * flexion
    return rotation(degrees)


def draw_knee(
    seed: int,
    split: str = "train",
    index: int = 0,
    *,
    pathology: Pathology | None = None,
    style: int | Style | None = None,
) -> KneeExam:
    """One synthetic exam.

    Parameters
    ----------
    seed : int
        Seed of the whole set.
    split : {"train", "valid"}
        Split with the label frequencies to use.
    index : int
        Number of the exam within the split, from 0.
    pathology : Pathology, optional
        Labels and lesions of the knee, by default random. Person and scan do not depend on it, so
        two calls can show the same knee with and without a lesion.
    style : int or Style, optional
        What the exams of the set have in common: the seed of a random style, 1 or more, or a
        `Style`; by default that of the default set.

    Returns
    -------
    KneeExam

    Raises
    ------
    ValueError
        If `split` is unknown or `style` is less than 1.
    """
    if split not in SPLITS:
        raise ValueError(f"`split` must be one of {', '.join(SPLITS)}, got {split!r}.")
    style = as_style(style)
    of_pathology, of_person, of_scan, *of_planes = make_generators(seed, split, index)
    if pathology is None:
        pathology = sample_pathology(of_pathology, split, style)
    bones, soft, tables = sample_person(of_person, style)
    if pathology.pcl_buckle:
        soft = soft._replace(pcl_bend_y=soft.pcl_bend_y + 4.0, pcl_bend_z=soft.pcl_bend_z + 5.0)
    scale = float(np.clip(of_scan.normal(style.size_mean, style.size_spread), 0.8, 1.2))
    left = bool(of_scan.random() < 0.5)
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
    truth = describe_truth(pathology)
    truth |= {
        "laterality": "left" if left else "right",
        "tesla": tesla,
        "size": round(scale, 4),
        "bad_plane": bad_plane,
        "bad_reason": bad_reason,
    }
    blobs = lesion_blobs(pathology, bones, soft, carry)
    point, normal = joint_plane(bones.slope, carry)
    stacks = {}
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
        stacks[plane], noise = scan_plane(
            plane,
            knee,
            tables,
            blobs,
            placement,
            generator,
            style,
            tesla=tesla,
            ghosts=bad == "ghosts",
        )
        facts = {
            "n_slices": placement.n_slices,
            "reversed": int(placement.reversed_slices),
            "noise": noise,
            **describe_joint(
                plane, point, normal, placement.first, placement.steps, placement.n_slices
            ),
        }
        truth |= {f"{plane}_{name}": value for name, value in facts.items()}
    labels = dict(zip(TASKS, pathology.noisy_labels, strict=True))
    return KneeExam(stacks=stacks, labels=labels, truth=truth)
