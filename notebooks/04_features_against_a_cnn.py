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
# # Features against a neural network
#
# Is the network better, and do the features add anything to it? The library reads the predictions
# of any model from a file and compares models on the same exams, with paired intervals. Set `file`
# to the predictions of your CNN, and skip the section that makes them.
#
# The network here is a stand-in: a small multilayer perceptron of scikit-learn on thumbnails. It is
# no CNN, and the figures say nothing about how a CNN compares. The exams are synthetic knees.

# %%
import warnings
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mrnet_features as mf
from mrnet_features.synthetic import Style

style = Style(drawn_pixels=96)
root = mf.write_knees(Path(mkdtemp()) / "knees", n_train=80, n_valid=0, seed=8, style=style)
train = mf.load_mrnet(root, split="train")
file = root.parent / "network.csv"

# %% [markdown]
# ## The features, cross-validated
#
# The folds come first: both models are scored on the same ones.

# %%
folds = mf.make_folds(train.labels, n_splits=5, n_repeats=2, seed=0)
features = mf.FeatureExtractor(["fluid", "marrow", "ligament"]).fit_transform(train.exams)
ours = mf.cross_validate(mf.logistic_baseline(), features, train.labels, folds=folds)
ours.summary().round(3)

# %% [markdown]
# ## The other model
#
# Four slices of each stack, shrunk to 16 by 16 pixels, go into a network with one hidden layer.

# %%
SIDE = 16


def make_thumbnails(stack):
    chosen = np.quantile(np.arange(len(stack)), [0.2, 0.4, 0.6, 0.8], method="nearest")
    slices = stack[chosen]
    height, width = slices.shape[1] // SIDE, slices.shape[2] // SIDE
    return slices.reshape(len(slices), SIDE, height, SIDE, width).mean(axis=(2, 4))


pictures = {
    exam.id: np.concatenate([make_thumbnails(exam.load(plane)) for plane in exam.paths])
    for exam in train.exams
}
figure, axes = plt.subplots(3, 4, figsize=(5, 4), layout="constrained")
for axis, picture in zip(axes.flat, pictures["0000"], strict=True):
    axis.imshow(picture, cmap="gray", vmin=0, vmax=255)
    axis.axis("off")

# %% [markdown]
# Its out-of-fold predictions go to a file with the columns exam, repeat, fold and one per task. For
# a network that was trained on other exams, a row per exam is enough.

# %%
thumbnails = pd.DataFrame({exam: picture.ravel() for exam, picture in pictures.items()}).T
thumbnails.columns = [f"pixel_{number}" for number in thumbnails.columns]
network = make_pipeline(StandardScaler(), MLPClassifier((32,), alpha=1.0, max_iter=40))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # 40 rounds are meant: the fit need not converge
    trained = mf.cross_validate(network, thumbnails, train.labels, folds=folds)
trained.predictions.to_csv(file, index=False)
print(file.read_text()[:160])

# %% [markdown]
# ## Read and compare
#
# `read_predictions` checks ids and probabilities, and whether the columns look swapped. `compare`
# tests the difference of the AUCs on the same exams and folds. The last column is the true
# difference that so many exams would show with 80 % power: with 80 exams, only a large one.

# %%
theirs = mf.read_predictions(file, labels=train.labels)
comparison = mf.compare({"features": ours, "network": theirs}, train.labels)
columns = ["task", "difference", "ci_low", "ci_high", "p", "minimum_detectable_difference"]
comparison.summary()[columns].round(3)

# %%
comparison.plot().figure

# %% [markdown]
# ## ROC curves
#
# Means over folds and repeats; the bands are pointwise. Few exams are normal, about three per fold,
# so the curve of abnormal has few steps.

# %%
figure, axes = plt.subplots(1, 3, figsize=(11, 4), layout="constrained", sharey=True)
curves = {"features": mf.measure_roc(ours), "network": mf.measure_roc(theirs, train.labels)}
for axis, task in zip(axes, train.labels, strict=True):
    for (name, curve), line in zip(curves.items(), ("-", "--"), strict=True):
        rows = curve.frame().query("task == @task")
        auc = curve.summary().loc[task, "auc"]
        rate = rows["false_positive_rate"]
        (drawn,) = axis.plot(rate, rows["sensitivity"], line, label=f"{name}, AUC {auc:.2f}")
        axis.fill_between(
            rate, rows["ci_low"], rows["ci_high"], alpha=0.15, color=drawn.get_color()
        )
    axis.plot([0, 1], [0, 1], ":", color="grey")
    axis.set(title=task, xlabel="false positive rate", aspect="equal")
    axis.legend(loc="lower right")
_ = axes[0].set_ylabel("sensitivity")

# %% [markdown]
# ## Does either add to the other?
#
# A model can be worse and still know something that the other does not. The gain is that of a
# logistic regression on the scores of both over the scores of one, out of fold.

# %%
gains = {
    "features added to the network": mf.measure_added_value(theirs, ours, train.labels),
    "network added to the features": mf.measure_added_value(ours, theirs),
}
columns = ["auc_base", "auc_combined", "gain", "ci_low", "ci_high"]
pd.concat({name: gain.summary()[columns] for name, gain in gains.items()}).round(3)
