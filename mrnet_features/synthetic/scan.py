"""One synthetic exam: three stacks of a random knee, with the artefacts of a scanner."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, special

from mrnet_features.names import PLANES, SPLITS, TASKS
from mrnet_features.synthetic.anatomy import Knee, sample_person
from mrnet_features.synthetic.lesion_shapes import lesion_blobs
from mrnet_features.synthetic.ligaments import (
    ACL_COMPLETE,
    ACL_INTACT,
    ACL_MUCOID,
    ACL_PARTIAL,
)
from mrnet_features.synthetic.pathology import Pathology, sample_pathology
from mrnet_features.synthetic.render import finish_stack, noise_volumes, paint_stack, spread_points
from mrnet_features.synthetic.signal import SEQUENCES, tissue_signal, tissue_texture

SIZE = 256  # pixels, rows and columns

# Field of view in mm; depth of the block of slices in mm (mean, SD).
FIELD_OF_VIEW = {"axial": 132.0, "coronal": 165.0, "sagittal": 178.0}
BLOCK_MM = {"axial": (112.0, 6.0), "coronal": (98.0, 5.0), "sagittal": (96.0, 5.0)}
# Number of slices in the release: least, mean, most.
SLICE_COUNTS = {"axial": (19, 34.3, 61), "coronal": (17, 29.8, 58), "sagittal": (17, 30.4, 51)}
SLICE_COUNT_SPREAD = 0.16  # SD of the logarithm
# Difference of the logarithm between normal and abnormal exams. In the release, the number of
# slices alone separates them with an AUC near 0.7, a shortcut for models; here it is about 0.65.
SLICE_COUNT_SHORTCUT = 0.085
# SD of the middle slice in grey levels, which the release standardises: mean and SD over exams.
MIDDLE_SLICE_SD = {"axial": (60.4, 2.6), "coronal": (66.8, 1.9), "sagittal": (47.5, 2.4)}

BAD_RATE = 0.02  # fraction of exams with one bad plane
THREE_TESLA_RATE = 0.566
NOISE_LEVELS = (1.5, 5.0)  # SD of Rician noise in grey levels at 3 T; 1.4 times that at 1.5 T
BIAS_SPREAD = 0.07
FAT_SATURATION_SPREAD = 0.13  # SD of the logarithm of the remaining fat signal
ROTATION_DEGREES = 4.0

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


def rotation(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrix of the rotations about x, then y, then z, by three angles in degrees."""
    a, b, c = np.deg2rad(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    product: NDArray[np.float64] = about_z @ about_y @ about_x
    return product


def sample_slice_count(generator: np.random.Generator, plane: str, abnormal: int = 1) -> int:
    """Random number of slices, with the mean and range of the release."""
    least, mean, most = SLICE_COUNTS[plane]
    centre = np.log(mean) - 0.5 * SLICE_COUNT_SPREAD**2 + SLICE_COUNT_SHORTCUT * (abnormal - 0.8)
    count = np.exp(generator.normal(centre, SLICE_COUNT_SPREAD))
    if generator.random() < 0.01:  # the rare long protocol
        count = generator.uniform(mean, most)
    return int(np.clip(np.rint(count), least, most))


@lru_cache(maxsize=1)
def standard_noise() -> NDArray[np.float32]:
    """262,144 standard normal numbers; each row of noise starts at a random index."""
    generator = np.random.default_rng(1937)
    return generator.standard_normal(1 << 18, dtype=np.float32)


def scan_plane(
    plane: str,
    knee: Knee,
    tables: NDArray[np.float64],
    blobs: NDArray[np.float64],
    generator: np.random.Generator,
    *,
    tesla: float,
    scale: float,
    left: bool,
    pose: NDArray[np.float64],
    abnormal: int = 1,
    bad: str = "",
) -> tuple[NDArray[np.uint8], dict[str, object]]:
    """One stack, and its columns of the truth table.

    Parameters
    ----------
    plane : {"axial", "coronal", "sagittal"}
        Direction of the slices.
    knee : Knee
        The person.
    tables : ndarray of shape (n_rows, 241), float64
        The person's outlines.
    blobs : ndarray of shape (n_blobs, 18), float64
        Lesions.
    generator : numpy.random.Generator
        Random numbers of this plane.
    tesla : float
        Field strength.
    scale : float
        Size of the person, 1 for the measured knee.
    left : bool
        Whether to scan the mirror image, a left knee.
    pose : ndarray of shape (3, 3), float64
        Rotation of the knee in the scanner.
    abnormal : {0, 1}
        Has a small effect on the number of slices.
    bad : {"", "out of view", "ghosts"}
        Fault of the stack.

    Returns
    -------
    stack : ndarray of shape (n_slices, 256, 256), uint8
        Grey levels.
    facts : dict
        Number of slices, whether they are reversed, and noise.
    """
    n_slices = sample_slice_count(generator, plane, abnormal)
    reversed_slices = bool(generator.random() < 0.5)
    depth = generator.normal(*BLOCK_MM[plane]) * scale**0.5
    pixel = FIELD_OF_VIEW[plane] * generator.normal(1.0, 0.025) * scale**0.7 / SIZE
    # unit vectors of the scanner along the canonical axes x (lateral), y (posterior), z (superior)
    mirror = -1.0 if left else 1.0
    x, y, z = np.diag([mirror, 1.0, 1.0])
    row, column, through = {
        "axial": (y, x, z),
        "coronal": (-z, x, y),
        "sagittal": (-z, y, x),
    }[plane]
    centre = np.array([0.0, 0.0, 4.0]) + generator.normal(0.0, 2.0, 3)
    centre += {"axial": (0, -3, 10), "coronal": (0, -6, 0), "sagittal": (0, -3, 0)}[plane]
    if bad == "out of view":
        direction = column if generator.random() < 0.5 else row
        centre = centre + direction * generator.choice([-1.0, 1.0]) * generator.uniform(62.0, 85.0)
    turn = pose @ rotation(generator.normal(0.0, 1.5, 3)) / scale
    gap = depth / n_slices
    if reversed_slices:
        through = -through
    corner = -0.5 * (SIZE - 1) * pixel * (row + column)
    offsets = (np.arange(n_slices) - 0.5 * (n_slices - 1)) * gap
    origins = centre + (corner + offsets[:, None] * through) @ turn.T
    fat_left = SEQUENCES[plane].fat_left
    if fat_left < 1.0:
        fat_left *= float(np.exp(generator.normal(0.0, FAT_SATURATION_SPREAD)))
    stack = np.empty((n_slices, SIZE, SIZE), dtype=np.float32)
    flow = np.zeros(stack.shape if bad == "ghosts" else (0, 0, 0), dtype=np.uint8)
    fine, coarse = noise_volumes()
    paint_stack(
        stack,
        flow,
        origins,
        turn @ (row * pixel),
        turn @ (column * pixel),
        turn @ (through * gap * 0.85),
        knee,
        tables,
        blobs,
        tissue_signal(plane, tesla, fat_left=fat_left),
        tissue_texture(),
        fine,
        coarse,
        generator.integers(0, 128, 3),
    )
    if bad == "ghosts":
        add_ghosts(stack, flow, plane, generator)
    spread_points(stack, 0.16 if tesla > 2.0 else 0.08)
    return standardise(stack, plane, tesla, generator, n_slices, reversed_slices)


def add_ghosts(
    stack: NDArray[np.float32],
    flow: NDArray[np.uint8],
    plane: str,
    generator: np.random.Generator,
) -> None:
    """Add the ghosts of pulsating vessels to a stack, in place.

    The pulse changes the phase of flowing blood from one line of k-space to the next. In the
    picture, this is a frequency modulation: its sidebands are bright and dark copies of the
    vessels, displaced along the phase-encoding direction by one, two, three... times the same
    distance [1]_. The vessels themselves do not change.

    .. [1] Perman WH, Moran PR, Moran RA, Bernstein MA. Artifacts from pulsatile flow in MR imaging.
       J Comput Assist Tomogr 1986;10(3):473-483.
    """
    # On coronal and sagittal slices, vessels run up and down. Copies displaced up or down would lie
    # on the vessels, behind the joint, and would not make the stack bad.
    axis = int(generator.integers(1, 3)) if plane == "axial" else 2
    shift = generator.uniform(28.0, 60.0)
    swing = generator.uniform(0.8, 1.6)  # radians
    level = generator.uniform(0.8, 2.0) * float(np.median(stack[stack > 0]))
    # each slice is excited at another time of the cardiac cycle
    starts = generator.uniform(0.0, 2.0 * np.pi, len(stack))
    # The flow is known on a checkerboard, at alternating depths of the slice. This mean fills the
    # gaps and weights both depths equally.
    blood = 2.0 * level * flow.astype(np.float32)
    for blurred in (1, 2):
        blood = ndimage.correlate1d(blood, (0.25, 0.5, 0.25), axis=blurred, mode="constant")
    times = starts[:, None] + 2.0 * np.pi * shift * fft.fftfreq(SIZE)
    modulation = (np.exp(1j * swing * np.cos(times)) - special.j0(swing)).astype(np.complex64)
    lines = fft.fft(blood, axis=axis) * np.expand_dims(modulation, 3 - axis)
    pulsating = fft.ifft(lines, axis=axis)
    stack[:] = np.abs(stack + pulsating)


def standardise(
    stack: NDArray[np.float32],
    plane: str,
    tesla: float,
    generator: np.random.Generator,
    n_slices: int,
    reversed_slices: bool,
) -> tuple[NDArray[np.uint8], dict[str, object]]:
    """Stack in grey levels with bias field and noise, and its columns of the truth table."""
    rows = np.linspace(-1.0, 1.0, SIZE)
    ends = np.ones(SIZE)
    if plane != "axial":
        reach = generator.normal(0.80, 0.05)
        ends = 1.0 / (1.0 + (np.abs(rows) / reach) ** 12)
    bias = generator.normal(0.0, BIAS_SPREAD, 6)
    bias[2:4] = -np.abs(bias[2:4])
    # 1.05: the bias field reduces the SD
    target = 1.05 * generator.normal(*MIDDLE_SLICE_SD[plane])
    middle = stack[n_slices // 2] * ends[:, None]
    gain = target / max(float(np.std(middle)), 0.02)
    for _ in range(4):  # saturation at 255 reduces the SD, so the gain is corrected
        reached = float(np.std(np.minimum(gain * middle, 255.0)))
        gain *= (target / max(reached, 1.0)) ** 1.2
    stack *= gain
    sigma = float(generator.uniform(*NOISE_LEVELS)) * (1.0 if tesla > 2.0 else 1.4)
    noise = standard_noise()
    starts = generator.integers(0, noise.size - 2 * SIZE, (n_slices, SIZE))
    out = np.empty(stack.shape, dtype=np.uint8)
    finish_stack(out, stack, bias, ends, noise, starts, sigma)
    facts: dict[str, object] = {
        "n_slices": n_slices,
        "reversed": int(reversed_slices),
        "noise": round(sigma, 2),
    }
    return out, facts


def draw_knee(
    seed: int, split: str = "train", index: int = 0, *, pathology: Pathology | None = None
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

    Returns
    -------
    KneeExam
    """
    if split not in SPLITS:
        raise ValueError(f"`split` must be one of {', '.join(SPLITS)}, got {split!r}.")
    of_pathology, of_person, of_scan, *of_planes = make_generators(seed, split, index)
    if pathology is None:
        pathology = sample_pathology(of_pathology, split)
    bones, soft, tables = sample_person(of_person)
    if pathology.pcl_buckle:
        soft = soft._replace(pcl_bend_y=soft.pcl_bend_y + 4.0, pcl_bend_z=soft.pcl_bend_z + 5.0)
    scale = float(np.clip(of_scan.normal(1.0, 0.055), 0.86, 1.15))
    left = bool(of_scan.random() < 0.5)
    tesla = 3.0 if of_scan.random() < THREE_TESLA_RATE else 1.5
    pose = rotation(of_scan.normal(0.0, ROTATION_DEGREES, 3))
    knee = Knee(
        bones=bones,
        soft=soft,
        acl_state=ACL_STATES[pathology.acl_state],
        acl_gap=pathology.acl_gap,
        acl_gap_size=pathology.acl_gap_size,
        acl_drop=pathology.acl_drop_mm,
        shift=pathology.shift_mm,
        flexion=float(of_scan.normal(0.03, 0.05)),
        film=0.2 + 0.04 * pathology.effusion_ml**0.5,
    )
    bad_plane, bad_reason = "", ""
    if of_scan.random() < BAD_RATE:
        bad_plane = str(of_scan.choice(["sagittal", "sagittal", "coronal", "axial"]))
        bad_reason = str(of_scan.choice(["out of view", "ghosts"]))
    blobs = lesion_blobs(pathology, bones, soft)
    stacks = {}
    scans = {}
    for plane, generator in zip(PLANES, of_planes, strict=True):
        stacks[plane], scans[plane] = scan_plane(
            plane,
            knee,
            tables,
            blobs,
            generator,
            tesla=tesla,
            scale=scale,
            left=left,
            pose=pose,
            abnormal=pathology.labels[0],
            bad=bad_reason if plane == bad_plane else "",
        )
    truth = describe_truth(pathology)
    truth |= {
        "laterality": "left" if left else "right",
        "tesla": tesla,
        "size": round(scale, 4),
        "bad_plane": bad_plane,
        "bad_reason": bad_reason,
    }
    for plane in PLANES:
        truth |= {f"{plane}_{name}": value for name, value in scans[plane].items()}
    labels = dict(zip(TASKS, pathology.noisy_labels, strict=True))
    return KneeExam(stacks=stacks, labels=labels, truth=truth)


def describe_truth(pathology: Pathology) -> dict[str, object]:
    """Columns of the truth table that describe labels and lesions."""
    row: dict[str, object] = {}
    both = zip(TASKS, pathology.labels, pathology.noisy_labels, strict=True)
    for task, label, noisy in both:
        row[task] = label
        row[f"{task}_flipped"] = int(label != noisy)
    row["acl_state"] = pathology.acl_state
    row["acl_drop_mm"] = round(pathology.acl_drop_mm, 2)
    row["tibia_shift_mm"] = round(pathology.shift_mm, 2)
    row["pcl_buckled"] = int(pathology.pcl_buckle)
    row["meniscus_tears"] = "; ".join(f"{m.side} {m.horn} {m.kind}" for m in pathology.tears)
    row["meniscus_worn"] = "; ".join(f"{m.side} {m.horn}" for m in pathology.worn)
    row["effusion_ml"] = round(pathology.effusion_ml, 2)
    row["oedema"] = "; ".join(spot.site for spot in pathology.oedema)
    row["cartilage_defects"] = "; ".join(spot.site for spot in pathology.defects)
    row["baker_ml"] = round(pathology.baker_ml, 2)
    row["red_marrow"] = len(pathology.red_marrow)
    row["magic_angle"] = round(pathology.magic_angle, 2)
    return row
