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
# # A baseline in ten minutes
#
# Features, one model per task, scores with intervals, and a table for the next reader. MRNet may
# not be redistributed, so this notebook runs on synthetic knees in the same layout. If you have
# the data, set `root` to your copy and skip the cell that writes the knees. The AUCs below show
# that everything works; they say nothing about MRNet.

# %%
from pathlib import Path
from tempfile import mkdtemp

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
# ## Features
#
# One row per exam. They are kept on disk with their provenance: a second run reads them, and a run
# that was stopped goes on where it was.

# %%
extractor = mf.FeatureExtractor(n_jobs=-1, progress=False)
features = mf.extract_features(train.exams, "train.parquet", extractor=extractor)
features.shape

# %%
mf.describe_columns(features.columns)["phrase"].sample(5, random_state=0).to_dict()

# %% [markdown]
# ## Scores
#
# One LightGBM per task, three repeats of five folds stratified on the joint label. `auc` is the
# mean over folds; the interval of the mean keeps the covariance of the three tasks.

# %%
evaluation = mf.cross_validate(None, features, train.labels, n_jobs=-1)
evaluation.summary().round(3)

# %%
evaluation.plot()

# %% [markdown]
# ROC curves of the out-of-fold predictions, with 95 % bands.

# %%
mf.measure_roc(evaluation).plot()

# %% [markdown]
# Logistic regression on the same folds is the second baseline for any score, and a model that
# knows only the prevalence the lowest one.

# %%
logistic = mf.cross_validate(
    mf.logistic_baseline(), features, train.labels, folds=evaluation.folds, n_jobs=-1
)
mf.compare({"LightGBM": evaluation, "logistic": logistic}).summary().round(3)

# %% [markdown]
# ## Is the probability right?
#
# Few exams give few bins; the size of a point says how many exams it stands for.

# %%
mf.measure_calibration(evaluation).plot(n_bins=5)

# %% [markdown]
# ## Where model and label disagree
#
# The most confident disagreements are worth a look: some are hard exams, some are wrong labels. In
# a running notebook, `mf.view(train, evaluation, features)` shows them with the model's reasons.

# %%
frame = evaluation.frame().groupby(["exam", "task"])[["score", "label"]].mean()
frame["disagreement"] = (frame["score"] - frame["label"]).abs()
frame.sort_values("disagreement", ascending=False).head(5).round(2)
