"""Contact sheet of synthetic knees: the default set and styles, beside a real knee.

    python benchmarks/draw_styles.py --styles 1 2 3 --exams 1 --out styles.png --real FOLDER

Each row is one plane of one exam, seven slices from the first to the last; the row above the
styles is the default set. `--joint` draws the true joint plane as a line. `--real` names a folder
with stacks as .npy files of shape (n_slices, height, width), drawn at the top and scaled at their
99.7th percentile.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mrnet_features.names import PLANES
from mrnet_features.synthetic import draw_knee

N_SLICES = 7
SIZE = 256


def draw_line(picture: NDArray[np.uint8], truth: dict[str, object], plane: str, k: int) -> None:
    """Draw the joint plane as a dotted line into slice `k`; on axial slices, a cross."""
    row, column = (float(str(truth[f"{plane}_joint_{name}"])) for name in ("row", "column"))
    columns = np.arange(0, SIZE, 2)
    if plane == "axial":
        columns = np.arange(max(int(column) - 8, 0), min(int(column) + 9, SIZE))
        rows = np.full(len(columns), round(row))
    else:
        tilt, turn = (float(str(truth[f"{plane}_joint_{name}"])) for name in ("tilt", "slice_tilt"))
        middle = 0.5 * (int(str(truth[f"{plane}_n_slices"])) - 1)
        rows = np.rint(row + tilt * (columns - column) + turn * (k - middle)).astype(int)
    inside = (rows >= 0) & (rows < SIZE)
    picture[rows[inside], columns[inside]] = 255


def strip(stack: NDArray[np.uint8], truth: dict[str, object] | None, plane: str) -> Image.Image:
    """Seven slices of a stack side by side."""
    edge = 0.06 * len(stack)
    numbers = np.rint(np.linspace(edge, len(stack) - 1 - edge, N_SLICES)).astype(int)
    pictures = [stack[k].copy() for k in numbers]
    if truth is not None:
        for k, picture in zip(numbers, pictures, strict=True):
            draw_line(picture, truth, plane, int(k))
    return Image.fromarray(np.hstack(pictures))


def real_strips(folder: Path) -> list[Image.Image]:
    """Strips of the stacks of a folder, scaled at their 99.7th percentile."""
    strips = []
    for path in sorted(folder.glob("*.npy")):
        stack = np.load(path, allow_pickle=False).astype(np.float64)
        scaled = np.clip(255.0 * stack / np.percentile(stack, 99.7), 0.0, 255.0).astype(np.uint8)
        strips.append(strip(scaled, None, "sagittal"))
    return strips


def main() -> None:
    """Draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--styles", type=int, nargs="*", default=[], help="seeds of styles")
    parser.add_argument("--exams", type=int, default=1, help="exams per style")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sets")
    parser.add_argument("--planes", nargs="*", default=PLANES, choices=PLANES)
    parser.add_argument("--joint", action="store_true", help="draw the true joint plane")
    parser.add_argument("--no-default", action="store_true", help="leave out the default set")
    parser.add_argument("--real", type=Path, help="folder with .npy stacks of a real knee")
    parser.add_argument("--out", type=Path, required=True, help="PNG file to write")
    given = parser.parse_args()
    strips = real_strips(given.real) if given.real else []
    for style in [*([] if given.no_default else [None]), *given.styles]:
        for index in range(given.exams):
            exam = draw_knee(given.seed, index=index, style=style)
            truth = exam.truth if given.joint else None
            strips += [strip(exam.stacks[plane], truth, plane) for plane in given.planes]
    width = N_SLICES * SIZE
    sheet = Image.new("L", (width, sum(part.height for part in strips)))
    top = 0
    for part in strips:
        sheet.paste(part, (0, top))
        top += part.height
    given.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(given.out)
    print(f"{len(strips)} rows in '{given.out}'.")


if __name__ == "__main__":
    main()
