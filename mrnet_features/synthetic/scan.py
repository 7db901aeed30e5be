"""One synthetic exam: three stacks of a random knee, with the artefacts of a scanner."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from mrnet_features.names import PLANES, TASKS
from mrnet_features.synthetic.acquisition import (
    finish_stack,
    interpolate,
    interpolation_weights,
    spread_points,
    standard_noise,
)
from mrnet_features.synthetic.ghosts import add_ghosts
from mrnet_features.synthetic.joint_plane import describe_joint, joint_plane
from mrnet_features.synthetic.lesion_shapes import stack_blobs
from mrnet_features.synthetic.pathology import Pathology, describe_truth
from mrnet_features.synthetic.placement import SIZE, Placement
from mrnet_features.synthetic.render import noise_volumes, paint_stack
from mrnet_features.synthetic.scene import Scene, sample_scene
from mrnet_features.synthetic.signal import tissue_signal, tissue_texture
from mrnet_features.synthetic.style import Style

# SD of the middle slice in grey levels, which the release standardises: its SD over exams.
MIDDLE_SLICE_SD = {"axial": 2.6, "coronal": 1.9, "sagittal": 2.4}
NOISE_AT_LOW_FIELD = 1.4  # noise at 1.5 T relative to that at 3 T


@dataclass(frozen=True)
class KneeExam:
    """One synthetic exam.

    `stacks` maps each plane to an ndarray of shape (n_slices, 256, 256), uint8. `labels` are the
    labels with label noise (abnormal, acl, meniscus). `truth` is the row of the truth table.
    """

    stacks: dict[str, NDArray[np.uint8]]
    labels: dict[str, int]
    truth: dict[str, object]


def scan_plane(plane: str, scene: Scene) -> tuple[NDArray[np.uint8], float]:
    """One stack.

    Parameters
    ----------
    plane : {"axial", "coronal", "sagittal"}
        Direction of the slices.
    scene : Scene
        The knee and how it is scanned. The generator of the plane is used up.

    Returns
    -------
    stack : ndarray of shape (n_slices, 256, 256), uint8
        Grey levels.
    noise : float
        SD of the noise in grey levels.
    """
    style, setup = scene.style, scene.planes[plane]
    placement, n_pixels = setup.placement, style.drawn_pixels
    ghosts = setup.bad == "ghosts"
    shape = (placement.n_slices, n_pixels, n_pixels) if ghosts else (0, 0, 0)
    flow = np.zeros(shape, dtype=np.uint8)
    signal = tissue_signal(plane, scene.tesla, fat_left=setup.fat_left, style=style)
    stack = draw_signal(scene, placement, style, n_pixels, signal, setup.phase, flow)
    if ghosts:
        add_ghosts(stack, flow, plane, setup.generator)
    blur_stack(stack, style, scene.tesla)
    return standardise(stack, plane, scene.tesla, setup.generator, style)


def draw_signal(
    scene: Scene,
    placement: Placement,
    style: Style,
    n_pixels: int,
    signal: NDArray[np.float32],
    phase: NDArray[np.int64],
    flow: NDArray[np.uint8],
) -> NDArray[np.float32]:
    """Signal of every pixel of a stack of `n_pixels` rows and columns, without blur and noise.

    Parameters
    ----------
    scene : Scene
        The knee.
    placement : Placement
    style : Style
        Slice profile and coil.
    n_pixels : int
    signal, phase, flow
        As for `paint_stack`.

    Returns
    -------
    ndarray of shape (n_slices, n_pixels, n_pixels), float32
    """
    stack = np.empty((placement.n_slices, n_pixels, n_pixels), dtype=np.float32)
    zoom = SIZE / n_pixels
    side, slope = np.deg2rad(style.coil_side), style.coil_slope / 50.0
    coil = [style.coil_gain, style.coil_reach, slope * np.cos(side), slope * np.sin(side)]
    paint_stack(
        stack,
        flow,
        placement.origins(n_pixels),
        zoom * placement.steps[:, 0],
        zoom * placement.steps[:, 1],
        style.slice_fill * placement.steps[:, 2],
        scene.knee,
        scene.tables,
        stack_blobs(scene.shapes),
        signal,
        tissue_texture(),
        *noise_volumes(),
        phase,
        np.array(coil, dtype=np.float64),
    )
    return stack


def blur_stack(stack: NDArray[np.float32], style: Style, tesla: float) -> None:
    """Blur and sharpen a stack as the scanner does, in place."""
    spread_points(stack, style.sharpen if tesla > 2.0 else 0.5 * style.sharpen)
    if style.blur > 0.0:
        for axis in (1, 2):
            width = style.blur / (SIZE / stack.shape[1])
            gaussian_filter1d(stack, width, axis=axis, output=stack, truncate=3.0)


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
    return draw_scene(sample_scene(seed, split, index, pathology=pathology, style=style))


def draw_scene(scene: Scene) -> KneeExam:
    """The exam of a scene. Its generators are used up, so a scene is drawn once."""
    truth = describe_truth(scene.pathology)
    truth |= {
        "laterality": "left" if scene.left else "right",
        "tesla": scene.tesla,
        "size": round(scene.scale, 4),
        "bad_plane": scene.bad_plane,
        "bad_reason": scene.bad_reason,
    }
    point, normal = joint_plane(scene.knee.bones.slope, scene.carry)
    stacks = {}
    for plane in PLANES:
        placement = scene.planes[plane].placement
        stacks[plane], noise = scan_plane(plane, scene)
        facts = {
            "n_slices": placement.n_slices,
            "reversed": int(placement.reversed_slices),
            "noise": noise,
            **describe_joint(
                plane, point, normal, placement.first, placement.steps, placement.n_slices
            ),
        }
        truth |= {f"{plane}_{name}": value for name, value in facts.items()}
    labels = dict(zip(TASKS, scene.pathology.noisy_labels, strict=True))
    return KneeExam(stacks=stacks, labels=labels, truth=truth)
