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
# Is the network better, and do the features add anything to it? This notebook compares out-of-fold
# predictions of features, of a small convolutional network, and of both, with paired intervals. It
# reads them from files, so it needs no PyTorch. Replace `network.csv` by the predictions of your
# own network.
#
# Both models saw the same 400 synthetic knees in the same folds, three of them, twice:
#
# - **features**: LightGBM on the 1,730 columns of `baseline`
# - **network**: `cross_validate_cnn` with `network="small"` (98,000 weights, from random ones, for
#   each series), at 64 x 64 pixels and with 8 epochs, so that it took eleven minutes of one
#   processor core. It is one modest network on few exams. The figures say nothing about how
#   larger, longer trained or pretrained networks compare, and nothing about real knees.
#
# `python benchmarks/bench_cnn.py --folder /tmp/cnn --style 105 --resolution 64 --epochs 8
# --predictions notebooks/predictions` made the files, with seed 0. Settings, versions and cost are
# in `benchmarks/results/cnn.json`.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mrnet_features as mf

folder = Path("predictions")
labels = pd.read_csv(folder / "labels.csv", dtype={"exam": str}, index_col="exam")
labels.agg(["size", "sum"]).set_axis(["exams", "positive"])

# %% [markdown]
# ## Read the predictions
#
# `read_predictions` checks ids and probabilities, and whether the columns look swapped. A file has
# the columns exam, repeat, fold and one per task; for a network that was trained on other exams, a
# row per exam is enough.

# %%
features = mf.read_predictions(folder / "features.csv", labels=labels)
network = mf.read_predictions(folder / "network.csv", labels=labels)
assert features[["exam", "repeat", "fold"]].equals(network[["exam", "repeat", "fold"]])
network.head().round(3)

# %% [markdown]
# ## Which is better?
#
# `compare` tests the difference of the AUCs on the same exams and folds. The last column is the
# smallest true difference that 400 exams detect with 80 % power.

# %%
comparison = mf.compare({"features": features, "network": network}, labels)
columns = ["task", "difference", "ci_low", "ci_high", "p", "minimum_detectable_difference"]
comparison.summary()[columns].round(3).assign(p=comparison.summary()["p"].map("{:.2g}".format))

# %%
comparison.plot().figure  # right of the dashed line the features are better

# %% [markdown]
# ROC curves are means over folds and repeats; the bands are pointwise.

# %%
figure, axes = plt.subplots(1, 3, figsize=(11, 4), layout="constrained", sharey=True)
curves = {"features": mf.measure_roc(features, labels), "network": mf.measure_roc(network, labels)}
for axis, task in zip(axes, labels, strict=True):
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
# A model can be worse and still know something that the other does not. "Both" is a logistic
# regression on the scores of the two, fitted outside the fold that it scores. To be fair, so is
# each alone, so these AUCs differ a little from those above. The gain is that of both minus one.

# %%
gains = {
    "features added to the network": mf.measure_added_value(network, features, labels),
    "network added to the features": mf.measure_added_value(features, network, labels),
}
columns = ["auc_base", "auc_combined", "gain", "ci_low", "ci_high"]
pd.concat({name: gain.summary()[columns] for name, gain in gains.items()}).round(3) + 0.0

# %%
figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="constrained", sharex=True)
for axis, (name, gain) in zip(axes, gains.items(), strict=True):
    gain.plot(axis).set_title(name)

# %% [markdown]
# ## Do they err in the same exams?
#
# Each point is an exam, at its mean probability over the repeats. The rank correlation is the mean
# of those within the two labels: above 0, the two find the same exams hard. Where they agree and
# the label does not, look at the exam first: 3 % of the labels of synthetic knees are wrong on
# purpose, and those of real sets have errors too.

# %%
means = [model.groupby("exam")[list(labels)].mean() for model in (features, network)]
figure, axes = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained")
for axis, task in zip(axes, labels, strict=True):
    ranks = []
    for label, marker in ((0, "o"), (1, "^")):
        chosen = labels[task] == label
        ours, theirs = (mean.loc[chosen, task] for mean in means)
        axis.scatter(ours, theirs, 14, marker=marker, alpha=0.6, label=f"label {label}")
        ranks.append(ours.corr(theirs, method="spearman"))
    title = f"{task}, rank correlation {np.mean(ranks):.2f}"
    axis.set(title=title, xlabel="features", aspect="equal")
    axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
axes[0].set_ylabel("network")
_ = axes[0].legend(loc="lower left")

# %% [markdown]
# ## With your own network
#
# Train it on the folds of the features: `folds.csv`, which `mrnet-features cv` and `Folds.save`
# write, names the fold of each exam and repeat. Or let the library train one, with the extra
# `cnn`:
#
# ```
# mrnet-features cv train.parquet ROOT
# mrnet-features cnn ROOT --folds train-cv/folds.csv --out cnn
# mrnet-features compare ROOT features=train-cv/predictions.csv cnn=cnn/predictions.csv \
#     --split train
# ```
