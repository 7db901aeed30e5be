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
# # A baseline in ten lines
#
# MRNet may not be redistributed, so this notebook runs on synthetic knees in the same layout. If
# you have the data, set `root` to your copy and skip the cell that writes the knees. The AUCs below
# show that everything works; they say nothing about MRNet.

# %%
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt

import mrnet_features as mf

root = mf.write_knees(Path(mkdtemp()) / "knees", n_train=100, n_valid=2, seed=1, n_jobs=-1)

# %% [markdown]
# ## Exams and labels
#
# `load_mrnet` checks every label and the header of every stack, and lists all problems together.

# %%
train = mf.load_mrnet(root, split="train")
train.labels.head()

# %% [markdown]
# An exam has three stacks of slices, one per plane. The first row shows the middle slices of the
# first exam with the outline of the leg, the second row their 32 discretised levels.

# %%
from mrnet_features.stacks.prepare import prepare

exam = train.exams[0]
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
# ## Features
#
# One row per exam. A name says how a feature was computed: plane, region, family, statistic, and
# the pool that combines the slices.

# %%
extractor = mf.FeatureExtractor(n_jobs=-1)
features = extractor.fit_transform(train.exams)
features.iloc[:5, :3]

# %%
mf.parse_name(features.columns[0])

# %% [markdown]
# ## Scores
#
# One LightGBM per task, three repeats of five folds stratified on the joint label. `auc` is the
# mean over folds; the interval of the mean keeps the covariance of the three tasks.

# %%
evaluation = mf.cross_validate(None, features, train.labels, n_jobs=-1)
evaluation.summary().round(3)

# %% [markdown]
# Logistic regression on the same folds is the second baseline for any score.

# %%
logistic = mf.cross_validate(
    mf.logistic_baseline(), features, train.labels, folds=evaluation.folds, n_jobs=-1
)
logistic.summary().round(3)

# %% [markdown]
# Fluid is the key sign of pathology. How well does one column separate abnormal from normal?

# %%
bright = features["sagittal__knee__fluid__fraction_adaptive__stack"]
figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
for label, name in enumerate(("normal", "abnormal")):
    axis.hist(bright[train.labels["abnormal"] == label], bins=20, alpha=0.6, label=name)
axis.set_xlabel("bright fraction of the sagittal stack")
axis.set_ylabel("exams")
_ = axis.legend()
