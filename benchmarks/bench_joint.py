"""Errors of the joint plane against synthetic truth, and on turned copies of a real knee.

    python benchmarks/bench_joint.py --styles 1 2 3 --exams 40 --real FOLDER

Writes `results/joint.json`: for each style and plane, the error of the row at the joint's centre
(1.48 times the median absolute deviation, median, share over 5 pixels), and the errors of both
tilts in degrees. Of the real knee, the turn that was found for each turn about the middle of the
picture. Exams that are out of view are left out.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

import mrnet_features
from mrnet_features.stacks.atlas import find_frame
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.synthetic.scan import draw_knee

RESULTS = Path(__file__).parent / "results" / "joint.json"
TURNS = (-12, -8, -4, 0, 4, 8, 12)
PLANES = ("coronal", "sagittal")
STACK_DEPTH = 0.6  # of a stack in heights of the picture, to tell slice tilts in degrees


def measure_exam(grey: np.ndarray, plane: str, truth: dict[str, Any]) -> dict[str, float]:
    """Errors of one stack: row in pixels, tilts in degrees."""
    start = time.process_time()
    frame = find_frame(grey, find_foreground(grey).astype(np.uint8), plane)
    seconds = time.process_time() - start
    middle = 0.5 * (frame.box.column_start + frame.box.column_stop - 1)
    row = frame.anchor + frame.tilt * (truth[f"{plane}_joint_column"] - middle)
    gap = STACK_DEPTH * grey.shape[1] / len(grey)
    return {
        "row": row - truth[f"{plane}_joint_row"],
        "tilt": degrees(frame.tilt) - degrees(truth[f"{plane}_joint_tilt"]),
        "slice_tilt": degrees(frame.slice_tilt / gap)
        - degrees(truth[f"{plane}_joint_slice_tilt"] / gap),
        "spread": frame.spread,
        "score": frame.score,
        "seconds": seconds,
    }


def measure_style(style: int | None, n_exams: int, seed: int) -> dict[str, dict[str, float]]:
    """Errors of a style, for each plane."""
    found: dict[str, list[dict[str, float]]] = {plane: [] for plane in PLANES}
    for index in range(n_exams):
        exam = draw_knee(seed, "train", index, style=style)
        for plane in PLANES:
            is_out = exam.truth["bad_reason"] == "out of view"
            if not (is_out and exam.truth["bad_plane"] == plane):
                found[plane].append(measure_exam(exam.stacks[plane], plane, exam.truth))
    return {plane: summarise(of_plane) for plane, of_plane in found.items()}


def summarise(errors: list[dict[str, float]]) -> dict[str, float]:
    """Robust spread and share of large errors."""
    column = {key: np.array([row[key] for row in errors]) for key in errors[0]}
    summary = {"exams": len(errors), "row_over_5": float(np.mean(np.abs(column["row"]) > 5))}
    for key in ("row", "tilt", "slice_tilt"):
        median = np.median(column[key])
        summary[f"{key}_median"] = round(float(median), 2)
        summary[f"{key}_mad"] = round(1.48 * float(np.median(np.abs(column[key] - median))), 2)
    for key in ("spread", "score", "seconds"):
        summary[f"{key}_median"] = round(float(np.median(column[key])), 3)
    summary["score_least"] = round(float(column["score"].min()), 3)
    return summary


def turn(grey: np.ndarray, angle: float) -> np.ndarray:
    """Slices turned about the middle of the picture, by an angle in degrees."""
    turned = ndimage.rotate(grey.astype(float), angle, axes=(2, 1), reshape=False, order=1)
    return np.clip(np.rint(turned), 0, 255).astype(np.uint8)


def measure_real(path: Path) -> dict[str, dict[str, float]]:
    """Row, tilt and turn found in turned copies of a real sagittal stack."""
    grey = np.load(path)
    frames = {
        angle: find_frame(copy, find_foreground(copy).astype(np.uint8), "sagittal")
        for angle, copy in ((angle, turn(grey, angle)) for angle in TURNS)
    }
    level = degrees(frames[0].tilt)
    return {
        str(angle): {
            "row": frame.anchor,
            "tilt": round(degrees(frame.tilt), 2),
            "turn_found": round(level - degrees(frame.tilt), 2),
            "score": round(frame.score, 3),
        }
        for angle, frame in frames.items()
    }


def degrees(slope: float) -> float:
    """Angle of a slope."""
    return float(np.rad2deg(np.arctan(slope)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--styles", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--exams", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--real", type=Path, help="folder with echo*.npy")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    result: dict[str, Any] = {
        "machine": platform.platform(),
        "versions": {"mrnet_features": mrnet_features.__version__, "numpy": np.__version__},
        "date": time.strftime("%Y-%m-%d"),
        "exams": args.exams,
        "seed": args.seed,
        "styles": {},
        "real": {},
    }
    for style in args.styles:
        result["styles"][str(style)] = measure_style(style, args.exams, args.seed)
        print(style, json.dumps(result["styles"][str(style)], indent=1))
    for path in sorted(args.real.glob("echo*.npy")) if args.real else []:
        result["real"][path.stem] = measure_real(path)
        print(path.stem, json.dumps(result["real"][path.stem], indent=1))
    args.out.parent.mkdir(exist_ok=True)
    args.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
