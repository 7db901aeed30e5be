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
# # What the features say
#
# Which features does a model use, how sure is that, and what do they say about one exam? On
# synthetic knees; set `root` to your copy of MRNet if you have it.

# %%
from pathlib import Path
from tempfile import mkdtemp

import mrnet_features as mf

root = mf.write_knees(Path(mkdtemp()) / "knees", n_train=120, n_valid=2, seed=3, n_jobs=-1)
train = mf.load_mrnet(root, split="train")
features = mf.FeatureExtractor(n_jobs=-1, progress=False).fit_transform(train.exams)
evaluation = mf.cross_validate(None, features, train.labels, n_jobs=-1)
evaluation.summary().round(3)

# %% [markdown]
# ## Families
#
# SHAP values on held-out exams, summed over the columns of a family first. They say what the model
# used. That is not what it needs: a family can be replaced by another that knows the same.

# %%
by_family = mf.importance(evaluation, features, by="family")
by_family.summary().round(3)

# %%
by_family.plot()

# %% [markdown]
# ## Regions
#
# The same by region: a torn cruciate ligament should show in the notch, a torn meniscus at the
# joint line.

# %%
mf.importance(evaluation, features, by="region").plot(task="acl", top=12)

# %% [markdown]
# ## One exam
#
# The exam with the highest probability of a torn cruciate ligament, and the features that raised
# or lowered it, in words.

# %%
found = mf.explain_predictions(evaluation, features)
exam = found.probability["acl"].idxmax()
names = mf.describe_columns(features.columns)["phrase"]
found.plot(exam=exam, task="acl", names=names)

# %% [markdown]
# And where on the picture they come from.

# %%
rows = found.frame(top=30).query("exam == @exam and task == 'acl'")
ligament = rows[rows["column"].str.contains("__ligament__")]["column"].iloc[:1]
marks = mf.find_marks(train[exam], ligament)
mf.plot_exam(train[exam], planes=["sagittal"], n_slices=4, marks=marks)

# %% [markdown]
# ## One column
#
# A single column against the label, and how stable it is when the picture changes a little.

# %%
name = "sagittal__knee__fluid__fraction_adaptive__stack"
print(names[name])
features[name].groupby(train.labels["abnormal"]).describe().round(4)
