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
# # One exam, from pixels to features
#
# Where does a number in the feature table come from? This notebook follows one exam: its pixels,
# the leg, the joint plane, the regions, the counts, the values of each slice, and the mark of a
# feature. The exam is a synthetic knee. Set `MRNET_FEATURES_REAL_KNEE` to a sagittal stack
# (`.npy`, uint8) to see the regions on a real one too.

# %%
import os
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display

import mrnet_features as mf
from mrnet_features.stacks.atlas import draw_regions, find_frame
from mrnet_features.stacks.foreground import find_foreground
from mrnet_features.stacks.prepare import prepare
from mrnet_features.stacks.region_sets import REGION_SETS, region_names

root = mf.write_knees(Path(mkdtemp()) / "knees", n_train=24, n_valid=1, seed=5, n_jobs=1)
train = mf.load_mrnet(root, split="train")
truth = pd.read_csv(root / "train-truth.csv", dtype={"id": str}).set_index("id")
torn = truth.index[truth["acl_state"] == "complete"][0]
exam = train[torn]
truth.loc[torn, ["acl_state", "meniscus_tears", "effusion_ml", "oedema"]]

# %% [markdown]
# ## Pixels and levels
#
# The first row shows the middle slices with the outline of the leg; air is left out of every
# feature. Texture families read the second row: the grey levels in 32 steps.

# %%
figure, axes = plt.subplots(2, 3, figsize=(9, 6.2), layout="constrained")
for column, plane in zip(axes.T, exam.paths, strict=True):
    stack = prepare(exam.load(plane))
    middle = stack.n_slices // 2
    column[0].imshow(stack.grey[middle], cmap="gray", vmin=0, vmax=255)
    column[0].contour(stack.regions[middle], [0.5], colors="tab:orange", linewidths=1)
    column[0].set_title(f"{plane}, slice {middle} of {stack.n_slices}")
    inside = stack.levels[middle] * (stack.regions[middle] > 0)
    column[1].imshow(inside, cmap="viridis", vmin=0, vmax=stack.n_levels)
for axis in axes.flat:
    axis.axis("off")

# %% [markdown]
# ## Regions
#
# A family names the region sets it reads: ligaments in the notch, menisci at the joint line,
# oedema in the bones, fluid in the recesses. They are boxes in fractions of the knee box, placed
# relative to the joint plane (yellow), which is found by the changes of grey level at the edges of
# femur and tibia. The boxes follow its tilt. Red is the notch, blue the menisci, orange the bones,
# green the recesses. Which of two mirrored regions is medial is unknown, so their columns become
# the smaller value (`low`), the larger (`high`) and the `difference`.

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
# ## Features, in words
#
# One row of numbers. A name says how each was computed: plane, region, family, statistic, and the
# pool that combines the slices. `describe_columns` says it in words.

# %%
row = mf.FeatureExtractor(progress=False).fit_transform([exam]).iloc[0]
chosen = [
    "sagittal__notch__ligament__acl_contrast__stack",
    "sagittal__suprapatellar__fluid__core_brightest__stack",
    "coronal__femur_high__marrow__largest_0p6__stack",
    "sagittal__back_horn_high__meniscus__cleft3_top__stack",
]
words = mf.describe_columns(chosen)
words.assign(value=row[chosen].round(3))[["phrase", "value", "unit", "direction"]]

# %%
for sentence in words["sentence"]:
    print("-", sentence)

# %% [markdown]
# ## Values of each slice
#
# Most statistics exist for each slice before they are pooled. Here the contrast of the band that
# could be the anterior cruciate ligament, and the amount of bright fluid.

# %%
slices = mf.describe_slices(exam)
profile = slices.loc["sagittal"]
profile[["notch__ligament__acl_contrast", "knee__fluid__fraction_brightest"]].dropna().round(3)

# %% [markdown]
# ## The place on the picture
#
# `find_marks` gives the slices and pixels that a value comes from: for a ligament the strongest
# band, for fluid and oedema the pixels at their threshold, for a meniscus the bright cleft.

# %%
marks = mf.find_marks(exam, chosen)
for name, mark in marks.items():
    figure = mf.plot_exam(
        exam, planes=[mark.plane], slices={mark.plane: [mark.best_slice]}, marks={name: mark}
    )
    figure.axes[0].set_title(f"{words.loc[name, 'phrase']}\nslice {mark.best_slice}", fontsize=8)
    display(figure)

# %% [markdown]
# ## An estimate of the effusion
#
# The core is the number of squares of 5 by 5 bright pixels in the pouch above the patella.
# Cartilage is as bright but thin, so it adds none. The truth of the synthetic knees is known.

# %%
extractor = mf.FeatureExtractor(["fluid"], planes=("sagittal",), progress=False)
fluid = extractor.fit_transform(train.exams)
core = fluid["sagittal__suprapatellar__fluid__core_brightest__stack"]
figure, axis = plt.subplots(figsize=(5, 3.4), layout="constrained")
axis.scatter(truth.loc[core.index, "effusion_ml"], core)
axis.set_xlabel("true effusion in ml")
_ = axis.set_ylabel("core of the bright fluid, fraction of region")
