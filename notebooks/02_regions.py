# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Where on the knee a number comes from
#
# Some families read a part of the knee: ligaments in the notch, menisci at the joint line, oedema
# in the bones, fluid in the recesses. These regions are boxes in fractions of the knee box, placed
# relative to the joint plane. This notebook draws them on synthetic knees. Set
# `MRNET_FEATURES_REAL_KNEE` to a sagittal stack (`.npy`, uint8) to see them on a real one too.

# %%
import os
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mrnet_features as mf
from mrnet_features.stacks.atlas import draw_regions, find_frame
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.region_sets import REGION_SETS, region_names

root = mf.write_knees(Path(mkdtemp()) / "knees", n_train=24, n_valid=1, seed=5, n_jobs=1)
train = mf.load_mrnet(root, split="train")

# %% [markdown]
# ## Region sets
#
# A family names the region sets it reads. Which of two mirrored regions is medial is unknown, so
# their columns become the smaller value (`low`), the larger (`high`) and the `difference`.

# %%
pd.DataFrame(
    [
        {"set": name, "plane": plane, "regions": ", ".join(region_names(name, plane))}
        for name, planes in REGION_SETS.items()
        for plane in planes
    ]
)

# %% [markdown]
# ## On the slices
#
# Yellow is the joint plane, through the middle of the menisci. It is found by the changes of grey
# level at the edges of femur and tibia. The boxes follow its tilt. Red is the notch, blue the
# menisci, orange the bones, green the recesses.

# %%
COLOURS = {"notch": "red", "menisci": "deepskyblue", "bones": "orange", "recesses": "limegreen"}


def draw(axes, grey, plane, depths):
    foreground = find_foreground(grey).astype(np.uint8)
    frame = find_frame(grey, foreground, plane)
    for axis, depth in zip(axes, depths, strict=True):
        index = int(depth * len(grey))
        axis.imshow(grey[index], cmap="gray", vmin=0, vmax=grey.max())
        for name, colour in COLOURS.items():
            if plane not in REGION_SETS[name]:
                continue
            regions = draw_regions(name, plane, foreground, frame)[index]
            shown = len(region_names(name, plane)) - REGION_SETS[name][plane].with_rest
            for region in range(1, shown + 1):
                if (regions == region).any():
                    axis.contour(regions == region, [0.5], colors=colour, linewidths=1)
        if plane != "axial":
            rows = frame.rows(len(grey), grey.shape[2])[index]
            axis.plot(rows, color="yellow", linewidth=0.6)
        axis.set_title(f"{plane}, slice {index} of {len(grey)}", fontsize=8)
        axis.axis("off")


exam = train.exams[3]
figure, axes = plt.subplots(3, 4, figsize=(9, 7), layout="constrained")
for row, plane in zip(axes, ("sagittal", "coronal", "axial"), strict=True):
    draw(row, exam.load(plane), plane, (0.25, 0.4, 0.5, 0.7))

# %%
real = Path(os.environ.get("MRNET_FEATURES_REAL_KNEE", ""))
if real.is_file():
    figure, axes = plt.subplots(1, 6, figsize=(15, 2.9), layout="constrained")
    draw(axes, np.load(real, allow_pickle=False), "sagittal", (0.2, 0.3, 0.42, 0.5, 0.7, 0.8))
else:
    print("MRNET_FEATURES_REAL_KNEE is not set, so no real knee is shown.")

# %% [markdown]
# ## An estimate of the effusion
#
# The core is the number of squares of 5 by 5 bright pixels in the pouch above the patella.
# Cartilage is as bright but thin, so it adds none. The truth of the synthetic knees is known.

# %%
extractor = mf.FeatureExtractor(["fluid"], planes=("sagittal",), progress=False)
fluid = extractor.fit_transform(train.exams)
truth = pd.read_csv(root / "train-truth.csv", dtype={"id": str}).set_index("id")
core = fluid["sagittal__suprapatellar__fluid__core_brightest__stack"]
figure, axis = plt.subplots(figsize=(5, 3.4), layout="constrained")
axis.scatter(truth.loc[core.index, "effusion_ml"], core)
axis.set_xlabel("true effusion in ml")
axis.set_ylabel("core of the bright fluid, fraction of region")
